"""Publishes reports of many trackers at QoS 1, as cheaply as a client can: the load of `ingest`.

Run as a process of its own, so that it does not share the interpreter of what it measures:

    python -m trygg_tools.bench.generator --port 1883 --trackers 50 --records 200000 --window 20

All packets are built beforehand (a frame does not name its tracker, so trackers share frames);
afterwards a connection is one buffer, a place in it, and a count of PUBACKs: one `send` for as
many packets as the window allows, one `recv` for as many acknowledgements as have come. Prints
`ready` when every tracker is logged in, waits for a line on stdin, publishes, and prints one JSON
line: records, seconds from the first byte to the last PUBACK, and their quotient; with a window of
one also the milliseconds from a publish to its PUBACK, of half and of 99 in 100 of them. Trackers
are named `bench-0`, `bench-1`, ... in group `bench`; their password is `--password`.

Their records are a second apart and the last one is of now: who sends more than two minutes' worth
catches up after an outage, and most of what comes is backlog. `--ca` has them speak TLS.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import ssl
import subprocess
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from trygg_tools.peers import thingsboard
from trygg_wire import codec, layouts, packets, packets_server, topics

GROUP = "bench"
QUIET_SECONDS = 60  # no acknowledgement for so long: the run is given up


@dataclass(frozen=True)
class Load:
    """What to publish, and where."""

    port: int
    host: str = "127.0.0.1"
    trackers: int = 50
    records: int = 100_000  # of all trackers together, divided evenly
    window: int = 20  # unacknowledged publishes of one tracker
    boot: int = 1
    first_seq: int = 1
    ca: str = ""  # a certificate (PEM): TLS, with a server that it vouches for
    peer: int = 0  # 1: JSON on the topics of thingsboard-gateway, instead of our frames
    password: str = "bench"  # noqa: S105  (a bench's trackers have nothing to hide)


def device(number: int) -> str:
    """The name of the bench's tracker of that number, from 0."""
    return f"bench-{number}"


def frames(load: Load) -> list[bytes]:
    """What one tracker says: reports of one fix each, on a walk along a line, a second apart."""
    count = load.records // load.trackers
    first_s = int(time.time()) - layouts.EPOCH - count + 1
    if load.peer:
        return [_peer_message(load.first_seq + n, first_s + n, n) for n in range(count)]
    return [_report(load.boot, load.first_seq + n, first_s + n, n) for n in range(count)]


def _report(boot: int, seq: int, time_s: int, step: int) -> bytes:
    fix = {
        "age_s": 2,
        "lat_e6": 59_913_000 + step % 10_000,
        "lon_e6": 10_752_000 + step % 10_000,
        "accuracy_dm": 80,
        "speed_dm_s": 14,
        "course_deg": 44,
    }
    values: dict[str, object] = {
        name: [] if kind == "list" else 0 for name, kind, *_ in layouts.ROWS[layouts.REPORT]
    }
    values |= {"boot": boot, "seq": seq, "time_s": time_s, "fence_number": 1, "fence_state": 1}
    values |= {"signal": 17, "battery_mv": 3900, "battery_percent": 80, "fix_age_s": 2}
    values |= {"bound_s": 240, "next_report_by_s": 600, "fixes": [fix]}
    frame: bytes = codec.encode(layouts.REPORT, values)
    return frame


def _peer_message(seq: int, time_s: int, step: int) -> bytes:
    """The same as JSON, as thingsboard-gateway reads it."""
    report = {
        "seq": seq,
        "time_s": time_s + layouts.EPOCH,
        "lat": (59_913_000 + step % 10_000) / 1e6,
        "lon": (10_752_000 + step % 10_000) / 1e6,
        "accuracy_m": 8.0,
        "battery_percent": 80,
    }
    return json.dumps(report).encode()


