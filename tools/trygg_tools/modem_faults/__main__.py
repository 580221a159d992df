"""`python -m trygg_tools.modem_faults`: each fault at each step of a modem's dialogue; a JSON line.

Ends with 1 if a tracker did not come back to publishing nor to the stated safe state, if a record
was lost or doubled, or one published again that the modem had confirmed; names them, each to be
repeated with `--case`.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from trygg_tools.bench import report
from trygg_tools.modem_faults import pages, plan
from trygg_tools.modem_faults.figures import figures, tables, verdict
from trygg_tools.modem_faults.trial import Case, Outcome, Trial, outcome_of

RUNS = 5100  # a few faults find nothing to strike
NICE = 5
SAY_EVERY = 250
SHOWN = 40


def campaign(cases: list[Case], processes: int, keep: Path | None) -> list[Outcome]:
    """The outcomes, in the order of their coming; those that `keep` has are not run again."""
    outcomes = kept(keep, set(cases)) if keep else []
    done = {one.case for one in outcomes}
    left = [case for case in cases if case not in done]
    with Pool(processes, os.nice, (NICE,)) as pool:
        for outcome in pool.imap_unordered(outcome_of, left, chunksize=2):
            outcomes.append(outcome)
            if keep:
                with keep.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(outcome)) + "\n")
            if len(outcomes) % SAY_EVERY == 0:
                bad = sum(one.bad for one in outcomes)
                report.progress(f"  {len(outcomes)} of {len(cases)} runs, {bad} bad")
    return outcomes


def kept(file: Path, wanted: set[Case]) -> list[Outcome]:
    """What an interrupted campaign has left."""
    if not file.exists():
        return []
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    outcomes = [Outcome(**{**row, "case": Case(*row["case"])}) for row in rows]
    return [one for one in outcomes if one.case in wanted]


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """What a person wants to know of them."""
    struck = [one for one in outcomes if one.struck_ms >= 0]
    back = sorted(one.back_ms for one in struck if one.back_ms >= 0)
    return {
        "runs": len(struck),
        "without_a_strike": len(outcomes) - len(struck),
        "states": dict(Counter(one.state for one in outcomes)),
        "records_lost": sum(len(one.lost) for one in outcomes),
        "conflicts": sum(one.conflicts for one in outcomes),
        "confirmed_and_published_again": sum(len(one.doubled) for one in outcomes),
        "back_s": {f"p{q}": back[(len(back) - 1) * q // 100] / 1000 for q in (50, 90, 99, 100)}
        if back
        else {},
        "simulated_h": round(sum(one.seconds for one in outcomes) / 3600),
        "bad": [" ".join(map(str, one.case)) for one in outcomes if one.bad][:SHOWN],
    }


def talk(case: Case) -> Outcome:
    """One run, with its dialogue on stderr."""
    trial = Trial(case)

    def said(now_ms: int, direction: str, data: bytes) -> None:
        report.progress(f"{now_ms / 1000:10.3f} {direction} {data!r}")

    trial.journey.tracker.side.scene.modem.traces.append(said)
    outcome = trial.run()
    for line in trial.journey.tracker.lines:
        report.progress(line)
    return outcome


def command_of(asked: argparse.Namespace) -> str:
    """What gives the same again."""
    only = f" --only {asked.only}" if asked.only else ""
    return f"python -m trygg_tools.modem_faults --runs {asked.runs} --seed {asked.seed}{only}"


def publish(line: dict[str, Any], numbers: dict[str, Any], folder: Path) -> None:
    """Write the figures, and the tables of the page."""
    text = json.dumps({**line, **numbers}, indent=1, ensure_ascii=False)
    (folder / "modem_faults.json").write_text(text + "\n", "utf-8")
    page = folder / "modems.md"
    parts = {"verdict": verdict(line), **tables(numbers)}
    if page.is_file():
        page.write_text(pages.with_parts(page.read_text("utf-8"), parts), "utf-8")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="0: every fault at every step once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a dialect, a way, dialect/way, or a fault")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a file of outcomes; what is in it is not rerun")
    parser.add_argument("--write", type=Path, help="this folder's modem_faults.json and modems.md")
    parser.add_argument("--case", nargs=4, metavar=("DIALECT", "WAY", "SEED", "FAULT"))
    asked = parser.parse_args()
    if asked.case:
        dialect, way, seed, words = asked.case
        print(talk(Case(dialect, way, words, int(seed))))
        return 0
    began = time.monotonic()
    cases = plan.chosen(asked.runs, asked.seed, asked.only)
    cases = cases if asked.only else plan.clean() + plan.outages() + cases
    outcomes = campaign(cases, asked.processes, asked.keep)
    line = summary(outcomes)
    line["took_s"] = round(time.monotonic() - began)
    said = {"bench": "modem_faults", "command": command_of(asked), "machine": report.machine()}
    if asked.write:
        publish({**said, **line}, figures(outcomes), asked.write)
    print(json.dumps({**said, **line}))
    return 1 if line["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
