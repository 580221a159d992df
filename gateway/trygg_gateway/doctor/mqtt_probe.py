"""A broker asked itself: does it let anybody in, does it keep a session, may one read another.

Nothing here logs in as the gateway: under its name it would take over its session. Two other users
are needed, as `trygg gateway mosquitto-config` makes them (`_probe-a`, `_probe-b`) or two trackers
registered for this alone. They speak on topics of their own, so that no record is harmed; with two
trackers' credentials one message on an up topic reaches the gateway, which sets it aside.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from trygg_gateway.doctor.finding import Finding, error, good, note, warning
from trygg_wire import packets, topics

PART = "broker"
SECONDS = 5.0
LISTEN_S = 1.0  # for what a slower broker still sends
SAID = b"trygg doctor"
_EVERYTHING = ("#", "trygg/v1/+/+/up", "trygg/v1/+/+/down")
_BAN = "Give it rights by user (an ACL); `trygg gateway mosquitto-config` shows how"


class Probe(NamedTuple):
    """Somebody to log in as, and the topics that they may write and read."""

    user: str
    password: bytes
    write: str
    read: str


class Line:
    """One MQTT 3.1.1 connection that waits for its answers. Raises OSError."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        place = urlsplit(url)
        host, port = place.hostname or "", place.port or (8883 if tls else 1883)
        line = socket.create_connection((host, port), SECONDS)
        self._line = tls.wrap_socket(line, server_hostname=host) if tls else line
        self._reader = packets.Reader(1 << 16)
        self._got: list[tuple[int, int, bytes]] = []
        self._id = 0
        self._heard: list[tuple[str, bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def log_in(self, probe: Probe | None, *, clean: bool = True) -> tuple[bool, int]:
        """(session present, the broker's code: 0 is in)."""
        if probe is None:
            self._line.sendall(packets.connect("trygg-doctor", None, None, 60, clean))
        else:
            user = probe.user
            self._line.sendall(packets.connect(user, user, probe.password, 60, clean))
        _, body = self._next(packets.CONNACK)
        session, code = packets.read_connack(body)
        return bool(session), int(code)

    def listen(self, *filters: str) -> None:
        """Subscribe; what the broker says to it is not believed, only what it sends."""
        self._id += 1
        self._line.sendall(packets.subscribe(self._id, [(one, 1) for one in filters]))
        self._next(packets.SUBACK)

    def say(self, topic: str) -> None:
        """Publish and wait until the broker has dealt with it, or closed on us."""
        self._id += 1
        self._line.sendall(packets.publish(topic, SAID, 1, self._id, False))
        try:
            self._next(packets.PUBACK)
        except ConnectionError:
            return

    def goodbye(self) -> None:
        """DISCONNECT: the session stays if it was not clean."""
        self._line.sendall(packets.DISCONNECT)

    def heard(self) -> list[str]:
        """Topics of all that came so far, after LISTEN_S more."""
        until = time.monotonic() + LISTEN_S
        while (left := until - time.monotonic()) > 0:
            self._line.settimeout(left)
            try:
                self._take()
            except TimeoutError:
                break
            except ConnectionError:
                break
        return [topic for topic, _ in self._heard]

    def _take(self) -> tuple[int, int, bytes]:
        while not self._got:
            data = self._line.recv(4096)
            if not data:
                raise ConnectionError("the broker closed the connection")
            self._got = self._reader.feed(data)
        kind, flags, body = self._got.pop(0)
        if kind == packets.PUBLISH:
            topic, qos, packet_id, payload, _, _ = packets.read_publish(flags, body)
            self._heard.append((topic, payload))
            if qos:
                self._line.sendall(packets.puback(packet_id))
        return kind, flags, body

    def _next(self, wanted: int) -> tuple[int, bytes]:
        while True:
            kind, flags, body = self._take()
            if kind == wanted:
                return flags, body


def look(url: str, tls: ssl.SSLContext | None, probes: tuple[Probe, Probe] | None) -> Iterator[
    Finding
]:  # fmt: skip
    """What a broker does when it is asked."""
    try:
        yield _anonymous(url, tls)
        if probes is None:
            yield note(
                PART, "whether one tracker can read another was not tried",
                "That takes two users of its own",
                "--probe FILE --probe FILE, as `trygg gateway tracker add --out FILE` writes them",
            )  # fmt: skip
            return
        yield from _between(url, tls, *probes)
        yield _session(url, tls, probes[0])
    except (OSError, ValueError) as failure:
        yield error(
            PART, f"{url}: {failure}", "No tracker behind it is heard",
            "Look whether it runs, and at its log",
        )  # fmt: skip


def _anonymous(url: str, tls: ssl.SSLContext | None) -> Finding:
    with Line(url, tls) as line:
        try:
            _, code = line.log_in(None)
        except ConnectionError:
            code = 5
    if code == 0:
        return error(
            PART, "it lets anybody in without a password", "and read where everybody is",
            "allow_anonymous false, or what your broker calls it",
        )  # fmt: skip
    return good(PART, "nobody gets in without a password")


def _between(url: str, tls: ssl.SSLContext | None, one: Probe, other: Probe) -> Iterator[Finding]:
    with Line(url, tls) as spy, Line(url, tls) as victim:
        for line, probe in ((spy, one), (victim, other)):
            _, code = line.log_in(probe)
            if code:
                yield error(
                    PART, f"it refuses {probe.user} (code {code})",
                    "So nothing could be tried", "Is its list of users the newest?",
                )  # fmt: skip
                return
        victim.listen(other.read)
        spy.listen(*_EVERYTHING, other.write, other.read)
        victim.say(other.write)
        spied = [topic for topic in spy.heard() if topic not in (one.read, one.write)]
    if spied:
        yield error(
            PART, f"{one.user} reads what is not its own ({len(spied)} messages)",
            "Who has one tracker's password reads everybody's whereabouts", _BAN,
        )  # fmt: skip
    else:
        yield good(PART, f"{one.user} reads nothing of {other.user}")
    yield _forged(url, tls, one, other)


def _forged(url: str, tls: ssl.SSLContext | None, one: Probe, other: Probe) -> Finding:
    with Line(url, tls) as liar, Line(url, tls) as victim:
        liar.log_in(one)
        victim.log_in(other)
        victim.listen(other.read)
        liar.say(other.read)
        reached = victim.heard()
    if reached:
        return error(
            PART, f"{one.user} writes to {other.user}",
            "Orders are signed, so nothing is obeyed; but acks are not, and a forged one makes a"
            " tracker forget what nobody holds", _BAN,
        )  # fmt: skip
    return good(PART, f"{one.user} cannot write to {other.user}")


def _session(url: str, tls: ssl.SSLContext | None, probe: Probe) -> Finding:
    with Line(url, tls) as line:
        line.log_in(probe, clean=False)
        line.listen(probe.read)
        line.goodbye()
    with Line(url, tls) as line:
        kept, _ = line.log_in(probe, clean=False)
    with Line(url, tls) as line:
        line.log_in(probe)  # clean: it leaves nothing behind
    if not kept:
        return warning(
            PART, "it forgets a session when the connection ends",
            "What comes while the gateway is away is dropped, and trackers say it again later",
            "Allow persistent sessions",
        )  # fmt: skip
    return good(PART, "it keeps a session over a reconnect")


def tracker_probe(user: str, password: str, group: str) -> Probe:
    """A tracker registered for this alone."""
    return Probe(user, password.encode(), topics.up(group, user), topics.down(group, user))
