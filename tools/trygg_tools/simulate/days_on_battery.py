"""What a day costs on each board, ours beside a fixed interval with the same worst case.

The same worst case: a fixed interval as long as the pause that ours may make beside a boundary,
plus what the longest bound it stated is above the shortest. Both then state the same longest time
from leaving to alarm. One run is priced for every board.
"""

from typing import Any

from tracker.settings import Settings
from trygg_tools.boards import board_file, board_names, read_board
from trygg_tools.simulate import life, many, verdict
from trygg_tools.simulate.energy import charge
from trygg_tools.simulate.many import Case
from trygg_tools.simulate.result import USABLE, spread
from trygg_tools.simulate.run import Run, Scene

BATTERY_MAH = 1000


def same_worst_case_s(run: Run) -> int:
    """The fixed interval whose bound is the longest that this run of ours stated."""
    return int(Settings().fix_floor_s + run.bound_s - run.least_bound_s)


def measure(case: Case) -> dict[str, Any]:
    """Ours and the fixed policy on one wearer: mAh a day by board, latency, misses."""
    scene, ours = case.run()
    every_s = same_worst_case_s(ours)
    _, fixed = case._replace(every_s=every_s).run()
    return {
        "house": case.house,
        "shape": case.shape,
        "days": case.days,
        "bound_s": ours.bound_s,
        "every_s": every_s,
        "ours": _costs(case, scene, ours),
        "fixed": _costs(case, scene, fixed),
    }


def _costs(case: Case, scene: Scene, run: Run) -> dict[str, Any]:
    until_s = scene.track.start_s + scene.length_s
    judged = verdict.judge(scene.track, scene.areas, run.alarms, until_s)
    late = [one.from_line_s for one in judged.detected if one.exit.line_s and one.exit.on_foot]
    return {
        "mah_a_day": {name: _mah(name, run, case.days) for name in board_names()},
        "late_s": spread(late),
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


def _mah(board_name: str, run: Run, days: int) -> dict[str, float]:
    spent = charge(read_board(board_file(board_name)), run.spent, run.starts)
    by_activity = {name: round(uah / 1000 / days, 2) for name, uah in spent._asdict().items()}
    return {"total": round(spent.total / 1000 / days, 2), **by_activity}


def campaign(
    days: int = 7, jobs: int = 0, houses: tuple[str, ...] = tuple(life.HOMES)
) -> dict[str, Any]:
    """One wearer a house, fence of 150 m."""
    cases = [Case(house, 1, 300 + number, days) for number, house in enumerate(houses)]
    rows = sorted((came for _, came in many.each(measure, cases, jobs)), key=lambda r: r["house"])
    return {
        "days": days,
        "battery_mah": BATTERY_MAH,
        "usable": USABLE,
        "wearers": rows,
        **_sums(rows),
    }


def _sums(rows: list[dict[str, Any]]) -> dict[str, Any]:
    boards = {}
    for name in board_names():
        ours = sum(row["ours"]["mah_a_day"][name]["total"] for row in rows) / len(rows)
        fixed = sum(row["fixed"]["mah_a_day"][name]["total"] for row in rows) / len(rows)
        boards[name] = {
            "mah_a_day": round(ours, 1),
            "fixed_mah_a_day": round(fixed, 1),
            "share": round(ours / fixed, 3),
            "days_on_battery": round(BATTERY_MAH * USABLE / ours, 1),
            "fixed_days_on_battery": round(BATTERY_MAH * USABLE / fixed, 1),
        }
    return {"boards": boards}


def table(figures: dict[str, Any]) -> str:
    """Days on the battery by board, as Markdown."""
    head = "| board | mAh a day | fixed, same worst case | share | days on 1,000 mAh | fixed |"
    lines = [head, "|---|---|---|---|---|---|"]
    for name, row in figures["boards"].items():
        lines.append(
            f"| {name} | {row['mah_a_day']} | {row['fixed_mah_a_day']} | {row['share']:.2f} "
            f"| {row['days_on_battery']} | {row['fixed_days_on_battery']} |"
        )
    return "\n".join(lines)


def wearers_table(figures: dict[str, Any]) -> str:
    """What it comes from, wearer by wearer, as Markdown."""
    head = (
        "| home | policy | receiver s a day | awake s | radio s | late, median and worst "
        "| missed | false |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for row in figures["wearers"]:
        names = {"ours": f"ours, bound {row['bound_s']} s", "fixed": f"every {row['every_s']} s"}
        for key, name in names.items():
            one = row[key]
            late = one["late_s"]
            seconds = f"{late['median']} s, {late['worst']} s" if late else "no exit on foot"
            lines.append(
                f"| {row['house']} | {name} | {one['receiver_s_a_day']} | {one['awake_s_a_day']} "
                f"| {one['radio_s_a_day']} | {seconds} | {one['missed']} | {one['false']} |"
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
