"""The sink that a table of the settings asks for.

A kind's library is imported only when a table asks for it, so an extra that nobody uses need not
be installed; `trygg gateway check` names the one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trygg_gateway.config_sink import SinkSection
from trygg_gateway.config_sinks_file import FileSink
from trygg_gateway.config_sinks_http import HttpSink
from trygg_gateway.config_sinks_mqtt import MqttSink
from trygg_gateway.config_sinks_store import NatsSink, PostgresSink
from trygg_gateway.sinks.port import Sink


def sink_of(section: SinkSection) -> Sink:
    """The sink of a table, not started."""
    return _MAKERS[type(section)](section)


def _http(section: HttpSink) -> Sink:
    from trygg_gateway.sinks.http import HttpSink as Made

    return Made(section.url, section.secret_file, timeout_s=section.timeout_seconds, ca=section.ca)


def _file(section: FileSink) -> Sink:
    from trygg_gateway.sinks.file import FileSink as Made

    return Made(section.path)


def _mqtt(section: MqttSink) -> Sink:
    from trygg_gateway.sinks.mqtt import MqttSink as Made

    return Made(section)


def _postgres(section: PostgresSink) -> Sink:
    from trygg_gateway.sinks.postgres import PostgresSink as Made

    return Made(section)


def _nats(section: NatsSink) -> Sink:
    from trygg_gateway.sinks.nats import NatsSink as Made

    return Made(section)


_MAKERS: dict[type[SinkSection], Callable[[Any], Sink]] = {
    HttpSink: _http,
    FileSink: _file,
    MqttSink: _mqtt,
    PostgresSink: _postgres,
    NatsSink: _nats,
}
