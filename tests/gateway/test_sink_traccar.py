"""The Traccar sink against the requests that its OsmAnd decoder reads, byte for byte."""

import json

import pytest

from gateway.http_end import http_end
from gateway.records import NOW_S, alarm, answer, health, report, row
from gateway.sink_lives import life, made
from trygg_gateway.delivery import delivery
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.own_records import OWN_BOOT, OWN_KIND, payload_of
from trygg_gateway.sinks.port import Later, Refused
from trygg_gateway.sinks.traccar import _level
from trygg_gateway.values import ALARM, Row
from trygg_wire import layouts


def posted(entries, *lines, answers=()):
    """What arrives of them: (path, headers, body)."""
    with http_end() as end:
        end.answers = list(answers)
        life(made("\n".join(['type = "traccar"', f'url = "{end.url}/"', *lines])), entries)
        return end.requests


def of(frame, received_ms=None):
    values = {} if received_ms is None else {"received_ms": received_ms}
    return delivery(row(frame, **values), "nord")


def test_a_report_is_a_query_for_each_position_oldest_first():
    (first, _, body), (second, *_) = posted([of(report(1, 7))])
    assert body == b""
    assert first == (
        f"/?id=astrid&timestamp={NOW_S - 64}&lat=59.913000&lon=10.752245&accuracy=4.5&speed=2.33"
        "&index=7&boot=1"
    )
    assert second == (
        f"/?id=astrid&timestamp={NOW_S - 4}&lat=59.913868&lon=10.752245&accuracy=4.5&speed=2.33"
        "&bearing=84&index=7&boot=1&batt=81&charge=false&rssi=-75&fence=inside"
    )


def test_an_alarm_has_traccars_word_for_it():
    ((path, *_),) = posted([of(alarm(1, 8))])
    assert path == (
        f"/?id=astrid&timestamp={NOW_S - 4}&lat=59.913868&lon=10.752245&accuracy=4.5&speed=2.33"
        "&bearing=84&index=8&boot=1&batt=81&charge=false&rssi=-75&fence=outside&what=left"
        "&alarm=geofenceExit"
    )


def test_in_json_it_is_the_body_that_newer_versions_read():
    *_, (path, headers, body) = posted([of(report(1, 7))], 'form = "json"')
    assert path == "/"
    assert headers["content-type"] == "application/json"
    assert body.decode() == (
        '{"device_id":"astrid","location":{"timestamp":"2026-09-21T14:13:16Z","coords":{'
        '"latitude":59.913868,"longitude":10.752245,"accuracy":4.5,"speed":1.2,"heading":84,'
        '"altitude":0},"battery":{"level":0.811,"is_charging":false},"extras":{"index":7,"boot":1,'
        '"rssi":-75,"fence":"inside"}}}'
    )


def test_in_json_an_alarm_is_named_and_an_unknown_course_is_minus_one():
    unknown = [{"age_s": 4, "lat_e6": 1, "lon_e6": 2, "accuracy_dm": 45, "speed_dm_s": 0,
                "course_deg": 360, "satellites": 9, "distance_dm": 3}]  # fmt: skip
    ((_, _, body),) = posted([of(alarm(1, 8, evidence=unknown))], 'form = "json"')
    location = json.loads(body)["location"]
    assert location["alarm"] == "geofenceExit"
    assert location["coords"]["heading"] == -1


def test_a_withheld_position_is_none_and_the_battery_is_known():
    ((path, *_),) = posted([of(report(1, 7, coordinates_withheld=1, fixes=[]))])
    assert path == (
        "/?id=astrid&timestamp=1790000000&index=7&boot=1&batt=81&charge=false&rssi=-75&fence=inside"
    )
    ((_, _, body),) = posted([of(report(1, 7, fixes=[]))], 'form = "json"')
    assert "coords" not in json.loads(body)["location"]


def test_what_comes_late_is_said_to_be():
    *_, (path, _, _) = posted([of(report(1, 7), received_ms=(NOW_S + 600) * 1000)])
    assert "&archive=true" in path


def test_an_alarm_for_which_traccar_has_no_word_is_a_general_one():
    ((path, *_),) = posted([of(alarm(1, 8, what=layouts.CANT_TELL))])
    assert path.endswith("&what=cannot_tell&alarm=general"), path


def test_a_test_alarm_raises_none():
    ((path, *_),) = posted([of(alarm(1, 8, test=1))])
    assert "alarm=" not in path
    assert path.endswith("&what=left&test=true")


def test_silence_is_an_alarm_without_a_place():
    payload = payload_of("alarm", "silent", {"text": "Astrid is silent", "battery_percent": 3})
    own = Row(1, "astrid", OWN_BOOT, 1, OWN_KIND, ALARM, NOW_S, NOW_S * 1000, payload)
    ((path, *_),) = posted([delivery_for(own, "nord", Address("traccar"))])
    assert path == (
        f"/?id=astrid&timestamp={NOW_S}&index=1&boot={OWN_BOOT}&batt=3&what=silent&alarm=general"
    )


def test_what_has_no_place_in_traccar_is_passed_over_and_counted():
    with http_end() as end:
        sink = made(f'type = "traccar"\nurl = "{end.url}/"')
        life(sink, [of(health(1, 1)), of(answer(1, 2))])
        assert end.requests == []
    assert sink.counters == {"posted": 0, "no_place_for": 2}


def test_a_tracker_may_be_called_otherwise_there():
    *_, (path, _, _) = posted([of(report(1, 7))], 'identifier = "trygg-{device}"')
    assert path.startswith("/?id=trygg-astrid&")


@pytest.mark.parametrize(("form", "status"), [("query", 400), ("json", 404)])
def test_one_that_is_not_registered_is_refused_by_name(form, status):
    with pytest.raises(Refused, match="no device astrid is registered there") as caught:
        posted([of(alarm(1, 8))], f'form = "{form}"', answers=[status])
    assert caught.value.confirmed == 0


@pytest.mark.parametrize("status", [401, 404, 429, 500, 502])
def test_a_server_in_trouble_is_later(status):
    with pytest.raises(Later, match=str(status)):
        posted([of(alarm(1, 8))], answers=[status])


def test_no_percent_is_lost_to_traccars_rounding():
    assert all(int(_level(percent) * 100) == percent for percent in range(101))
