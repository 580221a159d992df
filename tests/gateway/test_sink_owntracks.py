"""The OwnTracks sinks against the booklet's JSON, byte for byte; over MQTT at a real Mosquitto."""

import json
import time

import pytest
from orjson import dumps as written

from gateway.http_end import http_end
from gateway.mosquitto import Mosquitto
from gateway.mqtt_ear import Ear
from gateway.records import NOW_S, alarm, answer, forgotten, health, report, row
from gateway.sink_lives import life, made
from trygg_gateway.about import About, KnownFence
from trygg_gateway.config_sinks_http import OwnTracksHttpSink
from trygg_gateway.delivery import delivery
from trygg_gateway.lane_reading import marked
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.own_records import OWN_BOOT, OWN_KIND, payload_of
from trygg_gateway.sinks.owntracks import introduction, messages
from trygg_gateway.sinks.owntracks_http import OwnTracksHttpSink as HttpMade
from trygg_gateway.values import ALARM, Row
from trygg_wire import layouts

HOME = KnownFence(7, 1, "Hjemme", NOW_S - 9000, "in", True, (59.9139, 10.7522, 60.0))
POND = KnownFence(7, 2, "Dammen", NOW_S - 9000, "out", True, (59.91, 10.75, 25.4))
PARK = KnownFence(7, 3, "Parken", NOW_S - 9000, "in", True, None)
ASTRID = About("Astrid Berg", (HOME, POND, PARK))
NOBODY = About("astrid")


def of(frame):
    return delivery(row(frame), "nord")


def said(frame, about=NOBODY):
    return [(one.branch, written(one.body).decode()) for one in messages(of(frame), about)]


# -- what is said ----------------------------------------------------------------------


def test_a_report_is_a_location_for_each_position_oldest_first():
    assert said(report(1, 7)) == [
        (
            "",
            '{"_type":"location","tid":"AS","tst":1789999936,"lat":59.913,"lon":10.752245,"acc":5,'
            '"vel":4,"created_at":1790000000,"_id":"astrid:1:7-1"}',
        ),
        (
            "",
            '{"_type":"location","tid":"AS","tst":1789999996,"lat":59.913868,"lon":10.752245,'
            '"acc":5,"vel":4,"cog":84,"created_at":1790000000,"_id":"astrid:1:7","bs":1,"batt":81}',
        ),
    ]


def test_inside_a_fence_its_name_is_a_region():
    *_, (_, body) = said(report(1, 7), ASTRID)
    assert json.loads(body)["inregions"] == ["Hjemme"]
    assert json.loads(body)["inrids"] == ["astrid-7-1"]


def test_a_withheld_position_is_not_said():
    assert said(report(1, 7, coordinates_withheld=1, fixes=[])) == []


def test_leaving_is_a_transition_of_the_fence_and_then_where():
    assert said(alarm(1, 8), ASTRID) == [
        (
            "/event",
            '{"_type":"transition","event":"leave","desc":"Hjemme","wtst":1789991001,'
            '"tst":1790000000,"tid":"AS","t":"c","acc":5,"rid":"astrid-7-1","lat":59.913868,'
            '"lon":10.752245,"_id":"astrid:1:8"}',
        ),
        (
            "",
            '{"_type":"location","tid":"AS","tst":1789999996,"lat":59.913868,"lon":10.752245,'
            '"acc":5,"vel":4,"cog":84,"created_at":1790000000,"_id":"astrid:1:8","bs":1,"batt":81,'
            '"tag":"left","t":"c"}',
        ),
    ]


@pytest.mark.parametrize(
    ("what", "number", "event"),
    [
        (layouts.LEFT, 1, "leave"),
        (layouts.BACK, 1, "enter"),
        (layouts.LEFT, 2, "enter"),  # a keep-out fence is left by going in
        (layouts.BACK, 2, "leave"),
    ],
)
def test_an_event_is_named_as_the_fence_sees_it(what, number, event):
    (_, body), *_ = said(alarm(1, 8, what=what, fence_number=number), ASTRID)
    assert json.loads(body)["event"] == event


