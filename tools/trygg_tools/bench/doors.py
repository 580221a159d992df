"""Ten thousand trackers at the gateway's own door, plain and over TLS: their cost, and who waits.

For each: memory a connection; the time until `trackers` are logged in, and until `storm` that all
come at once are (after a restart, with nothing in memory); p50 and p99 from a record to its PUBACK,
committed, of `busy` trackers with one in flight; and of one tracker that says a record every 20 ms,
alone and while a process floods the door with connections that never log in. The gateway and every
crowd are processes of their own on the same machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from trygg_gateway.tls import issue_server, make_ca
from trygg_tools.bench import report

CROWDS = 2  # processes that the trackers are spread over


def run(
    trackers: int = 10_000, busy: int = 1_000, storm: int = 1_000, seconds: float = 5.0
) -> dict[str, Any]:
    """The figures of both kinds of door."""
    found: dict[str, Any] = {"trackers": trackers, "busy": busy, "storm": storm}
    for name in ("plain", "tls"):
        found[name] = once(name == "tls", trackers, busy, seconds)
        report.progress(f"  {name}: {json.dumps(found[name])}")
        found[name] |= storms(name == "tls", storm)
        report.progress(f"  {name}: storm of {storm}: {found[name]['storm_seconds']} s")
    return found


def once(with_tls: bool, trackers: int, busy: int, seconds: float) -> dict[str, Any]:
    """Memory, logins, latency, and latency under a flood."""
    with ExitStack() as stack:
        rig = stack.enter_context(Rig(with_tls, trackers))
        crowds = [rig.crowd(number * trackers // CROWDS) for number in range(CROWDS)]
        before = rig.figures()["resident_kib"]
        for crowd in crowds:
            crowd.tell(do="open", count=trackers // CROWDS, at_once=100)
        opened = [crowd.answer() for crowd in crowds]
        grown = rig.figures()["resident_kib"] - before
        report.progress(f"  {trackers} logged in, {grown} KiB more")
        for crowd in crowds:
            crowd.tell(do="publish", count=busy // CROWDS, seconds=seconds, every=0)
        rushing = [crowd.answer() for crowd in crowds]
        calm, flooded, flood = _under_flood(rig, crowds[0], seconds)
        counters = rig.figures()
        return {
            "kib_a_connection": round(grown / trackers, 2),
            "logins_per_s": round(trackers / max(one["seconds"] for one in opened)),
            "rush_per_s": sum(one["per_s"] for one in rushing),
            "rush_p50_ms": max(one["p50_ms"] for one in rushing),
            "rush_p99_ms": max(one["p99_ms"] for one in rushing),
            "calm_p99_ms": calm["p99_ms"],
            "flooded_p99_ms": flooded["p99_ms"],
            "flooded_worst_ms": flooded["worst_ms"],
            "flood_opened_per_s": flood["per_s"],
            "lost_of_the_logged_in": counters["keepalive_closed"] + counters["slow_closed"],
        }


def _under_flood(rig: Rig, crowd: Crowd, seconds: float) -> tuple[Any, Any, Any]:
    """One tracker's latency alone and under a flood, and how much of a flood that was."""
    wish = {"do": "publish", "count": 1, "seconds": seconds, "every": 0.02}
    calm = crowd.ask(**wish)
    attacker = rig.crowd(0)
    attacker.tell(do="flood", seconds=seconds + 1, at_once=400)
    flooded = crowd.ask(**wish)
    return calm, flooded, attacker.answer()


def storms(with_tls: bool, storm: int) -> dict[str, Any]:
    """`storm` trackers that come at once to a gateway that has just started, with new hashes and
    with the slow ones of an older version."""
    found = {}
    for name, old in (("storm_seconds", False), ("storm_old_hashes_seconds", True)):
        with Rig(with_tls, storm, old_hashes=old) as rig:
            crowds = [rig.crowd(number * storm // CROWDS) for number in range(CROWDS)]
            for crowd in crowds:
                crowd.tell(do="open", count=storm // CROWDS, at_once=storm)
            found[name] = max(crowd.answer()["seconds"] for crowd in crowds)
    return found


class Process:
    """A process that answers each line with a line."""

    def __init__(self, module: str, *options: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", f"trygg_tools.bench.{module}", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> None:
        """One line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def line(self) -> str:
        """One line of it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise report.BenchError("a process of the bench ended; see above")
        return line

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Crowd(Process):
    """Trackers in a process; see doors_load.py for what it can be told."""

    def tell(self, **wish: Any) -> None:
        """Ask for something."""
        self.say(json.dumps(wish))

    def answer(self) -> Any:
        """What came of it."""
        return json.loads(self.line())

    def ask(self, **wish: Any) -> Any:
        """Both."""
        self.tell(**wish)
        return self.answer()


class Rig:
    """A gateway's door and its crowds, all ended together."""

    def __init__(self, with_tls: bool, trackers: int, old_hashes: bool = False) -> None:
        self._stack = ExitStack()
        self._folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="trygg-bench-"))
        )
        make_ca(self._folder, "bench")
        issue_server(self._folder, ["localhost"])
        self._ca = [f"--ca={self._folder / 'ca.crt'}"] if with_tls else []
        options = ["--tls"] * with_tls + ["--scrypt"] * old_hashes
        self._gateway = Process(
            "doors_gateway", str(self._folder), f"--trackers={trackers}", *options
        )
        self._stack.callback(self._gateway.close)
        self._port = self._gateway.line().split()[1]

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def crowd(self, first: int) -> Crowd:
        """One more crowd, of the trackers from `first` on."""
        crowd = Crowd("doors_load", f"--port={self._port}", f"--first={first}", *self._ca)
        self._stack.callback(crowd.close)
        return crowd

    def figures(self) -> Any:
        """The gateway's memory and counters."""
        self._gateway.say("figures")
        return json.loads(self._gateway.line())


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("trackers", 10_000), ("busy", 1_000), ("storm", 1_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=5.0)
    report.say("doors", run(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
