"""`python -m trygg_tools.exits`: at least so many exits with a stated bound; one JSON line.

Ends with 1 if any exit was missed or found later than stated, and names the seeds: the same seed
is the same trial (`--seed 4711`). With `--log FILE` each outcome is a line there, the figures so
far are said after every parcel, and a run that was ended goes on where it was, as long as firmware,
rig and trials are the same to the byte.
"""

import argparse
import json
import sys
import time
from binascii import crc32
from collections import Counter
from dataclasses import asdict
from functools import cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import tracker
import trygg_wire
from trygg_tools import rig
from trygg_tools.exits import strikes
from trygg_tools.exits.trial import Trial
from trygg_tools.exits.verdict import Outcome

PARCEL = 200  # trials between two looks whether there are enough
SAID = ("exits", "missed", "late", "worst_percent_of_bound", "bad_seeds")  # after each


def outcome_of(seed: int) -> Outcome:
    """Run the trial of this seed."""
    return Trial(seed).run()


def campaign(exits: int, first_seed: int, processes: int, log: Path | None = None) -> list[Outcome]:
    """Trials until so many exits had a bound that held or was broken; those of `log` count."""
    outcomes = logged(log, first_seed) if log else []
    with Pool(processes) as pool:
        while sum(counts(one) for one in outcomes) < exits:
            seeds = range(first_seed + len(outcomes), first_seed + len(outcomes) + PARCEL)
            more = pool.map(outcome_of, seeds, chunksize=10)
            outcomes += more
            if log:
                note(log, more)
                so_far = summary(outcomes)
                figures = {name: so_far[name] for name in SAID}
                print(json.dumps(figures), file=sys.stderr, flush=True)
    return outcomes


def logged(log: Path, first_seed: int) -> list[Outcome]:
    """The outcomes of a run that was ended, in the order of their seeds; none of other code."""
    lines = log.read_text().splitlines() if log.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    same = {row["seed"]: row for row in rows if row.pop("code") == code()}
    outcomes: list[Outcome] = []
    while first_seed + len(outcomes) in same:
        outcomes.append(Outcome(**same[first_seed + len(outcomes)]))
    return outcomes


def note(log: Path, outcomes: list[Outcome]) -> None:
    """Append the outcomes, whole lines only."""
    lines = [json.dumps({"code": code(), **asdict(one)}) for one in outcomes]
    with log.open("a") as file:
        file.write("\n" + "\n".join(lines) + "\n")


@cache
def code() -> str:
    """A check of everything that an outcome depends on."""
    check = 0
    for package in (tracker, trygg_wire, rig, strikes):
        for file in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            check = crc32(file.read_bytes(), check)
    return f"{check:08x}"


def struck(seed: int, processes: int) -> list[Outcome]:
    """One exit with one strike of each kind at every step of it, from setting off to alarm."""
    steps = range(1, strikes.steps_of(seed) + 1)
    wanted = [(seed, nth, kind) for kind in strikes.KINDS for nth in steps]
    with Pool(processes) as pool:
        return pool.map(strikes.outcome_of, wanted, chunksize=10)


def counts(outcome: Outcome) -> bool:
    """Whether a bound was stated for that exit, and its condition met."""
    return bool(outcome.stated_s) and not outcome.void


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """What a person wants to know of them."""
    judged = [one for one in outcomes if counts(one)]
    percent = sorted(100 * one.found_s // one.stated_s for one in judged if not one.missed())
    return {
        "exits": len(judged),
        "missed": sum(one.missed() for one in outcomes),
        "late": sum(one.late() for one in outcomes),
        "worst_percent_of_bound": percent[-1] if percent else 0,
        "found_in_percent_of_bound": {
            f"p{q}": percent[len(percent) * q // 100] for q in (10, 50, 90, 99) if percent
        },
        "bounds_stated_s": dict(quartiles([one.stated_s for one in judged])),
        "without_a_bound": sum(not one.stated_s for one in outcomes),
        "reception_failed_after_the_exit": sum(one.void for one in outcomes),
        "with_resets": sum(one.resets > 0 for one in outcomes),
        "resets": sum(one.resets for one in outcomes),
        "kinds": dict(Counter(one.kind for one in judged)),
        "bad_seeds": [one.seed for one in outcomes if one.missed() or one.late()][:20],
    }


def quartiles(values: list[int]) -> list[tuple[str, int]]:
    """Least, quarters and most."""
    values = sorted(values)
    return [(f"p{q}", values[(len(values) - 1) * q // 100]) for q in (0, 25, 50, 75, 100) if values]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exits", type=int, default=10_000, help="with a stated bound, at least")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--log", type=Path, help="a line for each outcome; go on where it ends")
    parser.add_argument("--seed", type=int, help="this one alone")
    asked = parser.parse_args()
    if asked.seed is not None:
        print(outcome_of(asked.seed))
        return 0
    began = time.monotonic()
    result = summary(campaign(asked.exits, asked.first_seed, asked.processes, asked.log))
    every_step = struck(strikes.plain_seed(asked.first_seed), asked.processes)
    result["strikes_at_every_step"] = len(every_step)
    result["missed"] += sum(one.missed() for one in every_step)
    result["late"] += sum(one.late() for one in every_step)
    print(json.dumps({"bench": "exits", **result, "took_s": round(time.monotonic() - began)}))
    return 1 if result["missed"] or result["late"] else 0


if __name__ == "__main__":
    sys.exit(main())
