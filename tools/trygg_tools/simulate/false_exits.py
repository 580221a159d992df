"""How often an exit is said that was none, and what it costs in delay to be surer.

Each wearer carries one tracker with fences of the same boundary and other buffers, so that one run
gives a point for each buffer; and the same wearers, with the same lives under the same sky, are run
for each doubt_s and confirm_apart_s. The headline is measured apart: one fence a tracker, every
setting at its default.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.simulate import many, plots
from trygg_tools.simulate import run as run_
from trygg_tools.simulate.many import DAY_S, Case
from trygg_tools.simulate.result import MONTH_DAYS, spread
from trygg_tools.simulate.wearer import Alarm
from trygg_wire.layouts import CANT_TELL

CONFIRM, DOUBT = 7, 46  # settings' numbers
BUFFERS_M = (1.0, 10.0, 30.0, 60.0)
DEFAULT_BUFFER_M = 10.0
CURVE_OUTINGS = 4.0  # so many times the usual, so that the delay is known as well as the rate


class Rule(NamedTuple):
    """One rule of the curve."""

    confirm_apart_s: int
    doubt_s: int
    first_fix: bool = False

    def settings(self) -> tuple[tuple[int, int], ...]:
        """As an order has it."""
        return ((CONFIRM, self.confirm_apart_s), (DOUBT, self.doubt_s))


RULES = (
    Rule(1, 0, first_fix=True),
    Rule(1, 0),
    Rule(3, 0),
    Rule(3, 10),
    Rule(3, 20),  # the default
    Rule(3, 40),
    Rule(10, 40),
    Rule(10, 80),
)


class Tally(NamedTuple):
    """What one fence of one wearer gave."""

    buffer_m: float
    days: float
    false: int
    missed: int
    unsure: int
    detected: int
    late_s: list[int]  # from the boundary, of every exit found
    cannot_tell: int = 0  # said, exit or not


def tally(case: Case) -> list[Tally]:
    """Run a case; one Tally a fence."""
    scene, run = case.run()
    found = []
    for area in scene.areas:
        judged = run_.judged(scene, run, [area])
        found.append(
            Tally(
                area.buffer_m or DEFAULT_BUFFER_M,
                scene.length_s / DAY_S,
                len(judged.false),
                len(judged.missed),
                len(judged.unsure),
                len(judged.detected),
                [one.from_boundary_s for one in judged.detected],
                _unsure(run.alarms, area.number),
            )
        )
    return found


def _unsure(alarms: list[Alarm], number: int) -> int:
    """How often "cannot tell" was said of a fence or of all."""
    return sum(one.what == CANT_TELL and one.fence_number in (0, number) for one in alarms)


def campaign(
    wearers: int, curve_wearers: int, days: int = 28, curve_days: int = 28, jobs: int = 0
) -> dict[str, Any]:
    """The defaults from so many wearers for `days`; each point of the curve from fewer."""
    houses: dict[str, list[Tally]] = {}
    for case, came in many.each(tally, many.wearers(wearers, days), jobs):
        houses.setdefault(case.house, []).extend(came)
    return gathered(houses, curve(curve_wearers, curve_days, jobs))


def gathered(houses: dict[str, list[Tally]], points: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a campaign from its tallies by house, and its curve."""
    everybody = [one for house in houses.values() for one in house]
    # the tallies of one tracker's fences are of the same days
    on_curve = sum(point["wearer_months"] for point in points) / len(BUFFERS_M)
    return {
        "wearer_years": round(
            sum(one.days for one in everybody) / 365.25 + on_curve * MONTH_DAYS / 365.25, 2
        ),
        "defaults": summary(everybody),
        "defaults_by_house": {house: summary(houses[house]) for house in sorted(houses)},
        "curve": points,
    }


def curve(wearers: int, days: int, jobs: int) -> list[dict[str, Any]]:
    """A point for each rule and buffer."""
    cases = {
        wearer._replace(
            settings=rule.settings(),
            first_fix=rule.first_fix,
            buffers_m=BUFFERS_M,
            outings=CURVE_OUTINGS,
        ): rule
        for rule in RULES
        for wearer in many.wearers(wearers, days)
    }
    came = ((cases[case], one) for case, ones in many.each(tally, cases, jobs) for one in ones)
    return points_of(came)


def points_of(came: Iterable[tuple[Rule, Tally]]) -> list[dict[str, Any]]:
    """The curve's points, by rule and buffer."""
    found: dict[tuple[Rule, float], list[Tally]] = {}
    for rule, one in came:
        found.setdefault((rule, one.buffer_m), []).append(one)
    return [
        {**rule._asdict(), "buffer_m": buffer_m, **summary(found[(rule, buffer_m)])}
        for rule, buffer_m in sorted(found, key=lambda one: (not one[0].first_fix, *one))
    ]


