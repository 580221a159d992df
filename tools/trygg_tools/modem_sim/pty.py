"""A simulated modem in real time on a pty: what the host writes is fed, what is due is written.

The pty's far end is reached through a link in the run's folder. The rate that the host sets on its
side of the pty is the host's baud rate, so a host that probes rates is answered as a modem would.
One select, no thread of ours; paho has its own (far_paho.py).
"""

from __future__ import annotations

import select
import termios
import time
from pathlib import Path

from trygg_tools.modem_sim.control import Control
from trygg_tools.modem_sim.far_paho import PahoMqtt
from trygg_tools.modem_sim.far_real import RealSockets
from trygg_tools.modem_sim.scene import Scene
from trygg_tools.rig.board.ptys import Port

NAME = "modem"  # of the link
LONGEST_WAIT_MS = 20  # while real ends may have something
RATES = {
    getattr(termios, f"B{rate}"): rate
    for rate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
}


def monotonic_ms() -> int:
    """The host's clock."""
    return time.monotonic_ns() // 1000000


class PtyModem:
    """The pty and the modem behind it. `turn()` does what is due and waits for the next thing."""

    def __init__(
        self,
        scene: Scene,
        folder: Path,
        real: tuple[RealSockets, PahoMqtt] | None = None,
        times: int = 1,
    ) -> None:
        self._scene = scene
        self._real = real
        self._times = times
        self._began_ms = monotonic_ms()
        self.control = Control(folder, scene)
        self._port = Port(folder / NAME)

    @property
    def path(self) -> Path:
        """What a driver opens."""
        return self._port.link

    def now_ms(self) -> int:
        """The simulation's time: ms since the start, `times` as fast as the host's."""
        return (monotonic_ms() - self._began_ms) * self._times

    def turn(self) -> None:
        """One round."""
        self._wait()
        now_ms = self.now_ms()
        self._rate(now_ms)
        data = self._port.read()
        if data:
            self._scene.modem.feed(data, now_ms)
        self.control.turn()
        if self._real is not None:
            for end in self._real:
                end.turn()
        self._port.write(self._scene.modem.poll(self.now_ms()))

    def _wait(self) -> None:
        due_ms = (self._scene.modem.next_ms() - self.now_ms()) // self._times
        files = [self._port.descriptor, *self.control.files()]
        if self._real is not None:
            files += self._real[0].files()
            due_ms = min(due_ms, LONGEST_WAIT_MS)
        select.select(files, [], [], max(0, min(due_ms, 1000)) / 1000)

    def _rate(self, now_ms: int) -> None:
        rate = RATES.get(termios.tcgetattr(self._port.descriptor)[5])
        if rate is not None and rate != self._scene.modem.wire.host_baud:
            self._scene.modem.baud(rate, now_ms)

    def close(self) -> None:
        """End; the link goes too."""
        self.control.close()
        if self._real is not None:
            for end in self._real:
                end.stop()
        self._port.close()
