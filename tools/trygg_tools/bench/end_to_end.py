"""Messages a second from one broker to another, through Trygg and through thingsboard-gateway.

200 trackers publish 20,000 reports as fast as a broker (Mosquitto) takes them. Each gateway reads
them there and hands them on; the clock runs from the first publish until the last one has arrived
at the other end, and every one is counted there by its identity.

    trygg-mqtt          Trygg: committed with FULL, decoded, to a second Mosquitto by its MQTT sink
    trygg-file          the same to its file sink, synced
    thingsboard         thingsboard-gateway with SQLite storage, set up as its manual's example
    thingsboard-tuned   the same, set up in its favour (tools/trygg_tools/peers/thingsboard.py)

Rounds are interleaved, ratios are taken within each round. thingsboard-gateway is installed into a
virtual environment of its own; TRYGG_THINGSBOARD or --thingsboard says where. Without it the
figures of Trygg are told alone, and that it was absent.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from trygg_tools.bench import generator, report
from trygg_tools.bench.arrivals import QUIET_S, Arrived, AtBroker, InFile
from trygg_tools.bench.mosquitto import Mosquitto
from trygg_tools.peers import thingsboard
from trygg_tools.peers.thingsboard_platform import Platform

OURS = ("trygg-mqtt", "trygg-file")
PEERS: dict[str, thingsboard.Setup] = {"thingsboard": "manual", "thingsboard-tuned": "tuned"}
READY_S = 60
SETTLE_S = 3  # for the peer to subscribe, of which it says nothing


def run(
    records: int = 20_000, trackers: int = 200, rounds: int = 3, thingsboard: str = ""
) -> dict[str, Any]:
    """The medians of all, and how they compare."""
    venv, absent = peer(thingsboard)
    names = [*OURS, *(PEERS if venv else ())]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            figures = once(name, records, trackers, venv)
            found[name].append(figures)
            report.progress(f"  {name}: {figures['per_s']} messages/s, {figures['lost']} lost")
    rates = {name: [one["per_s"] for one in each] for name, each in found.items()}
    figures = {
        "records": records,
        "trackers": trackers,
        "per_s": {name: round(statistics.median(each)) for name, each in rates.items()},
        "runs": rates,
        "lost": {name: [one["lost"] for one in each] for name, each in found.items()},
        "twice": {name: [one["twice"] for one in each] for name, each in found.items()},
        "thingsboard": absent or f"thingsboard-gateway {version(venv)}",
    }
    return figures | (_ratios(rates) if venv else {})


def peer(told: str) -> tuple[Path | None, str]:
    """Where thingsboard-gateway is, or why it is not there."""
    try:
        return thingsboard.place(told), ""
    except thingsboard.NoPeer as error:
        report.progress(f"  {error}")
        return None, f"absent: {error}"


def version(venv: Path | None) -> str:
    """Its version; nothing where it is absent."""
    return thingsboard.version(venv) if venv else ""


def _ratios(rates: dict[str, list[int]]) -> dict[str, Any]:
    """How often Trygg's rate is the peer's, in the middle of the rounds."""
    return {
        f"{ours}_to_{peer}": round(
            statistics.median(
                mine / theirs for mine, theirs in zip(rates[ours], rates[peer], strict=True)
            ),
            2,
        )
        for ours in OURS
        for peer in PEERS
    }


def once(name: str, records: int, trackers: int, venv: Path | None) -> dict[str, Any]:
    """One run: messages a second, how many never arrived, how many more than once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trygg-bench-")))
        for part in ("near", "far", "gateway"):
            (folder / part).mkdir()
        near = stack.enter_context(Mosquitto(folder / "near")).port
        far = stack.enter_context(Mosquitto(folder / "far")).port
        load = generator.Load(
            port=near, trackers=trackers, records=records, peer=int(name in PEERS)
        )
        if name in PEERS:
            assert venv is not None
            end: Any = stack.enter_context(PeerEnd(venv, folder / "gateway", near, far, name))
        else:
            end = stack.enter_context(OurEnd(name, folder / "gateway", near, far, load))
        began, arrived = _published(load, end)
    return {
        "per_s": round(arrived.records / max(1e-9, arrived.last_s - began)),
        "lost": records - arrived.records,
        "twice": arrived.events - arrived.records,
    }


