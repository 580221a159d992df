"""How long a simulated week of one tracker takes: `trygg simulate` without options, three homes.

`python -m trygg_tools.bench.week` prints one JSON line. `wall_s` is what a person waits for on this
machine as it is, `cpu_s` what it costs; a week is wanted in LIMIT_S at most.
"""

import time
from typing import Any

from trygg_tools.bench import report
from trygg_tools.simulate import life
from trygg_tools.simulate.many import Case

LIMIT_S = 20
DAYS = 7


def run(days: int = DAYS) -> dict[str, Any]:
    """The slowest of three homes."""
    took = {house: _took(house, days) for house in life.HOMES}
    return {
        "days": days,
        "wall_s": max(wall for wall, _cpu in took.values()),
        "cpu_s": max(cpu for _wall, cpu in took.values()),
        "by_home_cpu_s": {house: cpu for house, (_wall, cpu) in took.items()},
        "wanted_s": round(LIMIT_S * days / DAYS, 1),
    }


def _took(house: str, days: int) -> tuple[float, float]:
    """(seconds by the clock, seconds of the processor) of one wearer's days."""
    case = Case(house, 1, 1, days)
    wall, cpu = time.monotonic(), time.process_time()
    case.run()
    return round(time.monotonic() - wall, 1), round(time.process_time() - cpu, 1)


if __name__ == "__main__":
    report.say("week", run())
