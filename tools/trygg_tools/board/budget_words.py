"""A board's power budget as a table of text and as a page of Markdown."""

from collections.abc import Mapping

from trygg_tools.board.budget import Budget, budgets, senses_of
from trygg_tools.boards import Board
from trygg_tools.simulate.result import USABLE

AGAIN = "trygg board power --write hardware/power"
HEAD = f"""# Power budget

Made by `{AGAIN}` from the boards' files and the simulated days of
`tools/trygg_tools/board/use.json`: change those, not this page. **No figure was measured by us**;
each says whose it is. *Home*: days within the fence. *Outing*: days on which the wearer leaves it,
is followed and comes back. A board without a motion sensor has to look far more often. The
sensor is set up by `firmware/esp32/lis2dh.py`; the line with a silent one is what a board is left
with when it does not answer. Of the battery {USABLE:.0%} is counted, for
it is cold and old one day.

Not counted: light and motor (some 0.1 mAh an alarm), a modem's 3 to 20 µA in PSM or off (0.1 to
0.5 mAh a day), and a modem that listens as long as an alarm is open (eDRX, `energy.edrx` of the
board: 1.1 to 2 mAh an hour of it, so an outing of many hours takes more than is said here). How it
is computed: [docs/simulation.md](../../docs/simulation.md). How a figure is replaced by a measured
one: [sleep_current.md](../sleep_current.md).

![Charge a day by activity, every board](budget.png)
"""


def page(boards: Mapping[str, Board]) -> str:
    """All boards: who lasts how long, then each with its sources."""
    return "\n".join([HEAD, _overview(boards), *(_of(*one) for one in boards.items())])


def _overview(boards: Mapping[str, Board]) -> str:
    lines = [
        "| board | battery | motion sensor | home: mAh a day | days | outing: mAh a day | days |"
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, board in boards.items():
        lines.append(_line(name, board, "yes" if senses_of(board) == "motion" else "no"))
        if senses_of(board) == "motion":
            lines.append(_line(f"{name}, its sensor silent", board, "no"))
    return "\n".join(lines) + "\n"


def _line(name: str, board: Board, sensor: str) -> str:
    home, outing = budgets(board, "" if sensor == "yes" else "no sensor")
    return (
        f"| {name} | {board.energy.battery_mah} mAh | {sensor} | {home.mah:.0f} "
        f"| {home.days:.1f} | {outing.mah:.0f} | {outing.days:.1f} |"
    )


def _of(name: str, board: Board) -> str:
    home, outing = budgets(board)
    lines = [f"## {name}", "", f"{board.name}. {board.note}", ""]
    lines += [
        "| activity | current | figure | home | outing | source |",
        "|---|---|---|---|---|---|",
    ]
    for at_home, away in zip(home.rows, outing.rows, strict=True):
        cells = [at_home.activity, f"{at_home.ua / 1000:g} mA", at_home.kind]
        cells += [f"{row.mah:.1f} mAh ({row.share:.0%})" for row in (at_home, away)]
        lines.append(f"| {' | '.join([*cells, at_home.source])} |")
    cells = [f"**{one.mah:.1f} mAh, {one.days:.1f} days**" for one in (home, outing)]
    lines.append(f"| **a day** | | | {' | '.join(cells)} | {board.energy.battery_mah} mAh |")
    return "\n".join(lines) + "\n"


def as_lines(name: str, board: Board) -> list[str]:
    """For a terminal: the shares, and each source once."""
    shown = budgets(board)
    lines = [f"{name}: {board.energy.battery_mah} mAh, {shown[0].senses}"]
    for one in shown:
        lines += ["", *_day(one)]
    sources = [f"  {row.activity:9} {row.kind}: {row.source}" for row in shown[0].rows]
    return [*lines, "", *sources]


def _day(one: Budget) -> list[str]:
    head = f"  {one.use}: {one.mah:.1f} mAh a day, the battery lasts {one.days:.1f} days"
    rows = [
        f"    {row.activity:9} {row.mah:7.1f} mAh {row.share:5.0%}"
        f"  {'#' * round(30 * row.share):30}  {row.ua / 1000:g} mA, {row.kind}"
        for row in one.rows
    ]
    return [head, *rows]
