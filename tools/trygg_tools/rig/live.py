"""The simulated tracker in this machine's own time, against a real gateway.

The same App as on the board, on CPython: for machines without the virtual board's interpreter,
for journeys in which processes are killed, for the bench with a hundred trackers. Run as a
process of its own it plays a walk until it is ended:

    python -m trygg_tools.rig.live --config astrid.json --folder state --walk astrid.nmea --speed 10

Flash is a folder and outlives a kill; RTC memory is the process's and does not, so a kill -9 is
the board's power cut. With `--ledger FILE` each record that is safe in flash is written down there,
a line `boot seq kind` each: what somebody else may later ask the gateway for. A kill -9 leaves at
most a torn last line.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tracker.app import App, Parts
from tracker.log import Log
from trygg_tools.modem_sim.board_end import Cable
from trygg_tools.nmea_log import read_log
from trygg_tools.retime import retimed_log
from trygg_tools.rig import power as pw
from trygg_tools.rig.board_io import BoardIo
from trygg_tools.rig.folder_flash import FolderFlash
from trygg_tools.rig.live_modem import LiveModem
from trygg_tools.rig.live_ports import Clock, Link, Uart
from trygg_wire import codec

BOOT_S = 0.35
# of our seconds, whatever the speed: bytes come from processes that are no faster than the world
LISTEN_S = 0.02  # between two looks for bytes while some may come, as in firmware/main.py
IDLE_S = 0.2

Kept = Callable[[int, int, int], None]  # boot, seq, kind


class LiveTracker:
    """One tracker; call `step` again after as many seconds as it says, `feed` in between."""

    def __init__(
        self,
        config: dict[str, Any],
        folder: Path,
        *,
        speed: int = 1,
        say: Callable[[str], None] = print,
        kept: Kept | None = None,
        part: str = "",
        cable: Cable | None = None,
    ) -> None:
        """`config`: a tracker's credentials, as `trygg gateway tracker add` writes them, with
        `tls` the authority's DER file or None. `kept` is told of each record safe in flash.
        `part`: a simulated modem in place of the Link, at the end of `cable`."""
        self._config = {
            **config,
            "password": config["password"].encode(),
            "order_key": bytes.fromhex(config["order_key"]),
        }
        self._speed = speed
        self._say = say
        self._kept = kept
        self.clock = Clock(speed)
        self.power = pw.Power()
        self.flash = FolderFlash(str(folder))
        self.link = Link()
        self.uart = Uart(self.power)
        self.modem = LiveModem(part, self.clock, self.power, cable) if part else None
        self.board = BoardIo(self.clock.ticks_ms)
        self._app: App | None = None
        self._asleep_until = 0.0
        self.power.start(pw.PWRON)

    def feed(self, data: bytes) -> None:
        """The receiver says `data`; nobody hears it while the receiver or the chip is off."""
        if self._app is not None:
            self.uart.feed(data)

    def step(self) -> float:
        """Do what is due; the seconds of ours until it wants to be called again."""
        asleep_s = self._asleep_until - time.monotonic()
        if asleep_s > 0:
            return asleep_s
        try:
            return self._step()
        except pw.DeepSleep as sleep:
            return self._end(pw.DEEPSLEEP, pw.TIMER, sleep.ms / 1000)
        except pw.Reset:
            return self._end(pw.SOFT, 0, 0)

    def _step(self) -> float:
        if self._app is None:
            self.clock.restart()
            parts = Parts(
                self.clock,
                self.uart,
                self.link if self.modem is None else self.modem.uart,
                self.flash,
                self.power,
                self.board,
                Log(self.clock, self._say),
            )
            self.flash.start()
            self._app = App(parts, self._config)
            if self._kept is not None:
                write_down(self._app.outbox, self._kept)
        wait_ms: int = self._app.step(self.clock.ticks_ms())
        sleep_ms = self._app.deep_sleep_ms()
        if sleep_ms:
            self._app.sleep(sleep_ms)
        wait_s = wait_ms / 1000 / self._speed
        return min(wait_s, LISTEN_S if self._app.listening() else IDLE_S)

    def _end(self, cause: int, wake: int, asleep_s: float) -> float:
        self.link.close()
        self._app = None
        self.power.start(cause, wake)
        asleep_s = (asleep_s + BOOT_S) / self._speed
        self._asleep_until = time.monotonic() + asleep_s
        return asleep_s


def write_down(outbox: Any, kept: Kept) -> None:
    """Have `kept` told of each record that this outbox says to be safe in flash."""
    append = outbox.append

    def appended(lane: int, boot: int, seq: int, frame: bytes, now_s: int) -> bool:
        safe: bool = append(lane, boot, seq, frame, now_s)
        if safe:
            kept(boot, seq, codec.peek(frame)[0])
        return safe

    outbox.append = appended


def ledger(file: Path) -> Kept:
    """A `kept` that appends lines to `file`, each handed to the operating system at once."""
    out = file.open("ab", buffering=0)
    if out.tell() and not file.read_bytes().endswith(b"\n"):
        out.write(b"\n")  # a kill tore the last line

    def kept(boot: int, seq: int, kind: int) -> None:
        out.write(b"%d %d %d\n" % (boot, seq, kind))

    return kept


def epochs(walk: Path, start_unix_ms: int) -> Iterator[tuple[int, bytes]]:
    """(ms since the start, all that is said then) of a walk, again and again from its beginning,
    with the times of a walk that began at `start_unix_ms`."""
    _, lines = read_log(walk)
    lap_ms = lines[-1][0] + 1000
    began_ms = 0
    while True:
        at_ms, said = 0, b""
        for offset_ms, line in retimed_log(lines, start_unix_ms + began_ms):
            if offset_ms != at_ms and said:
                yield began_ms + at_ms, said
                said = b""
            at_ms = offset_ms
            said += line
        yield began_ms + at_ms, said
        began_ms += lap_ms


def play(tracker: LiveTracker, walk: Path, speed: int = 1) -> None:
    """Play the walk into the tracker until the process is ended."""
    began = time.monotonic()
    said = epochs(walk, time.time_ns() // 1_000_000)
    due_ms, data = next(said)
    while True:
        wake = time.monotonic() + tracker.step()
        while True:
            due = began + due_ms / 1000 / speed
            now = time.monotonic()
            if due <= now:
                tracker.feed(data)
                due_ms, data = next(said)
                break
            if wake <= now:
                break
            time.sleep(max(0.0, min(due, wake) - now))


def main() -> None:
    """The process of one tracker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the tracker's credentials")
    parser.add_argument("--folder", type=Path, required=True, help="its flash")
    parser.add_argument("--walk", type=Path, required=True, help="an NMEA log")
    parser.add_argument("--speed", type=int, default=1, help="times as fast as the world")
    parser.add_argument("--ledger", type=Path, help="write down here what is safe in flash")
    asked = parser.parse_args()
    config = json.loads(asked.config.read_text("utf-8"))
    tracker = LiveTracker(
        config,
        asked.folder,
        speed=asked.speed,
        say=lambda x: print(x, flush=True),
        kept=ledger(asked.ledger) if asked.ledger else None,
    )
    play(tracker, asked.walk, asked.speed)


if __name__ == "__main__":
    main()
