"""Fences from a file: GeoJSON (RFC 7946) or our own list of fences. Pure.

GeoJSON has longitude first and has no circles: a Point with `radius_m` in its properties is one. A
ring's last point repeats its first; fences here leave that out. A feature without a number gets
its place in the file, counted from 1. A collection may say `time_zone` beside its features, by
whose clock their schedules go.

A property that nobody knows is refused, since a misspelt `keep` would turn a fence around; how a
drawing program wants a feature to look (SIMPLESTYLE) says nothing about a fence and is passed over.
"""

from __future__ import annotations

from typing import Any

from trygg_gateway.values import Refused

Json = dict[str, Any]
_KEPT = ("name", "keep", "private", "buffer_m", "schedule")
KNOWN = ("number", *_KEPT, "radius_m")  # of a feature
KNOWN_ALONE = (*KNOWN, "shape", "lat", "lon", "rings")  # of a fence in our own list
SIMPLESTYLE = (  # https://github.com/mapbox/simplestyle-spec, 1.1.0
    *("title", "description", "marker-size", "marker-symbol", "marker-color"),
    *("stroke", "stroke-opacity", "stroke-width", "fill", "fill-opacity"),
)
EXAMPLE: Json = {
    "type": "FeatureCollection",
    "time_zone": "Europe/Oslo",
    "features": [
        {
            "type": "Feature",
            "properties": {
                "number": 1, "name": "home", "keep": "in", "private": True, "radius_m": 150,
                "schedule": "daily 21:00-07:00",
            },
            "geometry": {"type": "Point", "coordinates": [10.7011, 59.9271]},
        },
        {
            "type": "Feature",
            "properties": {"number": 2, "name": "the lake", "keep": "out", "buffer_m": 5},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [[10.7052, 59.9262], [10.7081, 59.9259], [10.7077, 59.9248], [10.7052, 59.9262]]
                ],
            },
        },
    ],
}  # fmt: skip


def fences_of(content: Any, file: str) -> list[Json]:
    """The fences in `content`, as people write them. Raises Refused, naming `file`."""
    if isinstance(content, list):
        return [_fence(one, at, file) for at, one in enumerate(content, 1)]
    if not isinstance(content, dict):
        raise Refused(f"{file}: wanted GeoJSON or a list of fences, got {type(content).__name__}.")
    if content.get("type") == "FeatureCollection":
        features = content.get("features")
    elif content.get("type") == "Feature":
        features = [content]
    else:
        features = content.get("fences")
    if not isinstance(features, list):
        raise Refused(f"{file}: wanted a FeatureCollection, a Feature, or a list of fences.")
    return [_fence(one, at, file) for at, one in enumerate(features, 1)]


def time_zone_of(content: Any) -> str:
    """The name of the time zone that the file says; "" for none."""
    return str(content.get("time_zone") or "") if isinstance(content, dict) else ""


def _fence(one: Any, at: int, file: str) -> Json:
    if not isinstance(one, dict):
        raise Refused(f"{file}: fence {at}: wanted an object, got {type(one).__name__}.")
    if one.get("type") != "Feature":
        _demand_known(one, KNOWN_ALONE, f"{file}: fence {at}")
        return {"number": at, **one}
    properties = one.get("properties") or {}
    if not isinstance(properties, dict):
        got = type(properties).__name__
        raise Refused(f"{file}: feature {at}: wanted an object as properties, got {got}.")
    _demand_known(properties, (*KNOWN, *SIMPLESTYLE), f"{file}: feature {at}")
    kept = {name: properties[name] for name in _KEPT if name in properties}
    fence = {"number": properties.get("number", at), **kept}
    try:
        return fence | _shape(one["geometry"], properties)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Refused(
            f"{file}: feature {at}: {type(error).__name__}: {error}. Wanted a Point with radius_m,"
            " or a Polygon."
        ) from None


def _demand_known(properties: Json, known: tuple[str, ...], where: str) -> None:
    unknown = [name for name in properties if name not in known]
    if unknown:
        shown = ", ".join(name for name in known if name not in SIMPLESTYLE)
        raise Refused(f"{where}: nobody knows the property {unknown[0]!r}. Known are {shown}.")


def _shape(geometry: Json, properties: Json) -> Json:
    if geometry["type"] == "Point":
        lon, lat = geometry["coordinates"][:2]
        radius = properties["radius_m"]
        return {"shape": "circle", "lat": lat, "lon": lon, "radius_m": radius}
    if geometry["type"] != "Polygon":
        raise ValueError(f"a {geometry['type']} is no fence")
    return {"shape": "polygon", "rings": [_ring(ring) for ring in geometry["coordinates"]]}


def _ring(points: list[list[float]]) -> list[list[float]]:
    ring = [[point[1], point[0]] for point in points]
    return ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else ring
