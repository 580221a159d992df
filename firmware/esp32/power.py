"""Starts, sleep, watchdog, battery and supply rails of the chip.

RTC memory (2,048 bytes) survives deep sleep, watchdog and reset but no power loss. Its first
MARKS bytes are notes of where the program is (`mark`), the rest is what was retained. Rails are
held through deep sleep: without the hold every output floats while the chip sleeps, and the
modem's power key and the receiver's supply with it.
"""

import gc
import os

import machine

import esp32

ADC_SAMPLES = 8
I2C_HZ = 400000
I2C_US = 5000  # a part that does not answer ends a transfer after this
WATCHDOG_MS = 120000
MARKS = 5
RETAINED_MAX = 2048 - MARKS
TEMPERATURE_UNKNOWN = 127


class Power:
    """What keeps the tracker alive, and what says how long it still will be."""

    def __init__(
        self,
        battery_pin=-1,
        battery_percent=200,
        charging_pin=-1,
        button_pin=-1,
        motion_pin=-1,
        worn_pin=-1,
        rails=(),
        senses=(),
        watchdog_ms=WATCHDOG_MS,
        pmu=None,
    ):
        """GPIO numbers, -1 for none.

        `battery_percent`: battery voltage as a percentage of the pin's (200: a halving divider).
        `charging_pin`: low on the charger, full or not. `button_pin`: low while pressed, wakes.
        `motion_pin`: an accelerometer's interrupt, high while it holds one; wakes when asked to.
        `worn_pin`: low while the strap is closed; opening it wakes, which takes a pull-up on the
        board, for the chip's own is off while it sleeps. `rails`: ((name, pin), ...), high is on.
        `senses`: ((name, pin), ...), high is 1. `pmu`: a power chip that measures, knows the
        charger and has rails of its own, {number, sda, scl, rails} (axp2101.py); -1, then, for
        `battery_pin` and `charging_pin`.
        """
        self._pmu = None
        if pmu:
            self._pmu = self._adc = self._charging = _power_chip(**pmu)
            battery_percent = 100
        else:
            self._adc = machine.ADC(machine.Pin(battery_pin), atten=machine.ADC.ATTN_11DB)
            self._charging = _input(charging_pin)
        self._battery_percent = battery_percent
        self._button = _input(button_pin)
        self._worn = _input(worn_pin)
        self._motion = _input(motion_pin, machine.Pin.PULL_DOWN)
        self._rail_numbers = {name: pin for name, pin in rails}
        self._rail_pins = {}
        self._senses = {name: _input(pin, machine.Pin.PULL_DOWN) for name, pin in senses}
        self._rtc = machine.RTC()
        kept = self._rtc.memory()
        self._kept = memoryview(bytearray(MARKS + RETAINED_MAX))
        self._end = max(MARKS, len(kept))
        self._kept[: len(kept)] = kept
        self._watchdog = machine.WDT(timeout=watchdog_ms)

    def start_reason(self):
        """(reset_cause, wake_reason) as the chip numbers them; wake 0 when it was no sleep."""
        return machine.reset_cause(), machine.wake_reason()

    def battery_mv(self):
        """The battery's voltage, mean of a few samples; 0 unknown, as soon as one of them is:
        a mean with a sample that was not answered would be a cell that runs out."""
        total_uv = 0
        for _ in range(ADC_SAMPLES):
            uv = self._adc.read_uv()
            if not uv:
                return 0
            total_uv += uv
        return total_uv // ADC_SAMPLES * self._battery_percent // 100000

    def temperature_c(self):
        """The chip's own temperature, near the battery's right after a sleep; 127 unknown.

        Only the S2, S3 and C chips say it in degrees; the first ESP32's sensor is no thermometer.
        """
        read = getattr(esp32, "mcu_temperature", None)
        return int(read()) if read is not None else TEMPERATURE_UNKNOWN

    def charging(self):
        """True on the charger, whether it still charges or has charged."""
        return self._charging is not None and not self._charging.value()

    def rail(self, name, on):
        """Switch the supply `name`; a name this board has not is left alone (always on)."""
        number = self._rail_numbers.get(name)
        if number is None:
            if self._pmu is not None:
                self._pmu.rail(name, on)
            return
        level = 1 if on else 0
        if name not in self._rail_pins:
            # the level first, then the hold of the last sleep let go: no dip in between
            self._rail_pins[name] = machine.Pin(
                number,
                machine.Pin.OUT,
                value=level,
                hold=False,  # pyright: ignore[reportCallIssue]  (the ESP32 has it, the stubs not)
            )
        self._rail_pins[name].value(level)

    def sense(self, name):
        """The level of an input: 0 or 1, -1 where none of that name is wired."""
        pin = self._senses.get(name)
        return -1 if pin is None else pin.value()

    def retain(self, data):
        """Keep up to RETAINED_MAX bytes where sleep and resets leave them alone."""
        end = MARKS + len(data)
        if len(data) > RETAINED_MAX:
            raise ValueError("buffer too long")
        self._kept[MARKS:end] = data
        self._end = end
        self._rtc.memory(self._kept[:end])

    def retained(self):
        """What `retain` kept; b"" after a power loss."""
        return bytes(self._kept[MARKS : self._end])

    def mark(self, at, value):
        """Note a byte (`at` 0 .. MARKS - 1) that outlives all that what is retained outlives."""
        if self._kept[at] != value:
            self._kept[at] = value
            self._rtc.memory(self._kept[: self._end])

    def marks(self):
        """The MARKS bytes of `mark`, zeros after a power loss."""
        return bytes(self._kept[:MARKS])

    def deep_sleep(self, ms, until_motion):
        """Sleep `ms` milliseconds, until the button, until a closed strap opens, or with
        `until_motion` until the wearer moves; the program starts anew, never returns."""
        for pin in self._rail_pins.values():
            pin.init(hold=True)
        esp32.gpio_deep_sleep_hold(True)  # pyright: ignore[reportAttributeAccessIssue]  (as above)
        if self._button is not None:
            esp32.wake_on_ext0(self._button, esp32.WAKEUP_ALL_LOW)
        wakes = ()
        if until_motion and self._motion is not None:
            wakes += (self._motion,)
        if self._worn is not None and not self._worn.value():
            wakes += (self._worn,)
        if wakes:
            esp32.wake_on_ext1(wakes, esp32.WAKEUP_ANY_HIGH)
        machine.deepsleep(ms)

    def reset(self):
        """Start anew at once, RTC memory kept."""
        machine.reset()

    def feed(self):
        """Tell the watchdog that all is well."""
        self._watchdog.feed()

    def noise(self):
        """A number of 30 bits by chance, from the chip's own generator."""
        noise = os.urandom(4)
        return (noise[0] & 0x3F) << 24 | noise[1] << 16 | noise[2] << 8 | noise[3]

    def heap_free(self):
        """Bytes free on MicroPython's heap, as they are, without collecting."""
        return gc.mem_free()

    def heap_room(self):
        """Bytes that would be free for something new; it takes some ms to find out."""
        gc.collect()
        return gc.mem_free()


def restart():
    """Start anew where not even a Power could be made."""
    machine.reset()


def _power_chip(number, sda, scl, rails):
    from axp2101 import Axp2101

    sda, scl = machine.Pin(sda), machine.Pin(scl)
    return Axp2101(machine.I2C(number, sda=sda, scl=scl, freq=I2C_HZ, timeout=I2C_US), rails)


def _input(number, pull=machine.Pin.PULL_UP):
    return None if number < 0 else machine.Pin(number, machine.Pin.IN, pull)
