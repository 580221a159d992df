"""Charge from the time spent in each state, and the battery that gives it.

`spent` is a Wearer's, in ms. A board's figures come from hardware/boards/<board>.toml. The sum per
activity is the figure times the time: `sleep` while the chip is off, `awake` from the start of the
boot to the next sleep, and on top of it `receiver` and `radio` while they have power. The
receiver's backup supply is part of `sleep`. A board that boots for longer than the rig pays here.
"""

from collections.abc import Mapping
from typing import NamedTuple

from trygg_tools.boards import Board
from trygg_tools.rig.tracker import BOOT_MS

_MS_PER_HOUR = 3_600_000
# open circuit of a Li-ion cell at rest, by tenths of its charge, in mV: typical of data sheets
_CELL_MV = (3300, 3550, 3630, 3680, 3720, 3760, 3820, 3890, 3970, 4060, 4180)


class Charge(NamedTuple):
    """µAh by activity."""

    sleep: float
    awake: float
    receiver: float
    radio: float
    anchor: float

    @property
    def total(self) -> float:
        """µAh in all."""
        return sum(self)


def charge(board: Board, spent: Mapping[str, int], starts: int) -> Charge:
    """What `spent`, with so many starts of the chip, costs on a board."""
    energy = board.energy
    longer_ms = starts * (energy.boot_ms - BOOT_MS)
    receiver_ms = spent["searching"] + spent["tracking"]
    radio_ms = spent["connecting"] + spent["connected"]
    return Charge(
        energy.sleep.ua * max(0, spent["asleep"] - longer_ms) / _MS_PER_HOUR,
        energy.awake.ua * (spent["awake"] + longer_ms) / _MS_PER_HOUR,
        energy.receiver.ua * receiver_ms / _MS_PER_HOUR,
        energy.radio.ua * radio_ms / _MS_PER_HOUR,
        energy.anchor.ua * spent["listening"] / _MS_PER_HOUR,
    )


def cell_mv(percent: float) -> int:
    """The voltage of a cell with so much charge left."""
    tenths = min(9, max(0, int(percent / 10)))
    part = min(1.0, max(0.0, percent / 10 - tenths))
    return round(_CELL_MV[tenths] + part * (_CELL_MV[tenths + 1] - _CELL_MV[tenths]))
