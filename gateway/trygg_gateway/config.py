"""The gateway's settings: one TOML file, validated whole before anything starts.

`load(path)` gives a Config or raises ConfigError, whose text has one line per mistake: the file,
the key, the value, what was wanted and what to do. Every key has a default, so an empty file is a
gateway on loopback with its own front door, a console and no sink. Paths are taken from the file's
own folder. Secrets are never values, only paths of files; `config_check` looks at those files.
The commented default that `trygg gateway config` prints is made from the descriptions below.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator

from trygg_gateway.config_duty import Alarms, OnCall, Person, Watch
from trygg_gateway.config_errors import ConfigError as ConfigError  # tools catch it from here
from trygg_gateway.config_errors import readable
from trygg_gateway.config_journal import Journal, Retention
from trygg_gateway.config_section import NAME as NAME
from trygg_gateway.config_section import FromFolder, Port, Section, Unprotected
from trygg_gateway.config_section import is_loopback as is_loopback
from trygg_gateway.config_sinks import SinkConfig


class Gateway(Section):
    """Who this gateway is and where it keeps its journal."""

    name: str = Field(
        default="trygg", pattern=NAME, description="its name, in the source of every event"
    )
    data: FromFolder = Field(
        default=Path("data"), description="folder of the journal and its files"
    )


class Listener(Section):
    """The gateway's own front door: MQTT 3.1.1 for trackers, nothing else to install."""

    enabled: bool = Field(
        default=True, description="false: no front door of its own (see [broker])"
    )
    host: str = Field(
        default="127.0.0.1", description='address to listen on; "0.0.0.0" for every one'
    )
    port: Port = Field(default=1883, description="0: any free one, named in the log")
    tls: bool = Field(default=False, description="true: demand TLS; needs cert and key")
    cert: FromFolder | None = Field(
        default=None, description="certificate chain (PEM)", examples=["tls/server.crt"]
    )
    key: FromFolder | None = Field(
        default=None, description="its private key (PEM), mode 0600", examples=["tls/server.key"]
    )
    client_ca: FromFolder | None = Field(
        default=None,
        description="CA (PEM) of trackers' own certificates; none: they log in by password",
        examples=["tls/ca.crt"],
    )
    max_packet: int = Field(
        default=16384, ge=256, le=1 << 20, description="longest MQTT packet, bytes"
    )
    max_connections: int = Field(
        default=10_000,
        ge=1,
        le=20_000,
        description="trackers logged in at the same time; each takes an open file, 5 to 22 KB",
    )
    auth_seconds: int = Field(
        default=10, ge=1, le=300, description="time a caller has to authenticate"
    )
    keepalive: int = Field(
        default=3600, ge=1, le=65535, description="longest keepalive granted, seconds"
    )
    unprotected: Unprotected = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tls and not (self.cert and self.key):
            raise ValueError("tls = true needs cert and key. `trygg gateway init` makes both")
        if self.enabled and not (self.tls or is_loopback(self.host) or self.unprotected):
            raise ValueError(
                f"host = {self.host!r} without TLS shows trackers' passwords and positions to the"
                " network. Set tls = true with cert and key, or unprotected = true if the link is"
                " protected in another way"
            )
        return self


class Broker(Section):
    """The second front door: an MQTT broker you already run (Mosquitto, EMQX, NATS)."""

    url: str | None = Field(
        default=None,
        pattern=r"^mqtts?://[^/?#@\s]+/?$",
        description="mqtt://host:port or mqtts://host:port; no url: no broker",
        examples=["mqtts://broker.example:8883"],
    )
    username: str | None = Field(default=None, description="user at the broker", examples=["trygg"])
    password_file: FromFolder | None = Field(
        default=None,
        description="file with the user's password, mode 0600",
        examples=["secrets/broker"],
    )
    ca: FromFolder | None = Field(
        default=None, description="its CA (PEM); none: the system's", examples=["tls/broker-ca.crt"]
    )
    cert: FromFolder | None = Field(
        default=None,
        description="our certificate for the broker",
        examples=["tls/broker-client.crt"],
    )
    key: FromFolder | None = Field(
        default=None, description="its private key, mode 0600", examples=["tls/broker-client.key"]
    )
    version: Literal["3.1.1", "5"] = Field(
        default="3.1.1", description='MQTT version: "3.1.1" or "5"'
    )
    client_id: str = Field(
        default="trygg-gateway",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="fixed: the broker keeps our session under it, so two gateways need two",
    )
    mosquitto: FromFolder | None = Field(
        default=None,
        description="folder of `trygg gateway mosquitto-config`, kept in step with the trackers",
        examples=["mosquitto"],
    )
    unprotected: Unprotected = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.url is None:
            return self
        if bool(self.cert) != bool(self.key):
            raise ValueError("cert and key go together. Set both or neither")
        if self.url.startswith("mqtt:") and not (
            is_loopback(urlsplit(self.url).hostname or "") or self.unprotected
        ):
            raise ValueError(
                f"url = {self.url!r} is without TLS. Use mqtts://, or set unprotected = true if the"
                " link is protected in another way"
            )
        return self


