"""A record as OwnTracks says it (booklet, tech/json.md). Pure.

    report                  a location for each position it carries, oldest first
    alarm left, back        a transition of the fence, then the evidence as locations
    any other alarm         the evidence as locations, with the alarm's name as their `tag`
    silent                  lwt: its last word was long ago
    the first of a tracker  before it a card with its name, and waypoints if they are wanted

What carries no position says nothing here, so a withheld one stays withheld; neither do health,
answers, calls, warnings and what is about the gateway. Of the fields marked optional a location has
those we know. A double says the same bytes again, and `_id` is the record's identity.

OwnTracks knows no keep-out fence and no polygon: entering the one is an `enter`, the other is in no
list of waypoints. `wtst` is when the fence was ordered, plus its number, so that no two are alike.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Any, NamedTuple

from trygg_gateway.about import About, KnownFence
from trygg_gateway.delivery import Delivery

Json = dict[str, Any]

TRANSITIONS = {"left": {"in": "leave", "out": "enter"}, "back": {"in": "enter", "out": "leave"}}
TRIGGERS = {"left": "c", "back": "c", "sos": "u", "test": "u"}  # region, region, by hand


class Said(NamedTuple):
    """One message: the branch of the tracker's topic, and the JSON."""

    branch: str  # "", "/event", "/info", "/waypoints"
    body: Json


def messages(entry: Delivery, about: About) -> list[Said]:
    """What is to be said of a record, in order; often nothing."""
    data = entry.data
    if data["kind"] == "report":
        return [Said("", one) for one in _locations(entry, data["positions"], about)]
    if data["kind"] != "alarm":
        return []
    if data.get("what") == "silent":
        tst = data.get("last_heard_s") or entry.made_ms // 1000
        return [Said("", {"_type": "lwt", "tst": tst})]
    found = [Said("", one) for one in _locations(entry, data["evidence"], about)]
    if data["what"] in TRANSITIONS and not data["test"]:
        return [Said("/event", _transition(entry, about)), *found]
    return found


def introduction(device: str, about: About, waypoints: bool) -> list[Said]:
    """Who it is, and the circles that it keeps to."""
    said = [Said("/info", {"_type": "card", "tid": tid_of(device), "name": about.name})]
    circles = [fence for fence in about.fences if fence.in_force and fence.circle is not None]
    if waypoints:
        listed = [_waypoint(device, fence) for fence in circles]
        body = {"_type": "waypoints", "_creator": "trygg-gateway", "waypoints": listed}
        said.append(Said("/waypoints", body))
    return said


def tid_of(device: str) -> str:
    """Two letters to be shown by."""
    return device.replace("-", "")[:2].upper()


def _locations(entry: Delivery, positions: list[Json], about: About) -> list[Json]:
    """Oldest first, as they were; the battery's figure is of the newest's time."""
    told = [_location(entry, position, nth) for nth, position in enumerate(positions)]
    if told:
        told[0] |= _circumstances(entry.data, about)
    return told[::-1]


def _location(entry: Delivery, position: Json, nth: int) -> Json:
    course = position["course_deg"]
    told = {
        "_type": "location",
        "tid": tid_of(entry.data["device"]),
        "tst": _tst(entry, position),
        "lat": position["lat"],
        "lon": position["lon"],
        "acc": ceil(position["accuracy_m"]),
        "vel": round(position["speed_m_s"] * 3.6),
        "cog": course or 0,
        "created_at": entry.received_ms // 1000,
        "_id": entry.id if nth == 0 else f"{entry.id}-{nth}",
    }
    return {key: value for key, value in told.items() if value or key not in ("acc", "vel", "cog")}


def _circumstances(data: Json, about: About) -> Json:
    """What is known besides, at the time of the newest position."""
    told: Json = {"bs": 2 if data["charging"] else 1}
    if data["battery_percent"] is not None:
        told["batt"] = data["battery_percent"]
    fence = about.fence(data["fence_number"])
    if data["fence_state"] == "inside" and fence is not None and fence.keep == "in":
        told |= {"inregions": [fence.name], "inrids": [_rid(data["device"], fence)]}
    if "what" in data:
        told["tag"] = "test" if data["test"] else data["what"]
        trigger = TRIGGERS.get(told["tag"])
        told |= {"t": trigger} if trigger else {}
    return told


def _transition(entry: Delivery, about: About) -> Json:
    data = entry.data
    fence = about.fence(data["fence_number"], data["fence_version"])
    told: Json = {
        "_type": "transition",
        "event": TRANSITIONS[data["what"]][fence.keep if fence else "in"],
        "desc": fence.name if fence else f"fence {data['fence_number'] or 0}",
        "wtst": _wtst(fence) if fence else 0,
        "tst": entry.made_ms // 1000,
        "tid": tid_of(data["device"]),
        "t": "c",
        "acc": 0,
    }
    if fence:
        told["rid"] = _rid(data["device"], fence)
    if data["evidence"]:
        newest = data["evidence"][0]
        told |= {"lat": newest["lat"], "lon": newest["lon"], "acc": ceil(newest["accuracy_m"])}
    return told | {"_id": entry.id}


def _waypoint(device: str, fence: KnownFence) -> Json:
    assert fence.circle is not None
    lat, lon, radius_m = fence.circle
    return {
        "_type": "waypoint",
        "desc": fence.name,
        "lat": lat,
        "lon": lon,
        "rad": round(radius_m),
        "tst": _wtst(fence),
        "rid": _rid(device, fence),
    }


def _wtst(fence: KnownFence) -> int:
    return fence.made_s + fence.number


def _rid(device: str, fence: KnownFence) -> str:
    return f"{device}-{fence.version}-{fence.number}"


def _tst(entry: Delivery, position: Json) -> int:
    """Unix seconds of a position; by its age where the tracker had no clock."""
    if position["time"] is None:
        return entry.received_ms // 1000 - int(position["age_s"])
    return int(datetime.fromisoformat(position["time"]).timestamp())
