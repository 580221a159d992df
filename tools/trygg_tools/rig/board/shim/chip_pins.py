# mypy: ignore-errors
"""machine.Pin, Signal-free: levels go to and come from the host; ADC."""

import struct

import ops
import wire


class Pin:
    """A GPIO; `hold` keeps an output through deep sleep."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, number, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        self.number = number.number if isinstance(number, Pin) else number
        if not 0 <= self.number <= 48:
            raise ValueError("invalid pin")
        self._output = False
        self._pull = -1
        self._level = 0
        self.init(mode, pull, value=value, drive=drive, hold=hold)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if mode != -1:
            self._output = mode != Pin.IN
        if pull != -1:
            self._pull = pull
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is not None:
            self._level = 1 if level else 0
            wire.tell(ops.PIN_OUT, "<BB", self.number, self._level)
            return None
        if self._output:
            return self._level
        up = 1 if self._pull == Pin.PULL_UP else 0
        return wire.ask(ops.PIN_IN, "<BB", self.number, up)[0]

    __call__ = value

    def irq(self, handler=None, trigger=0):
        """Nobody calls it here: the firmware sees the level when it looks."""

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(1 - self._level)


class ADC:
    """A voltage on a pin, 0 to 3.3 V at ATTN_11DB."""

    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_12BIT = 3

    def __init__(self, pin, *, atten=0):
        self._pin = pin.number if isinstance(pin, Pin) else pin
        self._full_uv = (950000, 1250000, 1750000, 3300000)[atten]

    def atten(self, atten):
        self._full_uv = (950000, 1250000, 1750000, 3300000)[atten]

    def read_uv(self):
        (uv,) = struct.unpack("<I", wire.ask(ops.ADC_READ, "<B", self._pin))
        return min(uv, self._full_uv)

    def read_u16(self):
        return self.read_uv() * 65535 // self._full_uv

    def read(self):
        return self.read_u16() >> 4