def _published(load: generator.Load, end: Any) -> tuple[float, Arrived]:
    """Publish everything while `end` waits for it; when it began, and what arrived."""
    with generator.start(load) as sender:
        assert sender.stdout is not None
        assert sender.stdin is not None
        sender.stdout.readline()
        began = time.perf_counter()
        sender.stdin.write("go\n")
        sender.stdin.flush()
        arrived = end.wait(load.records)
        sender.communicate(timeout=READY_S)
    if sender.returncode:
        raise report.BenchError("the generator failed; see above")
    return began, arrived


class OurEnd:
    """A Trygg gateway between the two, and who counts behind it."""

    def __init__(self, name: str, folder: Path, near: int, far: int, load: generator.Load) -> None:
        at_broker = name == "trygg-mqtt"
        file = folder / "events.jsonl"
        self._sink = f"mqtt://127.0.0.1:{far}" if at_broker else str(file)
        self._arrivals = AtBroker(far, "trygg/events/#") if at_broker else InFile(file)
        self._command = [
            sys.executable, "-m", "trygg_tools.bench.gateway_under_test", "broker", str(folder),
            f"--url=mqtt://127.0.0.1:{near}", f"--sink={self._sink}",
            f"--trackers={load.trackers}", f"--records={load.records}",
        ]  # fmt: skip

    def __enter__(self) -> OurEnd:
        self._gateway = subprocess.Popen(  # noqa: S603 - our own module
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._gateway.stdout is not None
        if not self._gateway.stdout.readline().startswith("ready"):
            raise report.BenchError("the gateway did not start; see above")
        if isinstance(self._arrivals, AtBroker):
            self._arrivals.__enter__()
        return self

    def wait(self, records: int) -> Arrived:
        """What arrived at the far end."""
        return self._arrivals.wait(records)

    def __exit__(self, *_: object) -> None:
        if isinstance(self._arrivals, AtBroker):
            self._arrivals.__exit__()
        self._gateway.kill()
        self._gateway.communicate()


class PeerEnd:
    """thingsboard-gateway between the two, and its platform behind it."""

    def __init__(self, venv: Path, folder: Path, near: int, far: int, name: str) -> None:
        self._seen: set[tuple[str, int]] = set()
        self._events = 0
        self._last_s = 0.0
        self._new = threading.Event()
        self._platform = Platform(far, self._take)
        self._gateway = thingsboard.ThingsBoardGateway(
            venv, folder, source_port=near, platform_port=far, setup=PEERS[name]
        )

    def _take(self, device: str, values: dict[str, Any]) -> None:
        if "seq" in values:
            self._events += 1
            self._seen.add((device, values["seq"]))
            self._last_s = time.perf_counter()
            self._new.set()

    def __enter__(self) -> PeerEnd:
        self._platform.__enter__()
        self._gateway.start()
        if not self._platform.ready.wait(READY_S):
            self.__exit__()
            raise report.BenchError(
                f"thingsboard-gateway did not ask its platform for its limits in {READY_S} s."
                " Its output.log says why"
            )
        time.sleep(SETTLE_S)
        return self

    def wait(self, records: int) -> Arrived:
        """What arrived at the platform, until all did or nothing has for QUIET_S."""
        while len(self._seen) < records:
            self._new.clear()
            if not self._new.wait(QUIET_S):
                break
        return Arrived(self._events, len(self._seen), self._last_s)

    def __exit__(self, *_: object) -> None:
        self._gateway.kill()
        self._platform.__exit__()


def parser() -> argparse.ArgumentParser:
    """The options of `trygg bench end-to-end`."""
    made = report.parser("end-to-end", __doc__, "--rounds 5 --thingsboard /opt/thingsboard")
    made.add_argument("--records", type=int, default=20_000)
    made.add_argument("--trackers", type=int, default=200)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--thingsboard", default="", help="its virtual environment")
    return made
