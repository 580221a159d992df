"""The gateway's own front door: an MQTT 3.1.1 endpoint that acknowledges what is committed.

It is no broker. A tracker logs in with its own credential, publishes on its own up topic and
listens on its own down topic; nothing passes from one tracker to another. What it publishes
goes to `deliver`, and its PUBACK leaves when `confirm` was called for it, that is after the
commit. So a tracker that has a PUBACK knows that the record is on disk here.

What differs from a broker, on purpose:
- Quality of service 0 and 1. A PUBLISH of 2 closes the connection; records carry an identity,
  so that at-least-once is enough.
- A session remembers the subscription of a tracker that connects with clean=0, in memory, and
  nothing else. There is no queue for a tracker that is away: an order stays owed in the gateway
  and is sent again when the tracker is heard (promise 2). For the same reason a message down
  that was not acknowledged is not sent again by this file.
- Wills and the retain flag are read and ignored.
- A publish on any topic but the tracker's own is handed on as `not-own/{device}/{topic}`, which
  is no topic of ours whatever the tracker wrote: ingest sets it aside and it is acknowledged.

Bounds (`Limits`): every stranger is bounded in number, time and packet size, from the first byte
of its TLS handshake on, and none of them takes a place from a tracker that is logged in, nor one
who guesses passwords from the tracker (guesses.py). A tracker that publishes faster than its rate,
or has more unconfirmed than allowed, is read no further until that changes: nothing is dropped.
`paused(True)` does the same to all. One who does not read what we write is closed.

PUBACKs of one connection leave in the order of arrival ([MQTT-4.6.0-2]); a commit of many
records costs one wake-up of the loop and one write per connection. `confirm` and `paused` may
be called from any thread, everything else from the loop's.
"""

import asyncio
import ssl
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine

import structlog

from trygg_gateway.guesses import Guesses
from trygg_gateway.listener_down import NOT_SUBSCRIBED
from trygg_gateway.listener_gate import Gate
from trygg_gateway.listener_limits import COUNTERS as COUNTERS
from trygg_gateway.listener_limits import Limits as Limits
from trygg_gateway.listener_session import Session
from trygg_gateway.listener_tls import Handshakes, TlsLine
from trygg_gateway.listener_tls import server_tls as server_tls
from trygg_gateway.puback_window import TOKEN_BITS
from trygg_gateway.strangers import Stranger, Strangers
from trygg_gateway.values import Incoming

log = structlog.get_logger("listener")

CHUNK = 65_536  # bytes read from one connection before the next has its turn
COMPLAINT_SECONDS = 1.0  # at most one log line of a kind in this time; the counter has them all
LOOK_S = 0.5  # how often every connection is looked at for its time
LOOKS = 500  # connections looked at in one turn of the loop


def nobody(_device: str, _sha256: bytes) -> str | None:
    """No certificate is any tracker's."""
    return None


def in_memory(_device: str, _qos: int | None) -> None:
    """A restart forgets what was subscribed to."""


