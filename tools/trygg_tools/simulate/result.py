"""One run's figures: what a person wants to know of a policy, as a dict and as a row of text."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from trygg_tools.boards import Board
from trygg_tools.simulate.energy import charge
from trygg_tools.simulate.run import Run
from trygg_tools.simulate.verdict import Detected, Verdict
from trygg_wire.layouts import CANT_TELL

DAY_S = 86400
MONTH_DAYS = 30.4
# what 1,000 mAh are when a cell is cold and old and the regulator stops at 3.4 V
USABLE = 0.85


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Middle, 95th hundredth and worst; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    at = min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)
    return {"median": round(median(ordered), 1), "p95": ordered[at], "worst": ordered[-1]}


def figures(run: Run, verdict: Verdict, board: Board, battery_mah: int) -> dict[str, Any]:
    """Everything of a run, by what it is about."""
    days = run.seconds / DAY_S
    on_foot = [one for one in verdict.detected if one.exit.on_foot]
    return {
        "policy": run.policy.name,
        "days": round(days, 2),
        "exits": {
            "true": len(verdict.exits),
            "must_be_detected": sum(one.counts for one in verdict.exits),
            "detected": len(verdict.detected),
            "unsure": len(verdict.unsure),
            "missed": len(verdict.missed),
            "false": len(verdict.false),
            "false_a_month": round(len(verdict.false) / days * MONTH_DAYS, 2),
        },
        "latency_s": {
            "from_line": _latency(verdict.detected),
            "from_line_on_foot": _latency(on_foot),
            "from_boundary": spread([one.from_boundary_s for one in verdict.detected]),
            "bound_stated": run.bound_s,
        },
        "cannot_tell": sum(alarm.what == CANT_TELL for alarm in run.alarms),
        "a_day": _a_day(run, days),
        "mah_a_day": _charge(run, board, days),
        "battery": _battery(run, board, battery_mah, days),
    }


def _latency(detected: list[Detected]) -> dict[str, float] | None:
    return spread([one.from_line_s for one in detected if one.exit.line_s])


def _a_day(run: Run, days: float) -> dict[str, float]:
    searching_s, tracking_s = run.spent["searching"] / 1000, run.spent["tracking"] / 1000
    return {
        "searches": round(run.searches / days, 1),
        "fixes": round(run.fixes / days, 1),
        "receiver_on_s": round((searching_s + tracking_s) / days),
        "awake_s": round(run.spent["awake"] / 1000 / days),
        "connections": round(run.sessions / days, 1),
        "bytes_up": round(run.bytes_up / days),
        "bytes_down": round(run.bytes_down / days),
    }


def _charge(run: Run, board: Board, days: float) -> dict[str, float]:
    spent = charge(board, run.spent, run.starts)
    shares = {name: round(uah / 1000 / days, 2) for name, uah in spent._asdict().items()}
    return {"total": round(spent.total / 1000 / days, 2), **shares}


def _battery(run: Run, board: Board, battery_mah: int, days: float) -> dict[str, Any]:
    """How long the battery would last at this rate, and its course in percent by the hour."""
    a_day = charge(board, run.spent, run.starts).total / 1000 / days
    usable = battery_mah * USABLE
    course = [
        round(max(0.0, 100 - charge(board, hour.spent, hour.starts).total / 10 / usable), 1)
        for hour in run.hours
    ]
    return {"mah": battery_mah, "days": round(usable / a_day, 1), "percent_by_hour": course}


COLUMNS = (
    "policy",
    "exits",
    "found",
    "missed",
    "false",
    "late",
    "worst",
    "fixes",
    "kB",
    "mAh",
    "days",
)
_HELP = (
    "exits: those that must be detected. late, worst: seconds from the line beyond which a fix\n"
    "must be read as outside to the alarm's arrival, median and worst. fixes, kB, mAh: a day.\n"
    "days: on the battery."
)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows for a person to read."""
    lines = [COLUMNS, *[_row(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    text = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([*text, "", _HELP])


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    late = row["latency_s"]["from_line"]
    exits, a_day = row["exits"], row["a_day"]
    return (
        row["policy"],
        str(exits["must_be_detected"]),
        str(exits["detected"]),
        str(exits["missed"]),
        str(exits["false"]),
        f"{late['median']:.0f}" if late else "-",
        f"{late['worst']:.0f}" if late else "-",
        f"{a_day['fixes']:.0f}",
        f"{(a_day['bytes_up'] + a_day['bytes_down']) / 1000:.0f}",
        f"{row['mah_a_day']['total']:.1f}",
        f"{row['battery']['days']:.1f}",
    )
