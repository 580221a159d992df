"""The Link port over two byte queues: the tracker's end and the far end of one connection.

`Link` is the tracker's; `Far` is what a gateway double holds. What travels can be delayed, cut into
small pieces, lost with the connection, or refused, as the scenario says. A lost connection loses
what was under way, as TCP does. Time comes from a clock with `ticks_ms()`. Runs under both
interpreters.
"""

CLOSED, OPENING, OPEN = 0, 1, 2
ECONNREFUSED, ENOTCONN, EHOSTUNREACH = 111, 107, 113
_PERIOD = 1 << 30


class Far:
    """The far end of one connection."""

    def __init__(self, pipe: "Pipe") -> None:
        self._pipe = pipe

    def recv(self) -> bytes:
        """What the tracker has sent and has arrived."""
        return self._pipe.up.take()

    def send(self, data: bytes) -> None:
        """Send to the tracker."""
        if self._pipe.alive:
            self._pipe.down.put(data)

    def close(self) -> None:
        """End the connection from this side; what was sent before still arrives."""
        self._pipe.closed_by_far = True

    def alive(self) -> bool:
        """True until the tracker or the network ended it."""
        return self._pipe.alive


class Pipe:
    """Both directions of one connection."""

    def __init__(self, clock, delay_ms: int, piece: int) -> None:  # type: ignore[no-untyped-def]
        self.up = Lane(clock, delay_ms, 1 << 20)
        self.down = Lane(clock, delay_ms, piece)
        self.alive = True
        self.closed_by_far = False


class Lane:
    """One direction: bytes with the tick of their arrival."""

    def __init__(self, clock, delay_ms: int, piece: int) -> None:  # type: ignore[no-untyped-def]
        self._clock = clock
        self._delay_ms = delay_ms
        self._piece = piece
        self._queue: list[tuple[int, bytes]] = []

    def put(self, data: bytes) -> None:
        """Send bytes on their way."""
        self._queue.append(((self._clock.ticks_ms() + self._delay_ms) % _PERIOD, data))

    def take(self) -> bytes:
        """The next bytes that have arrived, at most a piece of them."""
        if self.next_ms() != 0:
            return b""
        at, data = self._queue[0]
        if len(data) > self._piece:
            self._queue[0] = (at, data[self._piece :])
        else:
            self._queue = self._queue[1:]
        return data[: self._piece]

    def next_ms(self) -> int:
        """The ms until something arrives, -1 when nothing is under way."""
        if not self._queue:
            return -1
        ahead = (self._queue[0][0] - self._clock.ticks_ms()) % _PERIOD
        return ahead if ahead < _PERIOD // 2 else 0


class Link:
    """Port Link; `accept(far)` is called for each connection that opens.

    The scenario sets `refusing` (nobody listens), `unreachable` (no network: open raises), or calls
    `drop()`. `piece` is the most bytes one recv gives, `stalled` lets nothing out.
    """

    def __init__(self, clock, accept, delay_ms: int = 20, piece: int = 1 << 20) -> None:  # type: ignore[no-untyped-def]
        self._clock = clock
        self._accept = accept
        self.delay_ms = delay_ms
        self.piece = piece
        self.refusing = self.unreachable = self.stalled = False
        self.opens = 0
        self._pipe: Pipe | None = None

    # -- the rig's side --------------------------------------------------------------------

    def drop(self) -> None:
        """Lose the connection with everything under way."""
        if self._pipe is not None:
            self._pipe.alive = False

    def coming_ms(self) -> tuple[int, int]:
        """The ms until something arrives at the tracker, and at the far end; -1 when nothing."""
        if self._pipe is None:
            return -1, -1
        return self._pipe.down.next_ms(), self._pipe.up.next_ms()

    # -- the port --------------------------------------------------------------------------

    def open(self, host: str, port: int, tls: str | None) -> None:
        """Begin to connect; OSError when there is no network or nobody listens."""
        self.close()
        self.opens += 1
        if self.unreachable:
            raise OSError(EHOSTUNREACH)
        if self.refusing:
            raise OSError(ECONNREFUSED)
        self._pipe = Pipe(self._clock, self.delay_ms, self.piece)
        self._accept(Far(self._pipe))

    def state(self) -> int:
        """0 closed, 1 opening, 2 open."""
        pipe = self._pipe
        if pipe is None or not pipe.alive:
            return CLOSED
        return CLOSED if pipe.closed_by_far and pipe.down.next_ms() < 0 else OPEN

    def send(self, data: bytes) -> int:
        """Send; OSError when the connection is gone."""
        if self._pipe is None or not self._pipe.alive:
            raise OSError(ENOTCONN)
        if self.stalled:
            return 0
        self._pipe.up.put(bytes(data))
        return len(data)

    def recv(self) -> bytes:
        """What has arrived; b"" for nothing."""
        return self._pipe.down.take() if self._pipe is not None and self._pipe.alive else b""

    def close(self) -> None:
        """Let go of the connection; what was sent still arrives."""
        if self._pipe is not None:
            self._pipe.alive = False
        self._pipe = None

    def signal(self) -> int:
        """Received power as in a report: 1..31."""
        return 21
