"""A tracker that raises one alarm a second at a gateway's front door, in a thread."""

from __future__ import annotations

import socket
import threading
import time
from typing import Self

from trygg_tools.bench.report import BenchError
from trygg_wire import codec, layouts, packets, topics

EVERY_S = 1.0
ACK_S = 30


class Alarming:
    """As a context: raises from when it is entered until `stop`."""

    def __init__(self, port: int, group: str, device: str, password: str) -> None:
        self.published: dict[int, float] = {}  # seq → when, by the monotonic clock
        self._topic = topics.up(group, device)
        self._line = socket.create_connection(("127.0.0.1", port), timeout=ACK_S)
        self._line.sendall(packets.connect(device, device, password.encode(), 600, True))
        answer = self._line.recv(4)
        if len(answer) != 4 or answer[3]:
            raise BenchError(f"the alarm's tracker was not let in: {answer.hex()}")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._raise)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._line.close()

    @property
    def count(self) -> int:
        """How many were raised."""
        return len(self.published)

    def stop(self) -> None:
        """Raise no more."""
        self._ended.set()
        self._thread.join()

    def _raise(self) -> None:
        seq = 0
        while not self._ended.wait(EVERY_S):
            seq += 1
            frame = _alarm(seq)
            self.published[seq] = time.monotonic()
            self._line.sendall(packets.publish(self._topic, frame, 1, seq % 65_535 + 1))
            self._line.recv(4096)  # its PUBACK: committed


def _alarm(seq: int) -> bytes:
    place = {"age_s": 4, "lat_e6": 59_913_868, "lon_e6": 10_752_245, "accuracy_dm": 45,
             "speed_dm_s": 12, "course_deg": 84, "satellites": 9, "distance_dm": 231}  # fmt: skip
    values: dict[str, object] = {
        name: [] if kind == "list" else 0 for name, kind, *_ in layouts.ROWS[layouts.ALARM]
    }
    values |= {"boot": 1, "seq": seq, "time_s": int(time.time()) - layouts.EPOCH,
               "what": layouts.LEFT, "reason": layouts.CROSSED, "fence_state": layouts.OUTSIDE,
               "fence_number": 1, "fence_version": 7, "signal": 20, "battery_mv": 3900,
               "battery_percent": 81, "next_report_by_s": 600, "fix_age_s": 4, "bound_s": 95,
               "evidence": [place]}  # fmt: skip
    frame: bytes = codec.encode(layouts.ALARM, values)
    return frame
