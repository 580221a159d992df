"""A simulated LIS2DH12: its registers as the data sheet (DocID025056, chapters 6 to 8) has them.

    chip = Lis2dh12(int1=lambda level: ...)     # told of each change of its pin INT1
    chip.feel(0, 0, 1000)                       # one sample, mg for each axis
    chip.walk(seconds=5)                        # what a slow walk gives it
    chip.silent = 2                             # the next two transfers are not answered
    chip.lose_supply()                          # everything as after power on

Written from the data sheet and AN5005, not from the driver that speaks to it: samples of 8 bits,
the high-pass of first order at 1/50 of the data rate, thresholds on the absolute value. What a
driver may not do is noted in `misused`: writing what is read-only or reserved, or several bytes
without the bit that goes on to the next register (each then lands in the first).
"""

import math
from collections.abc import Callable

ADDRESS = 0x19  # SA0 to the supply, as on the reference wearable
AND_ON = 0x80
STEP_MG = 16  # of a sample of 8 bits, and of INT1_THS, at 2 g
HERTZ = 10
WHO_AM_I, CTRL_1, REFERENCE, OUT_X, INT1_CFG, INT1_SRC = 0x0F, 0x20, 0x26, 0x28, 0x30, 0x31
# register: bits that may be written, what stands there after power on
WRITABLE = {
    0x1E: (0x90, 0x10), 0x1F: (0xC0, 0x00), 0x20: (0xFF, 0x07), 0x21: (0xFF, 0x00),
    0x22: (0xF6, 0x00), 0x23: (0xFF, 0x00), 0x24: (0xCF, 0x00), 0x25: (0xFA, 0x00),
    0x26: (0xFF, 0x00), 0x2E: (0xFF, 0x00), 0x30: (0xFF, 0x00), 0x32: (0x7F, 0x00),
    0x33: (0x7F, 0x00), 0x34: (0xFF, 0x00), 0x36: (0x7F, 0x00), 0x37: (0x7F, 0x00),
    0x38: (0x3F, 0x00), 0x3A: (0xFF, 0x00), 0x3B: (0x7F, 0x00), 0x3C: (0xFF, 0x00),
    0x3D: (0xFF, 0x00), 0x3E: (0x7F, 0x00), 0x3F: (0xFF, 0x00),
}  # fmt: skip
READABLE = {0x07, 0x0C, 0x0D, 0x0F, *range(0x27, 0x2E), 0x2F, 0x31, 0x35, 0x39, *WRITABLE}


class Lis2dh12:
    """One chip; `int1(level)` is told of its interrupt pin."""

    def __init__(self, int1: Callable[[int], None] = lambda _level: None) -> None:
        self.misused: list[str] = []
        self.transfers = self.writes = 0
        self.silent = 0  # transfers that are not answered; -1: none is any more
        self.who = 0x33
        self._int1 = int1
        self._told = 0
        self.lose_supply()

    def lose_supply(self) -> None:
        """Off and on again."""
        self.registers = {register: start for register, (_, start) in WRITABLE.items()}
        self._raw: tuple[int, ...] = (0, 0, STEP_MG * 62)
        self._before: tuple[int, ...] | None = None
        self._changed = [0.0, 0.0, 0.0]  # behind the high-pass
        self._over = 0  # samples in a row above the threshold
        self._source = 0
        self._tell()

    # the bus

    def read(self, register: int, count: int) -> bytes | None:
        """As machine.I2C's readfrom_mem; None: no answer."""
        if self._ignores():
            return None
        return bytes(self._register(at) for at in self._places(register, count))

    def write(self, register: int, data: bytes) -> bool:
        """As writeto_mem; False: no answer."""
        if self._ignores():
            return False
        self.writes += 1
        for at, value in zip(self._places(register, len(data)), data, strict=True):
            mask = WRITABLE.get(at, (0, 0))[0]
            if value & ~mask:
                self.misused.append(f"{value:#04x} to {at:#04x}")
            elif at in WRITABLE:
                self.registers[at] = value
        self._tell()
        return True

    def _ignores(self) -> bool:
        self.transfers += 1
        if self.silent > 0:
            self.silent -= 1
            return True
        return self.silent < 0

    def _places(self, register: int, count: int) -> list[int]:
        first = register & ~AND_ON
        if register & AND_ON:
            return list(range(first, first + count))
        if count > 1:
            self.misused.append(f"{count} bytes at {first:#04x} without {AND_ON:#04x}")
        return [first] * count

    def _register(self, at: int) -> int:
        if at not in READABLE:
            self.misused.append(f"{at:#04x} is reserved")
        if at == REFERENCE:
            self._before = self._raw
            self._changed = [0.0, 0.0, 0.0]
        if at == INT1_SRC:
            source, self._source = self._source, 0
            self._tell()
            return source
        if OUT_X <= at < OUT_X + 6:
            axis, high = divmod(at - OUT_X, 2)
            return self._raw[axis] // STEP_MG & 0xFF if high else 0
        return self.who if at == WHO_AM_I else self.registers.get(at, 0)

    # what it feels

    def feel(self, *mg: int) -> None:
        """One sample of the three axes."""
        if self.registers[CTRL_1] & 0xF8 != 0x28:  # 10 Hz in low power is what is simulated
            return
        self._raw = tuple(max(-128, min(127, round(one / STEP_MG))) * STEP_MG for one in mg)
        self._filter()
        over = self._axes_over()
        self._over = self._over + 1 if over else 0
        if self._over > self.registers[0x33]:
            self._source = 0x40 | over
        elif not self.registers[0x24] & 0x08:  # not latched: gone with its cause
            self._source = 0
        self._tell()

    def rest(self, seconds: float) -> None:
        """On a table: gravity, and one step of noise now and then."""
        for sample in range(int(seconds * HERTZ)):
            self.feel(0, 0, 1000 + STEP_MG * (sample % 3 == 0))

    def walk(self, seconds: float) -> None:
        """A slow walk, 1.5 steps a second of 130 mg."""
        for sample in range(int(seconds * HERTZ)):
            swing = math.sin(2 * math.pi * 1.5 * sample / HERTZ)
            self.feel(round(40 * swing), 0, round(1000 + 130 * swing))

    def _filter(self) -> None:
        before = self._before or (0, 0, 0)
        keep = 1 / (1 + 2 * math.pi / 50)
        moved = zip(self._changed, self._raw, before, strict=True)
        self._changed = [keep * (was + now - then) for was, now, then in moved]
        self._before = self._raw

    def _axes_over(self) -> int:
        """The bits of INT1_CFG's high events that are so now."""
        felt = self._changed if self.registers[0x21] & 1 else self._raw
        limit = self.registers[0x32] * STEP_MG
        wanted = self.registers[INT1_CFG]
        return sum(
            bit
            for bit, mg in zip((0x02, 0x08, 0x20), felt, strict=True)
            if wanted & bit and abs(mg) > limit
        )

    def _tell(self) -> None:
        routed = self.registers[0x22] & 0x40 and self._source & 0x40
        level = int(bool(routed)) ^ int(bool(self.registers[0x25] & 0x02))
        if level != self._told:
            self._told = level
            self._int1(level)
