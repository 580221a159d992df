"""The wire between host and modem: bytes take their time, and a wrong baud rate makes garbage.

Each side has its rate; a byte takes ten bits. The modem's rate 0 is auto-baud: it takes the host's
rate from each `AT` it hears (SIM7070/7080/7090 AT manual, AT+IPR).
`poll` hands out whole chunks when they have been sent, and the part of one that has been.
"""

from __future__ import annotations

import random
from collections import deque

from trygg_tools.modem_sim.schedule import NEVER, Schedule

AUTO = 0
BITS = 10  # start, eight, stop


class SerialLine:
    """Both directions. `host_baud` and `modem_baud` may be changed at any time."""

    def __init__(self, schedule: Schedule, rng: random.Random, host_baud: int = 115200) -> None:
        self._schedule = schedule
        self._rng = rng
        self.host_baud = host_baud
        self.modem_baud = host_baud
        self.heard_baud = 0  # with auto-baud: what the first AT came at
        self._towards_host: deque[tuple[int, int, bytes]] = deque()  # (starts, ends, bytes)
        self._taken = 0  # of the first chunk
        self._free_ms = 0
        self._host_free_ms = 0

    # -- towards the host --------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Put bytes on the wire to the host, behind what is on it."""
        rate = self._rate()
        if not rate or not data:
            return
        if rate != self.host_baud:
            data = self.garbled(data, rate, self.host_baud)
        starts = max(self._schedule.now_ms, self._free_ms)
        self._free_ms = starts + max(1, len(data) * BITS * 1000 // rate)
        self._towards_host.append((starts, self._free_ms, data))

    def poll(self, now_ms: int) -> bytes:
        """What has reached the host and was not handed out yet."""
        out = []
        queue = self._towards_host
        while queue:
            starts, ends, data = queue[0]
            if ends > now_ms:
                part = len(data) * max(0, now_ms - starts) // (ends - starts)
                out.append(data[self._taken : part])
                self._taken = max(self._taken, part)
                break
            out.append(data[self._taken :])
            self._taken = 0
            queue.popleft()
        return b"".join(out)

    def next_ms(self) -> int:
        """When the chunk under way will be whole; NEVER when the wire is quiet."""
        return self._towards_host[0][1] if self._towards_host else NEVER

    def cut(self) -> None:
        """The modem lost its power: what was not sent yet never comes."""
        self._towards_host.clear()
        self._taken = 0
        self._free_ms = 0

    # -- from the host -----------------------------------------------------------------------

    def heard_at(self, data: bytes) -> int:
        """When the last byte of what the host begins to send now will have come, in ms."""
        starts = max(self._schedule.now_ms, self._host_free_ms)
        self._host_free_ms = starts + len(data) * BITS * 1000 // self.host_baud
        return self._host_free_ms

    def as_heard(self, data: bytes) -> bytes:
        """What the modem makes of the host's bytes at its own rate."""
        if self.modem_baud == AUTO and b"at" in data.lower():
            self.heard_baud = self.host_baud
        rate = self._rate()
        return data if rate == self.host_baud else self.garbled(data, self.host_baud, rate)

    def garbled(self, data: bytes, sent_baud: int, read_baud: int) -> bytes:
        """Bytes read at another rate: more or fewer of them, with nothing of the text left."""
        count = max(1, min(4 * len(data), len(data) * read_baud // sent_baud))
        return bytes(self._rng.choice(b"\x00\x80\xf8\xfe\xff\xe0\x78\x9c") for _ in range(count))

    def _rate(self) -> int:
        return self.heard_baud if self.modem_baud == AUTO else self.modem_baud
