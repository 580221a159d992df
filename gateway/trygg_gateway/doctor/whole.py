"""The whole examination: each part in its turn, told when it is looked at, none ends the others."""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from os import statvfs
from pathlib import Path
from typing import NamedTuple

from trygg_gateway import journal_check, own_records
from trygg_gateway.config import Config
from trygg_gateway.config_check import findings
from trygg_gateway.doctor import (
    clock,
    disk,
    files,
    journal_state,
    machine,
    mosquitto_conf,
    mqtt_probe,
    sinks,
)
from trygg_gateway.doctor.finding import Finding, error, good, note
from trygg_gateway.doctor.machine import Wanted
from trygg_gateway.doctor.mqtt_probe import Probe
from trygg_gateway.journal import Journal
from trygg_gateway.mosquitto.folder import out_of_step
from trygg_gateway.mosquitto.texts import PROBE_USERS, probe_topic
from trygg_gateway.registry import Registry

_NEWEST = "SELECT max(received_ms) FROM records WHERE id > (SELECT max(id) FROM records) - 10000"
_JUMPED = "SELECT max(stored_ms) FROM alarms WHERE what = ?"

Part = tuple[str, Callable[[], Iterable[Finding]]]


class Asked(NamedTuple):
    """What the command was asked to look at beside the settings."""

    config_file: Path
    deep: bool = False
    mosquitto_conf: Path | None = None
    probes: tuple[Probe, Probe] | None = None
    pid: int | None = None  # of the running gateway


def parts(config: Config, journal: Journal, asked: Asked) -> list[Part]:
    """Every part with what looks at it, in the order in which they are told."""
    return [
        ("settings", lambda: _settings(config)),
        ("clock", lambda: _clock(journal)),
        ("disk", lambda: _disk(config)),
        ("journal", lambda: journal_state.look(journal, _deeply(journal, asked.deep))),
        ("files", lambda: files.modes(_private(config, asked.config_file), [asked.config_file])),
        ("certificates", lambda: files.ends(certificates(config))),
        ("machine", lambda: _machine(config, asked.pid)),
        *_mosquitto(config, journal),
        *_broker(config, asked),
        ("sinks", lambda: sinks.reach(config.sinks, config.on_call)),
        *((f"sink {name}", _one_sink(name, section)) for name, section in config.sinks.items()),
    ]


def examine(wanted: Iterable[Part], tell: Callable[[str], None]) -> Iterator[Finding]:
    """Every finding; `tell` gets the name of the part that is looked at next."""
    for name, look in wanted:
        tell(name)
        try:
            yield from look()
        except Exception as failure:  # noqa: BLE001 - the other parts are looked at all the same
            yield error(
                name, f"could not be looked at: {type(failure).__name__}: {failure}",
                "What is wrong with it stays unknown", "Tell us, with this line",
            )  # fmt: skip


def _deeply(journal: Journal, deep: bool) -> Callable[[], list[str]] | None:
    return (lambda: journal_check.whole(journal.path)) if deep else None


def _settings(config: Config) -> Iterator[Finding]:
    for one in findings(config):
        yield Finding(one.level, "settings", f"{one.setting}: {one.text}")


