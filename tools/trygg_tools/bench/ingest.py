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

from trygg_tools.bench import generator, report
from trygg_tools.bench.mosquitto import Mosquitto

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


def once(door: str, records: int, trackers: int, window: int) -> dict[str, Any]:
    """One run: {"door", "records_per_s", ... the gateway's counters}."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trygg-bench-")))
        url, port = "", 0
        if door != "listener":
            port = stack.enter_context(Mosquitto(folder)).port
            url = f"mqtt://127.0.0.1:{port}"
        gateway = stack.enter_context(_gateway(door, folder, url, trackers, records))
        stack.callback(gateway.kill)  # one that waits for more than will come; else it has ended
        assert gateway.stdin is not None
        assert gateway.stdout is not None
        port = int(gateway.stdout.readline().split()[1]) or port
        load = generator.Load(port=port, trackers=trackers, records=records, window=window)
        with generator.start(load) as sender:
            assert sender.stdout is not None
            sender.stdout.readline()
            sender.communicate("go\n", timeout=300)
        if sender.returncode:
            raise report.BenchError(f"{door}: the generator failed; see above")
        gateway.stdout.readline()  # "done": everything is acknowledged
        counters = json.loads(gateway.communicate("", timeout=300)[0])
    return {"door": door, **counters}


def _gateway(
    door: str, folder: Path, url: str, trackers: int, records: int
) -> "subprocess.Popen[str]":
    module = "trygg_tools.bench.gateway_under_test"
    options = [f"--url={url}", f"--trackers={trackers}", f"--records={records}"]
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, door, str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def main() -> None:
    """The command line: one door, or all with their medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--door", choices=DOORS, default="")
    for name, default in (("records", 60_000), ("rounds", 5), ("trackers", 50), ("window", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    report.say("ingest", run(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
