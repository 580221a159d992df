"""The second front door: a session at a broker that is already there, by paho-mqtt 2.2.

Publishes of all trackers come in from `trygg/v1/+/+/up` at quality of service 1 and go to
`deliver`; the PUBACK leaves after `confirm`, so what the gateway has not committed stays with
the broker. One thread owns the paho client and runs its external-loop functions; no other thread
ever touches the client, and `confirm`, `send` and `paused` only leave a note and wake it.

paho's traps, each with what this file does about it (paho-mqtt 2.2.0, source and experiments):
1. An exception in a callback kills the loop thread while `is_connected()` stays True. Callbacks
   here never raise; the thread catches what paho raises, counts it and connects again.
2. `ack(mid)` knows no connection: a late one acknowledges another message. Tokens carry the
   number of the connection; those of an earlier one are counted and dropped.
3. PUBACKs must leave in order of arrival ([MQTT-4.6.0-2]); paho sends as it is told. A Window
   puts them in order, and an AckWriter writes all that are due in one `send`.
4. A message left unacknowledged comes again only after a reconnect. Everything is delivered, odd
   topics too: ingest sets aside and confirms. If `deliver` fails, the connection is opened again.
5. MQTT 5 starts its first session clean by default, which throws the queue away: clean_start is
   False and the session has an expiry; 3.1.1 has clean_session=False. The client id is fixed.
6. A session that the broker lost shows in `session_present` only: counted, logged as a possible
   loss, and the subscription is made again every time. Our ack calls missing what the broker had
   acknowledged and lost, so trackers say it again: late, out of order.
7. `publish()` while offline answers "not connected" and yet queues: `send` refuses when offline.
8. paho's queue of outgoing messages has no bound by default: here it has, and so has ours.
9. Receive Maximum is not sent by default: with MQTT 5 it is, as the bound of what is in flight.
10. Quality of service 2 gives a message up before it is ours: we subscribe with 1, and a broker
    may not send more than was asked.
11. paho reconnects in step with everybody else: our delay has jitter, and doubles to a maximum.
12. A broker that refuses the protocol version makes paho fall back to 3.1 and reconnect inside a
    callback: reconnect_on_failure=False stops that.
13. paho's own loop uses select(), which fails for descriptors past 1023: this one uses poll().
14. DUP says nothing (Mosquitto sets it on every message of a resumed session): it is not read.
15. Mosquitto 2.0.11 sends far more than its max_inflight_messages while acknowledgements flow: past
    UNCONFIRMED_MAX nothing is read.
16. A topic that is not UTF-8 raises when it is looked at: it is handed on as hex, unreadable.
17. Every packet is read in three system calls and becomes an object and a callback: publishes
    never reach paho (broker_inbound.py), others are laid before it whole (buffered_line.py).
18. A failed TLS handshake leaves its socket open: buffered_line.py closes it.
"""

from __future__ import annotations

import asyncio
import random
import select
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from trygg_gateway.ack_writer import AckWriter
from trygg_gateway.bell import Bell
from trygg_gateway.broker_down import OUT_MAX, Down
from trygg_gateway.broker_inbound import Inbound
from trygg_gateway.broker_limits import COUNTERS as COUNTERS
from trygg_gateway.broker_probe import Probe
from trygg_gateway.broker_tls import broker_tls as broker_tls
from trygg_gateway.buffered_line import BufferedLine, Wrapper
from trygg_gateway.puback_window import NUMBER, TOKEN_BITS, Window
from trygg_gateway.values import Incoming
from trygg_wire import topics

log = structlog.get_logger("broker")

