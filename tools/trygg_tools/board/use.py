"""What wearers do with a tracker in a day, as seconds in each state: `use.json`, simulated.

    use = read()["home"]["motion"]        # or ["outing"], ["no sensor"]
    use.spent["receiver..."], use.starts  # ms and starts a day, as simulate/energy.py takes them

`home`: three wearers, one of each kind of house, who stay within their fence of 150 m. `outing`:
three who leave it, are followed and come back. Days, seeds and what each spent stand in the file;
`simulated` makes it again with the firmware's own core (docs/simulation.md). The same for every
board: what differs is whether it has a motion sensor.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.simulate import many
from trygg_tools.simulate.days_on_battery import going_out, stays_home
from trygg_tools.simulate.many import Case
from trygg_tools.simulate.wearer import BARE, MOTION

FILE = Path(__file__).with_name("use.json")
DAYS = 2
WEARERS = 3
SENSES = {"motion": MOTION, "no sensor": BARE}
USES = ("home", "outing")


class Use(NamedTuple):
    """A day: ms in each state of simulate/wearer.py, and starts of the chip."""

    spent: Mapping[str, int]
    starts: int


def read() -> dict[str, dict[str, Use]]:
    """The mean day of each use, with and without a motion sensor."""
    rows = json.loads(FILE.read_text("utf-8"))["wearers"]
    return {
        use: {
            senses: _mean([row for row in rows if (row["use"], row["senses"]) == (use, senses)])
            for senses in SENSES
        }
        for use in USES
    }


def _mean(rows: list[dict[str, Any]]) -> Use:
    days = sum(row["days"] for row in rows)
    spent = {state: sum(row["spent"][state] for row in rows) // days for state in rows[0]["spent"]}
    return Use(spent, sum(row["starts"] for row in rows) // days)


def simulated(jobs: int = 0) -> dict[str, Any]:
    """What use.json holds: minutes of CPU."""
    done = many.each(spent_by, cases(), jobs)
    return {"made by": "trygg board power --simulate", "wearers": sorted_rows(r for _, r in done)}


def cases() -> list[Case]:
    """Every wearer with and without a sensor."""
    people = [stays_home(number, DAYS) for number in range(WEARERS)] + going_out(WEARERS, DAYS)
    return [case._replace(senses=senses) for case in people for senses in SENSES.values()]


def spent_by(case: Case) -> dict[str, Any]:
    """What one of them spent, and who it was."""
    _, run = case.run()
    (senses,) = [name for name, senses in SENSES.items() if senses == case.senses]
    return {
        "use": "outing" if case.outings else "home",
        "senses": senses,
        "house": case.house,
        "seed": case.seed,
        "days": case.days,
        "starts": run.starts,
        "spent": dict(sorted(run.spent.items())),
    }


def sorted_rows(rows: Any) -> list[dict[str, Any]]:
    """In an order of their own, whichever process was first."""
    return sorted(rows, key=lambda row: (row["use"], row["senses"], row["seed"]))
