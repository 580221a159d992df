"""Systems of others under the same kills: what they acknowledged, and what of it arrived.

    python -m trygg_tools.crash.beside --kills 20 --thingsboard /opt/thingsboard

The way is the same for each: publishers → source broker → the system → far broker → a collector.
The system is killed with -9 at random moments and comes back: `live`, while it delivers, and
`with a backlog`, the far broker being out of reach for a while before. In the end all is up, and
what has not arrived when nothing more comes is lost. A publisher forgets what got its PUBACK:
between a client and a broker there is no other acknowledgement. `unharmed` is what a system loses
alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from trygg_tools.bench import report
from trygg_tools.crash.beside.gate import Gate
from trygg_tools.crash.beside.publisher import Pace, PlainPublisher
from trygg_tools.crash.beside.systems import PUBLISHERS, Bridge, System, Thingsboard, Trygg
from trygg_tools.crash.broker import Broker
from trygg_tools.crash.collector import Collector
from trygg_tools.crash.ground import quiet_port
from trygg_tools.crash.nursery import Nursery
from trygg_tools.peers import thingsboard

PER_S = 400.0
LIFE_S = (0.2, 1.0)  # after it delivers
UNHARMED_S = 10.0
DELIVERS_S = 20.0  # time it has to come back
QUIET_S, DRAIN_S = 15.0, 120.0
ROOM = "max_inflight_messages 100"
UNHARMED, LIVE, BACKLOG = HOW = "unharmed", "live", "with a backlog"


class Run:
    """One system between two brokers, with its publishers and what has arrived."""

    def __init__(self, system: System, source: int, far: int, gate: Gate) -> None:
        self.arrived: Counter[tuple[str, int]] = Counter()
        self._system = system
        self._gate = gate
        self._collector = Collector(far, system.listens, self._take)
        self._publishers = {
            name: PlainPublisher(source, system.topic(name), name, system.payload)
            for name in PUBLISHERS
        }
        self._pace = Pace(list(self._publishers.values()), PER_S)
        self._last = time.monotonic()
        self._counts_from: dict[str, int] = {}  # publisher → the last number of the warming up

    def _take(self, topic: str, payload: bytes) -> None:
        self.arrived.update(self._system.ids(topic, payload))
        self._last = time.monotonic()

    async def play(self, how: str, kills: int, dice: random.Random) -> dict[str, Any]:
        """So many kills, the end, and the count."""
        kills = 0 if how == UNHARMED else kills
        await self._gate.open()
        await self._collector.start()
        await self._system.start()
        tasks = [asyncio.create_task(one.run()) for one in self._publishers.values()]
        await self._warm_up()
        for _ in range(kills):
            await self._delivers()
            if how == BACKLOG:
                await self._gate.shut()
            await self._pace.run(dice.uniform(*LIFE_S))
            self._system.kill()
            await self._gate.open()
            await self._system.start()
        await self._delivers()
        await self._pace.run(UNHARMED_S if not kills else 1.0)
        await self._to_the_end()
        for task in tasks:
            task.cancel()
        await self._collector.stop()
        return {"system": self._system.name, "how": how, "kills": kills, **self._counted()}

    async def _warm_up(self) -> None:
        """What is said before the system listens at its source is nobody's, and is not counted."""
        await self._delivers()
        await asyncio.sleep(1.0)
        self._counts_from = {name: one.allowed for name, one in self._publishers.items()}

    def _counted_of(self) -> set[tuple[str, int]]:
        """All that was acknowledged since."""
        return {
            (name, number)
            for name, one in self._publishers.items()
            for number in one.acknowledged
            if number > self._counts_from[name]
        }

    async def _delivers(self) -> None:
        """Return when something new has arrived since now, or it has had its time."""
        before, until = len(self.arrived), time.monotonic() + DELIVERS_S
        while len(self.arrived) == before and time.monotonic() < until:
            await self._pace.run(0.05)

    async def _to_the_end(self) -> None:
        until = time.monotonic() + DRAIN_S
        self._last = time.monotonic()
        while time.monotonic() < min(until, self._last + QUIET_S):
            await asyncio.sleep(0.1)
            if all(one.is_done for one in self._publishers.values()) and not self._missing():
                return

    def _missing(self) -> int:
        return len(self._counted_of() - self.arrived.keys())

    def _counted(self) -> dict[str, Any]:
        acknowledged, lost = len(self._counted_of()), self._missing()
        return {
            "acknowledged": acknowledged,
            "lost": lost,
            "lost_percent": round(100 * lost / acknowledged, 2) if acknowledged else None,
            "came_again": sum(count - 1 for count in self.arrived.values()),
        }


async def compare(
    kind: str, how: str, kills: int, seed: int, nursery: Nursery, venv: str
) -> dict[str, Any]:
    """One system, so many kills of one sort."""
    dice = random.Random(seed)  # noqa: S311 - a seed
    with tempfile.TemporaryDirectory(prefix="trygg-beside-") as text:
        folder = Path(text)
        source, far, gate_port = (quiet_port(dice) for _ in range(3))
        brokers = [Broker(folder / "far", far, ROOM)]
        if kind != "bridge":
            brokers.append(Broker(folder / "source", source, ROOM))
        for broker in brokers:
            await broker.start()
        system: System
        if kind == "bridge":
            system = Bridge(folder, source, gate_port)
        elif kind == "trygg":
            system = Trygg(nursery, folder, source, gate_port)
        else:
            system = Thingsboard(thingsboard.place(venv), folder, source, gate_port, far)
        gate = Gate(gate_port, far)
        try:
            return await Run(system, source, far, gate).play(how, kills, dice)
        finally:
            system.end()
            await gate.shut()
            for broker in brokers:
                broker.stop()


def play_all(kinds: list[str], kills: int, seed: int, venv: str) -> list[dict[str, Any]]:
    """Each system unharmed, killed live, killed with a backlog, one after the other."""
    found = []
    with Nursery() as nursery:
        for kind in kinds:
            for how in HOW:
                found.append(asyncio.run(compare(kind, how, kills, seed, nursery, venv)))
                report.progress(json.dumps(found[-1]))
    return found


def main() -> int:
    """The command line: one JSON line."""
    parser = argparse.ArgumentParser(
        prog="python -m trygg_tools.crash.beside",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=20, help="of each system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--systems", nargs="+", default=["trygg", "bridge", "thingsboard"],
                        choices=["trygg", "bridge", "thingsboard"])  # fmt: skip
    parser.add_argument("--thingsboard", default="", help="virtual environment that it is in")
    asked = parser.parse_args()
    found = play_all(asked.systems, asked.kills, asked.seed, asked.thingsboard)
    command = "python -m trygg_tools.crash.beside " + " ".join(sys.argv[1:])
    print(json.dumps({"command": command, "machine": report.machine(), "systems": found}))
    return 1 if any(one["system"] == "Trygg" and one["lost"] for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
