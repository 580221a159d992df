"""The watch over a real journal: what it finds is raised once, whatever happens in between."""

import asyncio
from concurrent.futures import Future

import pytest

from gateway.records import NOW_MS, NOW_S, PLACE, alarm, report
from gateway.watch_rig import WatchRig
from trygg_gateway import own_records, watcher
from trygg_gateway.gateway_health import Limits
from trygg_gateway.own_delivery import Address
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.values import Refused
from trygg_wire import codec, layouts

LOW = {"battery_percent": 15}  # at risk: the patience is two minutes


@pytest.fixture
def rig(tmp_path):
    rig = WatchRig(tmp_path / "journal.sqlite", NOW_MS)
    for device in ("astrid", "bjarne"):
        rig.registry.add(device, "nord", device.title())
    yield rig
    rig.close()


def falls_silent(rig, device="astrid", seq=1, **values):
    rig.say(device, report(1, seq, rig.now_ms // 1000, **{**LOW, **values}))
    rig.go(722, 20)
    return next(one for one in rig.views.alarms() if one["what"] == "silent")


def test_a_silence_is_an_alarm_like_any_other(rig):
    silent = falls_silent(rig)
    assert (silent["name"], silent["what"], silent["state"]) == ("Astrid", "silent", "raised")
    assert silent["position"]["lat"] == PLACE["lat_e6"] / 1e6
    assert [line["event"] for line in silent["timeline"]] == ["raised", "stored", "called"]
    assert rig.types() == ["alarm.silent"]
    shown = rig.views.take(silent["id"], "Kari")
    assert shown["taken_by"] == "Kari"
    assert rig.views.orders() == [], "a tracker that is silent knows of no alarm"
    rig.views.on_the_way(silent["id"], "Kari")
    rig.views.at_the_person(silent["id"], "Kari")
    assert rig.views.close(silent["id"], "Kari", "flat")["state"] == "closed"
    rig.go(7200, 20)
    assert rig.types() == ["alarm.silent"], "nobody is told twice of one silence"
    assert rig.views.reopen(silent["id"], "Kari", "not flat")["state"] == "raised"


def test_the_tracker_stands_as_silent_and_its_alarm_beside_it(rig):
    falls_silent(rig)
    (shown,) = [one for one in rig.views.trackers() if one["device"] == "astrid"]
    assert shown["status"] == "silent"


def test_heard_again_ends_a_silence_that_nobody_has_taken(rig):
    silent = falls_silent(rig)
    rig.say("astrid", report(1, 2, rig.now_ms // 1000))
    shown = rig.views.alarm(silent["id"])
    assert (shown["state"], shown["closed_cause"][:11]) == ("closed", "heard again")
    assert [line["event"] for line in shown["timeline"]][-2:] == ["over", "closed"]
    assert rig.types() == ["alarm.silent", "ended"]
    (_, ended) = rig.events()[-1]
    assert ended["of"] == f"astrid:{OWN_BOOT}:1"
    assert "call_off" in [type_.removeprefix("no.trygg.") for type_, _ in
                          rig.events(Address("sms", standby=True))]  # fmt: skip


def test_heard_again_leaves_a_silence_to_who_has_it(rig):
    silent = falls_silent(rig)
    rig.views.take(silent["id"], "Kari")
    rig.say("astrid", report(1, 2, rig.now_ms // 1000))
    shown = rig.views.alarm(silent["id"])
    assert shown["state"] == "taken"
    assert shown["timeline"][-1]["event"] == "over"


def test_a_kill_raises_nothing_twice_and_forgets_nothing(rig):
    falls_silent(rig)
    for _ in range(3):
        rig.crash()
        rig.go(600, 20)
    assert rig.types() == ["alarm.silent"]
    rig.say("astrid", report(1, 2, rig.now_ms // 1000))
    assert rig.types() == ["alarm.silent", "ended"]
    rig.crash()
    rig.go(60, 10)
    assert rig.types() == ["alarm.silent", "ended"]


def test_a_kill_between_the_record_and_the_watch_loses_the_learning_only(rig):
    rig.say("astrid", report(1, 1, NOW_S))
    rig.now_ms += 600_000
    rig.put("astrid", report(1, 2, rig.now_ms // 1000, **LOW))

    async def fold():
        rig.watcher.heard = lambda told: None
        rig.reader._heard = lambda told: None  # killed before it is told
        while await rig.reader.step():
            pass

    asyncio.run(fold())
    rig.crash()
    assert rig.watcher.watch.trackers["astrid"].promise_s == rig.now_ms // 1000 + 600
    rig.go(722, 20)
    assert rig.types() == ["alarm.silent"]


def test_a_gateway_that_was_down_for_hours_gives_everybody_time_to_speak(rig):
    for device in ("astrid", "bjarne"):
        rig.say(device, report(1, 1, NOW_S, **LOW))
    rig.go(20, 10)
    rig.now_ms += 5 * 3_600_000
    rig.crash()
    rig.go(400, 20)
    assert rig.types() == []
    rig.say("bjarne", report(1, 2, rig.now_ms // 1000, **LOW))
    rig.go(90, 10)
    assert rig.types() == ["alarm.silent"], "480 s after the start, and only of who stays away"
    assert list(rig.alarms()) == ["silent"]
    assert rig.alarms()["silent"]["device"] == "astrid"


def test_what_is_stored_and_not_read_yet_is_not_silence(rig):
    rig.say("astrid", report(1, 1, NOW_S, **LOW))
    rig.now_ms += 600_000
    rig.put("astrid", report(1, 2, rig.now_ms // 1000, **LOW))
    for _ in range(20):
        rig.now_ms += 60_000
        rig.look(read=False)
    assert rig.types() == ["gateway.reader_behind"]


def test_a_lost_broker_is_said_and_silences_nobody(rig):
    class Door:
        connected = True

    rig.doors["broker"] = door = Door()
    rig.say("astrid", report(1, 1, NOW_S, **LOW))
    door.connected = False
    rig.go(3600, 20)
    assert rig.types() == ["gateway.deaf"]
    assert rig.watcher.gauges()["hearing"][1]() == 0.0
    door.connected = True
    rig.go(320, 10)
    assert rig.types() == ["gateway.deaf", "ended"]
    rig.go(180, 10)
    assert rig.types()[2:] == ["alarm.silent"]


def test_a_machine_that_slept_heard_nobody(rig):
    rig.say("astrid", report(1, 1, NOW_S, **LOW))
    rig.go(10, 2)
    rig.now_ms += 4 * 3_600_000
    rig.look()
    rig.go(470, 10)
    assert rig.types() == []
    rig.go(20, 10)
    assert rig.types() == ["alarm.silent"]


def test_a_clock_that_is_set_back_delays_nothing_and_is_said(rig):
    rig.say("astrid", report(1, 1, NOW_S, **LOW))
    rig.go(300, 20)
    rig.set_back(3600)
    rig.go(400, 20)
    assert rig.types() == ["gateway.clock_jumped", "ended"]
    rig.go(40, 20)
    assert rig.types()[2:] == ["alarm.silent"]


def test_who_is_revoked_is_not_missed(rig):
    rig.say("astrid", report(1, 1, NOW_S, **LOW))
    rig.registry.revoke("astrid")
    rig.go(7200, 20)
    assert rig.types() == []
    assert rig.journal.query("SELECT count(*) FROM watch WHERE device = 'astrid'") == [(0,)]


def test_fences_that_a_tracker_does_not_apply_are_a_warning(rig):
    from gateway.test_views import HOME
    from trygg_gateway import order_book

    rig.say("astrid", report(1, 1, NOW_S))
    rig.journal.write(
        lambda db: order_book.queue_fences(db, "astrid", [HOME], 0, "Kari", rig.now_ms)
    ).result()
    for seq in range(2, 6):
        rig.go(300, 20)
        rig.say("astrid", report(1, seq, rig.now_ms // 1000))
    rig.go(120, 20)
    assert rig.types() == ["warning.fence_not_armed"]
    warned = rig.alarms()["fence_not_armed"]
    assert (warned["form"], warned["called"]) == ("warning", [])


def test_a_sink_can_do_without_warnings(rig):
    rig.say("astrid", report(1, 1, NOW_S, battery_percent=30, charging=1))
    rig.go(600, 20)
    rig.say("astrid", report(1, 2, rig.now_ms // 1000, battery_percent=35))
    assert rig.types() == ["warning.flat_early"]
    assert rig.types(Address("centre", warnings=False)) == []
    rig.say("astrid", report(1, 3, rig.now_ms // 1000, battery_percent=36, charging=1))
    assert rig.types() == ["warning.flat_early", "ended"]
    assert rig.types(Address("centre", warnings=False)) == []
    rig.go(722, 20)
    assert rig.types(Address("centre", warnings=False)) == []


def test_own_records_never_reach_a_trackers_numbers(rig):
    falls_silent(rig)
    assert rig.journal.highest_boot("astrid") == 1
    rows = rig.journal.query("SELECT boot, kind FROM records WHERE boot > 1")
    assert set(rows) == {(OWN_BOOT, own_records.OWN_KIND)}
    with pytest.raises(codec.WireError):
        codec.encode(layouts.REPORT, {**codec.decode(report(1, 1))[1], "boot": OWN_BOOT})


def test_a_full_disk_is_said_by_the_figures(tmp_path):
    rig = WatchRig(tmp_path / "j.sqlite", NOW_MS, limits=Limits(disk_free=1 << 61))
    rig.go(10, 5)
    (about,) = rig.views.alarms()
    assert (about["what"], about["name"], about["form"]) == ("disk_filling", "The gateway",
                                                            "gateway")  # fmt: skip
    with pytest.raises(Refused):
        rig.views.alarm(99)
    assert rig.watcher.gauges()["disk_free_bytes"][1]() > 0
    rig.close()


def test_figures_go_on_while_the_disk_takes_no_commit(rig, monkeypatch):
    write, held = rig.journal.write, []
    monkeypatch.setattr(watcher, "LOOK_S", 0.01)
    monkeypatch.setattr(rig.journal, "write", lambda act: held.append(Future()) or held[-1])

    async def a_look_that_is_held():
        look = asyncio.create_task(rig.watcher.look(rig.reader))
        rig.lanes = [{"sink": "centre", "lane": "alarm", "waiting_s": 77.0, "trouble": "full"}]
        while not held or [wait.waiting_s for wait in rig.watcher.figures.waits] != [77.0]:
            assert not look.done()
            await asyncio.sleep(0.001)
        rig.lanes[0]["waiting_s"] = 78.0  # the look is held: what it tells from here on is new
        while [wait.waiting_s for wait in rig.watcher.figures.waits] != [78.0]:
            assert not look.done()
            await asyncio.sleep(0.001)
        monkeypatch.setattr(rig.journal, "write", write)
        for one in held:
            one.set_result([])
        await look

    asyncio.run(asyncio.wait_for(a_look_that_is_held(), 20))


def test_an_alarm_that_no_sink_confirms_is_said(rig):
    rig.lanes = [{"sink": "centre", "lane": "alarm", "waiting_s": 0.0, "trouble": ""}]
    rig.say("astrid", alarm(1, 1, NOW_S))
    rig.go(70, 5)
    assert "gateway.alarm_unconfirmed" in rig.types()
