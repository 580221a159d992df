"""Where connections come in at the gateway's own door: a few in each turn of the loop.

A flood of connections is the system's to hold (its backlog costs us nothing): in one turn of the
loop ACCEPT_AT_ONCE are taken, in one second `per_s`, and none while so much of what was taken
waits for us (`busy`). So trackers that are logged in are served between them, however many knock.
A process out of descriptors says so once, goes on serving, and tries again every RETRY_S.

TCP's own keepalive is not used: its probes would wake a tracker that sleeps with its connection
open, and MQTT's keepalive finds the dead. What we send and nobody acknowledges ends the connection
after `line_seconds` (TCP_USER_TIMEOUT), so half-open lines cost neither order nor ack for long.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

import structlog

log = structlog.get_logger("listener")

ACCEPT_AT_ONCE = 16
BACKLOG = 4_096  # connections that the system holds for us; it may allow fewer
BUFFER = 65_536  # bytes that the system keeps of a connection each way, else up to 6 MB
PAUSE_S = 0.02  # while we are busy, or they come too fast
RETRY_S = 1.0  # without descriptors
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Gate:
    """Listens on `host` and `port` (0: a free one) and begins `new_protocol()` for who comes."""

    def __init__(
        self,
        new_protocol: Callable[[], asyncio.BaseProtocol],
        busy: Callable[[], bool],
        counters: dict[str, int],
        per_s: int,
        line_seconds: int,
    ) -> None:
        self._new_protocol = new_protocol
        self._busy = busy
        self._counters = counters
        self._per_s = per_s
        self._line_ms = line_seconds * 1_000
        self._sockets: list[socket.socket] = []
        self._credit = 0.0
        self._credited_at = 0.0
        self._pausing: asyncio.TimerHandle | None = None
        self._beginning: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError."""
        self._loop = loop = asyncio.get_running_loop()
        self._credit, self._credited_at = float(self._per_s), loop.time()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((one[0], one[4][0]) for one in found):
            taken = self._sockets[0].getsockname()[1] if self._sockets else port
            made = socket.create_server((str(address), taken), family=family, backlog=BACKLOG)
            made.setblocking(False)
            for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # those who come inherit them
                made.setsockopt(socket.SOL_SOCKET, buffer, BUFFER)
            self._sockets.append(made)
        self._go_on()
        return int(self._sockets[0].getsockname()[1])

    @property
    def listens(self) -> bool:
        """Whether every socket it opened is open."""
        return bool(self._sockets) and all(one.fileno() >= 0 for one in self._sockets)

    def close(self) -> None:
        """Listen no more."""
        if self._pausing is not None:
            self._pausing.cancel()
        for one in self._sockets:
            self._loop.remove_reader(one)
            one.close()
        self._sockets.clear()
        for task in self._beginning:
            task.cancel()

    def _go_on(self) -> None:
        self._pausing = None
        for one in self._sockets:
            self._loop.add_reader(one, self._accept, one)

    def _pause(self, seconds: float, counter: str) -> None:
        self._counters[counter] += 1
        for one in self._sockets:
            self._loop.remove_reader(one)
        self._pausing = self._loop.call_later(seconds, self._go_on)

    def _accept(self, listening: socket.socket) -> None:
        now = self._loop.time()
        earned = (now - self._credited_at) * self._per_s
        self._credit = min(self._per_s, self._credit + earned)
        self._credited_at = now
        for _ in range(ACCEPT_AT_ONCE):
            if self._credit < 1 or self._busy():
                self._pause(PAUSE_S, "accept_paused")
                return
            try:
                line, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                log.error("no descriptor or memory for a connection", why=str(error))
                self._pause(RETRY_S, "refused_descriptors")
                return
            self._credit -= 1
            self._begin(line)

    def _begin(self, line: socket.socket) -> None:
        line.setblocking(False)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self._line_ms)
        task = self._loop.create_task(self._made(line))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _made(self, line: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._new_protocol, line)
        except OSError:
            line.close()  # it was gone already
