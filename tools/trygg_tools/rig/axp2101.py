"""A simulated AXP2101: its registers as the data sheet (V1.4, chapter 6.13) has them.

    chip = Axp2101(on=lambda output, mv: ...)     # told of outputs that come on, change and go (0)
    chip.battery_mv, chip.vbus = 3900, True
    chip.silent = 2                               # the next two transfers are not answered

Written from the data sheet, not from the driver that speaks to it. What cannot be written keeps
what it has, and what the data sheet does not list reads as 0.
"""

from collections.abc import Callable

ADDRESS = 0x34
# register: bits that can be written, what stands there after power on
WRITABLE = {
    0x10: (0x3E, 0x30),
    0x18: (0x0F, 0x0A),
    0x30: (0x3F, 0x03),
    0x50: (0x1F, 0x02),
    0x68: (0x01, 0x01),
    0x69: (0x37, 0x01),
    0x80: (0x7F, 0x01),
    0x84: (0xFF, 0x00),
    0x90: (0xFF, 0x00),
    0x96: (0x1F, 0x00),
    0x97: (0x1F, 0x00),
}
CHARGE_DONE, NOT_CHARGING, CONSTANT_CURRENT = 4, 5, 2


class Axp2101:
    """One chip; `on(output, millivolts)` is told of its outputs dc3, bldo1 and bldo2, 0 for off."""

    def __init__(self, on: Callable[[str, int], None] = lambda _output, _mv: None) -> None:
        self.registers = {register: start for register, (_, start) in WRITABLE.items()}
        self.battery_mv = 3900  # 0: no cell
        self.vbus = False
        self.full = False
        self.refuses = False  # the charger, for a reason of its own
        self.silent = 0  # transfers that are not answered; -1: none is any more
        self.transfers = 0
        self._on = on
        self._told = {"dc3": 0, "bldo1": 0, "bldo2": 0}

    def read(self, register: int, count: int) -> bytes | None:
        """As machine.I2C's readfrom_mem; None: no answer."""
        if self._ignores():
            return None
        return bytes(self._register(at) for at in range(register, register + count))

    def write(self, register: int, data: bytes) -> bool:
        """As writeto_mem; False: no answer."""
        if self._ignores():
            return False
        for at, value in enumerate(data, start=register):
            if at in WRITABLE:
                mask = WRITABLE[at][0]
                self.registers[at] = self.registers[at] & ~mask | value & mask
        self._tell()
        return True

    def millivolts(self, output: str) -> int:
        """What an output gives now."""
        if output == "dc3":
            return _dcdc3_mv(self.registers[0x84] & 0x7F) if self.registers[0x80] & 4 else 0
        level, bit = (0x96, 0x10) if output == "bldo1" else (0x97, 0x20)
        return 500 + 100 * self.registers[level] if self.registers[0x90] & bit else 0

    def _ignores(self) -> bool:
        self.transfers += 1
        if self.silent > 0:
            self.silent -= 1
            return True
        return self.silent < 0

    def _register(self, at: int) -> int:
        measured = self.battery_mv if self.registers[0x30] & 1 else 0
        reads = {
            0x00: self.vbus << 5 | (self.battery_mv > 0) << 3,
            0x01: (self._charge() in range(4)) << 5 | 0x10 | self._charge(),
            0x03: 0x4A,
            0x34: measured >> 8 & 0x3F,
            0x35: measured & 0xFF,
        }
        return reads.get(at, self.registers.get(at, 0))

    def _charge(self) -> int:
        thermistor_missing = not self.registers[0x50] & 0x10
        if not self.vbus or self.refuses or thermistor_missing or not self.battery_mv:
            return NOT_CHARGING
        return CHARGE_DONE if self.full else CONSTANT_CURRENT

    def _tell(self) -> None:
        for output, told in self._told.items():
            mv = self.millivolts(output)
            if mv != told:
                self._told[output] = mv
                self._on(output, mv)


def _dcdc3_mv(code: int) -> int:
    """10 mV steps from 0.5 V, 20 mV steps from 1.22 V, and on LilyGO's chips 100 mV from 1.6 V."""
    if code < 71:
        return 500 + 10 * code
    return 1220 + 20 * (code - 71) if code < 88 else 1600 + 100 * (code - 88)
