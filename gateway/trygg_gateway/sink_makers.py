"""The sink that a table of the settings asks for.

A kind's library is imported only when a table asks for it, so an extra that nobody uses need not
be installed; `trygg gateway check` names the one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trygg_gateway.about import Lookup, nothing_known
from trygg_gateway.config_sink import SinkSection
from trygg_gateway.config_sinks_file import FileSink
from trygg_gateway.config_sinks_http import HttpSink, OwnTracksHttpSink, TraccarSink
from trygg_gateway.config_sinks_mqtt import HomeAssistantSink, MqttSink, OwnTracksMqttSink
from trygg_gateway.config_sinks_people import AppriseSink
from trygg_gateway.config_sinks_store import NatsSink, PostgresSink
from trygg_gateway.sinks.port import Sink


def sink_of(section: SinkSection, about: Lookup = nothing_known) -> Sink:
    """The sink of a table, not started; `about` is for those whose readers know things by name."""
    return _MAKERS[type(section)](section, about)


def _http(section: HttpSink, _about: Lookup) -> Sink:
    from trygg_gateway.sinks.http import HttpSink as Made

    return Made(section.url, section.secret_file, timeout_s=section.timeout_seconds, ca=section.ca)


def _file(section: FileSink, _about: Lookup) -> Sink:
    from trygg_gateway.sinks.file import FileSink as Made

    return Made(section.path)


def _mqtt(section: MqttSink, _about: Lookup) -> Sink:
    from trygg_gateway.sinks.mqtt import MqttSink as Made

    return Made(section)


def _postgres(section: PostgresSink, _about: Lookup) -> Sink:
    from trygg_gateway.sinks.postgres import PostgresSink as Made

    return Made(section)


def _nats(section: NatsSink, _about: Lookup) -> Sink:
    from trygg_gateway.sinks.nats import NatsSink as Made

    return Made(section)


def _owntracks_mqtt(section: OwnTracksMqttSink, about: Lookup) -> Sink:
    from trygg_gateway.sinks.owntracks_mqtt import OwnTracksMqttSink as Made

    return Made(section, about)


def _owntracks_http(section: OwnTracksHttpSink, about: Lookup) -> Sink:
    from trygg_gateway.sinks.owntracks_http import OwnTracksHttpSink as Made

    return Made(section, about)


def _traccar(section: TraccarSink, _about: Lookup) -> Sink:
    from trygg_gateway.sinks.traccar import TraccarSink as Made

    return Made(section)


def _homeassistant(section: HomeAssistantSink, about: Lookup) -> Sink:
    from trygg_gateway.sinks.homeassistant import HomeAssistantSink as Made

    return Made(section, about)


def _apprise(section: AppriseSink, about: Lookup) -> Sink:
    from trygg_gateway.sinks.apprise import AppriseSink as Made

    return Made(section, about)


_MAKERS: dict[type[SinkSection], Callable[[Any, Lookup], Sink]] = {
    HttpSink: _http,
    FileSink: _file,
    MqttSink: _mqtt,
    PostgresSink: _postgres,
    NatsSink: _nats,
    OwnTracksMqttSink: _owntracks_mqtt,
    OwnTracksHttpSink: _owntracks_http,
    TraccarSink: _traccar,
    HomeAssistantSink: _homeassistant,
    AppriseSink: _apprise,
}
