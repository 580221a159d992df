"""The settings of sinks that speak MQTT to a broker."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from trygg_gateway.config_section import FromFolder
from trygg_gateway.config_sink import PeerSection

FIELDS = ("gateway", "device", "kind", "lane")


class BrokerSection(PeerSection):
    """What every sink at a broker has."""

    url: Annotated[str, Field(pattern=r"^mqtts?://[^/?#@\s]+/?$")] = Field(
        description="mqtts://host:port of the broker", examples=["mqtts://broker.example:8883"]
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
        default="5", description='MQTT version; with "3.1.1" a broker cannot say that it refuses'
    )
    client_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="none: a new one each time, as the broker keeps nothing for us",
        examples=["trygg-nord"],
    )

    @model_validator(mode="after")
    def _link(self) -> Self:
        if bool(self.cert) != bool(self.key):
            raise ValueError("cert and key go together. Set both or neither")
        return self


class MqttSink(BrokerSection):
    """Another broker: every event as CloudEvents JSON at quality of service 1."""

    type: Literal["mqtt"]
    topic: str = Field(
        default="trygg/events/{device}/{kind}",
        description="where each goes; may hold {gateway} {device} {kind} {lane}",
    )

    @field_validator("topic")
    @classmethod
    def _is_a_topic(cls, topic: str) -> str:
        plain = topic
        for name in FIELDS:
            plain = plain.replace("{" + name + "}", "x")
        if set(plain) & set("{}+#\0") or plain.startswith("$") or not plain:
            raise ValueError(
                f"topic = {topic!r} is none to publish on. Wanted words, slashes and {{gateway}}"
                " {device} {kind} {lane}, without + # $"
            )
        return topic


class OwnTracksMqttSink(BrokerSection):
    """OwnTracks over MQTT: trackers as devices of one user, as its apps publish."""

    type: Literal["owntracks-mqtt"]
    user: str = Field(
        default="trygg",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="the OwnTracks user: topics are owntracks/USER/DEVICE",
    )
    retain: bool = Field(
        default=False, description="true: the broker keeps each last location, as friend lists want"
    )
    waypoints: bool = Field(
        default=False, description="true: circular fences too; they say where somebody lives"
    )


class HomeAssistantSink(BrokerSection):
    """Home Assistant, by its MQTT device discovery: position, battery, fence, alarms."""

    type: Literal["homeassistant"]
    discovery: str = Field(
        default="homeassistant",
        pattern=r"^[A-Za-z0-9_/-]{1,64}$",
        description="its discovery prefix",
    )
    place: str = Field(
        default="trygg/home",
        pattern=r"^[A-Za-z0-9_/-]{1,64}$",
        description="topics of ours are below this; two gateways need two",
    )
