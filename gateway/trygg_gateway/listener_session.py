"""One connection at the gateway's own door: bytes in, packets handled, answers out.

A connection is silent until its CONNECT, then checked, then open, then ended; a PUBLISH may have
to wait in any of them, anything else is handled as it comes. Waiting means: the bytes from that
PUBLISH on are kept, and nothing more is read, so at most one chunk waits here and the rest waits
in the tracker. The reasons to wait are the gateway's own pause, the rate, and too many publishes
that are not confirmed yet.

A token's connection is the session's serial, which is never used again, so a confirm that comes
late can never acknowledge another connection's packet.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import structlog

from trygg_gateway import listener_login
from trygg_gateway.ingest import NOT_OWN
from trygg_gateway.listener_admission import by_certificate, by_password
from trygg_gateway.listener_down import NOT_SUBSCRIBED, DownTopic
from trygg_gateway.listener_line import Line, address_of
from trygg_gateway.listener_login import Login, Refusal
from trygg_gateway.listener_pace import Pace
from trygg_gateway.listener_patience import UNFINISHED, UNREAD, Patience
from trygg_gateway.puback_window import NUMBER, TOKEN_BITS, UNASKED, Window
from trygg_gateway.values import Incoming
from trygg_wire import packets, packets_server, topics
from trygg_wire.packets import PacketError

if TYPE_CHECKING:
    from trygg_gateway.listener import Listener
    from trygg_gateway.listener_tls import Certificate

log = structlog.get_logger("listener")

LINGER_SECONDS = 5.0  # for the last bytes of a connection that we close
RATE_PAUSE_SECONDS = 0.1  # a connection over its rate is looked at again after this


class Session(asyncio.BufferedProtocol):
    """The protocol of one connection; `door` is the listener that it belongs to."""

    __slots__ = (
        "_base", "_came", "_checking", "_down", "_ended", "_keeps", "_limits", "_pace",
        "_patience", "_rate_timer", "_rest", "_transport", "_up", "_up_head", "_waiting",
        "_window", "address", "certificate", "device", "door", "group", "serial",
    )  # fmt: skip

    def __init__(self, door: Listener, serial: int) -> None:
        self.door = door
        self.serial = serial
        self._base = serial << TOKEN_BITS
        self.device = ""
        self.address = ""
        self.certificate: Certificate | None = None  # shown in its TLS handshake
        self.group: str | None = None  # known when logged in
        self._limits = limits = door.limits
        self._transport: Line | None = None
        self._rest = b""
        self._waiting = False  # a packet in _rest waits, and nothing is read
        self._checking = False  # the credential is being checked
        self._ended = ""  # why it was closed
        now = door.loop.time()
        self._patience = Patience(now, limits.auth_seconds)
        self._pace = Pace(limits.rate_per_s, limits.burst, now)
        self._rate_timer: asyncio.TimerHandle | None = None
        self._up_head = b""  # its own up topic as it stands in a PUBLISH
        self._up = ""
        self._down: DownTopic | None = None  # once logged in
        self._keeps = False
        self._window = Window()
        self._came: list[tuple[str, bytes]] = []  # publishes of this read, not handed in yet

    # -- asyncio's side --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands: the time to log in begins."""
        self.made(cast(Line, transport), self.door.loop.time())

    def made(self, line: Line, since: float) -> None:
        """The connection stands, and has had time to log in since then."""
        self._transport = line
        self.address = address_of(line)
        line.set_write_buffer_limits(high=self._limits.write_high)
        self.door.counters["connections"] += 1
        self._patience.heard(since)
        self.door.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, by them, by us or by the line."""
        self.door.forget(self)
        if self._rate_timer is not None:
            self._rate_timer.cancel()
        if self.group is not None:
            reason = self._ended or ("connection lost" if exc else "closed by the tracker")
            log.info("tracker gone", device=self.device, why=reason)
        self._ended = self._ended or "gone"
        self._transport = None

    def pause_writing(self) -> None:
        """More is waiting to be written than a client that reads leaves behind."""
        self.door.complain("slow_closed", device=self.device)
        self.abort("does not read")

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go: the listener's one buffer, emptied before anyone else's turn."""
        return self.door.chunk

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have come."""
        self.received(self.door.chunk[:nbytes].tobytes())

    def received(self, data: bytes) -> None:
        """These bytes have come."""
        if self._ended:
            return
        now = self.door.loop.time()
        if self.group is not None:  # a stranger's bytes buy no time
            self._patience.heard(now)
        if not self._rest:
            self._patience.begun(now)
        self._take(self._rest + data if self._rest else data)

    # -- packets ---------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        try:
            end = self._take_packets(data)
            self._rest = data[end:]
            if end:
                self._patience.begun(self.door.loop.time())
        except PacketError as error:
            counter = "oversize" if str(error) == packets.TOO_LARGE else "malformed"
            self.door.complain(counter, device=self.device, why=str(error))
            self.end(str(error))
        except Exception:  # deliver failed: not acknowledged, so the tracker sends it again
            self.door.counters["deliver_failed"] += 1
            log.exception("deliver failed", device=self.device)
            self.abort("deliver failed")
        if self._waiting and self._transport is not None:
            self._transport.pause_reading()

    def _take_packets(self, data: bytes) -> int:
        """Handle the packets of `data` until one is not whole or has to wait; where that is.

        The publish on the own topic at quality of service 1 is nearly all the traffic there is,
        so it is taken here, by its first bytes; everything else has a function each."""
        at, room, max_packet = 0, self._room(), self._limits.max_packet
        door, head, up = self.door, self._up_head, self._up
        came, take = self._came, self._window.take
        try:
            while not (self._waiting or self._ended):
                cut = packets.frame(data, at, max_packet)
                if cut is None:
                    break
                first, start, end = cut
                if first >> 4 != packets.PUBLISH:
                    self._take_other(first >> 4, data[start:end])
                elif door.held or len(came) >= room:
                    self._wait()
                    break
                elif first & 6 == 2 and head and data.startswith(head, start):
                    body = start + len(head) + 2
                    packet_id = data[body - 2] << 8 | data[body - 1] if body <= end else 0
                    if not packet_id:
                        raise PacketError("publish without a packet id")
                    take(packet_id)
                    came.append((up, data[body:end]))
                else:
                    self._take_odd_publish(first & 15, data[start:end])
                at = end
        finally:
            self._hand_in()
        return at

    def _hand_in(self) -> None:
        """Hand in the publishes of this read."""
        came, self._came = self._came, []
        if came:
            self._pace.spent(len(came))
            token = self._base | (self._window.taken - len(came))
            self.door.deliver(Incoming(came, self.door.confirm, token))
            self.door.counters["publishes"] += len(came)

    def _take_odd_publish(self, flags: int, body: bytes) -> None:
        """A publish of quality of service 0 or 2, or on a topic that is not the own."""
        self._must_be_open()
        topic, qos, packet_id, payload, _dup, _retain = packets.read_publish(flags, body)
        if qos == 2:
            self.door.complain("qos2_refused", device=self.device)
            self.end("quality of service 2")
            return
        if topic != self._up:
            self.door.complain("wrong_topic", device=self.device)
            topic = f"{NOT_OWN}/{self.device}/{topic}"
        self._window.take(packet_id if qos else UNASKED)
        self._came.append((topic, payload))

    def _take_other(self, kind: int, body: bytes) -> None:
        if kind == packets.CONNECT:
            self._take_connect(body)
            return
        self._must_be_open()
        if kind == packets_server.PINGREQ_TYPE:
            self._write(packets_server.PINGRESP)
        elif kind == packets.PUBACK:
            answered = self._open_down().answered(packets.read_puback(body))
            self.door.counters["down_acked"] += answered
        elif kind == packets.SUBSCRIBE:
            packet_id, filters = packets_server.read_subscribe(body)
            for name, _ in filters:
                if name != self._open_down().topic:
                    self.door.complain("subscribe_refused", device=self.device)
            self._open_down().subscribe(packet_id, filters)
        elif kind == packets_server.UNSUBSCRIBE:
            self._open_down().unsubscribe(*packets_server.read_unsubscribe(body))
        elif kind == packets_server.DISCONNECT_TYPE:
            self.end("disconnected by the tracker")
        else:
            raise PacketError(f"packet type {kind} from a client")

    def _must_be_open(self) -> None:
        if self.group is None:
            raise PacketError("a packet before CONNECT was accepted")  # [MQTT-3.1.0-1]

    # -- logging in ------------------------------------------------------------------------

    def _take_connect(self, body: bytes) -> None:
        if self._checking or self.group is not None:
            raise PacketError("a second CONNECT")  # [MQTT-3.1.0-2]
        room = self.door.connect_seen(self)
        asked = listener_login.read(body, self.certificate is not None)
        if isinstance(asked, Refusal):
            self._refuse(asked)
        elif not room:
            self._refuse(listener_login.NO_ROOM)
        elif (group := by_certificate(self.door, asked, self.certificate)) is not None:
            self.door.counters["logins_certificate"] += 1
            self._let_in(asked, group)
        elif asked.password is None:
            self._refuse(listener_login.NOT_CERTIFIED)
        else:
            self._check(asked, asked.password)

    def _check(self, asked: Login, password: bytes) -> None:
        now = self.door.loop.time()
        if self.door.guesses.wait_s(asked.device, self.address, now):
            self._refuse(listener_login.guessing(asked.device))
            return
        self._checking = self._waiting = True
        self._patience = Patience(now, self._limits.check_seconds)
        self.door.begin(self._log_in(asked, password))

    async def _log_in(self, asked: Login, password: bytes) -> None:
        found = await by_password(self.door, asked, password, self.address)
        if self._ended:
            return
        self.device = asked.device
        if isinstance(found, Refusal):
            self._refuse(found)
        else:
            self._let_in(asked, found)

    def _let_in(self, asked: Login, group: str) -> None:
        self.device = asked.device
        self._keeps = asked.keeps
        if self.door.admit(self):
            self._open(group, asked.keepalive_s)
        else:
            self._refuse(listener_login.FULL)

    def _open(self, group: str, keepalive_s: int) -> None:
        self.group = group
        self._checking = False
        self._up, down = topics.up(group, self.device), topics.down(group, self.device)
        self._up_head = len(self._up).to_bytes(2, "big") + self._up.encode()
        longest_s = self._limits.keepalive_s
        patient_s = 1.5 * min(keepalive_s or longest_s, longest_s)
        self._patience = Patience(self.door.loop.time(), patient_s)
        known = self.door.subscription(self.device, self._keeps)
        granted = NOT_SUBSCRIBED if known is None else known
        window = self._limits.down_window
        self._down = DownTopic(down, window, granted, self._write, self._granted)
        self.door.counters["logins"] += 1
        log.info("tracker connected", device=self.device, group=group, resumed=known is not None)
        self._write(packets_server.connack(known is not None, packets.ACCEPTED))
        self.go_on()

    def _refuse(self, refusal: Refusal) -> None:
        if self._ended:
            return
        self.door.complain(refusal.counter, device=self.device, why=refusal.why)
        self._write(refusal.answer)
        self.end(refusal.why)

    # -- the down topic --------------------------------------------------------------------

    def _open_down(self) -> DownTopic:
        assert self._down is not None, "not logged in"
        return self._down

    def _granted(self, qos: int) -> None:
        if self._keeps:
            self.door.remember(self.device, qos)

    def send_down(self, payload: bytes) -> bool:
        """Write a message on the down topic; False if not subscribed, closed or unanswered."""
        return not self._ended and self._down is not None and self._down.send(payload)

    # -- confirming ------------------------------------------------------------------------

    def confirmed(self, token: int, count: int) -> None:
        """Publishes are committed; `send_acks` will acknowledge what is due by then."""
        self._window.confirm(token & NUMBER, count)

    def send_acks(self) -> None:
        """Write what `confirmed` made due, in one piece, and take what waited for room."""
        due, count = self._window.due()
        if count and not self._ended:
            self.door.counters["pubacks"] += count
            self._write(due)
        self.go_on()

    # -- waiting ---------------------------------------------------------------------------

    def _room(self) -> int:
        """How many publishes may be taken now, by the window and by the rate."""
        return self._pace.allowed(self.door.loop.time(), self._limits.inflight - len(self._window))

    def _wait(self) -> None:
        self._must_be_open()
        self._waiting = True
        if self.door.held:
            return  # paused(False) goes on
        if len(self._window) >= self._limits.inflight:
            self.door.counters["window_paused"] += 1
            return  # a confirm goes on
        if self._rate_timer is None:
            self.door.complain("rate_paused", device=self.device)
            self._rate_timer = self.door.loop.call_later(RATE_PAUSE_SECONDS, self._rate_again)

    def _rate_again(self) -> None:
        self._rate_timer = None
        self.go_on()

    def go_on(self) -> None:
        """Take what waited, if there is no reason left to wait."""
        if not self._waiting or self._ended or self._checking or self._transport is None:
            return
        self._waiting = False
        self._take(self._rest)
        if not (self._waiting or self._ended):
            self._patience.heard(self.door.loop.time())
            self._transport.resume_reading()

    # -- time and the end ------------------------------------------------------------------

    def look(self, now: float) -> None:
        """Close a connection that was silent, unread or in the middle of a packet for too long."""
        line, patience = self._transport, self._patience
        if self._ended or line is None:
            return
        if self._waiting and not self._checking:  # it is we who do not listen
            patience.heard(now)
            patience.begun(now)
        half = bool(self._rest) and self.group is not None
        out = patience.out(now, self._limits, half, line.get_write_buffer_size())
        if out == UNREAD:
            self.pause_writing()
        elif out == UNFINISHED:
            self.door.complain("unfinished_closed", device=self.device)
            self.abort("a packet that was not finished")
        elif out:
            self._was_silent()

    def _was_silent(self) -> None:
        known = self.group is not None
        self.door.complain("keepalive_closed" if known else "auth_timeouts", device=self.device)
        self.abort("silent for 1.5 times its keepalive" if known else "no login in time")

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def end(self, why: str) -> None:
        """Close after what is already written has left, or after LINGER_SECONDS."""
        self._ended = self._ended or why
        if self._transport is not None:
            self._transport.close()
            self.door.loop.call_later(LINGER_SECONDS, self._transport.abort)

    def abort(self, why: str) -> None:
        """Close at once."""
        self._ended = self._ended or why
        if self._transport is not None:
            self._transport.abort()