SUBSCRIPTION = topics.PREFIX + "+/+/up"
PROBE = "trygg/probe/"  # and our client id: what we publish there has to come back
KEEPALIVE_S = 60
SESSION_EXPIRY_S = 7 * 86_400  # MQTT 5: how long the broker keeps what we have not fetched
RECEIVE_MAXIMUM = 1_000  # MQTT 5: unacknowledged messages on their way to us
READ_BYTES = 65_536  # read at once, and handed in before the next read
UNCONFIRMED_MAX = 4_000  # messages read and not confirmed, or read while paused; none beyond
ANSWER_SECONDS = 10.0  # from our CONNECT to the broker's answer
RETRY_FIRST_S, RETRY_MAX_S = 0.5, 30.0
STUCK_S = 60.0  # without a turn; a wait between two attempts takes RETRY_MAX_S


class Broker:
    """The door: `await start()`, then every publish goes to `deliver` until `await stop()`.

    `url` is mqtt://host:port or mqtts://host:port. `deliver(incoming)` is called in this door's
    thread with all that was read in one go, and must be thread-safe. `start` returns before there
    is a connection, since a broker may come later; `connected`, `subscribed` and `counters` tell.
    `confirm`, `send` and `paused` may be called from any thread. `known`: the broker had a session
    for us before; `begun()` is called in the door's thread when it has one for the first time."""

    def __init__(
        self,
        *,
        url: str,
        deliver: Callable[[Incoming], None],
        client_id: str = "trygg-gateway",
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        version: Literal["3.1.1", "5"] = "3.1.1",
        known: bool = False,
        begun: Callable[[], object] = lambda: None,
    ) -> None:
        self.deliver = deliver
        self._known, self._begun = known, begun  # the broker has had a session for us
        self._probe_topic = PROBE + client_id
        self._probe = Probe(0.0)
        self._probing = True
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.connected = self.subscribed = False
        self._five = version == "5"
        self._client = self._new_client(client_id)
        self._client.username_pw_set(username, password)
        self._point_at(url, tls, version)
        self._generation = 0
        self._window = Window()
        self._confirmed: deque[tuple[int, int]] = deque()  # token, how many
        self._down = Down(self.counters)
        self._writer = AckWriter(self._client, None)
        self._came: list[tuple[str, bytes]] = []  # read and not handed in: topic, payload
        self._inbound = self._new_inbound()
        self._failed = self._paused = self._stopping = False  # failed: deliver raised
        self._turned_s = time.monotonic()  # when the thread last took a turn
        self._bell = Bell()
        self._thread = threading.Thread(target=self._run, name="broker door", daemon=True)

    # -- port ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to connect, and to connect again whenever the connection is lost. Once only."""
        self._bell.open()
        self._thread.start()

    async def stop(self) -> None:
        """Acknowledge what is confirmed, say goodbye and end the thread. The session stays."""
        self._stopping = True
        self._bell.ring()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)
        self._bell.close()

    @property
    def alive(self) -> bool:
        """Whether the thread takes its turns, connected or not."""
        return self._thread.is_alive() and time.monotonic() - self._turned_s < STUCK_S

    def send(self, group: str, device: str, payload: bytes) -> bool:
        """Hand `payload` to the broker for the tracker's down topic; False if it cannot be now."""
        taken = self.connected and self._down.put(topics.down(group, device), payload)
        if taken:
            self._bell.ring_if_asleep()
        else:
            self.counters["down_refused"] += 1
        return taken

    def close_tracker(self, device: str) -> bool:
        """False: the connection is the broker's; what still comes of it is set aside."""
        return False

    def paused(self, on: bool) -> None:
        """Deliver nothing while `on`: what was read waits here, the rest in the broker."""
        self._paused = on
        self._bell.ring_if_asleep()

    def confirm(self, token: int, count: int) -> None:
        """The publish of that token and those that follow it are committed: acknowledge them."""
        self._confirmed.append((token, count))
        self._bell.ring_if_asleep()

    # -- the client ------------------------------------------------------------------------

    def _new_client(self, client_id: str) -> Client:
        five = self._five
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if five else False,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_queued_messages_set(OUT_MAX)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = lambda _client, _data, mid, _reason, _more: self._down.answered(mid)
        # set, paho writes only when this file's loop tells it to
        client.on_socket_register_write = lambda _client, _data, _sock: None
        return client

    def _point_at(self, url: str, tls: ssl.SSLContext | None, version: str) -> None:
        place = urlsplit(url)
        secure = place.scheme == "mqtts"
        wrapper = Wrapper((tls or broker_tls()) if secure else None)
        self._client.tls_set_context(cast(ssl.SSLContext, wrapper))  # trap 17
        host, port = place.hostname or "", place.port or (8883 if secure else 1883)
        if version == "5":
            wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            wishes.SessionExpiryInterval = SESSION_EXPIRY_S
            wishes.ReceiveMaximum = RECEIVE_MAXIMUM
            self._client.connect_async(
                host, port, KEEPALIVE_S, clean_start=False, properties=wishes
            )
        else:
            self._client.connect_async(host, port, KEEPALIVE_S)

    def _new_inbound(self) -> Inbound:
        echo = self._probe_topic.encode(), self._probe.echoed
        take, counters = self._window.take, self.counters
        return Inbound(self._came, take, self._give, counters, self._five, echo)

    def _on_connect(
        self, client: Client, _data: Any, flags: ConnectFlags, reason: ReasonCode, _p: Any
    ) -> None:
        if reason.is_failure:
            self.counters["refused"] += 1
            log.error("broker refused the connection", why=str(reason))
            return
        self.counters["connections"] += 1
        if not flags.session_present and self._known:
            self.counters["sessions_lost"] += 1
            log.warning("the broker lost our session: what it held for us may be lost")
        elif not self._known:
            self._begun()
        self._known = True
        log.info("connected", session_present=flags.session_present)
        client.subscribe([(SUBSCRIPTION, 1), (self._probe_topic, 0)])
        self._writer.client_first = True  # it writes here what it had not delivered before
        self.connected = True

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _p: Any
    ) -> None:
        if self.connected:
            self.connected = self.subscribed = False
            self.counters["disconnects"] += 1
            log.info("disconnected", why=str(reason))
        elif not self._stopping:  # a refused certificate, too, is told by closing only
            self.counters["connect_failed"] += 1
            log.warning("closed before the broker accepted us", why=str(reason))

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _p: Any
    ) -> None:
        self.subscribed = not reasons[0].is_failure  # the probe's may be refused
        if not self.subscribed:
            self.counters["refused"] += 1
            log.error("broker refused the subscription; give us the right", topic=SUBSCRIPTION)

    def _hand_in(self) -> None:
        """Hand in what was read, unless the gateway is to be spared for now."""
        if not self._came or self._paused or self._failed:
            return
        came = self._came.copy()
        self._came.clear()
        first = self._window.taken - len(came)  # what came before these was handed in
        token = self._generation << TOKEN_BITS | first
        try:
            self.deliver(Incoming(came, self.confirm, token))
            self.counters["publishes"] += len(came)
        except Exception:  # they are not acknowledged, so they will come again
            self.counters["deliver_failed"] += 1
            self._failed = True
            log.exception("deliver failed; the connection will be opened again")

    # -- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        retry_s = RETRY_FIRST_S
        while not self._stopping:
            self._turned_s = time.monotonic()
            before = self.counters["connections"]
            try:
                if self._connect():
                    self._serve()
            except Exception:  # paho's own trouble must not end the door
                self.counters["loop_errors"] += 1
                log.exception("the loop failed; the connection will be opened again")
            self.connected = self.subscribed = False
            if self._probing and self._probe.refused and not self._stopping:
                self._probing = False
                log.warning("no sign of life without a right to our topic", topic=self._probe_topic)
            if self.counters["connections"] > before and not self._failed:
                retry_s = RETRY_FIRST_S
            jitter = random.uniform(0.5, 1.0)  # noqa: S311  (it spreads, it hides nothing)
            self._bell.wait(retry_s * jitter)
            retry_s = min(2 * retry_s, RETRY_MAX_S)

    def _connect(self) -> bool:
        self._generation += 1
        self._came = []
        self._window = Window()
        self._probe = Probe(time.monotonic())
        self._inbound = self._new_inbound()
        self._down.clear()
        self._failed = False
        try:
            self._client.reconnect()
        except (OSError, ValueError) as error:
            self.counters["connect_failed"] += 1
            log.warning("no connection to the broker", why=str(error))
            return False
        return True

    def _serve(self) -> None:
        """Serve one connection until it ends; raises only what is a fault of ours or paho's."""
        client = self._client
        sock = cast(BufferedLine, client.socket())
        self._writer = AckWriter(client, sock)
        poll = select.poll()
        poll.register(self._bell.ear, select.POLLIN)
        answer_by = time.monotonic() + ANSWER_SECONDS
        while client.socket() is sock and not (self._failed or self._stopping):
            if not self.connected and time.monotonic() > answer_by:
                log.warning("the broker does not answer our CONNECT")
                break
            self._turned_s = time.monotonic()
            self._sleep(poll, sock)
            self._read(sock)
            self._hand_in()
            if self.connected:
                self._down.publish(client)
            if self._is_dead():
                break
            self._take_confirms()
            self._writer.write()
            client.loop_misc()
        self._leave(sock)

    def _sleep(self, poll: select.poll, sock: BufferedLine) -> None:
        """Wait for bytes, for room to write or for the bell, unless there is work already."""
        reading = select.POLLIN if len(self._window) < UNCONFIRMED_MAX else 0
        writing = select.POLLOUT if self._writer.waiting else 0
        poll.register(sock, reading | writing)
        self._bell.asleep = True  # from here on a note rings; those left before are seen now
        busy = self._confirmed or self._down or (reading and sock.pending())
        heard = poll.poll(0 if busy or (self._came and not self._paused) else 1_000)
        self._bell.awake(heard)

    def _read(self, sock: BufferedLine) -> None:
        if len(self._window) >= UNCONFIRMED_MAX:
            return
        data = sock.fetch(READ_BYTES)
        if data:
            self._inbound.feed(data)
        elif sock.ended:
            self._client.loop_read()  # it reads the end, and tells of it

    def _give(self, packet: bytes) -> None:
        """A packet that is no publish: paho's."""
        sock = cast(BufferedLine | None, self._client.socket())
        if sock is not None:
            sock.give(packet)
            self._client.loop_read()

    def _is_dead(self) -> bool:
        """Ask for a sign of life when one is due; True if the last one did not come."""
        now, probe = time.monotonic(), self._probe
        if not (self.subscribed and self._probing):
            return False
        if self._paused or len(self._window) >= UNCONFIRMED_MAX:
            probe.spared(now)
        if probe.due(now):
            probe.sent(now)
            self._client.publish(self._probe_topic, b"", qos=0)
        elif probe.lost(now):
            self.counters["probes_lost"] += 1
            log.warning("our own word does not come back; the connection is opened again")
            return True
        return False

    def _take_confirms(self) -> None:
        stale = 0
        for _ in range(len(self._confirmed)):
            token, count = self._confirmed.popleft()
            if token >> TOKEN_BITS == self._generation:
                self._window.confirm(token & NUMBER, count)
            else:
                stale += count
        due, count = self._window.due()
        self._writer.acks += due
        self.counters["pubacks"] += count
        self.counters["stale_confirms"] += stale

    def _leave(self, sock: BufferedLine) -> None:
        """End the connection if it still stands: goodbye if it can be said, closed in any case."""
        client = self._client
        if client.socket() is None:
            return
        self._take_confirms()
        self._writer.write()
        client.disconnect()
        client.loop_write()
        if client.socket() is not None:  # it could not be written
            sock.shutdown(socket.SHUT_RDWR)
            client.loop_read()
