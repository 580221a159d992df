"""What people see: worst first, whole shapes, and no older dot under a withheld position."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.parcels import put_one
from gateway.records import NOW_MS, NOW_S, alarm, entry, health, report
from trygg_gateway import order_book, quarantine
from trygg_gateway.devices import Device
from trygg_gateway.journal import Journal, JournalError
from trygg_gateway.reader import Reader
from trygg_gateway.registry import Registry
from trygg_gateway.standing import GRACE_S, NO_ALARM, WORST_FIRST, OpenAlarm, standing
from trygg_gateway.values import Refused, Stray
from trygg_gateway.views import Views
from trygg_wire import codec, layouts

HOME = {"number": 1, "name": "Solbakken", "keep": "in", "private": True, "shape": "circle",
        "buffer_m": 0.0, "lat": 59.913868, "lon": 10.752245, "radius_m": 160.0,
        "schedule": None}  # fmt: skip


class Rig:
    def __init__(self, path):
        self.now_ms = NOW_MS + 1000
        self.nudged = []
        self.journal = Journal.open(path)
        self.registry = Registry(self.journal, self.clock)
        self.views = Views(self.journal, self.clock, self.nudged.append, lambda: {"a": {"b": 1}})

    def clock(self):
        return self.now_ms

    def put(self, device, *frames):
        for frame in frames:
            put_one(self.journal, entry(frame, device=device))
        self.journal.write(lambda db: None).result()

        async def fold():
            reader = Reader(self.journal, self.clock, self.views.changed, lambda device: None)
            while await reader.step():
                pass

        asyncio.run(fold())

    def order_fences(self, device, fences):
        return self.journal.write(
            lambda db: order_book.queue_fences(db, device, fences, 0, "Kari", NOW_MS)
        ).result()


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path / "journal.db")
    for device in ("astrid", "bjarne"):
        rig.registry.add(device, "nord", device.title())
    yield rig
    rig.journal.close()


def test_a_tracker_never_heard_is_shown_with_every_key(rig):
    shown = rig.views.trackers()[0]
    assert (shown["device"], shown["status"], shown["status_text"]) == (
        "astrid", "waiting", "not heard yet",
    )  # fmt: skip
    rig.put("astrid", report(1, 1))
    assert set(shown) == set(rig.views.trackers()[0])
    unknown = ("last_contact_s", "next_report_by_s", "battery_percent", "battery_mv", "signal_dbm",
               "bound_s", "fix_age_s", "position", "fence_number")  # fmt: skip
    assert all(shown[key] is None for key in unknown)


def test_a_tracker_is_shown_as_it_reported(rig):
    rig.put("astrid", report(1, 1))
    rig.now_ms = (NOW_S + 30) * 1000
    (shown,) = [one for one in rig.views.trackers() if one["device"] == "astrid"]
    assert shown["last_contact_s"] == NOW_S
    assert shown["next_report_by_s"] == NOW_S + 600
    assert (shown["battery_percent"], shown["battery_mv"], shown["signal_dbm"]) == (81, 3900, -75)
    assert (shown["fence_state"], shown["bound_s"], shown["fix_age_s"]) == ("inside", 95, 34)
    assert shown["position"] == {"lat": 59.913868, "lon": 10.752245, "accuracy_m": 4.5,
                                 "time_s": NOW_S - 4, "speed_m_s": 1.2,
                                 "course_deg": 84}  # fmt: skip
    assert shown["position_withheld"] is False
    json.dumps(rig.views.trackers())


def test_a_withheld_position_is_no_dot_and_says_so(rig):
    rig.put("astrid", report(1, 1), report(1, 2, coordinates_withheld=1, fixes=[]))
    (shown,) = [one for one in rig.views.trackers() if one["device"] == "astrid"]
    assert (shown["position"], shown["position_withheld"]) == (None, True)


def test_the_worst_comes_first(rig):
    for device in ("dagny", "egil", "frida"):
        rig.registry.add(device, "nord", device.title())
    rig.put("astrid", report(1, 1, NOW_S + 3000))
    rig.put("bjarne", report(1, 1, next_report_by_s=0))
    rig.put("dagny", report(1, 1), alarm(1, 2))
    rig.put("egil", report(1, 1, battery_percent=9))
    rig.now_ms = (NOW_S + 60) * 1000
    seen = [(one["device"], one["status"]) for one in rig.views.trackers()]
    assert seen == [("dagny", "alarm"), ("bjarne", "late"), ("egil", "low_battery"),
                    ("astrid", "fine"), ("frida", "waiting")]  # fmt: skip
    rig.now_ms = (NOW_S + 200) * 1000
    assert rig.views.trackers()[1]["status"] == "silent"


@given(
    alarm=st.sampled_from([NO_ALARM, OpenAlarm(layouts.LEFT, False), OpenAlarm(layouts.SOS, True)]),
    heard=st.booleans(), late_s=st.integers(-100, 400), percent=st.none() | st.integers(0, 100),
    charging=st.booleans(), fence=st.integers(0, 4),
)  # fmt: skip
def test_every_tracker_stands_somewhere(alarm, heard, late_s, percent, charging, fence):
    status, text = standing(alarm, heard, NOW_S, percent, charging, fence, NOW_S + late_s)
    assert status in WORST_FIRST
    assert text
    if alarm.what:
        assert status == "alarm"
    elif heard:
        assert (status == "silent") == (late_s > GRACE_S)


def test_a_test_alarm_does_not_make_a_tracker_look_in_need(rig):
    rig.put("astrid", report(1, 1), alarm(1, 2, test=1))
    assert {one["status"] for one in rig.views.trackers()} == {"fine", "waiting"}
    (shown,) = rig.views.alarms()
    assert shown["test"] is True


def test_an_alarm_is_shown_whole(rig):
    order_id = rig.order_fences("astrid", [HOME])
    rig.journal.write(lambda db: db.execute("UPDATE fences SET version = 7").rowcount).result()
    rig.put("astrid", alarm(1, 2))
    (shown,) = rig.views.alarms(open_only=True)
    assert {key: shown[key] for key in ("device", "name", "what", "reason", "fence_number")} == {
        "device": "astrid", "name": "Astrid", "what": "left", "reason": "crossed",
        "fence_number": 1,
    }  # fmt: skip
    assert (shown["fence_name"], shown["state"], shown["test"]) == ("Solbakken", "raised", False)
    assert (shown["raised_s"], shown["stored_s"], shown["late_by_s"]) == (NOW_S, NOW_S + 1, 1)
    assert shown["position"]["time_s"] == NOW_S - 4
    assert shown["delivered"] == []
    assert order_id
    json.dumps(shown)


def test_taking_an_alarm_writes_it_down_and_owes_the_wearer_the_news(rig):
    rig.put("astrid", alarm(4, 2))
    (raised,) = rig.views.alarms()
    shown = rig.views.take(raised["id"], "Kari Nordmann")
    assert (shown["state"], shown["taken_by"]) == ("taken", "Kari Nordmann")
    assert shown["timeline"][-1]["event"] == "taken"
    assert rig.nudged == ["astrid"]
    ((body,),) = rig.journal.query("SELECT body FROM orders")
    assert codec.decode_body(layouts.COMMAND, body) == {
        "command": layouts.ALARM_TAKEN, "alarm_boot": 4, "alarm_seq": 2,
    }  # fmt: skip
    with pytest.raises(Refused, match="Kari Nordmann has taken"):
        rig.views.take(raised["id"], "Ola")
    assert len(rig.views.orders()) == 1, "refused, so nothing was ordered"


def test_closing_needs_a_cause_and_ends_the_alarm(rig):
    rig.put("astrid", alarm(1, 2))
    (raised,) = rig.views.alarms()
    with pytest.raises(Refused, match="why"):
        rig.views.close(raised["id"], "Kari", "  ")
    shown = rig.views.close(raised["id"], "Kari", "found by the lake")
    assert (shown["state"], shown["closed_cause"]) == ("closed", "found by the lake")
    assert rig.views.alarms(open_only=True) == []
    with pytest.raises(Refused, match="closed already"):
        rig.views.take(raised["id"], "Ola")
    with pytest.raises(Refused, match="no alarm 99"):
        rig.views.take(99, "Ola")


def test_an_alarm_of_a_revoked_tracker_can_still_be_taken(rig):
    rig.put("astrid", alarm(1, 2))
    rig.registry.revoke("astrid")
    assert rig.views.take(rig.views.alarms()[0]["id"], "Kari")["state"] == "taken"
    assert rig.views.orders() == []


def test_open_alarms_come_first_then_the_newest(rig):
    rig.put("astrid", alarm(1, 1, NOW_S - 30), alarm(1, 2, NOW_S - 20), alarm(1, 3, NOW_S - 10))
    by_seq = dict(rig.journal.query("SELECT seq, id FROM alarms"))
    rig.views.close(by_seq[3], "Kari", "a mistake")
    assert [one["id"] for one in rig.views.alarms()] == [by_seq[2], by_seq[1], by_seq[3]]
    assert len(rig.views.alarms(limit=2)) == 2


def test_the_fences_shown_are_those_in_force(rig):
    def shown():
        return {one["device"]: one["fences"] for one in rig.views.trackers()}["astrid"]

    first = rig.order_fences("astrid", [HOME])
    assert shown() == [HOME], "ordered, and nothing else is known"
    answer = {"order_id": first, "order_version": 1, "result": layouts.APPLIED, "reason": 0}
    rig.journal.write(lambda db: order_book.answered(db, "astrid", answer, NOW_MS)).result()
    rig.order_fences("astrid", [HOME | {"name": "New", "radius_m": 90.0}])
    assert shown() == [HOME], "the new set is not applied yet"
    second = {"order_id": first + 1, "order_version": 2, "result": layouts.ARMED, "reason": 0}
    rig.journal.write(lambda db: order_book.answered(db, "astrid", second, NOW_MS)).result()
    assert [fence["name"] for fence in shown()] == ["New"]


def test_the_track_is_in_order_of_time_and_begins_where_asked(rig):
    rig.put("astrid", report(1, 1, NOW_S - 300), report(1, 2))
    times = [one["time_s"] for one in rig.views.track("astrid", 0)]
    assert times == [NOW_S - 364, NOW_S - 304, NOW_S - 64, NOW_S - 4]
    assert [one["time_s"] for one in rig.views.track("astrid", NOW_S - 64)] == times[2:]
    assert rig.views.track("eve", 0) == []


def test_every_look_is_written_down(rig):
    rig.views.log_read("Kari", "last position of astrid")
    assert rig.journal.query("SELECT at_ms, who, what FROM reads") == [
        (rig.now_ms, "Kari", "last position of astrid")
    ]


def test_a_look_is_on_disk_before_anything_is_shown(rig):
    inside, go = threading.Event(), threading.Event()
    rig.journal.write(lambda db: (inside.set(), go.wait(20)))
    assert inside.wait(20)
    with ThreadPoolExecutor(1) as console:
        looking = console.submit(rig.views.log_read, "Kari", "last position of astrid")
        with pytest.raises(TimeoutError):
            looking.result(0.1)
        assert rig.journal.query("SELECT count(*) FROM reads") == [(0,)]
        go.set()
        looking.result(20)
        assert rig.journal.query("SELECT who FROM reads") == [("Kari",)]


def test_a_look_that_the_disk_does_not_take_shows_nothing_and_says_why(rig, monkeypatch):
    monkeypatch.setattr("trygg_gateway.views.LOG_SECONDS", 0.1)
    pages = rig.journal.query("PRAGMA page_count")[0][0]
    full = f"PRAGMA max_page_count = {pages}"
    rig.journal.write(lambda db: db.execute(full).fetchall()).result()
    with pytest.raises(JournalError, match=r"log that Kari reads .* Look at the disk"):
        rig.views.log_read("Kari", "x" * 100_000)
    rig.journal._db.execute("PRAGMA max_page_count = 1000000")


def test_counters_and_health_are_passed_on(rig):
    rig.put("astrid", health(1, 1))
    assert rig.views.counters() == {"a": {"b": 1}}
    assert rig.views.trackers()[0]["firmware"] == "0.1.0"


def test_a_subscriber_hears_each_change_once(rig):
    async def story():
        notices = rig.views.subscribe()
        for what in ("trackers", "trackers", "alarms"):
            rig.views.changed(what)
        heard = [await asyncio.wait_for(anext(notices), 10) for _ in range(2)]
        rig.views.changed("trackers")
        heard.append(await asyncio.wait_for(anext(notices), 10))
        return heard

    assert asyncio.run(story()) == [
        {"changed": "trackers"}, {"changed": "alarms"}, {"changed": "trackers"},
    ]  # fmt: skip


def test_a_subscriber_that_is_gone_is_forgotten(rig):
    async def story():
        notices = rig.views.subscribe()
        assert len(rig.views._subscribers) == 1
        del notices

    asyncio.run(story())
    rig.views.changed("alarms")
    assert len(rig.views._subscribers) == 0


def test_quarantine_shows_the_newest_and_forgets_the_oldest(rig):
    strays = [Stray(f"topic {n}", bytes(100), "because", n) for n in range(10)]
    rig.journal.write(lambda db: quarantine.set_aside(db, strays)).result()
    assert [one["topic"] for one in rig.views.quarantine(2)] == ["topic 9", "topic 8"]
    assert rig.journal.write(lambda db: quarantine.trim(db, 6, 10_000)).result() == 4
    assert rig.journal.write(lambda db: quarantine.trim(db, 6, 350)).result() == 3
    assert [one["topic"] for one in rig.views.quarantine()] == ["topic 9", "topic 8", "topic 7"]


def test_the_columns_of_a_device_are_those_of_its_table(rig):
    columns = [row[1] for row in rig.journal.query("PRAGMA table_info(devices)")]
    assert columns == list(Device._fields)
