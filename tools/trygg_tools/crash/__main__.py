"""`make crash`: kill gateway and broker a thousand times, cut the power, and count what was lost.

    kills   kill -9 in load, deliveries, starts, migrations, reloads and backups, and the broker's
    cuts    the power goes at every sync of what was recorded, and between (power/)
    beside  systems of others under the same kills (beside/); thingsboard-gateway only if it is
            named by --thingsboard or TRYGG_THINGSBOARD

Prints tables on standard error and one JSON line; the exit code is 1 when anything of ours was
lost, double, invented or out of order. With --keep a campaign goes on where it was ended.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from trygg_tools.bench import report
from trygg_tools.crash import score
from trygg_tools.crash.beside.__main__ import play_all as play_beside
from trygg_tools.crash.nursery import Nursery
from trygg_tools.crash.power import cuts
from trygg_tools.crash.rounds import play
from trygg_tools.peers import thingsboard

KILLS_A_ROUND = 25
PARTS = ("kills", "cuts", "beside")
PLAYS = (("journal", 3, 200), ("backup", 1, 200), ("salvage", 1, 300), ("file", 3, 200),
         ("gateway", 2, 300))  # fmt: skip


def main() -> int:
    """The command line."""
    asked = _parser().parse_args()
    command = ("python -m trygg_tools.crash " + " ".join(sys.argv[1:])).strip()
    said: dict[str, Any] = {"command": command, "machine": report.machine()}
    faults: list[str] = []
    if "kills" in asked.only:
        rounds = play_all(asked.kills, asked.seed, asked.keep, asked.door)
        said["kills"] = score.summed(rounds)
        faults += said["kills"]["faults"]
        print(score.table(rounds), file=sys.stderr)
    if "cuts" in asked.only:
        cuts.hush()
        said["cuts"] = [
            cut(play_, seed, between)
            for play_, seeds, between in PLAYS
            for seed in range(asked.seed, asked.seed + seeds)
        ]
        faults += [fault for one in said["cuts"] for fault in one["broken"]]
        print(score.rows(said["cuts"], CUT_COLUMNS), file=sys.stderr)
    if "beside" in asked.only:
        said["beside"] = play_beside(_systems(asked.thingsboard), 20, asked.seed, asked.thingsboard)
        ours = [one for one in said["beside"] if one["system"] == "Trygg"]
        faults += [f"beside others: {one['lost']} lost" for one in ours if one["lost"]]
        print(score.rows(said["beside"], BESIDE_COLUMNS), file=sys.stderr)
    print(json.dumps({**said, "faults": len(faults)}), flush=True)
    return 1 if faults else 0


CUT_COLUMNS = ("play", "seed", "operations", "syncs", "states", "broken", "seconds")
BESIDE_COLUMNS = ("system", "how", "kills", "acknowledged", "lost", "lost_percent", "came_again")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trygg_tools.crash",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python -m trygg_tools.crash --only kills --kills 100 --keep crash.jsonl",
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts")
    parser.add_argument("--kills", type=int, default=1000, help="kill -9 in all, at least")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; then seed + 1 ...")
    parser.add_argument("--keep", type=Path, help="rounds are kept here, and not played again")
    parser.add_argument("--door", default="", choices=["", "listener", "broker"], help="only this")
    parser.add_argument("--thingsboard", default="", help="virtual environment that it is in")
    return parser


def _systems(venv: str) -> list[str]:
    """What can be started here."""
    try:
        thingsboard.place(venv)
    except thingsboard.NoPeer as error:
        report.progress(f"without thingsboard-gateway: {error}")
        return ["trygg", "bridge"]
    return ["trygg", "bridge", "thingsboard"]


def play_all(kills: int, seed: int, keep: Path | None, door: str) -> list[score.Round]:
    """Play rounds until there are so many kills; those kept already count."""
    rounds = score.kept_rounds(keep)
    with Nursery() as nursery:
        while score.kills_of(rounds) < kills:
            before_s = _cpu_s(nursery)
            played = asyncio.run(play(nursery, seed + len(rounds), KILLS_A_ROUND, door))
            played["cpu_s"] = round(_cpu_s(nursery) - before_s, 1)
            score.keep_round(keep, played)
            rounds.append(played)
            report.progress(_line(rounds, kills))
    return rounds


def cut(play_: str, seed: int, between: int) -> dict[str, Any]:
    """One play recorded, its power cut everywhere; its counts."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trygg-cuts-") as text:
        if play_ == "gateway":
            found = cuts.judge_gateway(seed, between, Path(text))
        else:
            found = cuts.judge(cuts.record(play_, seed, Path(text)), between)
    found["seconds"] = round(time.monotonic() - began)
    report.progress(json.dumps(found | {"broken": found["broken"][:3]}))
    return found


def _cpu_s(nursery: Nursery) -> float:
    """Of this process (trackers, webhook), the gateways and the brokers that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return nursery.cpu_s() + sum(one.ru_utime + one.ru_stime for one in spent)


def _line(rounds: list[score.Round], kills: int) -> str:
    last: dict[str, Any] = rounds[-1]
    faults = sum(len(one["faults"]) for one in rounds)
    return (
        f"{score.kills_of(rounds)} of {kills} kills, seed {last['seed']} {last['door']}:"
        f" {last['records']} records in {last['seconds']} s, {faults} faults"
        + "".join(f"\n  {fault}" for fault in last["faults"])
    )


if __name__ == "__main__":
    sys.exit(main())
