"""Power budgets as bars: a colour for each activity, a hatch for what no data sheet vouches for."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from trygg_tools.board.budget import Budget, budgets
from trygg_tools.boards import Board
from trygg_tools.simulate import plots

COLOURS = {
    "sleep": "tab:gray",
    "awake": "tab:blue",
    "receiver": "tab:green",
    "radio": "tab:orange",
    "anchor": "tab:purple",
}
HATCHES = {"data sheet": "", "measured": "", "reported": "..", "estimate": "///"}
MADE_OF = "Description"  # the PNG's text that says of which figures it was made


def draw(boards: Mapping[str, Board], path: Path) -> None:
    """A bar for each board and use; NoMatplotlib, OSError."""
    bars = [(name, one) for name, board in boards.items() for one in budgets(board)]
    figure, axis = plots.canvas(1, 1, 10.0, 1.6 + 0.42 * len(bars))
    for row, (_, one) in enumerate(bars):
        _bar(axis, row, one)
    axis.set_yticks(range(len(bars)), [f"{name}, {one.use}" for name, one in bars])
    axis.invert_yaxis()
    axis.set_xlabel("mAh a day; at the end of a bar: days on its battery")
    axis.set_xlim(0, 1.12 * max(one.mah for _, one in bars))
    measured = any(row.kind == "measured" for _, one in bars for row in one.rows)
    axis.set_title(
        "Charge a day by activity, simulated" + "; no figure was measured" * (not measured)
    )
    figure.legend(handles=_legend(), ncols=6, fontsize=8, loc="outside lower center")
    plots.write(figure, path, {MADE_OF: made_of(boards)})


def made_of(boards: Mapping[str, Board]) -> str:
    """A digest of every figure that is drawn."""
    figures = [
        (name, one.use, round(one.days, 1), row.activity, round(row.mah, 1), row.kind)
        for name, board in boards.items()
        for one in budgets(board)
        for row in one.rows
    ]
    return sha256(repr(figures).encode()).hexdigest()


def _bar(axis: Any, row: int, one: Budget) -> None:
    left = 0.0
    for part in one.rows:
        axis.barh(
            row, part.mah, left=left, height=0.7, color=COLOURS[part.activity],
            hatch=HATCHES[part.kind], edgecolor="white", linewidth=0.5,
        )  # fmt: skip
        if part.share > 0.08:
            middle = left + part.mah / 2
            shown = axis.text(middle, row, f"{part.mah:.0f}", ha="center", va="center", fontsize=8)
            shown.set_bbox({"facecolor": "white", "alpha": 0.75, "pad": 0.8, "edgecolor": "none"})
        left += part.mah
    axis.text(left, row, f"  {one.days:.1f} d", va="center", fontsize=9)


def _legend() -> list[Any]:
    from matplotlib.patches import Patch

    colours = [Patch(facecolor=colour, label=name) for name, colour in COLOURS.items()]
    hatched = [
        Patch(facecolor="white", edgecolor="black", hatch=HATCHES[kind], label=kind)
        for kind in ("reported", "estimate")
    ]
    return [*colours[:4], *hatched]