class Console(Section):
    """The operators' page."""

    enabled: bool = Field(default=True, description="false: no page")
    host: str = Field(
        default="127.0.0.1", description="address to serve on; off loopback needs a password"
    )
    port: Port = Field(default=8080, description="0: any free one, named in the log")
    hosts: list[str] = Field(
        default=[],
        description="names people type to reach it (others get no answer); none: localhost, `host`",
    )
    password_hash_file: FromFolder | None = Field(
        default=None,
        description="file that `trygg gateway password FILE` writes",
        examples=["secrets/console"],
    )
    cert: FromFolder | None = Field(
        default=None,
        description="certificate chain (PEM): serve https",
        examples=["tls/server.crt"],
    )
    key: FromFolder | None = Field(
        default=None, description="its private key (PEM), mode 0600", examples=["tls/server.key"]
    )
    tiles: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="map tiles; none: a plain grid with a scale, and no word to anybody",
        examples=["https://tiles.example/{z}/{x}/{y}.png"],
    )
    tiles_credit: str = Field(default="", description="the credit line under the map")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.cert) != bool(self.key):
            raise ValueError("cert and key go together. Set both or neither")
        if self.enabled and not (is_loopback(self.host) or self.password_hash_file):
            raise ValueError(
                f"host = {self.host!r} shows people's whereabouts to the network: a console off"
                " loopback needs password_hash_file. Write one with `trygg gateway password FILE`"
            )
        if self.enabled and self.host in ("0.0.0.0", "::") and not self.hosts:  # noqa: S104
            raise ValueError(
                f"host = {self.host!r} is every address, and a browser's request names one: set"
                ' hosts to what people type, say hosts = ["trygg.kommune.example", "10.1.0.5"]'
            )
        return self


class Metrics(Section):
    """Figures for Prometheus. No device's name and no coordinate is ever among them."""

    enabled: bool = Field(default=True, description="false: none")
    host: str = Field(default="127.0.0.1", description="address of the port of their own")
    port: Port = Field(
        default=0, description="0: on the console, at /metrics; else a port of their own"
    )


class Log(Section):
    """What the gateway says about itself, on standard error. Never a coordinate or a secret."""

    form: Literal["console", "json"] = Field(default="console", description='"console" or "json"')
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least told"
    )


SinkName = Annotated[str, Field(pattern=NAME)]


class Config(Section):
    """The whole file."""

    gateway: Gateway = Field(default_factory=Gateway)
    listener: Listener = Field(default_factory=Listener)
    broker: Broker = Field(default_factory=Broker)
    console: Console = Field(default_factory=Console)
    metrics: Metrics = Field(default_factory=Metrics)
    journal: Journal = Field(default_factory=Journal)
    retention: Retention = Field(default_factory=Retention)
    log: Log = Field(default_factory=Log)
    watch: Watch = Field(default_factory=Watch)
    alarms: Alarms = Field(default_factory=Alarms)
    sinks: dict[SinkName, SinkConfig] = Field(default_factory=dict)
    people: dict[SinkName, Person] = Field(default_factory=dict)
    on_call: dict[SinkName, OnCall] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_a_door(self) -> Self:
        if not self.listener.enabled and self.broker.url is None:
            raise ValueError(
                "no front door: listener.enabled is false and broker.url is not set. Set one, or no"
                " tracker can be heard"
            )
        return self

    @model_validator(mode="after")
    def _calls_whom_it_knows(self) -> Self:
        for sink in self.alarms.channels:
            _demand_known(sink, self.sinks, "alarms.channels", "[sinks.{}]")
        for key, person in self.people.items():
            for sink in person.sinks:
                _demand_known(sink, self.sinks, f"people.{key}.sinks", "[sinks.{}]")
        for key, row in self.on_call.items():
            for one in row.people:
                _demand_known(one, self.people, f"on_call.{key}.people", "[people.{}]")
        return self


def _demand_known(name: str, known: dict[str, Any], setting: str, table: str) -> None:
    if name not in known:
        raise ValueError(
            f"{setting} names {name!r}: there is no table {table.format(name)}. Add it"
        )


def parse(text: str, path: Path) -> Config:
    """The settings in `text`; `path` is the file they are of. Raises ConfigError."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}. Mend that line and try again") from None
    # a default given by the class was made before any folder was known: make them all here
    filled = {name: values.get(name, {}) for name in Config.model_fields} | values
    try:
        return Config.model_validate(filled, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise ConfigError(readable(error, str(path), Config, values)) from None


def load(path: Path) -> Config:
    """The settings in the file `path`. Raises ConfigError, also for a file that cannot be read."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}. Make one with `trygg gateway init FOLDER`,"
            " or name another with --config"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text. Save it as UTF-8 and try again") from None
    return parse(text, path)