def test_a_fence_that_nobody_knows_is_named_by_its_number():
    (_, body), *_ = said(alarm(1, 8, evidence=[]))
    assert body == (
        '{"_type":"transition","event":"leave","desc":"fence 1","wtst":0,"tst":1790000000,'
        '"tid":"AS","t":"c","acc":0,"_id":"astrid:1:8"}'
    )


def test_a_test_alarm_is_no_transition():
    ((branch, body),) = said(alarm(1, 8, test=1), ASTRID)
    assert branch == ""
    assert json.loads(body)["tag"] == "test"


def test_a_cry_for_help_is_said_to_be_by_hand():
    ((_, body),) = said(alarm(1, 8, what=layouts.SOS), ASTRID)
    assert json.loads(body)["t"] == "u"
    assert json.loads(body)["tag"] == "sos"


def test_an_alarm_that_nobody_and_no_region_gave_has_no_trigger():
    ((_, body),) = said(alarm(1, 8, what=layouts.BATTERY_LOW))
    assert "t" not in json.loads(body)
    assert json.loads(body)["tag"] == "battery_low"


def test_silence_is_a_last_will():
    payload = payload_of("alarm", "silent", {"text": "", "last_heard_s": NOW_S - 900})
    own = Row(1, "astrid", OWN_BOOT, 1, OWN_KIND, ALARM, NOW_S, NOW_S * 1000, payload)
    (told,) = messages(delivery_for(own, "nord", Address("phones")), ASTRID)
    assert written(told.body) == b'{"_type":"lwt","tst":1789999100}'


@pytest.mark.parametrize("frame", [health(1, 1), answer(1, 2)])
def test_what_has_no_word_in_owntracks_is_not_said(frame):
    assert said(frame, ASTRID) == []


def test_a_position_without_a_clock_is_dated_by_its_age():
    *_, (_, body) = said(report(1, 7, time_is_uptime=1))
    assert json.loads(body)["tst"] == NOW_S - 4


def test_the_card_has_the_name_and_waypoints_the_circles_that_are_kept_to():
    card, waypoints = introduction("astrid", ASTRID, True)
    assert (card.branch, written(card.body).decode()) == (
        "/info",
        '{"_type":"card","tid":"AS","name":"Astrid Berg"}',
    )
    assert (waypoints.branch, written(waypoints.body).decode()) == (
        "/waypoints",
        '{"_type":"waypoints","_creator":"trygg-gateway","waypoints":[{"_type":"waypoint",'
        '"desc":"Hjemme","lat":59.9139,"lon":10.7522,"rad":60,"tst":1789991001,"rid":"astrid-7-1"},'
        '{"_type":"waypoint","desc":"Dammen","lat":59.91,"lon":10.75,"rad":25,"tst":1789991002,'
        '"rid":"astrid-7-2"}]}',
    )


def test_a_transition_names_the_waypoint_that_was_listed():
    (_, listed) = introduction("astrid", ASTRID, True)
    (_, body), *_ = said(alarm(1, 8), ASTRID)
    event, home = json.loads(body), listed.body["waypoints"][0]
    assert (event["wtst"], event["rid"], event["desc"]) == (home["tst"], home["rid"], home["desc"])


def test_where_somebody_lives_is_not_said_unless_asked_for():
    (card,) = introduction("astrid", ASTRID, False)
    assert "lat" not in card.body


# -- over MQTT -------------------------------------------------------------------------


def test_over_mqtt_each_goes_to_its_branch_and_the_card_is_kept(tmp_path):
    with Mosquitto(tmp_path) as broker:
        ear = Ear(broker.port, "owntracks/#")
        table = f'type = "owntracks-mqtt"\nurl = "{broker.url}"\nwaypoints = true'
        life(made(table, about=lambda device: ASTRID), [of(alarm(1, 8))], [of(report(1, 9))])
        until = time.monotonic() + 30
        while len(ear.heard) < 6 and time.monotonic() < until:
            time.sleep(0.01)
        late = Ear(broker.port, "owntracks/#")
        while not late.heard and time.monotonic() < until:
            time.sleep(0.01)
        topics = [topic.removeprefix("owntracks/trygg/astrid") for topic, *_ in ear.heard]
        assert topics == ["/info", "/waypoints", "/event", "", "", ""]
        assert [topic for topic, *_ in late.heard] == ["owntracks/trygg/astrid/info"]
        ear.close()
        late.close()


