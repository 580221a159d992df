"""Records a second from the trackers to disk, committed with FULL, through each front door.

Generator, broker and gateway are processes of their own and share the machine. The clock runs in
the gateway, from the first publish it is handed to the last PUBACK it writes. With its own
listener and with `broker` that is after the commit. Three more doors commit nothing: the same door
on the same broker acknowledges at once, `broker-read-only` after reading and checking each record
as the gateway does, `broker-uncommitted` without a look at it, the most a broker gives;
`paho-acknowledging` is a plain paho client that acknowledges each message as it comes.
The committed doors are the whole service: they decode, fold, watch and ack at the same time
(folding yields to the doors in a rush and catches up afterwards: `folded_per_s` counts until then).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from trygg_gateway.listener import Limits
from trygg_tools.bench import generator, report
from trygg_tools.bench.mosquitto import Mosquitto

BURST = Limits().burst
DOORS = ("listener", "broker", "broker-read-only", "broker-uncommitted", "paho-acknowledging")


def run(
    records: int = 60_000, door: str = "", rounds: int = 5, trackers: int = 50, window: int = 20
) -> dict[str, Any]:
    """One run through `door`, or the medians of all and how they compare.

    Rounds differ by a third on a shared machine, so ratios are taken within each round.
    """
    if door:
        return once(door, records, trackers, window)
    rates: dict[str, list[int]] = {name: [] for name in DOORS}
    for _ in range(rounds):
        for name in DOORS:  # interleaved, so that a slow minute of the machine hits all of them
            figures = once(name, records, trackers, window)
            rates[name].append(figures["records_per_s"])
            report.progress(f"  {name}: {figures['records_per_s']} records/s")
    ratios = {
        "broker_to_paho": _ratios(rates, "broker", "paho-acknowledging"),
        "broker_to_read_only": _ratios(rates, "broker", "broker-read-only"),
        "broker_to_uncommitted": _ratios(rates, "broker", "broker-uncommitted"),
        "listener_to_broker": _ratios(rates, "listener", "broker"),
    }
    median = {name: round(statistics.median(found)) for name, found in rates.items()}
    return {
        "records": records,
        "trackers": trackers,
        "window": window,
        "records_per_s": median,
        "runs": rates,
        **{f"{name}_each_round": each for name, each in ratios.items()},
        **{name: round(statistics.median(each), 2) for name, each in ratios.items()},
    }


def _ratios(rates: dict[str, list[int]], one: str, other: str) -> list[float]:
    """How two doors compared within each round."""
    both = zip(rates[one], rates[other], strict=True)
    return [round(mine / theirs, 3) for mine, theirs in both]


def once(door: str, records: int, trackers: int, window: int, tls: bool = False) -> dict[str, Any]:
    """One run: {"door", "records_per_s", ... the gateway's counters, and what senders waited}."""
    if door == "listener" and records > BURST * trackers:
        raise report.BenchError(
            f"{records} records of {trackers} trackers through our own door: wanted {BURST} of each"
            " at most, since after so many at once it slows a tracker down. Take more trackers"
        )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trygg-bench-")))
        url, port = "", 0
        if door != "listener":
            port = stack.enter_context(Mosquitto(folder)).port
            url = f"mqtt://127.0.0.1:{port}"
        options = [f"--url={url}", f"--trackers={trackers}", f"--records={records}"]
        gateway = stack.enter_context(_gateway(door, folder, [*options, *(["--tls"] * tls)]))
        stack.callback(gateway.kill)  # one that waits for more than will come; else it has ended
        assert gateway.stdout is not None
        ready = gateway.stdout.readline().split()
        if not ready:
            raise report.BenchError(f"{door}: the gateway did not start; see above")
        ca = str(folder / "ca.crt") if tls else ""
        load = generator.Load(int(ready[1]) or port, "127.0.0.1", trackers, records, window, ca=ca)
        waits = _generated(door, load)
        gateway.stdout.readline()  # "done": everything is acknowledged
        counters = json.loads(gateway.communicate("", timeout=300)[0])
    return {"door": door, **waits, **counters}


def _generated(door: str, load: generator.Load) -> dict[str, float]:
    """Publish it all; what its senders waited, if that was measured."""
    with generator.start(load) as sender:
        assert sender.stdout is not None
        sender.stdout.readline()
        said, _ = sender.communicate("go\n", timeout=300)
    if sender.returncode:
        raise report.BenchError(f"{door}: the generator failed; see above")
    return {name: value for name, value in json.loads(said).items() if name.endswith("_ms")}


def _gateway(door: str, folder: Path, options: list[str]) -> "subprocess.Popen[str]":
    module = "trygg_tools.bench.gateway_under_test"
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, door, str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def parser() -> argparse.ArgumentParser:
    """The options of `trygg bench ingest`."""
    made = report.parser("ingest", __doc__, "--door broker --records 20000")
    made.add_argument("--door", choices=DOORS, default="", help="one run through this one alone")
    for name, default in (("records", 60_000), ("rounds", 5), ("trackers", 50), ("window", 20)):
        made.add_argument(f"--{name}", type=int, default=default)
    return made
