"""`make crash`: kill gateway and broker a thousand times, cut the power, and add up what was lost.

One JSON line at the end; exit code 1 when anything was lost, double, invented or out of order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
from pathlib import Path
from typing import Any

from trygg_tools.bench import report
from trygg_tools.crash import score
from trygg_tools.crash.nursery import Nursery
from trygg_tools.crash.rounds import play

KILLS_A_ROUND = 25


def main() -> int:
    """The command line."""
    asked = _parser().parse_args()
    rounds = play_all(asked.kills, asked.seed, asked.keep, asked.door)
    figures = score.summed(rounds)
    print(score.table(rounds), file=sys.stderr)
    command = "python -m trygg_tools.crash " + " ".join(sys.argv[1:])
    said = {"command": command.strip(), "machine": report.machine(), **figures}
    print(json.dumps(said), flush=True)
    return 1 if figures["faults"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trygg_tools.crash",
        description=__doc__,
        epilog="Example: python -m trygg_tools.crash --kills 100 --seed 7 --keep crash.jsonl",
    )
    parser.add_argument("--kills", type=int, default=1000, help="kill -9 in all, at least")
    parser.add_argument("--seed", type=int, default=1, help="of the first round; then seed + 1 ...")
    parser.add_argument("--keep", type=Path, help="rounds are kept here, and not played again")
    parser.add_argument("--door", default="", choices=["", "listener", "broker"], help="only this")
    return parser


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