def test_locations_are_kept_by_the_broker_only_when_asked_for(tmp_path):
    with Mosquitto(tmp_path) as broker:
        table = f'type = "owntracks-mqtt"\nurl = "{broker.url}"\nretain = true'
        life(made(table), [of(report(1, 9))])
        late = Ear(broker.port, "owntracks/+/+")
        until = time.monotonic() + 30
        while not late.heard and time.monotonic() < until:
            time.sleep(0.01)
        ((_, body, retained),) = late.heard
        assert retained
        assert json.loads(body)["_id"] == "astrid:1:9"  # the newest
        late.close()


def test_when_a_person_is_forgotten_the_broker_forgets_too(tmp_path):
    with Mosquitto(tmp_path) as broker:
        table = f'type = "owntracks-mqtt"\nurl = "{broker.url}"\nretain = true'
        life(made(table), [of(report(1, 9))], [forgotten("astrid")])
        life(made(table), [delivery(row(report(1, 1), device="bjarne"), "nord")])
        late = Ear(broker.port, "owntracks/#")
        until = time.monotonic() + 30
        while len(late.heard) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert {topic for topic, *_ in late.heard} == {
            "owntracks/trygg/bjarne",
            "owntracks/trygg/bjarne/info",
        }
        late.close()


@pytest.mark.parametrize("how", ["overtaken", "replayed"])
def test_a_word_heard_late_leaves_what_is_kept_of_who_has_the_name_now(tmp_path, how):
    registered = [About("Bjarne Lie", (), NOW_S * 1000 - 1)]
    word = marked(forgotten("astrid", said_ms=NOW_S * 1000), how)
    with Mosquitto(tmp_path) as broker:
        table = f'type = "owntracks-mqtt"\nurl = "{broker.url}"\nretain = true'
        sink = made(table, about=lambda device: registered[-1])
        life(sink, [of(report(1, 9))])
        registered.append(About("Astrid Berg", (), NOW_S * 1000 + 60_000))
        life(sink, [word, of(report(1, 1))])
        life(made(table, about=lambda device: registered[-1]), [word])
        late = Ear(broker.port, "owntracks/#")
        until = time.monotonic() + 30
        while len(late.heard) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        found = {topic: json.loads(body) for topic, body, _ in late.heard}
        assert found["owntracks/trygg/astrid"]["_id"] == "astrid:1:1"
        assert found["owntracks/trygg/astrid/info"]["name"] == "Astrid Berg"
        late.close()


def test_after_new_fences_a_tracker_is_introduced_again(tmp_path):
    with Mosquitto(tmp_path) as broker:
        ear = Ear(broker.port, "owntracks/+/+/info")
        sink = made(f'type = "owntracks-mqtt"\nurl = "{broker.url}"')
        life(sink, [of(report(1, 1))], [of(report(1, 2)), of(answer(1, 3))], [of(report(1, 4))])
        until = time.monotonic() + 30
        while len(ear.heard) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert len(ear.heard) == 2
        ear.close()


# -- over HTTP -------------------------------------------------------------------------


def test_over_http_it_is_the_request_that_the_apps_make():
    with http_end() as end:
        settings = OwnTracksHttpSink(type="owntracks-http", url=f"{end.url}/pub")
        life(HttpMade(settings, lambda device: ASTRID), [of(alarm(1, 8))])
    paths, headers, bodies = zip(*end.requests)
    assert set(paths) == {"/pub"}
    assert [json.loads(body)["_type"] for body in bodies] == ["card", "transition", "location"]
    assert [json.loads(body)["topic"] for body in bodies] == [
        "owntracks/trygg/astrid/info",
        "owntracks/trygg/astrid/event",
        "owntracks/trygg/astrid",
    ]
    for one in headers:
        assert one["content-type"] == "application/json"
        assert (one["x-limit-u"], one["x-limit-d"]) == ("trygg", "astrid")
    assert bodies[0] == (
        b'{"_type":"card","tid":"AS","name":"Astrid Berg","topic":"owntracks/trygg/astrid/info"}'
    )
