"""Does what the settings name exist, and is it fit? Looked at before the gateway starts.

An error keeps the gateway from starting; a warning is said and shown. The content of a secret is
never part of a finding.
"""

from __future__ import annotations

import importlib.util
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import structlog

from trygg_gateway.config import Config, is_loopback
from trygg_gateway.config_calls import deaf_sinks, hours_alone
from trygg_gateway.config_errors import ConfigError
from trygg_gateway.config_sink import SinkSection
from trygg_gateway.config_sinks_http import HttpSink
from trygg_gateway.config_sinks_people import AppriseSink
from trygg_gateway.descriptors import raise_limit
from trygg_gateway.listener_limits import Limits
from trygg_gateway.policies import policy_of
from trygg_gateway.sink_makers import sink_of
from trygg_gateway.sinks.http import read_secret
from trygg_gateway.sinks.port import Later
from trygg_gateway.tls import RENEW_DAYS, TlsError, days_left
from trygg_gateway.web.auth import ConsolePassword, PasswordFormatError

log = structlog.get_logger("service")


class Finding(NamedTuple):
    """One thing that is wrong: the setting it is about, and a sentence that says what to do."""

    level: Literal["error", "warning"]
    setting: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.setting}: {self.text}"


def findings(config: Config) -> list[Finding]:
    """Everything wrong with the world the settings speak of, errors first."""
    found = [
        *_data(config.gateway.data),
        *_listener(config),
        *_broker(config),
        *_console(config),
        *_sinks(config),
        *_calls(config),
    ]
    return sorted(found, key=lambda finding: finding.level)


def demand_fit(config: Config) -> None:
    """Say every warning; raise ConfigError with every error."""
    found = findings(config)
    for finding in found:
        if finding.level == "warning":
            log.warning("settings", about=finding.setting, why=finding.text)
    errors = [str(finding) for finding in found if finding.level == "error"]
    if errors:
        raise ConfigError("\n".join(errors))


def _data(folder: Path) -> Iterator[Finding]:
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        yield _error("gateway.data", f"{nearest} cannot be written to. Give it to this user")
    elif folder.exists() and folder.stat().st_mode & 0o077:
        yield _warning(
            "gateway.data",
            f"{folder} holds people's whereabouts and others may look in. chmod 700 {folder}",
        )


def _listener(config: Config) -> Iterator[Finding]:
    listener = config.listener
    if listener.enabled:
        yield from _open_files(listener.max_connections)
    if not listener.enabled or not listener.tls or not listener.cert or not listener.key:
        return
    yield from _pair("listener", listener.cert, listener.key)
    if listener.client_ca is not None:
        yield from _authority("listener.client_ca", listener.client_ca)
    if config.listener.unprotected:
        yield _warning("listener.unprotected", "is not needed with tls = true. Remove it")


def _open_files(trackers: int) -> Iterator[Finding]:
    try:
        raise_limit(Limits(max_connections=trackers).descriptors, f"{trackers} trackers")
    except ConfigError as error:
        yield _error("listener.max_connections", str(error))


def _broker(config: Config) -> Iterator[Finding]:
    broker = config.broker
    if broker.url is None:
        return
    if broker.password_file:
        yield from _secret("broker.password_file", broker.password_file)
    if broker.cert and broker.key:
        yield from _pair("broker", broker.cert, broker.key)
    if broker.ca:
        yield from _authority("broker.ca", broker.ca)
    if broker.mosquitto and not (broker.mosquitto / "mosquitto.conf").exists():
        yield _error(
            "broker.mosquitto",
            f"{broker.mosquitto} has no mosquitto.conf. `trygg gateway mosquitto-config"
            f" {broker.mosquitto}` makes one",
        )


def _console(config: Config) -> Iterator[Finding]:
    console = config.console
    if not console.enabled:
        return
    if console.cert and console.key:
        yield from _pair("console", console.cert, console.key)
    elif not is_loopback(console.host):
        yield _warning(
            "console.host",
            "off loopback without cert and key, the password and the map travel in the clear."
            " Set console.cert and console.key, or put a proxy with TLS before a loopback console",
        )
    if console.password_hash_file:
        yield from _password(console.password_hash_file)


def _password(path: Path) -> Iterator[Finding]:
    setting = "console.password_hash_file"
    unfit = list(_secret(setting, path))
    yield from unfit
    if any(finding.level == "error" for finding in unfit):
        return
    try:
        ConsolePassword.from_text(path.read_text("utf-8"))
    except (PasswordFormatError, UnicodeDecodeError):
        yield _error(setting, f"{path} holds no password. `trygg gateway password {path}`")


