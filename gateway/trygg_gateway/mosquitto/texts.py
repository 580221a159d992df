"""The text of a Mosquitto's three files: its configuration, who may log in, who may do what. Pure.

What each setting is for stands beside it in the file. Two are less than obvious:

`use_username_as_clientid` makes the client's id its user name. Without it a tracker that logs in
under the gateway's client id takes over the gateway's session, and with it what waits in it.

`autosave_interval 1` writes what the broker holds to disk a second after it changed. A PUBACK of
Mosquitto still means no more than "in memory": a record that dies with the broker is sent again by
its tracker, which keeps it until the gateway's own ack. So this loses no record; it saves the time
until it comes again.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from trygg_gateway.values import Tracker
from trygg_wire import topics

GATEWAY_USER: Final = "_gateway"  # no tracker can have a name with _
PROBE_USERS: Final = ("_probe-a", "_probe-b")  # `trygg gateway doctor` logs in as these
QUEUE_BYTES: Final = 256 << 20
PACKET_BYTES: Final = 16_384


class Place(NamedTuple):
    """Where it listens, as whom it runs, where its files are. No `cert`: no TLS, loopback."""

    folder: Path
    port: int
    bind: str = ""
    user: str = ""
    cert: Path | None = None
    key: Path | None = None


def configuration(place: Place) -> str:
    """mosquitto.conf."""
    folder = place.folder
    lines = [
        "# Made by `trygg gateway mosquitto-config`, which writes it anew. What you want otherwise",
        "# goes into a file of conf.d, which is read last.",
        "",
        "# One user and password for each tracker, and nobody without one.",
        "allow_anonymous false",
        f"password_file {folder / 'users'}",
        f"acl_file {folder / 'acl'}",
        "allow_zero_length_clientid false",
        "",
        *_MEMORY,
        f"persistence_location {folder / 'data'}/",
        "",
        *_BOUNDS,
        "",
        f"pid_file {folder / 'mosquitto.pid'}",
        "log_dest stderr",
        *(f"log_type {kind}" for kind in ("error", "warning", "notice")),
        *([f"user {place.user}"] if place.user else []),
        "",
        f"listener {place.port}{' ' + place.bind if place.bind else ''}",
        "# A client is who it logged in as: nobody can take over the gateway's session by its id.",
        "use_username_as_clientid true",
        *_tls(place),
        "",
        f"include_dir {folder / 'conf.d'}",
    ]
    return "\n".join(lines) + "\n"


_MEMORY: Final = (
    "# What the broker holds for the gateway is on disk a second after it came. It is no place",
    "# to keep a record, and need not be: the tracker keeps it until the gateway has it.",
    "persistence true",
    "autosave_interval 1",
    "autosave_on_changes false",
)
_BOUNDS: Final = (
    "# While the gateway is away nothing is dropped for its number, only past 256 MB, and the",
    "# gateway's session never ends. Quality of service 0 is not what trackers send.",
    "max_queued_messages 0",
    f"max_queued_bytes {QUEUE_BYTES}",
    "max_inflight_messages 1000",
    "queue_qos0_messages false",
    "retain_available false",
    f"max_packet_size {PACKET_BYTES}",
    "set_tcp_nodelay true",
)


def _tls(place: Place) -> list[str]:
    if place.cert is None or place.key is None:
        return []
    return [f"certfile {place.cert}", f"keyfile {place.key}", "tls_version tlsv1.2"]


def rights(trackers: Iterable[Tracker]) -> str:
    """acl: the gateway hears all and answers all; a tracker has its own two topics, no more."""
    prefix = topics.PREFIX
    lines = [
        f"user {GATEWAY_USER}",
        f"topic read {prefix}+/+/up",
        f"topic write {prefix}+/+/down",
        "topic readwrite trygg/probe/+",  # the gateway sees by it that the broker passes on
    ]
    for name in PROBE_USERS:  # as if it were a tracker, where no tracker can be
        lines += ["", f"user {name}", f"topic write {probe_topic(name, 'say')}"]
        lines += [f"topic read {probe_topic(name, 'hear')}"]
    for tracker in speaking(trackers):
        lines += ["", f"user {tracker.device}"]
        lines += [f"topic write {topics.up(tracker.group, tracker.device)}"]
        lines += [f"topic read {topics.down(tracker.group, tracker.device)}"]
    return "\n".join(lines) + "\n"


def probe_topic(user: str, way: str) -> str:
    """A topic of a probe's own, which the gateway does not hear."""
    return f"{topics.PREFIX}_probe/{user}/{way}"


def users(hashes: Sequence[tuple[str, str]]) -> str:
    """The password file: (user, hash) each."""
    return "".join(f"{name}:{kept}\n" for name, kept in hashes)


def speaking(trackers: Iterable[Tracker]) -> list[Tracker]:
    """Those that may speak."""
    return [tracker for tracker in trackers if not tracker.revoked]
