"""A board's charge in a day of stated use, by activity, each figure with its source.

    home, outing = budgets(board)
    home.mah, home.days, home.rows[0].share

The sum is simulate/energy.py's, over the seconds of use.py: no second model. What that model leaves
out is left out here: light and motor, and a modem's µA in PSM.
"""

from typing import Any, NamedTuple

from trygg_tools.board import use
from trygg_tools.boards import Board
from trygg_tools.simulate.energy import charge
from trygg_tools.simulate.result import USABLE


class Row(NamedTuple):
    """One activity: its current as the board's file has it, and what it takes in a day."""

    activity: str
    ua: int
    kind: str
    source: str
    mah: float
    share: float


class Budget(NamedTuple):
    """A day of one use; `days`: how long the battery lasts at that."""

    use: str
    senses: str
    mah: float
    days: float
    rows: tuple[Row, ...]


def senses_of(board: Board) -> str:
    """ "motion" or "no sensor", as use.py names them."""
    io = board.wiring.io if board.wiring else None
    return "motion" if io is not None and io.motion_pin >= 0 else "no sensor"


def budgets(board: Board, senses: str = "") -> tuple[Budget, ...]:
    """At home and on days with an outing; `senses`: other ones than its file says."""
    senses = senses or senses_of(board)
    return tuple(_budget(board, name, senses, day[senses]) for name, day in use.read().items())


def _budget(board: Board, name: str, senses: str, day: use.Use) -> Budget:
    spent = charge(board, day.spent, day.starts)
    total = spent.total / 1000
    rows = tuple(
        _row(board, activity, uah / 1000, total) for activity, uah in spent._asdict().items() if uah
    )
    return Budget(name, senses, total, board.energy.battery_mah * USABLE / total, rows)


def _row(board: Board, activity: str, mah: float, total: float) -> Row:
    figure = getattr(board.energy, activity)
    return Row(activity, figure.ua, figure.kind, figure.source, mah, mah / total)


def as_json(name: str, board: Board) -> dict[str, Any]:
    """For machines."""
    return {
        "board": name,
        "battery_mah": board.energy.battery_mah,
        "usable": USABLE,
        "uses": [
            {
                "use": one.use,
                "senses": one.senses,
                "mah_a_day": round(one.mah, 2),
                "days": round(one.days, 1),
                "activities": [
                    {**row._asdict(), "mah": round(row.mah, 2), "share": round(row.share, 3)}
                    for row in one.rows
                ],
            }
            for one in budgets(board)
        ],
    }
