"""What arrives behind a gateway, counted as cheaply as it can be, so that it is not the bottleneck.

`AtBroker` takes the events of an MQTT sink from a broker, `InFile` those of a file sink. Both read
bytes while the clock runs and look what they say afterwards: how many different records arrived.
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import NamedTuple

from trygg_wire import packets

QUIET_S = 10.0  # nothing new for so long: no more will come
_STEP_S = 0.005


class Arrived(NamedTuple):
    """How many events came, of how many different records, and when the last one did."""

    events: int
    records: int
    last_s: float  # of time.perf_counter


class AtBroker:
    """A subscriber to `topic` at the broker on `port`, from `with` on."""

    def __init__(self, port: int, topic: str) -> None:
        self._port = port
        self._topic = topic

    def __enter__(self) -> AtBroker:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        self._socket.sendall(packets.connect("arrivals", None, None, 600, True))
        self._take(4)
        self._socket.sendall(packets.subscribe(1, [(self._topic, 0)]))
        self._take(5)
        self._socket.settimeout(QUIET_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _take(self, count: int) -> None:
        while count:
            data = self._socket.recv(count)
            if not data:
                raise ConnectionError("the broker closed the connection of who counts")
            count -= len(data)

    def wait(self, records: int) -> Arrived:
        """Read until so many events have come, or nothing has for QUIET_S."""
        reader, payloads, last_s = packets.Reader(1 << 20), list[bytes](), 0.0
        while len(payloads) < records:
            try:
                data = self._socket.recv(1 << 18)
            except TimeoutError:
                break
            for kind, flags, body in reader.feed(data):
                if kind == packets.PUBLISH:
                    payloads.append(bytes(packets.read_publish(flags, body)[3]))
            last_s = time.perf_counter()
        return Arrived(len(payloads), _different(payloads), last_s)


class InFile:
    """The lines of a file that a sink appends to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wait(self, records: int) -> Arrived:
        """Look until so many lines are there, or none has come for QUIET_S."""
        data, last_s, quiet_since_s = bytearray(), 0.0, time.perf_counter()
        count = 0
        while count < records and time.perf_counter() - quiet_since_s < QUIET_S:
            time.sleep(_STEP_S)
            more = self._more(len(data))
            if more:
                data += more
                count += more.count(b"\n")
                last_s = quiet_since_s = time.perf_counter()
        lines = bytes(data).splitlines()
        return Arrived(len(lines), _different(lines), last_s)

    def _more(self, after: int) -> bytes:
        if not self._path.exists() or self._path.stat().st_size == after:
            return b""
        with self._path.open("rb") as file:
            file.seek(after)
            return file.read()


def _different(events: list[bytes]) -> int:
    """Of how many records these events are; what cannot be read is none."""
    return len({json.loads(event)["id"] for event in events if event.strip()})