class Tracker:
    """One connection: everything it will say, and how much of it is said and acknowledged."""

    def __init__(self, load: Load, name: str, payloads: list[bytes]) -> None:
        topic = thingsboard.UP.format(device=name) if load.peer else topics.up(GROUP, name)
        said = [
            packets.publish(topic, payload, 1, number % 65_535 + 1)
            for number, payload in enumerate(payloads)
        ]
        self._ends = [0]
        for packet in said:
            self._ends.append(self._ends[-1] + len(packet))
        self._bytes = memoryview(b"".join(said))
        self._window = load.window
        self._place = 0
        self._left_over = 0  # bytes of a PUBACK that came in part
        self.acked = 0
        self.count = len(said)
        self._said_s = 0.0
        self.waits_s = array("d")  # from each publish to its PUBACK, with a window of one
        self.socket = _connected(load)
        self._log_in(name, load.password)

    def _log_in(self, name: str, password: str) -> None:
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(packets.connect(name, name, password.encode(), 600, True))
        answer = self.socket.recv(4)
        if answer != packets_server.connack(False, packets.ACCEPTED):
            raise ConnectionError(f"{name} was not let in: {answer.hex()}")
        self.socket.setblocking(False)

    def say(self) -> bool:
        """Send what the window allows; False if the socket takes no more for now."""
        end = self._ends[min(self.acked + self._window, self.count)]
        if self._window == 1 and self._place < end:
            self._said_s = time.perf_counter()
        try:
            while self._place < end:
                self._place += self.socket.send(self._bytes[self._place : end])
        except (BlockingIOError, ssl.SSLWantWriteError):
            return False
        return True

    def hear(self) -> int:
        """Take the PUBACKs that have come; how many."""
        try:
            data = self.socket.recv(65_536)
        except ssl.SSLWantReadError:
            return 0
        if not data:
            raise ConnectionError("the other end closed the connection")
        whole, self._left_over = divmod(self._left_over + len(data), 4)
        self.acked += whole
        if self._window == 1 and whole:
            self.waits_s.append(time.perf_counter() - self._said_s)
        return whole + self._rest()

    def _rest(self) -> int:
        """What TLS has unpacked already and no selector tells."""
        waiting = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
        return self.hear() if waiting else 0


def _connected(load: Load) -> socket.socket:
    plain = socket.create_connection((load.host, load.port), timeout=30)
    if not load.ca:
        return plain
    return ssl.create_default_context(cafile=load.ca).wrap_socket(plain, server_hostname=load.host)


def publish_all(trackers: list[Tracker]) -> float:
    """Publish everything; the seconds until the last acknowledgement."""
    selector = selectors.DefaultSelector()
    both = selectors.EVENT_READ | selectors.EVENT_WRITE
    for tracker in trackers:
        selector.register(tracker.socket, selectors.EVENT_READ, tracker)
    missing = sum(tracker.count for tracker in trackers)
    began = time.perf_counter()
    for tracker in trackers:
        if not tracker.say():
            selector.modify(tracker.socket, both, tracker)
    while missing:
        ready = selector.select(QUIET_SECONDS)
        if not ready:
            raise TimeoutError(f"{missing} records were not acknowledged in {QUIET_SECONDS} s")
        for key, events in ready:
            if events & selectors.EVENT_READ:
                missing -= key.data.hear()
            wanted = selectors.EVENT_READ if key.data.say() else both
            if wanted != key.events:
                selector.modify(key.fileobj, wanted, key.data)
    return time.perf_counter() - began


def run(load: Load) -> dict[str, float]:
    """Log every tracker in, wait for the word on stdin, publish, and give the figures."""
    payloads = frames(load)
    trackers = [Tracker(load, device(number), payloads) for number in range(load.trackers)]
    print("ready", flush=True)
    sys.stdin.readline()
    seconds = publish_all(trackers)
    for tracker in trackers:
        tracker.socket.close()
    records = sum(tracker.acked for tracker in trackers)
    figures = {"records": records, "seconds": round(seconds, 4), "per_s": round(records / seconds)}
    waits_s = sorted(wait_s for tracker in trackers for wait_s in tracker.waits_s)
    return figures | _percentiles(waits_s)


def _percentiles(waits_s: Sequence[float]) -> dict[str, float]:
    """Milliseconds that half and 99 in 100 waited at most; none if nobody was measured."""
    if not waits_s:
        return {}
    at = {"p50_ms": 50, "p99_ms": 99, "most_ms": 100}
    return {
        name: round(1000 * waits_s[(len(waits_s) - 1) * part // 100], 1)
        for name, part in at.items()
    }


def start(load: Load) -> subprocess.Popen[str]:
    """The generator as a process: read `ready` from it, write a line to it, read its JSON."""
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in asdict(load).items()]
    return subprocess.Popen(  # noqa: S603  (this very file, and numbers)
        [sys.executable, "-m", "trygg_tools.bench.generator", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: an option for each field of Load."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    for name, default in asdict(Load(port=0)).items():
        if name != "port":
            option = f"--{name.replace('_', '-')}"
            parser.add_argument(option, type=type(default), default=default)
    print(json.dumps(run(Load(**vars(parser.parse_args(arguments))))), flush=True)


if __name__ == "__main__":
    main()
