"""A tracker as Home Assistant sees it: its device discovery, and its topics. Pure.

    PREFIX/device/trygg_DEVICE/config   what there is (device discovery, since 2024.12), kept
    PLACE/DEVICE/position               latitude, longitude, gps_accuracy ... of a device_tracker
    PLACE/DEVICE/state                  battery, charging, signal, fence, last report, kept
    PLACE/DEVICE/outside, .../silent    ON or OFF, kept
    PLACE/DEVICE/alarm                  each alarm as an event, not kept
    PLACE/status                        online, or offline by the broker when we are gone, kept

A report that withholds the position takes away the one that stands: no older dot stays on a map.
One that only has none leaves it.
`outside` follows the fence in every record, so it is right again after anything was missed.
"""

from __future__ import annotations

from typing import Any, Final

from trygg_gateway.about import About
from trygg_gateway.delivery import Delivery

Json = dict[str, Any]

EVENTS: Final = ("left", "back", "sos", "battery_low", "cannot_tell", "off_charger", "taken_off",
                 "silent", "test")  # fmt: skip
FENCE: Final = ("unknown", "inside", "near", "outside", "cannot_tell")
KEPT: Final = ("position", "state", "outside", "silent")
OUTSIDE: Final = {"inside": "OFF", "near": "OFF", "outside": "ON"}


def discovery(device: str, about: About, place: str) -> Json:
    """The device with its entities, in the abbreviations of Home Assistant."""
    here, name = f"{place}/{device}", f"trygg_{device}"
    return {
        "dev": {"ids": [name], "name": about.name, "mf": "Trygg", "mdl": "tracker", "sn": device},
        "o": {"name": "trygg-gateway"},
        "cmps": {
            "position": {
                "p": "device_tracker",
                "unique_id": f"{name}_position",
                "name": "Position",
                "source_type": "gps",
                "json_attributes_topic": f"{here}/position",
            },
            **_sensors(here, name),
            **_alarms(here, name),
        },
        "availability_topic": f"{place}/status",
        "qos": 1,
    }


def _sensors(here: str, name: str) -> Json:
    rows: dict[str, tuple[str, Json]] = {
        "battery": ("Battery", {"device_class": "battery", "unit_of_measurement": "%",
                                "state_class": "measurement"}),
        "last_report": ("Last report", {"device_class": "timestamp"}),
        "next_report": ("Next report by", {"device_class": "timestamp"}),
        "fence": ("Fence", {"device_class": "enum", "options": list(FENCE)}),
    }  # fmt: skip
    return {
        key: {
            "p": "sensor",
            "unique_id": f"{name}_{key}",
            "name": words,
            "state_topic": f"{here}/state",
            "value_template": "{{ value_json." + key + " }}",
            **more,
        }
        for key, (words, more) in rows.items()
    }


def _alarms(here: str, name: str) -> Json:
    states = {"outside": ("Outside its fence", "safety"), "silent": ("Silent", "problem")}
    entities: Json = {
        key: {
            "p": "binary_sensor",
            "unique_id": f"{name}_{key}",
            "name": words,
            "device_class": kind,
            "state_topic": f"{here}/{key}",
        }
        for key, (words, kind) in states.items()
    }
    entities["alarm"] = {
        "p": "event",
        "unique_id": f"{name}_alarm",
        "name": "Alarm",
        "event_types": list(EVENTS),
        "state_topic": f"{here}/alarm",
    }
    return entities


def topics_of(entry: Delivery) -> list[tuple[str, Any, bool]]:
    """What a record changes: (topic below PLACE/DEVICE, its JSON or text, whether it is kept)."""
    data = entry.data
    if data["kind"] == "ended":
        return [("silent", "OFF", True)] if data.get("what") == "silent" else []
    if data["kind"] == "alarm" and data.get("what") == "silent":
        return [("silent", "ON", True), ("alarm", _event(entry), False)]
    if data["kind"] not in ("report", "alarm"):
        return []
    changed: list[tuple[str, Any, bool]] = [
        ("state", _state(entry), True),
        ("silent", "OFF", True),
    ]
    positions = data.get("positions") or data.get("evidence")
    if positions or data.get("coordinates_withheld"):
        changed.insert(0, ("position", _position(entry, positions or []), True))
    if data["fence_state"] in OUTSIDE and not data.get("test"):
        changed.append(("outside", OUTSIDE[data["fence_state"]], True))
    if data["kind"] == "alarm":
        changed.append(("alarm", _event(entry), False))
    return changed


def _position(entry: Delivery, positions: list[Json]) -> Json:
    told: Json = {"record": entry.id, "withheld": not positions}
    if positions:
        newest = positions[0]
        told |= {
            "latitude": newest["lat"],
            "longitude": newest["lon"],
            "gps_accuracy": newest["accuracy_m"],
            "last_fix": newest["time"],
            "speed_m_s": newest["speed_m_s"],
            "course_deg": newest["course_deg"],
        }
    return told


def _state(entry: Delivery) -> Json:
    data = entry.data
    return {
        "record": entry.id,
        "battery": data["battery_percent"],
        "charging": data["charging"],
        "signal_dbm": data["signal_dbm"],
        "fence": data["fence_state"],
        "last_report": data["time"] or data["received"],
        "next_report": data["next_report_by"],
    }


def _event(entry: Delivery) -> Json:
    data = entry.data
    return {
        "event_type": "test" if data.get("test") else data["what"],
        "what": data["what"],
        "record": entry.id,
        "time": data["time"] or data["received"],
        "late_by_s": data["late_by_s"],
    }
