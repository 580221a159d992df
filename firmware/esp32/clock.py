"""The chip's clock: ticks that wrap at 2^30 ms, and UTC once the first fix has set it.

MicroPython on the ESP32 counts seconds from 2000, Trygg from 2020. After a power loss the
chip's clock stands at 2000-01-01, which is before 2020 and therefore reads as "unknown".
The clock runs on through deep sleep and every reset but a power loss.
"""

import time

from machine import RTC

FROM_2000_TO_2020_S = 631152000


class Clock:
    """Tells ticks and UTC, and waits."""

    def ticks_ms(self):
        """Milliseconds since this start, 0 to 2^30 - 1, then again 0."""
        return time.ticks_ms()

    def utc(self):
        """Whole seconds since 2020-01-01T00:00:00Z; 0 while nobody has set the clock."""
        seconds = int(time.time()) - FROM_2000_TO_2020_S
        return seconds if seconds > 0 else 0

    def set_utc(self, s):
        """Set the chip's clock to `s` seconds since 2020."""
        year, month, day, hour, minute, second, weekday = time.gmtime(s + FROM_2000_TO_2020_S)[:7]
        RTC().datetime((year, month, day, weekday, hour, minute, second, 0))

    def sleep_ms(self, ms):
        """Wait `ms` milliseconds awake, peripherals running."""
        time.sleep_ms(ms)
