"""The receiver's UART in simulated time: bytes come when the receiver speaks, while it has power.

`source.said(world_s, on_for_s)` gives what is said about a second. The buffer holds `rxbuf` bytes;
what comes when it is full is dropped, as on the chip. Runs under both interpreters.
"""

RAIL = "gnss"
LATENCY_MS = 80  # from the second to the first byte about it


def unharmed(data: bytes) -> bytes:
    """The default of `wrong`: a good cable."""
    return data


class Uart:
    """Port Uart over a source of sentences."""

    def __init__(self, clock, power, source, rxbuf: int = 2048) -> None:  # type: ignore[no-untyped-def]
        self._clock = clock
        self._power = power
        self.source = source
        self._rxbuf = rxbuf
        self._spoken_s = -1
        self._on_since_s = -1
        self._switched_on = 0
        self._overruns = 0
        self.wrong = unharmed  # the scenario's bad cable
        self.failing = 0

    # -- the rig's side --------------------------------------------------------------------

    def next_ms(self) -> int:
        """The ms until the receiver speaks again, -1 while it has no power."""
        if not self._power.rails.get(RAIL):
            return -1
        past_ms = (self._clock.now_ms - LATENCY_MS) % 1000
        return int(1000 - past_ms)

    # -- the port --------------------------------------------------------------------------

    def read(self) -> bytes:
        """All that has come since the last read."""
        if self.failing:
            raise OSError(self.failing)
        now_s = (self._clock.now_ms - LATENCY_MS) // 1000
        if not self._power.rails.get(RAIL):
            return b""
        switched_on = self._power.switched_on[RAIL]
        if switched_on != self._switched_on:
            self._switched_on = switched_on
            self._on_since_s = now_s
            self._spoken_s = now_s
        data = b""
        while self._spoken_s < now_s:
            self._spoken_s += 1
            second = self._clock.start_s + self._spoken_s
            data += self.source.said(second, self._spoken_s - self._on_since_s)
            if len(data) > self._rxbuf:
                data = data[: self._rxbuf]
                self._overruns += 1
        answers = getattr(self.source, "answers", None)
        if answers:
            data += answers()
        return self.wrong(data) if data else b""

    def write(self, data: bytes) -> int:
        """Take bytes for the receiver; one that cannot be told (rig/receiver.py) ignores them."""
        hear = getattr(self.source, "hear", None)
        if hear and self._power.rails.get(RAIL):
            hear(data)
        return len(data)

    def baud(self, rate: int) -> None:
        """The receiver keeps its rate; a host at another one is not told from it here."""

    def overruns(self) -> int:
        """How often bytes were dropped because nobody read."""
        return self._overruns
