"""The settings of the sinks: a table [sinks.NAME] each, and `type` says which kind it is."""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field

from trygg_gateway.config_sink import SinkSection
from trygg_gateway.config_sinks_file import FileSink
from trygg_gateway.config_sinks_http import HttpSink, OwnTracksHttpSink, TraccarSink
from trygg_gateway.config_sinks_mqtt import HomeAssistantSink, MqttSink, OwnTracksMqttSink
from trygg_gateway.config_sinks_people import AppriseSink
from trygg_gateway.config_sinks_store import NatsSink, PostgresSink

SinkConfig = Annotated[
    HttpSink
    | FileSink
    | MqttSink
    | PostgresSink
    | NatsSink
    | OwnTracksMqttSink
    | OwnTracksHttpSink
    | TraccarSink
    | HomeAssistantSink
    | AppriseSink,
    Field(discriminator="type"),
]

# what the printed default shows of each kind: a name for the table, and its class
EXAMPLES: dict[str, type[SinkSection]] = {
    "centre": HttpSink,
    "archive": FileSink,
    "broker": MqttSink,
    "database": PostgresSink,
    "stream": NatsSink,
    "phones": OwnTracksMqttSink,
    "recorder": OwnTracksHttpSink,
    "traccar": TraccarSink,
    "home": HomeAssistantSink,
    "night-phone": AppriseSink,
}


def kind_of(section: type[SinkSection]) -> str:
    """The `type` of a kind of sink, as it stands in the file."""
    return str(get_args(section.model_fields["type"].annotation)[0])


KINDS = tuple(kind_of(section) for section in EXAMPLES.values())
