"""The MQTT sink: every event as CloudEvents JSON at another broker, quality of service 1.

Confirmed by the PUBACK, which says that the broker has it in its memory: ACCEPTED, no more. (A
Mosquitto that dies as it comes loses what it had acknowledged.) The topic is a template; with
MQTT 5 the content type is `application/cloudevents+json`, the structured mode of the CloudEvents
MQTT binding 1.0, and the reader knows a double by the event's `id`, the identity of the record.

    PUBACK with a reason below 0x80   accepted; "no matching subscribers" is counted
    topic or packet never fit         refused: 0x90, 0x95, 0x99, or above its Maximum Packet Size
    any other reason                  later: not authorized, quota exceeded ... are set up wrong
    no connection, no PUBACK in time  later, on a new connection

An MQTT 3.1.1 broker acknowledges what it then does not let through; so 5 is the default.
"""

from __future__ import annotations

from collections.abc import Sequence

from trygg_gateway.config_sinks_mqtt import MqttSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.mqtt_line import MqttLine
from trygg_gateway.sinks.mqtt_outbound import Message
from trygg_gateway.sinks.port import Answer

CONTENT = "application/cloudevents+json"


class MqttSink:
    """Events on `topic` at a broker."""

    batch = 500
    alarm_batch = 1
    confirms = Answer.ACCEPTED

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.topic
        self._line = MqttLine(settings)
        self.counters = self._line.counters

    async def start(self) -> None:
        """Read the password and connect; Later if not."""
        await self._line.start()

    async def stop(self) -> None:
        """Say goodbye to the broker."""
        await self._line.stop()

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Publish them in their order and wait for every PUBACK."""
        await self._line.publish([self._message(entry) for entry in entries])
        return Answer.ACCEPTED

    def _message(self, entry: Delivery) -> Message:
        return Message(topic_of(self._topic, entry), entry.json, content=CONTENT)


def topic_of(template: str, entry: Delivery) -> str:
    """The topic of an entry; names of gateways and trackers hold nothing that MQTT reads."""
    return template.format(
        gateway=entry.attributes["source"].rpartition("/")[2],
        device=entry.attributes["subject"],
        kind=entry.data["kind"],
        lane=entry.attributes["lane"],
    )
