"""From the fix that confirms an exit to the webhook's confirmation, with 100 trackers.

The clock starts before the last sentence of the confirming second is on the tracker's UART, and
stops when the webhook's receiver has written its answer. Between lie the tracker (the firmware's
own core on CPython, looking at its UART every 20 ms as the chip does), its flash, the TCP, TLS and
MQTT handshakes, the gateway's commit and the signed POST. Gateway and receiver are the real ones;
everything shares this machine, so its network has no delay and radio is not in the figures.

`steady`: everyone leaves at moments of their own, as in life. `all_at_once`: everyone in the same
second. Every alarm must arrive, or there are no figures. See walker.py for what a round is.
"""

import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from trygg_tools.bench import report
from trygg_tools.bench.alarm_gateway import AlarmGateway
from trygg_tools.bench.clocked_receiver import ClockedReceiver
from trygg_tools.bench.report import BenchError
from trygg_tools.bench.walker import Sample

PROCESSES = 2  # of trackers: one would be late itself when all alarm at once
SPREAD_S = 20.0  # within which the trackers are switched on
PHASE_S = 240  # a phase that takes longer is given up
ARRIVE_S = 30
NS = 1_000_000_000


def run(trackers: int = 100, rounds: int = 4, spread_s: float = SPREAD_S) -> dict[str, Any]:
    """Latencies in seconds, of `rounds` exits a tracker and of one exit of all at once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trygg-bench-")))
        gateway = stack.enter_context(AlarmGateway(folder / "gateway"))
        report.progress(f"  registering {trackers} trackers")
        configs = gateway.register([f"tracker-{number}" for number in range(trackers)])
        receiver = stack.enter_context(ClockedReceiver(gateway.secret, folder / "received.jsonl"))
        port = gateway.start(receiver.url)
        configs = [{**config, "port": port} for config in configs]
        crowd = stack.enter_context(Crowd(configs, folder, rounds, spread_s))
        report.progress(f"  {rounds} rounds of each leaving at a moment of its own")
        steady = latencies(crowd.until("resting"), receiver)
        report.progress("  all leave in the same second")
        crowd.say("gather")
        crowd.until("gathered")
        crowd.say(str(time.monotonic() + 1))
        at_once = latencies(crowd.until("resting"), receiver)
    return {
        "trackers": trackers,
        "steady": steady,
        "all_at_once": at_once,
        "doubles": receiver.doubles,
    }


class Crowd:
    """The processes of the trackers, told the same, and heard until all have said the same."""

    def __init__(
        self, configs: list[dict[str, Any]], folder: Path, rounds: int, spread_s: float
    ) -> None:
        self._heard: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._processes = [
            _walkers(configs[part::PROCESSES], folder / f"trackers-{part}", rounds, spread_s)
            for part in range(PROCESSES)
        ]
        self._threads = [
            threading.Thread(target=self._listen, args=(process,)) for process in self._processes
        ]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.__exit__(None, None, None)

    def say(self, word: str) -> None:
        """Tell every process."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(word + "\n")
            process.stdin.flush()

    def until(self, now: str) -> list[Sample]:
        """The alarms until every process has said `now`. BenchError if one ends, or in PHASE_S."""
        samples, missing, end = [], len(self._processes), time.monotonic() + PHASE_S
        while missing:
            try:
                said = self._heard.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                raise BenchError(f"the trackers were not {now} in {PHASE_S} s") from None
            if "alarm" in said:
                samples.append(Sample(*said["alarm"]))
            elif said["now"] == "ended":
                raise BenchError("a process of trackers ended; what it said is above")
            else:
                missing -= said["now"] == now
        return samples

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._heard.put(json.loads(line))
        self._heard.put({"now": "ended"})


def _walkers(
    configs: list[dict[str, Any]], folder: Path, rounds: int, spread_s: float
) -> "subprocess.Popen[str]":
    folder.mkdir()
    told = folder / "configs.json"
    told.write_text(json.dumps(configs), "utf-8")
    options = [f"--rounds={rounds}", f"--spread={spread_s}"]
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "trygg_tools.bench.walkers", str(told), str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def latencies(samples: Sequence[Sample], receiver: ClockedReceiver) -> dict[str, Any]:
    """What the samples' alarms took. BenchError if one is not confirmed in ARRIVE_S."""
    end = time.monotonic() + ARRIVE_S
    while missing := [one.id for one in samples if one.id not in receiver.confirmed_ns]:
        if time.monotonic() > end:
            raise BenchError(f"{len(missing)} alarms never reached the sink: {missing[:5]}")
        time.sleep(0.05)
    return figures(samples, receiver.confirmed_ns)


def figures(samples: Sequence[Sample], confirmed_ns: dict[str, int]) -> dict[str, Any]:
    """Seconds from the last sentence to the sink, and the tracker's part of it until its log."""
    if not samples:
        return {"alarms": 0}
    took = sorted((confirmed_ns[one.id] - one.said_ns) / NS for one in samples)
    decided = sorted((one.decided_ns - one.said_ns) / NS for one in samples)
    return {
        "alarms": len(samples),
        "p50_s": percentile(took, 50),
        "p99_s": percentile(took, 99),
        "max_s": percentile(took, 100),
        "decided_p50_s": percentile(decided, 50),
        "link_closed_before": sum(one.link_closed for one in samples),
    }


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The least value that is not exceeded by `percent` of them (nearest rank), to the ms."""
    return round(ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1], 3)


if __name__ == "__main__":
    report.say("alarm", run())