def _sinks(config: Config) -> Iterator[Finding]:
    for name, sink in config.sinks.items():
        yield from _sink(f"sinks.{name}", sink)


def _sink(setting: str, sink: SinkSection) -> Iterator[Finding]:
    """What any kind of sink may name: a library, secrets, a CA, a certificate and its key."""
    if sink.needs and importlib.util.find_spec(sink.needs[0]) is None:
        module, extra = sink.needs
        yield _error(
            setting, f"needs {module}, which is not installed: pip install 'trygg[{extra}]'"
        )
    files = {key: value for key in type(sink).model_fields if (value := getattr(sink, key))}
    fit = True
    for key in files:
        if key.endswith("_file"):
            unfit = list(_secret(f"{setting}.{key}", files[key]))
            fit = fit and not any(finding.level == "error" for finding in unfit)
            yield from unfit
    if "ca" in files:
        yield from _authority(f"{setting}.ca", files["ca"])
    if "cert" in files and "key" in files:
        yield from _pair(setting, files["cert"], files["key"])
    if isinstance(sink, HttpSink) and fit:
        yield from _webhook(setting, sink)
    if isinstance(sink, AppriseSink) and fit and importlib.util.find_spec("apprise"):
        yield from _message_service(setting, sink)


def _calls(config: Config) -> Iterator[Finding]:
    """Whether an alarm has a way to somebody."""
    channels = config.alarms.channels
    if channels and config.sinks[channels[0]].standby:
        yield _error(
            "alarms.channels",
            f"{channels[0]} is the first and on standby, so no alarm would ever reach it. Remove"
            f" standby from [sinks.{channels[0]}], or name another first",
        )
    if channels and _only_accepts(config.sinks[channels[0]]):
        yield _warning(
            "alarms.channels",
            f"{channels[0]} is the first, and what it says never means that it keeps an alarm: the"
            " next begins every time. Name one first that stores (docs/sinks.md)",
        )
    for setting, text in deaf_sinks(config):
        yield _error(setting, text)
    for text in hours_alone(policy_of(config).duties):
        yield _warning("on_call", text)
    reached = {*channels, *(sink for person in config.people.values() for sink in person.sinks)}
    for name, sink in config.sinks.items():
        if sink.standby and name not in reached:
            yield _warning(
                f"sinks.{name}.standby", "nothing is ever addressed to it. Name it in"
                " alarms.channels or in a person's sinks, or remove standby",
            )  # fmt: skip
    on_call = {person for row in config.on_call.values() for person in row.people}
    for key in config.people.keys() - on_call:
        yield _warning(f"people.{key}", "is on call never. Name them in a table [on_call. ...]")


def _only_accepts(sink: SinkSection) -> bool:
    installed = sink.needs is None or importlib.util.find_spec(sink.needs[0]) is not None
    return installed and not sink_of(sink).confirms.counts


def _webhook(setting: str, sink: HttpSink) -> Iterator[Finding]:
    try:
        read_secret(sink.secret_file)
    except Later as error:
        yield _error(f"{setting}.secret_file", error.reason)


def _message_service(setting: str, sink: AppriseSink) -> Iterator[Finding]:
    from trygg_gateway.sinks.apprise import url_fault

    fault = url_fault(sink)
    if fault is not None:
        yield _error(f"{setting}.url_file", fault)


def _secret(setting: str, path: Path) -> Iterator[Finding]:
    """The file of a secret: there, readable, and nobody else's to read."""
    try:
        path.open("rb").close()
        mode = path.stat().st_mode
    except OSError as error:
        yield _error(setting, f"{path} cannot be read: {error.strerror}. Put the secret there")
        return
    if mode & 0o077:
        yield _warning(setting, f"{path} can be read by others on this machine. chmod 600 {path}")


def _pair(setting: str, cert: Path, key: Path) -> Iterator[Finding]:
    """A certificate and its key: readable, fitting together, not about to end."""
    yield from (one for one in _secret(f"{setting}.key", key) if one.level == "warning")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        left = days_left(cert)
    except (OSError, TlsError) as error:
        yield _error(
            f"{setting}.cert",
            f"{cert} and {key} are no certificate and its key: {error}."
            " `trygg gateway renew` makes a pair",
        )
        return
    if left < RENEW_DAYS:
        yield _warning(f"{setting}.cert", f"{cert} ends in {left} days. `trygg gateway renew`")


def _authority(setting: str, path: Path) -> Iterator[Finding]:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        yield _error(setting, f"{path} cannot be read as certificates (PEM): {error}")


def _error(setting: str, text: str) -> Finding:
    return Finding("error", setting, text)


def _warning(setting: str, text: str) -> Finding:
    return Finding("warning", setting, text)
