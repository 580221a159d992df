# mypy: ignore-errors
"""The chip's module esp32: what may wake it, its ROM partition. Not a package, as on the chip."""

import ops
import wire

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True
HEAP_DATA = 4
HEAP_EXEC = 1

_wake = [-1, 0, 0, 0]


def wake_on_ext0(pin=None, level=WAKEUP_ALL_LOW):
    _wake[0] = -1 if pin is None else pin.number
    _wake[1] = 1 if level else 0


def wake_on_ext1(pins=None, level=WAKEUP_ALL_LOW):
    bits = 0
    for pin in pins or ():
        bits |= 1 << pin.number
    _wake[2] = bits
    _wake[3] = 1 if level else 0


def gpio_deep_sleep_hold(enable):
    pass


def mcu_temperature():
    return 31


def wake_sources():
    """(ext0 pin or -1, its level, ext1 pins as bits, their level)."""
    return tuple(_wake)


class Partition:
    """The one partition that is no file system: `romfs`, which ROM images lie in."""

    TYPE_APP = 0
    TYPE_DATA = 1

    def find(type=TYPE_APP, subtype=0xFF, label=None, block_size=4096):
        if type == Partition.TYPE_DATA and label in (None, "romfs"):
            return [Partition()]
        return []

    def writeblocks(self, block, buffer):
        for at in range(0, len(buffer), 4096):
            wire.ask(ops.ROM_WRITE, "<H", block, data=memoryview(buffer)[at : at + 4096])
            block += 1
