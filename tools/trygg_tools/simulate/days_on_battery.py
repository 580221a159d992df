"""What a day costs on each board, ours beside a fixed interval with the same worst case.

The same worst case: the fixed interval whose bound (interval, time-out, confirmation, doubt, time
to connect) is the one that ours states. With sensors_trusted, and on a board without a sensor, that
is the same all day; by default ours states a longer bound while the wearer is still (the sensor may
be broken), and the table has that apart. One run is priced for every board.
"""

from itertools import pairwise
from typing import Any, NamedTuple

from tracker.duty import Duty
from tracker.settings import Settings
from trygg_tools.boards import board_file, board_names, read_board
from trygg_tools.simulate import life, many, verdict
from trygg_tools.simulate import run as run_
from trygg_tools.simulate.energy import charge
from trygg_tools.simulate.false_exits import DEFAULT_BUFFER_M
from trygg_tools.simulate.many import FIRST_SEED, Case
from trygg_tools.simulate.result import USABLE, spread
from trygg_tools.simulate.run import Run, Scene
from trygg_tools.simulate.verdict import Verdict
from trygg_tools.simulate.wearer import ANCHORED, BARE, MOTION, Senses

BATTERY_MAH = 1000
FIXED = "fixed"
STEP_S = 5  # of a bound on the wire, rounded up


class Way(NamedTuple):
    """A board's senses and settings, under the name that the table has."""

    name: str
    senses: Senses
    settings: tuple[tuple[int, int], ...] = ()


SENSORS_TRUSTED = 25  # the setting's number
WAYS = (
    Way("motion, trusted", MOTION, ((SENSORS_TRUSTED, 1),)),
    Way("motion and home anchor, trusted", ANCHORED, ((SENSORS_TRUSTED, 1),)),
    Way("motion, default", MOTION),
    Way("no sensor", BARE),
)


def same_worst_case_s(run: Run) -> int:
    """The fixed interval whose bound is the one that ours stated while the wearer moved; of those
    that are the same on the wire, which has steps of five seconds, the shortest."""
    duty = Duty(Settings())
    duty.stated_s = duty.settings.fix_floor_s = 1  # a bound is stated, with any slack
    every_s = 1
    while duty.bound_s(every_s) <= run.least_bound_s - STEP_S:
        every_s += 1
    return every_s


def measure(case: Case) -> dict[str, Any]:
    """Ours in each way, and the fixed policy, on one wearer: mAh a day by board, latency."""
    rows = {}
    every_s = 0
    for way in WAYS:
        scene, ours = case._replace(senses=way.senses, settings=way.settings).run()
        rows[way.name] = _costs(case, scene, ours)
        every_s = every_s or same_worst_case_s(ours)
    scene, fixed = case._replace(every_s=every_s).run()
    rows[FIXED] = _costs(case, scene, fixed)
    told = {
        "house": case.house,
        "outings": bool(case.outings),
        "seed": case.seed,
        "days": case.days,
    }
    return {**told, "every_s": every_s, **rows}


def _costs(case: Case, scene: Scene, run: Run) -> dict[str, Any]:
    judged = run_.judged(scene, run)
    late = [one.from_line_s for one in judged.detected if one.exit.line_s and one.exit.on_foot]
    return {
        "mah_a_day": {name: _mah(name, run, case.days) for name in board_names()},
        "late_s": spread(late),
        "exits": len(judged.exits),
        "outside_s_a_day": round(
            sum(one.back_s - one.crossed_s for one in judged.exits) / case.days
        ),
        "position_age_s": spread(_ages_s(judged, run)),
        "bound_s": [run.least_bound_s, run.bound_s],
        "unsure": len(judged.unsure),
        "missed": len(judged.missed),
        "false": len(judged.false),
        "receiver_s_a_day": round(
            (run.spent["searching"] + run.spent["tracking"]) / 1000 / case.days
        ),
        "awake_s_a_day": round(run.spent["awake"] / 1000 / case.days),
        "radio_s_a_day": round(
            (run.spent["connecting"] + run.spent["connected"]) / 1000 / case.days
        ),
    }


def _ages_s(judged: Verdict, run: Run) -> list[int]:
    """How old the gateway's position had become each time a newer one came, while the wearer was
    outside, from the alarm on."""
    ages: list[int] = []
    for one in judged.detected:
        out_s = (one.exit.crossed_s + one.from_boundary_s, one.exit.back_s)
        during = [row for row in run.positions if out_s[0] <= row[0] <= out_s[1]]
        ages += [came[0] - before[1] for before, came in pairwise(during)]
    return ages


def _mah(board_name: str, run: Run, days: int) -> dict[str, float]:
    spent = charge(read_board(board_file(board_name)), run.spent, run.starts)
    by_activity = {name: round(uah / 1000 / days, 2) for name, uah in spent._asdict().items()}
    return {"total": round(spent.total / 1000 / days, 2), **by_activity}


