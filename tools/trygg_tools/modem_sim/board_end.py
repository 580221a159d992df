"""The tracker's end of a simulated modem: port Uart and the modem's names of port Power.

    link = ModemUart(modem, clock)          read(), write(data), baud(rate), overruns()
    pins = ModemPins(modem, clock)          rail("modem_key", True), sense("modem_status")

`clock` has `now_ms` (rig/clock.py). Nothing waits; `link.wait_ms()` says how long nothing can
change, so that the rig can jump there. The buffer holds `rxbuf` bytes; what comes when it is full
is dropped and counted, as on the chip. A Cable between the two makes it a bad one.
"""

from __future__ import annotations

import random
from typing import Protocol

from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.schedule import NEVER

RAIL, KEY, DTR, STATUS = "modem", "modem_key", "modem_dtr", "modem_status"
NOT_WIRED = -1
MILLION = 1000000


class Clock(Protocol):
    """What a clock must have."""

    now_ms: int


class Cable:
    """A cable with faults: bytes are lost or harmed by chance (per million), or come late.

    `piece` is the most bytes that one read gives (0: all), `delay_ms` how late all comes.
    """

    def __init__(
        self,
        seed: int = 0,
        piece: int = 0,
        lost_ppm: int = 0,
        harmed_ppm: int = 0,
        delay_ms: int = 0,
    ) -> None:
        self._rng = random.Random(seed)  # noqa: S311  (a simulation's chance)
        self.piece = piece
        self.lost_ppm = lost_ppm
        self.harmed_ppm = harmed_ppm
        self.delay_ms = delay_ms
        self.lost = self.harmed = 0

    def carry(self, data: bytes) -> bytes:
        """What arrives of `data`."""
        if not self.lost_ppm and not self.harmed_ppm:
            return data
        out = bytearray()
        for value in data:
            chance = self._rng.randrange(MILLION)
            if chance < self.lost_ppm:
                self.lost += 1
            elif chance < self.lost_ppm + self.harmed_ppm:
                self.harmed += 1
                out.append(value ^ 1 << self._rng.randrange(8))
            else:
                out.append(value)
        return bytes(out)


class ModemUart:
    """Port Uart, with `baud`."""

    def __init__(
        self, modem: Modem, clock: Clock, cable: Cable | None = None, rxbuf: int = 2048
    ) -> None:
        self._modem = modem
        self._clock = clock
        self.cable = cable or Cable()
        self._rxbuf = rxbuf
        self._late: list[tuple[int, bytes]] = []  # on the cable: when it comes, what
        self._held = bytearray()
        self._overruns = 0

    def read(self) -> bytes:
        """All that has come since the last read."""
        now_ms = self._clock.now_ms
        data = self._modem.poll(now_ms)
        if data:
            self._arrive(self.cable.carry(data), now_ms)
        while self._late and self._late[0][0] <= now_ms:
            self._hold(self._late.pop(0)[1])
        most = self.cable.piece or len(self._held)
        taken = bytes(self._held[:most])
        del self._held[:most]
        return taken

    def _arrive(self, data: bytes, now_ms: int) -> None:
        if self.cable.delay_ms:
            self._late.append((now_ms + self.cable.delay_ms, data))
        else:
            self._hold(data)

    def _hold(self, data: bytes) -> None:
        room = self._rxbuf - len(self._held)
        if len(data) > room:
            self._overruns += 1
        self._held += data[:room]

    def write(self, data: bytes) -> int:
        """Begin to send all of it."""
        self._modem.feed(self.cable.carry(bytes(data)), self._clock.now_ms)
        return len(data)

    def baud(self, rate: int) -> None:
        """Run our side at this rate."""
        self._modem.baud(rate, self._clock.now_ms)

    def overruns(self) -> int:
        """How often bytes were dropped because nobody read."""
        return self._overruns

    def wait_ms(self) -> int:
        """The ms until something can have changed; -1 when nothing will."""
        if self._held:
            return 0
        due_ms = self._modem.next_ms()
        if self._late:
            due_ms = min(due_ms, self._late[0][0])
        return -1 if due_ms >= NEVER else max(0, due_ms - self._clock.now_ms)


class ModemPins:
    """The modem's rails and senses; `wired` are the names the board has."""

    def __init__(
        self, modem: Modem, clock: Clock, wired: tuple[str, ...] = (RAIL, KEY, DTR, STATUS)
    ) -> None:
        self._modem = modem
        self._clock = clock
        self._wired = wired

    def rail(self, name: str, on: bool) -> bool:
        """True when the name is the modem's: "modem" supply, "modem_key" pressed, "modem_dtr" high.

        A name that is not wired does nothing.
        """
        if name not in (RAIL, KEY, DTR):
            return False
        if name in self._wired:
            now_ms = self._clock.now_ms
            if name == RAIL:
                self._modem.rail(on, now_ms)
            elif name == KEY:
                self._modem.key(int(on), now_ms)
            else:
                self._modem.dtr(int(on), now_ms)
        return True

    def sense(self, name: str) -> int:
        """0 or 1 of "modem_status"; -1 when it is not wired."""
        if name != STATUS or STATUS not in self._wired:
            return NOT_WIRED
        self._modem.poll_only(self._clock.now_ms)
        return self._modem.status()