def summary(tallies: Iterable[Tally]) -> dict[str, Any]:
    """One point: rates a wearer-month with their 95 % limits, and the delay."""
    tallies = list(tallies)
    months = sum(one.days for one in tallies) / MONTH_DAYS
    false = sum(one.false for one in tallies)
    low, high = poisson_limits(false)
    return {
        "wearer_months": round(months, 1),
        "false": false,
        "false_a_month": round(false / months, 3),
        "false_a_month_95": [round(low / months, 3), round(high / months, 3)],
        "cannot_tell_a_month": round(sum(one.cannot_tell for one in tallies) / months, 1),
        "exits_detected": sum(one.detected for one in tallies),
        "exits_unsure": sum(one.unsure for one in tallies),
        "exits_missed": sum(one.missed for one in tallies),
        "late_s": spread([late for one in tallies for late in one.late_s]),
    }


def poisson_limits(count: int) -> tuple[float, float]:
    """The 95 % limits of a Poisson mean of which `count` was seen (Wilson and Hilferty's cubes)."""

    def limit(of: int, quantile: float) -> float:
        root = 1 - 1 / (9 * of) + quantile / (3 * math.sqrt(of))
        return float(of * root**3)

    return (limit(count, -1.96) if count else 0.0), limit(count + 1, 1.96)


def picture(figures: dict[str, Any], path: Path) -> None:
    """The curve: false exits a wearer-month against the delay, a line for each buffer."""
    figure, axis = plots.canvas(1, 1, 9.0, 6.0)
    for buffer_m in sorted({point["buffer_m"] for point in figures["curve"]}):
        points = [p for p in figures["curve"] if p["buffer_m"] == buffer_m and p["late_s"]]
        late = [point["late_s"]["median"] for point in points]
        often = [max(point["false_a_month"], 0.01) for point in points]
        spans = [point["false_a_month_95"] for point in points]
        below = [max(0.0, at - max(span[0], 0.008)) for at, span in zip(often, spans, strict=True)]
        above = [max(0.0, span[1] - at) for at, span in zip(often, spans, strict=True)]
        axis.errorbar(late, often, (below, above), marker="o", capsize=2, label=f"{buffer_m:.0f} m")
        for point, x, y in zip(points, late, often, strict=True):
            if buffer_m == DEFAULT_BUFFER_M:
                note = f"{point['confirm_apart_s']} s / {point['doubt_s']} s"
                note = "one fix" if point["first_fix"] else note
                axis.annotate(note, (x, y), xytext=(6, 5), textcoords="offset points", fontsize=7)
    axis.axhline(1, color="tab:red", lw=0.8, ls="--")
    axis.set_yscale("log")
    axis.set_xlabel(
        "median seconds from the boundary to the alarm at the gateway, every exit found"
    )
    axis.set_ylabel("false exits a wearer-month (0.01: none seen), 95 % limits")
    axis.set_title("surer or sooner: confirm_apart_s / doubt_s at the points, buffers as lines")
    axis.legend(title="buffer")
    axis.grid(alpha=0.3)
    plots.write(figure, path)


def table(figures: dict[str, Any]) -> str:
    """The curve as Markdown."""
    head = (
        "| decides | confirm_apart_s | doubt_s | buffer | false | a month (95 %) | missed "
        "| late, median | 95th |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for point in figures["curve"]:
        late = point["late_s"] or {"median": "-", "p95": "-"}
        low, high = point["false_a_month_95"]
        decides = "one fix" if point["first_fix"] else "two of three"
        lines.append(
            f"| {decides} | {point['confirm_apart_s']} | {point['doubt_s']} "
            f"| {point['buffer_m']:.0f} m | {point['false']} | {point['false_a_month']} "
            f"({low} to {high}) | {point['exits_missed']} "
            f"| {late['median']} s | {late['p95']} s |"
        )
    return "\n".join(lines)


def headline(figures: dict[str, Any]) -> str:
    """The defaults as Markdown, all and by house."""
    head = (
        "| homes | wearer-months | false exits | a wearer-month (95 %) | exits found "
        "| cannot tell | missed | cannot tell a month, in all |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for name, row in {"all": figures["defaults"], **figures["defaults_by_house"]}.items():
        low, high = row["false_a_month_95"]
        lines.append(
            f"| {name} | {row['wearer_months']} | {row['false']} "
            f"| {row['false_a_month']} ({low} to {high}) "
            f"| {row['exits_detected']} | {row['exits_unsure']} | {row['exits_missed']} "
            f"| {row['cannot_tell_a_month']} |"
        )
    return "\n".join(lines)
