"""A record as the outside world reads it."""

import json
from datetime import UTC, datetime

import pytest
from cloudevents.http import from_json
from hypothesis import given
from hypothesis import strategies as st

from gateway.records import NOW_MS, NOW_S, PLACE, alarm, answer, health, report, row
from trygg_gateway.delivery import Undecodable, delivery, rfc3339
from trygg_wire import layouts

TIME = "2026-09-21T14:13:20Z"


def test_the_event_of_a_record_has_its_identity_and_its_gateway():
    found = delivery(row(report(3, 41), id_=9), "nord")
    assert found.id == found.attributes["id"] == "astrid:3:41"
    assert found.attributes == {
        "specversion": "1.0",
        "id": "astrid:3:41",
        "source": "/gateways/nord",
        "type": "no.trygg.report",
        "subject": "astrid",
        "time": TIME,
        "datacontenttype": "application/json",
        "sequence": "0000000003.0000000041",
        "lane": "live",
    }
    assert (found.row_id, found.late) == (9, False)


def test_a_report_is_told_in_plain_units():
    data = delivery(row(report(3, 41)), "nord").data
    assert data["positions"][0] == {
        "time": "2026-09-21T14:13:16Z", "age_s": 4, "lat": 59.913868, "lon": 10.752245,
        "accuracy_m": 4.5, "speed_m_s": 1.2, "course_deg": 84,
    }  # fmt: skip
    assert data["positions"][1]["age_s"] == 64
    assert data["positions"][1]["time"] == "2026-09-21T14:12:16Z"
    assert data["positions"][1]["course_deg"] is None
    assert data["battery_percent"] == 81
    assert data["signal_dbm"] == -75
    assert data["fence_state"] == "inside"
    assert data["bound_s"] == 95
    assert data["next_report_by"] == "2026-09-21T14:23:20Z"
    assert json.loads(json.dumps(data)) == data


def test_what_a_tracker_does_not_know_is_null():
    unknown = report(3, 41, battery_percent=layouts.PERCENT_UNKNOWN, signal=0, bound_s=0,
                     fence_number=0, fix_age_s=layouts.AGE_NEVER, fixes=[])  # fmt: skip
    data = delivery(row(unknown), "nord").data
    nulls = ("battery_percent", "signal_dbm", "bound_s", "fence_number", "fix_age_s")
    assert [data[name] for name in nulls] == [None] * 5
    assert data["positions"] == []


def test_withheld_coordinates_are_said_to_be_withheld():
    data = delivery(row(report(3, 41, coordinates_withheld=1, fixes=[])), "nord").data
    assert data["coordinates_withheld"] is True
    assert data["positions"] == []


def test_an_alarm_carries_its_evidence():
    found = delivery(row(alarm(3, 42)), "nord")
    assert found.attributes["type"] == "no.trygg.alarm.left"
    assert found.data["reason"] == "crossed"
    assert found.data["evidence"][0]["distance_m"] == 23.1
    assert found.data["evidence"][0]["satellites"] == 9
    assert found.data["evidence"][0]["lat"] == PLACE["lat_e6"] / 1e6


@pytest.mark.parametrize("what", range(1, 7))
def test_a_test_alarm_never_has_the_type_of_a_real_one(what):
    found = delivery(row(alarm(3, 42, test=1, what=what)), "nord")
    assert found.attributes["type"] == "no.trygg.alarm.test"
    assert found.data["test"] is True


def test_every_what_and_reason_of_the_wire_has_a_word():
    for what, reason in [(1, 1), (2, 2), (3, 5), (4, 6), (5, 3), (5, 4), (6, 7)]:
        data = delivery(row(alarm(3, 42, what=what, reason=reason)), "nord").data
        assert data["what"]
        assert data["reason"]


def test_a_late_alarm_says_how_late_it_is():
    frame = alarm(3, 42, time_s=NOW_S - 3600)
    found = delivery(row(frame, received_ms=NOW_MS), "nord")
    assert found.late is True
    assert found.data["late_by_s"] == 3600


def test_a_record_without_a_clock_takes_its_event_time_from_the_gateway():
    frame = report(3, 41, time_s=layouts.EPOCH + 77, time_is_uptime=1)
    found = delivery(row(frame), "nord")
    assert found.attributes["time"] == TIME
    assert found.data["time"] is None
    assert found.data["uptime_s"] == 77
    assert found.data["positions"][0]["time"] is None
    assert found.late is False


def test_health_and_answers_are_events_too():
    found = delivery(row(health(3, 43)), "nord")
    assert found.attributes["type"] == "no.trygg.health"
    assert found.data["flash_errors"] == 5
    assert found.data["running_s"] == 5
    said = delivery(row(answer(3, 44)), "nord").data
    assert (said["order_id"], said["result"], said["reason"]) == (12, "refused", "expired")


def test_a_damaged_frame_is_undecodable():
    frame = bytearray(report(3, 41))
    frame[9] ^= 1
    with pytest.raises(Undecodable, match="crc"):
        delivery(row(report(3, 41))._replace(payload=bytes(frame)), "nord")


@pytest.mark.parametrize("frame", [report(3, 41), alarm(3, 42), health(3, 43), answer(3, 44)])
def test_an_event_is_what_its_makers_library_reads(frame):
    found = delivery(row(frame), "nord")
    event = from_json(found.json)
    assert event.get_attributes() == found.attributes
    assert event.data == found.data


@given(st.integers(1, 1 << 32))
def test_a_time_is_written_as_the_standard_library_would(unix_s):
    written = datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert rfc3339(unix_s) == written