def campaign(days: int = 7, jobs: int = 0, wearers: int = 3, away: int = 6) -> dict[str, Any]:
    """So many wearers at home, houses in turn, with a fence of 150 m; and `away` who go out beyond
    it. Outside every policy is in alarm mode alike, and follows alike after that."""
    cases = [stays_home(n, days) for n in range(wearers)] + going_out(away, days)
    rows = [came for _, came in many.each(measure, cases, jobs)]
    return gathered(days, sorted(rows, key=lambda row: (row["outings"], row["seed"])))


def stays_home(number: int, days: int) -> Case:
    """One who stays within the fence."""
    return _wearer(number, days, 0.0)


def _wearer(number: int, days: int, outings: float) -> Case:
    houses = list(life.HOMES)
    seed = FIRST_SEED + 300 + number
    return Case(houses[number % len(houses)], 1, seed, days, outings=outings)


def going_out(count: int, days: int) -> list[Case]:
    """The first so many who leave their fence in these days, by lives with the usual outings."""
    found: list[Case] = []
    number = 0
    while len(found) < count:
        case = _wearer(number, days, 1.0)
        scene = case.scene()
        until_s = scene.track.start_s + scene.length_s
        if verdict.exits_of(scene.track, scene.areas[0], DEFAULT_BUFFER_M, until_s):
            found.append(case)
        number += 1
    return found


def gathered(days: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a campaign from what `measure` gave of each wearer."""
    at_home = [row for row in rows if not row["outings"]]
    away = [row for row in rows if row["outings"]]
    return {
        "days": days,
        "battery_mah": BATTERY_MAH,
        "usable": USABLE,
        "at_home": {name: _board(name, at_home) for name in board_names()},
        "with_outings": {name: _board(name, away) for name in board_names()},
        "wearers": rows,
    }


def _board(board_name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over these wearers."""

    def mean(way: str) -> float:
        return float(sum(row[way]["mah_a_day"][board_name]["total"] for row in rows) / len(rows))

    fixed = mean(FIXED)
    by_way = {}
    for way in [one.name for one in WAYS] + [FIXED]:
        by_way[way] = {
            "mah_a_day": round(mean(way), 1),
            "share": round(mean(way) / fixed, 3),
            "days": round(BATTERY_MAH * USABLE / mean(way), 1),
        }
    return by_way


def table(figures: dict[str, Any]) -> str:
    """Days on the battery by board, as Markdown."""
    head = (
        "| board | way | at home: mAh a day | share | days | with outings: mAh a day "
        "| share | days |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for board_name, ways in figures["at_home"].items():
        for way, home in ways.items():
            away = figures["with_outings"][board_name][way]
            name = f"every {figures['wearers'][0]['every_s']} s" if way == FIXED else way
            lines.append(
                f"| {board_name} | {name} | {home['mah_a_day']} | {home['share']:.2f} "
                f"| {home['days']} | {away['mah_a_day']} | {away['share']:.2f} | {away['days']} |"
            )
    return "\n".join(lines)


def wearers_table(figures: dict[str, Any]) -> str:
    """What it comes from, wearer by wearer, as Markdown."""
    head = (
        "| home | way | bound stated | receiver s a day | awake s | radio s "
        "| exits | outside s a day | late on foot, median and worst | position at most, median "
        "and worst | cannot tell | missed | false |"
    )
    lines = [head, "|---" * 13 + "|"]
    for row in figures["wearers"]:
        for way in [one.name for one in WAYS] + [FIXED]:
            one = row[way]
            late, old = one["late_s"], one["position_age_s"]
            name = f"every {row['every_s']} s" if way == FIXED else way
            seconds = f"{late['median']} s, {late['worst']} s" if late else "-"
            ages = f"{old['median']} s, {old['worst']} s" if old else "-"
            least, most = one["bound_s"]
            home = row["house"] + ", outings" * row["outings"]
            bound = f"{most} s" if least == most else f"{least} to {most} s"
            lines.append(
                f"| {home} | {name} | {bound} | {one['receiver_s_a_day']} "
                f"| {one['awake_s_a_day']} | {one['radio_s_a_day']} | {one['exits']} "
                f"| {one['outside_s_a_day']} | {seconds} | {ages} "
                f"| {one['unsure']} | {one['missed']} | {one['false']} |"
            )
    return "\n".join(lines)


def inputs() -> str:
    """The figures of each board that went in, as Markdown."""
    head = "| board | boot | sleep | awake | receiver | radio |"
    lines = [head, "|---|---|---|---|---|---|"]
    for name in board_names():
        energy = read_board(board_file(name)).energy
        cells = [
            f"{figure.ua / 1000:g} mA ({figure.kind})"
            for figure in (energy.sleep, energy.awake, energy.receiver, energy.radio)
        ]
        lines.append(f"| {name} | {energy.boot_ms} ms | " + " | ".join(cells) + " |")
    return "\n".join(lines)