def _clock(journal: Journal) -> Iterator[Finding]:
    newest_ms = journal.query(_NEWEST)[0][0] or 0
    jumped_ms = journal.query(_JUMPED, (own_records.CLOCK_JUMPED,))[0][0] or 0
    yield from clock.look(clock.ask_kernel(), newest_ms, jumped_ms, time.time_ns() // 1_000_000)


def _disk(config: Config) -> Iterator[Finding]:
    data = config.gateway.data.resolve()
    free = statvfs(data)
    wanted = config.watch.disk_free_mb << 20
    yield disk.room(free.f_bavail * free.f_frsize, free.f_blocks * free.f_frsize, wanted)
    mount = disk.mount_of(data, Path("/proc/self/mountinfo").read_text("utf-8"))
    syncs_s = disk.measure(data)
    yield from disk.look(mount, disk.block_of(mount.device), syncs_s, config.journal.commit_rows)


def _private(config: Config, config_file: Path) -> list[Path]:
    """What is nobody else's to read: the data, every secret, every private key."""
    home = config_file.resolve().parent
    said = [config.console.password_hash_file, config.broker.password_file, config.broker.key,
            config.listener.key, config.console.key]  # fmt: skip
    said += [getattr(sink, "secret_file", None) for sink in config.sinks.values()]
    found = {config.gateway.data, *(path for path in said if path is not None)}
    found |= {*config.gateway.data.glob("journal.sqlite*"), *(home / "secrets").glob("*")}
    found |= {*(home / "tls").glob("*.key")}
    return sorted(found)


def certificates(config: Config) -> list[Path]:
    """Every certificate that the settings name, and the CA beside it."""
    named = [config.listener.cert if config.listener.tls else None, config.broker.cert,
             config.broker.ca, config.console.cert]  # fmt: skip
    found = {path for path in named if path is not None}
    if config.broker.mosquitto is not None:
        found.add(config.broker.mosquitto / "server.crt")
    found |= {path.with_name("ca.crt") for path in found}
    return sorted(path for path in found if path.exists())


def _machine(config: Config, pid: int | None) -> Iterator[Finding]:
    wanted = []
    if config.listener.enabled:
        wanted.append(Wanted(config.listener.host, config.listener.port, "listener.port"))
    if config.console.enabled:
        wanted.append(Wanted(config.console.host, config.console.port, "console.port"))
    if config.metrics.enabled and config.metrics.port:
        wanted.append(Wanted(config.metrics.host, config.metrics.port, "metrics.port"))
    yield from machine.ports([one for one in wanted if one.port], pid is not None)
    connections = config.listener.max_connections if config.listener.enabled else 0
    yield machine.open_files(connections, pid)
    yield machine.guard(machine.unit_properties())


def _mosquitto(config: Config, journal: Journal) -> list[Part]:
    folder = config.broker.mosquitto
    return [] if folder is None else [("mosquitto", lambda: _in_step(folder, journal))]


def _in_step(folder: Path, journal: Journal) -> Iterator[Finding]:
    registry = Registry(journal, lambda: time.time_ns() // 1_000_000)
    names = out_of_step(folder, registry.all(), registry.broker_hashes())
    if names:
        yield error(
            "mosquitto", f"its users are not the trackers: {', '.join(names[:10])}",
            "Who is revoked may still speak, or who is registered cannot",
            f"trygg gateway mosquitto-config {folder}",
        )  # fmt: skip
    else:
        yield good("mosquitto", "its users are the trackers as they are now")


def _broker(config: Config, asked: Asked) -> list[Part]:
    ours = config.broker.mosquitto
    conf = asked.mosquitto_conf or (ours / "mosquitto.conf" if ours else None)
    wanted: list[Part] = []
    if conf is not None:
        wanted.append(("mosquitto.conf", lambda: mosquitto_conf.look(mosquitto_conf.read(conf))))
    elif config.broker.url:
        wanted.append(("mosquitto.conf", _not_named))
    url = config.broker.url
    if url is not None:
        probes = asked.probes or own_probes(asked.config_file)
        wanted.append(("broker", lambda: mqtt_probe.look(url, _tls(config), probes)))
    return wanted


def _not_named() -> Iterator[Finding]:
    yield note(
        "mosquitto.conf", "what the broker keeps and drops was not read",
        "max_queued_messages and autosave_interval lose data without a word",
        "--mosquitto-conf /etc/mosquitto/mosquitto.conf, if it is Mosquitto on this machine",
    )  # fmt: skip


def _tls(config: Config) -> ssl.SSLContext | None:
    if not (config.broker.url or "").startswith("mqtts:"):
        return None
    context = ssl.create_default_context(cafile=config.broker.ca)
    if config.broker.cert is not None:
        context.load_cert_chain(config.broker.cert, config.broker.key)
    return context


def own_probes(config_file: Path) -> tuple[Probe, Probe] | None:
    """The two users that `mosquitto-config` makes for this, if it was given here."""
    folder = config_file.resolve().parent / "secrets"
    found = []
    for user in PROBE_USERS:
        try:
            password = (folder / f"broker{user}").read_bytes().strip()
        except OSError:
            return None
        found.append(Probe(user, password, probe_topic(user, "say"), probe_topic(user, "hear")))
    return found[0], found[1]


def _one_sink(name: str, section: object) -> Callable[[], Iterator[Finding]]:
    return lambda: sinks.look(name, section)
