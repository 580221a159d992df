"""The Traccar sink: each position as a request to its OsmAnd port, by query or by JSON.

    report              each position it carries, oldest first; with none, what is known besides
    alarm               its evidence, the newest with `alarm` in Traccar's words
    silent              no position, `alarm=general`
    everything else     has no place in Traccar

`index` and `boot` are the record's identity, so a double is told from a new one; Traccar's own
filter for duplicates (filter.duplicate) goes by the time of the fix. A test alarm has no `alarm`.
Without a position Traccar shows the last one it was given, as outdated; so a withheld one stays
withheld and the battery is known all the same.

    200               accepted: Traccar answers before its database has it
    400, in JSON 404  refused: no device is registered under that identifier. Register it, then
                      replay it from the quarantine; nobody else's records wait for that
    any other         as for every sink that posts, see http_line.py

A test posts for a device that is none: any of these answers says that Traccar is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from trygg_gateway.config_sinks_http import TraccarSink as Settings
from trygg_gateway.delivery import Delivery
from trygg_gateway.sinks.http_line import HttpLine, judged
from trygg_gateway.sinks.port import Answer, Refused

Json = dict[str, Any]

KNOTS = 1.9438444924406  # in a metre a second
ALARMS = {
    "left": "geofenceExit", "back": "geofenceEnter", "sos": "sos", "battery_low": "lowBattery",
    "off_charger": "powerCut", "taken_off": "removing",
}  # fmt: skip
UNREGISTERED = {"query": 400, "json": 404}


class TraccarSink:
    """Positions and alarms at the OsmAnd port of a Traccar server."""

    batch = 100
    alarm_batch = 1
    confirms = Answer.ACCEPTED

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._line = HttpLine(settings.url, timeout_s=settings.timeout_seconds, ca=settings.ca)
        self.counters = {"posted": 0, "no_place_for": 0}

    async def start(self) -> None:
        """Read the CA; Later if not."""
        await self._line.start()

    async def stop(self) -> None:
        """Close the connections."""
        await self._line.stop()

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Post what each of them says, one after the other."""
        for confirmed, entry in enumerate(entries):
            if entry.data["kind"] == "test":
                await self._test(confirmed)
                continue
            said = sayings(entry)
            self.counters["no_place_for"] += not said
            for one in said:
                await self._post(entry.data["device"], one, confirmed)
        return Answer.ACCEPTED

    async def _post(self, device: str, said: Json, confirmed: int) -> None:
        identifier = self._settings.identifier.format(device=device)
        query, headers, body = self._request(identifier, said)
        reply = await self._line.post(body, headers, confirmed, query)
        if reply.status == UNREGISTERED[self._settings.form]:
            why = f"no device {identifier} is registered there (answer {reply.status})"
            raise Refused(why, confirmed)
        judged(reply, confirmed)
        self.counters["posted"] += 1

    async def _test(self, confirmed: int) -> None:
        query, headers, body = self._request("trygg-test", {"test": True})
        reply = await self._line.post(body, headers, confirmed, query)
        if reply.status != UNREGISTERED[self._settings.form]:
            judged(reply, confirmed)

    def _request(self, identifier: str, said: Json) -> tuple[str, dict[str, str], bytes]:
        """Query, headers and body of one saying."""
        if self._settings.form == "query":
            return urlencode(as_query(identifier, said)), {}, b""
        body = orjson.dumps(as_json(identifier, said))
        return "", {"content-type": "application/json"}, body


def sayings(entry: Delivery) -> list[Json]:
    """What is to be said of a record, oldest first: a position or none, and what is known."""
    data = entry.data
    if data["kind"] not in ("report", "alarm"):
        return []
    positions = data.get("positions") or data.get("evidence") or []
    known = _known(entry)
    if not positions:
        return [{**known, "at_s": entry.made_ms // 1000}]
    identity = {key: known[key] for key in ("index", "boot", "archive") if key in known}
    told = [_place(entry, position) | identity for position in positions]
    told[0] |= known
    return told[::-1]


def _known(entry: Delivery) -> Json:
    """What goes with the newest position, or without one."""
    data = entry.data
    known: Json = {"index": data["seq"], "boot": data["boot"]}
    if entry.late:
        known["archive"] = True
    if data.get("battery_percent") is not None:
        known["batt"] = data["battery_percent"]
    if "charging" in data:
        known["charge"] = data["charging"]
    if data.get("signal_dbm") is not None:
        known["rssi"] = data["signal_dbm"]
    if data.get("fence_state"):
        known["fence"] = data["fence_state"]
    if data["kind"] == "alarm":
        known["what"] = data["what"]
        known |= (
            {"test": True} if data.get("test") else {"alarm": ALARMS.get(data["what"], "general")}
        )
    return known


def _place(entry: Delivery, position: Json) -> Json:
    at = position["time"]
    by_age = entry.received_ms // 1000 - int(position["age_s"])
    return {
        "at_s": int(datetime.fromisoformat(at).timestamp()) if at else by_age,
        "lat": position["lat"],
        "lon": position["lon"],
        "accuracy_m": position["accuracy_m"],
        "speed_m_s": position["speed_m_s"],
        "course_deg": position["course_deg"],
    }


def as_query(identifier: str, said: Json) -> list[tuple[str, str]]:
    """The parameters of the OsmAnd protocol, in a fixed order. Speed is in knots."""
    query: list[tuple[str, Any]] = [("id", identifier)]
    rest = dict(said)
    if "at_s" in rest:
        query.append(("timestamp", rest.pop("at_s")))
    if "lat" in rest:
        query += [("lat", f"{rest.pop('lat'):.6f}"), ("lon", f"{rest.pop('lon'):.6f}")]
        query += [("accuracy", rest.pop("accuracy_m"))]
        query += [("speed", f"{rest.pop('speed_m_s') * KNOTS:.2f}")]
        course = rest.pop("course_deg")
        query += [] if course is None else [("bearing", course)]
    query += rest.items()
    return [(key, _text(value)) for key, value in query]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_json(identifier: str, said: Json) -> Json:
    """The JSON body of newer versions: metres a second, battery from 0 to 1, -1 for unknown."""
    rest = dict(said)
    at = datetime.fromtimestamp(rest.pop("at_s", 0), UTC)
    location: Json = {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if "lat" in rest:
        course = rest.pop("course_deg")
        location["coords"] = {
            "latitude": rest.pop("lat"),
            "longitude": rest.pop("lon"),
            "accuracy": rest.pop("accuracy_m"),
            "speed": rest.pop("speed_m_s"),
            "heading": -1 if course is None else course,
            "altitude": 0,
        }
    if "batt" in rest:
        charging = rest.pop("charge", False)
        location["battery"] = {"level": _level(rest.pop("batt")), "is_charging": charging}
    if "alarm" in rest:
        location["alarm"] = rest.pop("alarm")
    return {"device_id": identifier, "location": {**location, "extras": rest}}


def _level(percent: int) -> float:
    """A battery's level from 0 to 1, of which Traccar cuts off what is below a whole percent: a
    thousandth more keeps 0.29 from being 28 %."""
    return min(1.0, (10 * percent + 1) / 1000) if percent else 0.0
