"""A mosquitto.conf read for what loses data or lets one tracker look at another. Pure but reading.

Defaults are those of mosquitto.conf(5) 2.0. Of a setting given twice the last one counts, but for
`listener`. Settings per listener are read as if they were everybody's: enough to find what is wrong
with a broker for trackers, not a model of Mosquitto.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from trygg_gateway.doctor.finding import Finding, error, good, note, warning

PART = "mosquitto.conf"
Settings = Mapping[str, str]


def read(path: Path) -> dict[str, str]:
    """Every setting's last value, files of include_dir too. Raises OSError."""
    found: dict[str, str] = {}
    for line in path.read_text("utf-8", "replace").splitlines():
        words = line.strip().split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        key, value = words[0], words[1].strip() if len(words) > 1 else ""
        if key == "include_dir":
            for one in sorted(Path(value).glob("*.conf")):
                found.update(read(one))
        else:
            found[key] = value
    return found


def look(conf: Settings) -> Iterator[Finding]:
    """What is wrong with them."""
    found = [*_memory(conf), *_bounds(conf), *_rights(conf)]
    yield from found
    if not any(one.level in ("error", "warning") for one in found):
        yield good(PART, "loses least, and lets nobody in without a password")


def _memory(conf: Settings) -> Iterator[Finding]:
    again = "The trackers say it again, hours later and out of order"
    if conf.get("persistence", "false") != "true":
        yield error(
            PART, "persistence is off", f"A restart of the broker forgets all that waits. {again}",
            "persistence true",
        )  # fmt: skip
        return
    every = _number(conf, "autosave_interval", 1800)
    if conf.get("autosave_on_changes") == "true":
        if every > 1:
            yield note(PART, f"it saves after {every} changes", "So many a kill may take")
    elif every == 0 or every > 60:
        when = "only at its end" if every == 0 else f"every {every} s"
        yield warning(
            PART, f"it saves {when} (autosave_interval)",
            f"A kill or a power cut takes what came since. {again}", "autosave_interval 1",
        )  # fmt: skip
    if "persistent_client_expiration" in conf:
        yield warning(
            PART, f"sessions end after {conf['persistent_client_expiration']}",
            "A gateway that is away for longer loses all that waits for it",
            "Remove persistent_client_expiration",
        )  # fmt: skip


def _bounds(conf: Settings) -> Iterator[Finding]:
    most = _number(conf, "max_queued_messages", 1000)
    if most:
        yield error(
            PART, f"it keeps {most:,} messages for the gateway and drops the rest in silence"
            " (max_queued_messages)", "1,000 trackers fill that in a minute while the gateway is"
            " restarted", "max_queued_messages 0, with max_queued_bytes as the bound",
        )  # fmt: skip
    if conf.get("queue_qos0_messages") == "true":
        yield note(PART, "it queues messages of quality 0", "They take room; trackers send none")
    inflight = _number(conf, "max_inflight_messages", 20)
    if 0 < inflight < 100:
        yield warning(
            PART, f"{inflight} messages may be under way (max_inflight_messages)",
            "That bounds how much one commit of the gateway gathers, and so its speed",
            "max_inflight_messages 1000",
        )  # fmt: skip
    for key in ("max_packet_size", "message_size_limit"):
        if 0 < _number(conf, key, 0) < 8192:
            yield error(
                PART, f"{key} is {conf[key]}", "A full set of fences is 6.6 KB and is dropped",
                f"{key} 16384",
            )  # fmt: skip


def _rights(conf: Settings) -> Iterator[Finding]:
    if conf.get("allow_anonymous", "false" if "listener" in conf else "true") == "true":
        yield error(
            PART, "anybody may log in (allow_anonymous)", "and read where everybody is",
            "allow_anonymous false, with a password_file",
        )  # fmt: skip
    if not conf.keys() & {"acl_file", "plugin", "auth_plugin"}:
        yield error(
            PART, "nothing says who may read what (no acl_file)",
            "Every tracker's password reads every tracker's whereabouts",
            "`trygg gateway mosquitto-config FOLDER` makes one",
        )  # fmt: skip
    if not conf.keys() & {"certfile", "psk_hint"} and not _near(conf.get("listener", "")):
        yield error(
            PART, "it listens without TLS", "Passwords and positions travel in the clear",
            "certfile and keyfile, or a listener on 127.0.0.1",
        )  # fmt: skip
    by_name = {"use_username_as_clientid", "use_identity_as_username", "use_subject_as_username"}
    if not any(conf.get(key) == "true" for key in by_name):
        yield warning(
            PART, "a client may call itself what it likes (use_username_as_clientid)",
            "A tracker under the gateway's client id takes over its session and what waits in it",
            "use_username_as_clientid true",
        )  # fmt: skip


def _near(listener: str) -> bool:
    return listener.endswith((" 127.0.0.1", " localhost", " ::1"))


def _number(conf: Settings, key: str, default: int) -> int:
    text = conf.get(key, "")
    return int(text) if text.isdigit() else default