class Listener:
    """The door: `await start()`, then every publish goes to `deliver` until `await stop()`.

    `deliver(incoming)` is called in the loop's thread with all that one read of a connection gave,
    and must not block. `check(username,
    password)` gives the tracker's group, or None to refuse; it is awaited off the read path.
    `recognise(username, SHA-256)` does so by the certificate that the tracker has shown. `keep`
    is told of every subscription that outlives its connection (None: of its end), and `remembered`
    has those of before. `port` 0 takes a free one, `self.port` says which. Raises OSError when it
    cannot listen."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        deliver: Callable[[Incoming], None],
        check: Callable[[str, bytes], Awaitable[str | None]],
        recognise: Callable[[str, bytes], str | None] = nobody,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        remembered: dict[str, int] | None = None,
        keep: Callable[[str, int | None], None] = in_memory,
    ) -> None:
        self.host = host
        self.port = port
        self.deliver = deliver
        self.check = check
        self.recognise = recognise
        self.limits = limits or Limits()
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.chunk = memoryview(bytearray(CHUNK))  # one for all: asyncio reads one at a time
        self.held = False
        self.guesses = Guesses()
        # in their TLS handshake, or before their CONNECT
        self.strangers = Strangers(self.limits.max_waiting, self.limits.waiting_per_address)
        self._remembered = dict(remembered or {})  # device → granted qos, of sessions with clean=0
        self._keep = keep
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls = tls
        self._gate: Gate | None = None
        self._serial = 0
        self._sessions: dict[int, Session] = {}  # serial → every connection
        self._checked: set[Session] = set()  # those that said who they are and are not admitted
        self._live: dict[str, Session] = {}  # device → its one connection
        self._confirmed: deque[tuple[int, int]] = deque()  # token, how many
        self._flush_due = False
        self._thread = 0
        self._complained: dict[str, float] = {}

    # -- port ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. Trackers may connect when this returns."""
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self.handshakes = Handshakes(self.loop)
        limits = self.limits
        gate = Gate(
            self._new_protocol, self._busy, self.counters, limits.accept_per_s, limits.line_seconds
        )
        self.port = await gate.open(self.host, self.port)
        self._gate = gate
        self.begin(self._look())
        log.info("listening", host=self.host, port=self.port, tls=self._tls is not None)

    async def stop(self) -> None:
        """Listen no more and close every connection; what was confirmed is acknowledged first."""
        if self._gate is None:
            return
        self._gate.close()
        self._flush()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session in list(self._sessions.values()):
            session.end("gateway stops")
        await asyncio.sleep(0)  # the transports tell of their end in the loop's next turn
        for one in [*self._sessions.values(), *self.strangers]:
            one.abort("gateway stops")
        await asyncio.sleep(0)
        self._gate = None

    @property
    def alive(self) -> bool:
        """Whether it listens."""
        return self._gate is not None and self._gate.listens

    def take_tls(self, context: ssl.SSLContext) -> None:
        """Connections that begin from now on are greeted with another certificate."""
        if self._tls is not None:
            self._tls = context

    def send(self, group: str, device: str, payload: bytes) -> bool:
        """Hand `payload` to the tracker on its down topic; False if it is not here to take it."""
        session = self._live.get(device)
        taken = session is not None and session.group == group and session.send_down(payload)
        self.counters["down_sent" if taken else "down_refused"] += 1
        return taken

    def close_tracker(self, device: str) -> bool:
        """Close the tracker's connection (its credential was revoked); True if it had one."""
        session = self._live.get(device)
        if session is not None:
            session.end("credential revoked")
        return session is not None

    def paused(self, on: bool) -> None:
        """Deliver nothing while `on`: publishes wait in their connections. From any thread."""
        self.held = on
        if not on and self._gate is not None:
            self.loop.call_soon_threadsafe(self._resume_all)

    def confirm(self, token: int, count: int) -> None:
        """The publish of that token and those that follow it, `count` in all, are committed:
        acknowledge them. From any thread.

        Many confirms in a row cost one wake-up of the loop; one for a connection that is gone
        is counted and dropped, since its packet ids mean nothing on a later connection."""
        self._confirmed.append((token, count))
        if not self._flush_due:
            self._flush_due = True
            if threading.get_ident() == self._thread:
                self.loop.call_soon(self._flush)
            else:
                self._wake()

    # -- for the sessions ------------------------------------------------------------------

    def arrived(self, session: Session) -> None:
        """A connection stands."""
        self._sessions[session.serial] = session
        self.stranger_came(session, session.address)

    def stranger_came(self, stranger: Stranger, address: str) -> None:
        """One more of whom nobody knows who it is; another makes room when they are too many."""
        leaves = self.strangers.add(stranger, address)
        if leaves is not None:
            self.complain("refused_full", why="too many connections without a login")
            leaves.abort("room for others")

    def connect_seen(self, session: Session) -> bool:
        """A stranger has said who it claims to be; False if too many are being checked."""
        self.strangers.discard(session)
        self._checked.add(session)
        return len(self._checked) <= self.limits.max_waiting

    def admit(self, session: Session) -> bool:
        """Make a checked connection its tracker's own, closing an older; False if full."""
        old = self._live.get(session.device)
        if old is None and len(self._live) >= self.limits.max_connections:
            return False
        if old is not None:
            self.counters["takeovers"] += 1
            old.end("taken over by a new login")
        self._live[session.device] = session
        self._checked.discard(session)
        return True

    def forget(self, session: Session) -> None:
        """The connection is gone; so are the tokens it gave out."""
        self._sessions.pop(session.serial, None)
        self.strangers.discard(session)
        self._checked.discard(session)
        if self._live.get(session.device) is session:
            del self._live[session.device]

    def subscription(self, device: str, keeps: bool) -> int | None:
        """What a tracker that logs in is still subscribed to; None if its session is new.

        One that does not keep its session ends what was kept."""
        known = self._remembered.get(device)
        if keeps and known is None:
            self.remember(device, NOT_SUBSCRIBED)
        elif not keeps and known is not None:
            del self._remembered[device]
            self._keep(device, None)
        return known if keeps else None

    def remember(self, device: str, qos: int) -> None:
        """The session of that tracker outlives its connection, subscribed like that."""
        if self._remembered.get(device) != qos:
            self._remembered[device] = qos
            self._keep(device, qos)

    def new_session(self) -> Session:
        """A session for a connection whose bytes are MQTT."""
        self._serial += 1
        return Session(self, self._serial)

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Do that until the door is stopped."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def complain(self, counter: str, **facts: object) -> None:
        """Count what somebody did wrong, and say so in the log at most once a second a kind."""
        self.counters[counter] += 1
        now = self.loop.time()
        if now - self._complained.get(counter, now - COMPLAINT_SECONDS) >= COMPLAINT_SECONDS:
            self._complained[counter] = now
            log.warning(counter, so_far=self.counters[counter], **facts)

    # -- inside ----------------------------------------------------------------------------

    def _new_protocol(self) -> asyncio.BaseProtocol:
        return self.new_session() if self._tls is None else TlsLine(self, self._tls)

    def _busy(self) -> bool:
        """Those who came before have us to wait for."""
        return len(self.handshakes) + len(self._checked) >= self.limits.work_waiting

    async def _look(self) -> None:
        """Look at every connection for its time, again and again, a few in each turn."""
        while True:
            await asyncio.sleep(LOOK_S)
            for number, session in enumerate(list(self._sessions.values()), 1):
                session.look(self.loop.time())
                if not number % LOOKS:
                    await asyncio.sleep(0)

    def _resume_all(self) -> None:
        for session in list(self._sessions.values()):
            session.go_on()

    def _wake(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self._flush)
        except RuntimeError:
            # the loop is closed: nobody is left to acknowledge to, they will send it again
            self._flush_due = False

    def _flush(self) -> None:
        self._flush_due = False  # before the drain: a confirm from now on schedules the next
        confirmed = self._confirmed
        sessions = self._sessions
        touched = {}
        stale = 0
        for _ in range(len(confirmed)):
            token, count = confirmed.popleft()
            session = sessions.get(token >> TOKEN_BITS)
            if session is None:
                stale += count
                continue
            session.confirmed(token, count)
            touched[session.serial] = session
        self.counters["stale_confirms"] += stale
        for session in touched.values():
            session.send_acks()
