"""One line for a person at the console, and the last lines kept for after a fault.

A line is `<time> <level> <text>`: the time is UTC to the second once the clock is known
(`2026-11-22T09:15:03Z`), before that the ticks since the start (`+12345ms`). Coordinates never
come here: a line may say that a fix was good and how old it is, never where it was (promise 8).
The last lines are a ring in RAM; `main.py` writes them to flash when the firmware has failed.
"""

KEPT_LINES = 16
_DAYS_TO_2020 = 737730  # 2020-01-01 counted from 0000-03-01, for the era arithmetic below


def utc_text(utc_s):
    """Write seconds since 2020 as `YYYY-MM-DDThh:mm:ssZ`.

    The calendar is Howard Hinnant's civil_from_days: eras of 400 years that begin in March.
    """
    days = utc_s // 86400 + _DAYS_TO_2020
    era, day_of_era = days // 146097, days % 146097
    leap_days = day_of_era // 1460 - day_of_era // 36524 + day_of_era // 146096
    year_of_era = (day_of_era - leap_days) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_from_march = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_from_march + 2) // 5 + 1
    month = month_from_march + (3 if month_from_march < 10 else -9)
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    second = utc_s % 86400
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (
        year, month, day, second // 3600, second // 60 % 60, second % 60,
    )  # fmt: skip


class Log:
    """Writes each line at once, and remembers the last `KEPT_LINES` of them."""

    def __init__(self, clock, write=print):
        self._clock = clock
        self._write = write
        self._lines = []

    def info(self, text):
        """Say something that is as it should be."""
        self._line("info", text)

    def warning(self, text):
        """Say something that the tracker got over by itself."""
        self._line("warning", text)

    def error(self, text):
        """Say something that a person should look at."""
        self._line("error", text)

    def lines(self):
        """Give the last lines, oldest first."""
        return list(self._lines)

    def _line(self, level, text):
        utc_s = self._clock.utc()
        when = utc_text(utc_s) if utc_s else "+%dms" % self._clock.ticks_ms()
        line = when + " " + level + " " + text
        self._lines = self._lines[1 - KEPT_LINES :] + [line]
        self._write(line)
