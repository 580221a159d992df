"""The OwnTracks sink over HTTP: what a phone with the app in HTTP mode would post (owntracks.py).

Every message is a POST of its JSON to one URL, with `topic` in it and the headers X-Limit-U and
X-Limit-D (booklet, tech/http.md), one after the other. Any 2xx means that it is consumed: ACCEPTED,
for nothing is said of keeping it. (Traccar's OwnTracks port answers 200 to transitions, cards and
waypoints, and stores none.) What the answer asks of a phone is passed over. Other answers mean what
they do for every sink that posts, see http_line.py. A test posts nothing, which the booklet asks
receivers to take and ignore.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from trygg_gateway.about import Lookup
from trygg_gateway.config_sinks_http import OwnTracksHttpSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.http_line import HttpLine, judged
from trygg_gateway.sinks.owntracks import Said, introduction, messages
from trygg_gateway.sinks.port import Answer
from trygg_gateway.sinks.secret_file import read_line


class OwnTracksHttpSink:
    """Trackers as devices of one OwnTracks user, at an endpoint as the Recorder's /pub."""

    batch = 100
    alarm_batch = 1
    confirms = Answer.ACCEPTED

    def __init__(self, settings: Settings, about: Lookup) -> None:
        self._settings = settings
        self._about = about
        self._line = HttpLine(settings.url, timeout_s=settings.timeout_seconds, ca=settings.ca)
        self._introduced: set[str] = set()
        self.counters = {"posted": 0, "nothing_to_say": 0}

    async def start(self) -> None:
        """Read the password and the CA; Later if not."""
        password = read_line(self._settings.password_file)
        user = self._settings.username
        await self._line.start((user, password or "") if user else None)

    async def stop(self) -> None:
        """Close the connections."""
        await self._line.stop()

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Post what each of them says, one after the other."""
        for confirmed, entry in enumerate(entries):
            await self._deliver(entry, confirmed)
        return Answer.ACCEPTED

    async def _deliver(self, entry: Delivery, confirmed: int) -> None:
        device = entry.data["device"]
        if entry.data["kind"] == "test":
            await self._post(device, b"", confirmed)
            return
        if entry.data["kind"] == "answer":
            self._introduced.discard(device)  # its fences may be others now
        about = await asyncio.to_thread(self._about, device)
        found = messages(entry, about)
        self.counters["nothing_to_say"] += not found
        if found and device not in self._introduced:
            found = introduction(device, about, self._settings.waypoints) + found
        for said in found:
            await self._post(device, self._body(device, said), confirmed)
        if found:
            self._introduced.add(device)

    def _body(self, device: str, said: Said) -> bytes:
        topic = f"owntracks/{self._settings.user}/{device}{said.branch}"
        return orjson.dumps({**said.body, "topic": topic})

    async def _post(self, device: str, body: bytes, confirmed: int) -> None:
        headers = {
            "content-type": "application/json",
            "x-limit-u": self._settings.user,
            "x-limit-d": device,
        }
        judged(await self._line.post(body, headers, confirmed), confirmed)
        self.counters["posted"] += 1
