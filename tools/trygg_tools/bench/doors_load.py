"""Trackers by the thousand in one process, for the `doors` bench: told by lines, answers by lines.

    python -m trygg_tools.bench.doors_load --port 1883 --first 0 [--ca ca.crt]

Each line on stdin is a JSON object with "do", each answer one JSON line:
`open` logs `count` trackers in, `at_once` of them under way at a time, and says how long that took;
`publish` has `count` of them publish with one record in flight for `seconds`, and says the seconds
from each publish to its PUBACK; `flood` opens connections as fast as it can for `seconds`, each of
which begins a TLS handshake (or says nothing without TLS) and never logs in; `close` closes all.
No interpreter is shared with what is measured; selectors and non-blocking sockets, nothing else.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trygg_tools.bench.generator import GROUP, Load, device, frames
from trygg_wire import packets, topics

QUIET_SECONDS = 60
Bell = Callable[["Caller"], None]


class Caller:
    """One tracker's connection, never waited for: `turn()` goes on as far as it goes."""

    def __init__(self, port: int, number: int, tls: ssl.SSLContext | None) -> None:
        name = device(number)
        self.logged_in = False
        self.refused = False
        self.began = time.perf_counter()
        self._hello = packets.connect(name, name, b"bench", 600, True)
        self._up = topics.up(GROUP, name)
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.socket.setblocking(False)
        self._shaking = tls is not None
        if tls is not None:
            self.socket = tls.wrap_socket(
                self.socket, server_hostname="localhost", do_handshake_on_connect=False
            )

    def turn(self) -> int:
        """The event to wait for next; 0 once it is logged in, or refused."""
        try:
            if self._shaking:
                assert isinstance(self.socket, ssl.SSLSocket)
                self.socket.do_handshake()
                self._shaking = False
            if self._hello:
                self.socket.send(self._hello)
                self._hello = b""
            answer = self.socket.recv(4)
        except (BlockingIOError, ssl.SSLWantReadError):
            return selectors.EVENT_READ
        except OSError:
            answer = b""
        self.logged_in = answer == b"\x20\x02\x00\x00"
        self.refused = not self.logged_in
        return 0

    def publish(self, payload: bytes) -> None:
        """Say one record."""
        self.began = time.perf_counter()
        self.socket.send(packets.publish(self._up, payload, 1, 1))

    def heard(self) -> float:
        """Seconds since `publish` if its PUBACK has come, else 0."""
        try:
            answer = self.socket.recv(4)
        except (BlockingIOError, ssl.SSLWantReadError):
            return 0.0
        if answer != b"\x40\x02\x00\x01":
            raise ConnectionError(f"wanted a PUBACK, got {answer.hex() or 'the end'}")
        return time.perf_counter() - self.began


class Crowd:
    """The trackers of this process."""

    def __init__(self, port: int, first: int, tls: ssl.SSLContext | None) -> None:
        self._port, self._first, self._tls = port, first, tls
        self._callers: list[Caller] = []
        self._payloads: list[bytes] = []

    def open(self, count: int, at_once: int) -> dict[str, Any]:
        """Log in so many; those refused come again."""
        began = time.perf_counter()
        wanted = list(range(self._first + len(self._callers), self._first + count))[::-1]
        again, waited = 0, selectors.DefaultSelector()
        under_way: dict[int, tuple[int, Caller]] = {}
        while wanted or under_way:
            while wanted and len(under_way) < at_once:
                self._begin(wanted.pop(), waited, under_way)
            ready = waited.select(QUIET_SECONDS)
            if not ready:
                raise TimeoutError(f"{len(under_way)} logins were not answered")
            for key, _ in ready:
                number, caller = under_way[key.fd]
                if event := caller.turn():
                    waited.modify(key.fileobj, event)
                    continue
                waited.unregister(key.fileobj)
                del under_way[key.fd]
                if caller.logged_in:
                    self._callers.append(caller)
                else:
                    caller.socket.close()
                    again += 1
                    wanted.append(number)
        return {"seconds": round(time.perf_counter() - began, 3), "again": again}

    def _begin(
        self,
        number: int,
        waited: selectors.BaseSelector,
        under_way: dict[int, tuple[int, Caller]],
    ) -> None:
        caller = Caller(self._port, number, self._tls)
        under_way[caller.socket.fileno()] = number, caller
        waited.register(caller.socket, selectors.EVENT_WRITE)

    def publish(self, count: int, seconds: float, every: float) -> dict[str, Any]:
        """`count` trackers with one record in flight; the seconds of each to its PUBACK.

        `every` 0: the next at once; else one such record of one tracker in so many seconds."""
        callers, took = self._callers[:count], []
        waited = selectors.DefaultSelector()
        for caller in callers:
            waited.register(caller.socket, selectors.EVENT_READ, caller)
        payloads = iter(self._frames())
        until = time.perf_counter() + seconds
        for caller in callers:
            caller.publish(next(payloads))
        left = len(callers)
        while left:
            for key, _ in waited.select(QUIET_SECONDS):
                if not (second := key.data.heard()):
                    continue
                took.append(second)
                if time.perf_counter() > until:
                    left -= 1
                    continue
                if every:
                    time.sleep(every)
                key.data.publish(next(payloads))
        took.sort()
        return {
            "records": len(took),
            "per_s": round(len(took) / seconds),
            "p50_ms": round(took[len(took) // 2] * 1000, 2),
            "p99_ms": round(took[len(took) * 99 // 100] * 1000, 2),
            "worst_ms": round(took[-1] * 1000, 2),
        }

    def _frames(self) -> list[bytes]:
        """Records enough; one that comes twice is a repeat to the journal."""
        if not self._payloads:
            load = Load(port=self._port, trackers=1, records=2_000, boot=self._first + 1)
            self._payloads = frames(load) * 400
        return self._payloads

    def flood(self, seconds: float, at_once: int) -> dict[str, Any]:
        """Connections that begin a handshake and are dropped when `at_once` newer ones stand."""
        until, opened = time.perf_counter() + seconds, 0
        lines: list[Caller] = []
        while time.perf_counter() < until:
            try:
                lines.append(Caller(self._port, self._first, self._tls))
                lines[-1]._hello = b""
                lines[-1].turn()
            except OSError:
                continue
            opened += 1
            for line in lines[-at_once:][:20]:
                line.turn()
            if len(lines) > at_once:
                lines.pop(0).socket.close()
        for line in lines:
            line.socket.close()
        return {"opened": opened, "per_s": round(opened / seconds)}

    def close(self) -> dict[str, Any]:
        """All of them go."""
        for caller in self._callers:
            caller.socket.close()
        count = len(self._callers)
        self._callers.clear()
        return {"closed": count}


def main() -> None:
    """The command line: a line in, a line out, until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--ca", type=Path)
    told = parser.parse_args()
    tls = ssl.create_default_context(cafile=told.ca) if told.ca else None
    crowd = Crowd(told.port, told.first, tls)
    for line in sys.stdin:
        wish = json.loads(line)
        print(json.dumps(getattr(crowd, wish.pop("do"))(**wish)), flush=True)


if __name__ == "__main__":
    main()
