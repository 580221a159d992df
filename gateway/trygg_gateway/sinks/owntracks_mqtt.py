"""The OwnTracks sink over MQTT: what a phone with the app would publish (owntracks.py).

    owntracks/USER/DEVICE            location, lwt
    owntracks/USER/DEVICE/event      transition
    owntracks/USER/DEVICE/info       card, kept by the broker
    owntracks/USER/DEVICE/waypoints  waypoints

Each at quality of service 1: the PUBACK is ACCEPTED. A record is confirmed when its last message
is; after a crash all of them come again, the same bytes with the same `_id`. The friend list of an
app wants locations that the broker keeps (`retain`); whoever may read there then knows the last one
for as long as it stands. When a person is forgotten the broker forgets both of theirs, but not when
the name has been registered anew since that was said: what stands is the new wearer's.
"""

from __future__ import annotations

import asyncio

import orjson

from trygg_gateway.about import Lookup
from trygg_gateway.config_sinks_mqtt import OwnTracksMqttSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.forgotten import Forgotten, forgotten_by
from trygg_gateway.sinks.mqtt_introducing import IntroducingSink
from trygg_gateway.sinks.mqtt_line import MqttLine
from trygg_gateway.sinks.mqtt_outbound import Message
from trygg_gateway.sinks.owntracks import Said, introduction, messages


class OwnTracksMqttSink(IntroducingSink):
    """Trackers as devices of one OwnTracks user, at a broker."""

    batch = 100
    alarm_batch = 1

    def __init__(self, settings: Settings, about: Lookup) -> None:
        self._settings = settings
        super().__init__(MqttLine(settings), about, "nothing_to_say")

    async def _messages(self, entry: Delivery, seen: set[str]) -> list[Message]:
        """Those of an entry; `seen` gets who is introduced by them."""
        device = entry.data["device"]
        forgotten = forgotten_by(entry)
        if forgotten is not None:
            seen.discard(device)
            return await self._farewell(forgotten)
        if entry.data["kind"] == "answer":
            self._introduced.discard(device)  # its fences may be others now
        about = await asyncio.to_thread(self._about, device)
        found = messages(entry, about)
        self.counters["nothing_to_say"] += not found
        if found and device not in self._introduced | seen:
            found = introduction(device, about, self._settings.waypoints) + found
            seen.add(device)
        return [self._message(device, one) for one in found]

    async def _farewell(self, forgotten: Forgotten) -> list[Message]:
        """Nothing of the device is kept. Nothing is done if the name has a new wearer, whose card
        is said again with the next location."""
        device = forgotten.device
        self._introduced.discard(device)
        if forgotten.is_of_another(await asyncio.to_thread(self._about, device)):
            self.counters["nothing_to_say"] += 1
            return []
        here = f"owntracks/{self._settings.user}/{device}"
        return [Message(here, b"", True), Message(f"{here}/info", b"", True)]

    def _message(self, device: str, said: Said) -> Message:
        topic = f"owntracks/{self._settings.user}/{device}{said.branch}"
        retain = said.branch == "/info" or (said.branch == "" and self._settings.retain)
        return Message(topic, orjson.dumps(said.body), retain)
