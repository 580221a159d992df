"""The Home Assistant sink: its discovery and topics byte for byte, and at a real Mosquitto."""

import asyncio
import json
import time
from contextlib import contextmanager

import pytest
from orjson import dumps

from gateway.mosquitto import Mosquitto
from gateway.mqtt_ear import Ear
from gateway.records import NOW_MS, NOW_S, alarm, answer, forgotten, health, report, row
from gateway.sink_lives import life, made
from trygg_gateway.about import About
from trygg_gateway.delivery import delivery
from trygg_gateway.lane_reading import marked
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.own_records import OWN_BOOT, OWN_KIND, payload_of
from trygg_gateway.sinks.homeassistant import is_news
from trygg_gateway.sinks.homeassistant_words import discovery, topics_of
from trygg_gateway.values import ALARM, BACKLOG, Row
from trygg_wire import layouts

ASTRID = About("Astrid Berg")


def of(frame, **values):
    return delivery(row(frame, **values), "nord")


def own(form, what, **data):
    payload = payload_of(form, what, {"text": "", **data})
    record = Row(1, "astrid", OWN_BOOT, 1, OWN_KIND, ALARM, NOW_S, NOW_S * 1000, payload)
    return delivery_for(record, "nord", Address("home"))


def changed(entry):
    return {topic: told for topic, told, _ in topics_of(entry)}


def test_a_tracker_is_a_device_that_is_found_by_itself():
    assert dumps(discovery("astrid", ASTRID, "trygg/home")).decode() == (
        '{"dev":{"ids":["trygg_astrid"],"name":"Astrid Berg","mf":"Trygg","mdl":"tracker",'
        '"sn":"astrid"},"o":{"name":"trygg-gateway"},"cmps":{'
        '"position":{"p":"device_tracker","unique_id":"trygg_astrid_position","name":"Position",'
        '"source_type":"gps","json_attributes_topic":"trygg/home/astrid/position"},'
        '"battery":{"p":"sensor","unique_id":"trygg_astrid_battery","name":"Battery",'
        '"state_topic":"trygg/home/astrid/state","value_template":"{{ value_json.battery }}",'
        '"device_class":"battery","unit_of_measurement":"%","state_class":"measurement"},'
        '"last_report":{"p":"sensor","unique_id":"trygg_astrid_last_report","name":"Last report",'
        '"state_topic":"trygg/home/astrid/state","value_template":"{{ value_json.last_report }}",'
        '"device_class":"timestamp"},'
        '"next_report":{"p":"sensor","unique_id":"trygg_astrid_next_report",'
        '"name":"Next report by","state_topic":"trygg/home/astrid/state",'
        '"value_template":"{{ value_json.next_report }}","device_class":"timestamp"},'
        '"fence":{"p":"sensor","unique_id":"trygg_astrid_fence","name":"Fence",'
        '"state_topic":"trygg/home/astrid/state","value_template":"{{ value_json.fence }}",'
        '"device_class":"enum","options":["unknown","inside","near","outside","cannot_tell"]},'
        '"outside":{"p":"binary_sensor","unique_id":"trygg_astrid_outside",'
        '"name":"Outside its fence","device_class":"safety",'
        '"state_topic":"trygg/home/astrid/outside"},'
        '"silent":{"p":"binary_sensor","unique_id":"trygg_astrid_silent","name":"Silent",'
        '"device_class":"problem","state_topic":"trygg/home/astrid/silent"},'
        '"alarm":{"p":"event","unique_id":"trygg_astrid_alarm","name":"Alarm","event_types":'
        '["left","back","sos","battery_low","cannot_tell","off_charger","taken_off","silent",'
        '"test"],"state_topic":"trygg/home/astrid/alarm"}},'
        '"availability_topic":"trygg/home/status","qos":1}'
    )


def test_a_report_is_a_position_a_state_and_no_silence():
    found = changed(of(report(1, 7)))
    assert dumps(found["position"]).decode() == (
        '{"record":"astrid:1:7","withheld":false,"latitude":59.913868,"longitude":10.752245,'
        '"gps_accuracy":4.5,"last_fix":"2026-09-21T14:13:16Z","speed_m_s":1.2,"course_deg":84}'
    )
    assert dumps(found["state"]).decode() == (
        '{"record":"astrid:1:7","battery":81,"charging":false,"signal_dbm":-75,"fence":"inside",'
        '"last_report":"2026-09-21T14:13:20Z","next_report":"2026-09-21T14:23:20Z"}'
    )
    assert (found["outside"], found["silent"]) == ("OFF", "OFF")


def test_a_withheld_position_takes_away_the_one_that_stands():
    found = changed(of(report(1, 7, coordinates_withheld=1, fixes=[])))
    assert found["position"] == {"record": "astrid:1:7", "withheld": True}


@pytest.mark.parametrize("frame", [report(1, 7, fixes=[]), alarm(1, 7, evidence=[])])
def test_who_has_no_position_leaves_the_last_one(frame):
    assert "position" not in changed(of(frame))


def test_an_alarm_is_an_event_and_a_state():
    found = changed(of(alarm(1, 8)))
    assert found["outside"] == "ON"
    assert dumps(found["alarm"]).decode() == (
        '{"event_type":"left","what":"left","record":"astrid:1:8","time":"2026-09-21T14:13:20Z",'
        '"late_by_s":0}'
    )


