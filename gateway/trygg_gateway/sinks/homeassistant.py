"""The Home Assistant sink: each tracker a device that it finds by itself (homeassistant_words.py).

Home Assistant shows what is, so only what is news goes there: history, replays and what a later
record has overtaken are passed over, and so are health, answers, calls, warnings and what is about
the gateway. All but the event of an alarm is a state: a double says the same again. An event that
comes again after a crash has the same `record`, by which an automation can tell.

Confirmed by the PUBACK of the broker: ACCEPTED. The broker keeps the last state of each tracker, so
that Home Assistant has it after a restart; whoever may read there knows it too. When a person is
forgotten their device and all that is kept of it go, but not when the name has been registered anew
since that was said: what stands is the new wearer's, who is introduced once more.
"""

from __future__ import annotations

import asyncio

import orjson

from trygg_gateway.about import Lookup
from trygg_gateway.config_sinks_mqtt import HomeAssistantSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.forgotten import Forgotten, forgotten_by
from trygg_gateway.sinks.homeassistant_words import KEPT, discovery, topics_of
from trygg_gateway.sinks.mqtt_introducing import IntroducingSink
from trygg_gateway.sinks.mqtt_line import MqttLine
from trygg_gateway.sinks.mqtt_outbound import Message
from trygg_gateway.values import BACKLOG, LANE_NAMES


class HomeAssistantSink(IntroducingSink):
    """Trackers as devices, at the broker of a Home Assistant."""

    batch = 50
    alarm_batch = 1

    def __init__(self, settings: Settings, about: Lookup) -> None:
        self._settings = settings
        status = f"{settings.place}/status"
        line = MqttLine(
            settings,
            will=Message(status, b"offline", True, "text/plain"),
            greeting=[Message(status, b"online", True, "text/plain")],
        )
        super().__init__(line, about, "not_news")

    async def _messages(self, entry: Delivery, seen: set[str]) -> list[Message]:
        """Those of an entry; `seen` gets who is introduced by them."""
        forgotten = forgotten_by(entry)
        if forgotten is not None:
            seen.discard(forgotten.device)
            return await self._farewell(forgotten)
        changed = topics_of(entry) if is_news(entry) else []
        if not changed:
            self.counters["not_news"] += 1
            return []
        device = entry.data["device"]
        here = f"{self._settings.place}/{device}"
        found = [Message(f"{here}/{topic}", _payload(told), kept) for topic, told, kept in changed]
        if device in self._introduced | seen:
            return found
        seen.add(device)
        return [await self._discovery(device), *found]

    async def _farewell(self, forgotten: Forgotten) -> list[Message]:
        """The device is no more: nothing of it is kept, and Home Assistant removes it. Nothing if
        the name has a new wearer, who is introduced again with the next record."""
        device = forgotten.device
        self._introduced.discard(device)
        if forgotten.is_of_another(await asyncio.to_thread(self._about, device)):
            self.counters["not_news"] += 1
            return []
        here = [f"{self._settings.place}/{device}/{topic}" for topic in KEPT]
        return [Message(topic, b"", True) for topic in (self._config_topic(device), *here)]

    def _config_topic(self, device: str) -> str:
        return f"{self._settings.discovery}/device/trygg_{device}/config"

    async def _discovery(self, device: str) -> Message:
        about = await asyncio.to_thread(self._about, device)
        body = orjson.dumps(discovery(device, about, self._settings.place))
        return Message(self._config_topic(device), body, True)


def is_news(entry: Delivery) -> bool:
    """Whether it says what is, and not what was."""
    old = entry.data.get("overtaken") or entry.data.get("replayed")
    return not old and entry.attributes["lane"] != LANE_NAMES[BACKLOG]


def _payload(told: object) -> bytes:
    return told.encode() if isinstance(told, str) else orjson.dumps(told)