def test_a_test_alarm_is_a_test_and_changes_no_state():
    found = changed(of(alarm(1, 8, test=1)))
    assert found["alarm"]["event_type"] == "test"
    assert "outside" not in found


@pytest.mark.parametrize("state", [layouts.CANNOT_TELL, layouts.UNKNOWN])
def test_who_cannot_tell_says_neither_in_nor_out(state):
    assert "outside" not in changed(of(report(1, 7, fence_state=state)))


def test_silence_begins_and_ends():
    assert changed(own("alarm", "silent"))["silent"] == "ON"
    assert changed(own("alarm", "silent"))["alarm"]["event_type"] == "silent"
    assert changed(own("ended", "silent", of_form="alarm")) == {"silent": "OFF"}


@pytest.mark.parametrize(
    "entry",
    [of(health(1, 1)), of(answer(1, 2)), own("warning", "weak_link"), own("gateway", "deaf"),
     own("ended", "weak_link", of_form="warning")],
)  # fmt: skip
def test_what_has_no_place_there_changes_nothing(entry):
    assert topics_of(entry) == []


def test_history_replays_and_what_was_overtaken_are_no_news():
    entry = of(report(1, 7))
    assert is_news(entry)
    assert not is_news(of(report(1, 7), lane=BACKLOG))
    assert not is_news(entry._replace(data={**entry.data, "overtaken": True}))
    assert not is_news(entry._replace(data={**entry.data, "replayed": True}))


# -- at a broker -----------------------------------------------------------------------


@contextmanager
def heard(broker, number):
    """What somebody who comes now hears, waiting for so many."""
    ear = Ear(broker.port)
    until = time.monotonic() + 30
    while len(ear.heard) < number and time.monotonic() < until:
        time.sleep(0.01)
    yield {topic: payload for topic, payload, _ in ear.heard}
    ear.close()


def test_home_assistant_finds_all_of_it_whenever_it_starts(tmp_path):
    with Mosquitto(tmp_path) as broker:
        sink = made(f'type = "homeassistant"\nurl = "{broker.url}"', about=lambda device: ASTRID)
        life(sink, [of(report(1, 7))], [of(alarm(1, 8))])
        with heard(broker, 6) as found:
            assert set(found) == {
                "homeassistant/device/trygg_astrid/config",
                *(f"trygg/home/astrid/{one}" for one in ("position", "state", "silent", "outside")),
                "trygg/home/status",
            }  # the event of the alarm is not kept, or it would ring at every start
            config = found["homeassistant/device/trygg_astrid/config"]
            assert json.loads(config)["dev"]["name"] == "Astrid Berg"
            assert found["trygg/home/astrid/outside"] == b"ON"
            assert found["trygg/home/status"] == b"offline"  # the sink was stopped


def test_when_a_person_is_forgotten_nothing_of_them_is_kept(tmp_path):
    with Mosquitto(tmp_path) as broker:
        sink = made(f'type = "homeassistant"\nurl = "{broker.url}"')
        life(sink, [of(report(1, 7)), of(alarm(1, 8))], [forgotten("astrid")])
        with heard(broker, 1) as found:
            assert set(found) == {"trygg/home/status"}


@pytest.mark.parametrize("how", ["overtaken", "replayed"])
def test_a_word_heard_late_leaves_the_device_of_who_has_the_name_now(tmp_path, how):
    """Registered as Bjarne when it was said, and anew as Astrid a minute later."""
    registered = [About("Bjarne Lie", (), NOW_MS - 1)]
    word = forgotten("astrid", said_ms=NOW_MS)
    with Mosquitto(tmp_path) as broker:
        table = f'type = "homeassistant"\nurl = "{broker.url}"'
        sink = made(table, about=lambda device: registered[-1])
        life(sink, [of(report(1, 7))])
        registered.append(About("Astrid Berg", (), NOW_MS + 60_000))
        life(sink, [marked(word, how), of(report(1, 1))])
        life(made(table, about=lambda device: registered[-1]), [marked(word, how)])
        with heard(broker, 6) as found:
            assert len(found) == 6
            config = json.loads(found["homeassistant/device/trygg_astrid/config"])
            assert config["dev"]["name"] == "Astrid Berg"
            assert json.loads(found["trygg/home/astrid/state"])["record"] == "astrid:1:1"


def test_who_comes_after_the_word_in_one_batch_is_introduced_again(tmp_path):
    with Mosquitto(tmp_path) as broker:
        sink = made(f'type = "homeassistant"\nurl = "{broker.url}"')
        life(sink, [of(report(1, 7)), forgotten("astrid"), of(report(1, 1))])
        with heard(broker, 6) as found:
            assert json.loads(found["homeassistant/device/trygg_astrid/config"])
            assert json.loads(found["trygg/home/astrid/state"])["record"] == "astrid:1:1"


def test_while_it_runs_it_is_there_and_killed_it_is_not(tmp_path):
    async def work(broker):
        sink = made(f'type = "homeassistant"\nurl = "{broker.url}"')
        await sink.start()
        ear = await asyncio.to_thread(Ear, broker.port, "trygg/home/status")
        sink._line._connection.client.socket().close()  # as a process that is killed
        async with asyncio.timeout(30):
            # it may have connected again by then
            while [payload for _, payload, _ in ear.heard][:2] != [b"online", b"offline"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        ear.close()
        sink._line._connection.gone = "killed"
        await sink.stop()

    with Mosquitto(tmp_path) as broker:
        asyncio.run(work(broker))
