"""Nobody takes it: further channels, the next person, and all of it through kills."""

import asyncio
import json

import pytest

from gateway.alarm_rig import POLICY, AlarmRig
from gateway.parcels import put_one
from gateway.records import NOW_MS, PLACE, alarm, entry
from trygg_gateway import own_records
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.own_records import CALL, CALL_OFF, COPY, OWN_KIND
from trygg_gateway.values import ALARM, Refused
from trygg_wire import layouts


@pytest.fixture
def rig(tmp_path):
    rig = AlarmRig(tmp_path / "journal.sqlite")
    yield rig
    rig.close()


def test_an_alarm_that_nobody_takes_goes_down_the_row_and_the_list(rig):
    id_ = rig.raised()
    for _ in range(240):
        rig.go(1)
    assert rig.calls(id_) == [
        ("person", "Ingrid", 0), ("channel", "sms", 20), ("person", "Pål", 60),
        ("person", "Ingrid", 180),
    ]  # fmt: skip
    assert [event for event in rig.timeline(id_) if event[0] in ("called", "channel")] == [
        ("called", "Ingrid"), ("channel", "sms"), ("called", "Pål"), ("called", "Ingrid"),
    ]  # fmt: skip


def test_a_channel_that_confirms_in_time_stays_alone(rig):
    id_ = rig.raised()
    rig.go(19)
    rig.sink("centre", id_)
    rig.go(100)
    assert not [call for call in rig.calls(id_) if call[0] == "channel"]


def test_who_takes_it_ends_the_calls_and_the_called_are_told(rig):
    id_ = rig.raised()
    rig.go(60)
    rig.views.take(id_, "Pål")
    rig.go(1)
    offs = [said for said in rig.said() if said.form == CALL_OFF]
    assert [(said.to, said.data["text"]) for said in offs] == [
        (("sms-ingrid", "sms-pål"), "Pål has taken it")
    ]
    rig.go(600)
    assert len(rig.calls(id_)) == 4, "two calls, the sms channel at 20 s, and the call-off"
    rig.crash()
    rig.go(600)
    assert len(rig.calls(id_)) == 4


@pytest.mark.parametrize("at_s", [0, 1, 19, 59, 61, 179])
def test_a_kill_changes_no_second_of_it(rig, at_s):
    id_ = rig.raised()
    for second in range(200):
        if second == at_s:
            rig.crash()
        rig.go(1)
    assert rig.calls(id_) == [
        ("person", "Ingrid", 0), ("channel", "sms", 20), ("person", "Pål", 60),
        ("person", "Ingrid", 180),
    ]  # fmt: skip


def test_what_fell_due_while_it_was_down_is_done_at_once_and_one_at_a_time(rig):
    id_ = rig.raised()
    rig.now_ms += 1_000_000
    rig.crash()
    rig.step()
    assert rig.calls(id_)[1:] == [("channel", "sms", 1000), ("person", "Pål", 1000)]
    rig.go(119)
    assert len(rig.calls(id_)) == 3
    rig.go(1)
    assert rig.calls(id_)[3:] == [("person", "Ingrid", 1120)]


@pytest.mark.parametrize("values", [{"test": 1}, {"what": layouts.TEST}])
def test_a_test_alarm_is_never_dispatched(rig, values):
    id_ = rig.raised(**values)
    rig.go(3600)
    assert rig.calls(id_) == []
    (row,) = rig.journal.rows_after(0, ALARM, 9)
    delivered = delivery_for(row, "nord", Address("centre"))
    assert delivered.attributes["type"] == "no.trygg.alarm.test"
    assert delivered.data["test"] is True
    assert delivery_for(row, "nord", Address("sms", standby=True)) is None
    assert rig.hops == []


def test_a_call_is_not_the_alarm_and_a_delivered_call_takes_nothing(rig):
    id_ = rig.raised()
    rig.call_sink("sms-ingrid", 1)
    shown = rig.views.alarm(id_)
    assert shown["delivered"] == []
    assert (shown["state"], shown["taken_by"]) == ("raised", None)
    assert ("call_delivered", "sms-ingrid") in rig.timeline(id_)
    rig.go(20)
    rig.call_sink("sms", 2)
    assert rig.views.alarm(id_)["delivered"] == ["sms"], "a channel that confirms has the alarm"
    assert rig.views.alarm(id_)["state"] == "raised"


def test_a_call_says_who_what_where_and_how_old(rig):
    rig.raised()
    (said,) = [said for said in rig.said() if said.form == CALL]
    assert said.to == ("sms-ingrid",)
    about = said.data
    assert (about["person"], about["name"], about["alarm_what"]) == ("Ingrid", "Astrid", "left")
    assert about["alarm"] == "astrid:1:1"
    assert about["position"]["age_s"] == PLACE["age_s"]
    rows = rig.journal.rows_after(0, ALARM, 9)
    for address, types in (
        (Address("centre"), ["no.trygg.alarm.left"]),
        (Address("sms-ingrid", standby=True), ["no.trygg.call"]),
        (Address("sms-ingrid"), ["no.trygg.alarm.left", "no.trygg.call"]),
        (Address("sms", standby=True), []),
    ):
        found = [delivery_for(row, "nord", address) for row in rows]
        assert [one.attributes["type"] for one in found if one] == types, address


def test_a_further_channel_gets_the_very_same_alarm(rig):
    rig.raised()
    rig.go(20)
    rows = rig.journal.rows_after(0, ALARM, 9)
    (copy,) = [row for row in rows if row.kind == OWN_KIND and b'"copy"' in row.payload]
    again = delivery_for(copy, "nord", Address("sms", standby=True))
    first = delivery_for(rows[0], "nord", Address("centre"))
    assert again.id == first.id == "astrid:1:1"
    assert again.attributes == first.attributes
    assert again.data == {**first.data, "again": True}
    assert again.row_id == copy.id
    assert own_records.read(copy.payload).form == COPY
    assert delivery_for(copy, "nord", Address("centre")) is None
    json.dumps(again.data)


def test_who_is_called_next_stands_beside_the_alarm(rig):
    id_ = rig.raised()
    shown = rig.views.alarm(id_)
    assert shown["called"] == [{"who": "Ingrid", "at_ms": NOW_MS}]
    assert shown["next_call"] == {"who": "Pål", "at_ms": NOW_MS + 60_000}
    rig.go(5)
    rig.views.pass_on(id_, "Ingrid")
    rig.step()
    assert rig.calls(id_)[-1] == ("person", "Pål", 5)
    rig.views.take(id_, "Pål")
    assert rig.views.alarm(id_)["next_call"] is None


def test_from_the_way_to_the_door_and_open_again(rig):
    id_ = rig.raised()
    rig.go(10)
    shown = rig.views.on_the_way(id_, "Pål")
    assert (shown["state"], shown["taken_by"]) == ("on_the_way", "Pål")
    rig.go(300)
    shown = rig.views.at_the_person(id_, "Ingrid")
    assert (shown["state"], shown["taken_by"]) == ("at_the_person", "Pål")
    rig.views.close(id_, "Pål", "fetched home")
    rig.go(60)
    shown = rig.views.reopen(id_, "Kari", "she has left again")
    assert (shown["state"], shown["taken_by"], shown["closed_cause"]) == ("raised", None, None)
    rig.step()
    assert rig.calls(id_)[-1] == ("person", "Ingrid", 370), "people are called anew"
    events = [event for event, _ in rig.timeline(id_)]
    assert events == ["outside", "raised", "stored", "called", "taken", "on_the_way",
                      "at_the_person", "closed", "reopened", "called"]  # fmt: skip
    with pytest.raises(Refused, match="is open"):
        rig.views.reopen(id_, "Kari", "again")


def test_the_wearer_is_told_once_that_somebody_comes(rig):
    id_ = rig.raised()
    rig.views.on_the_way(id_, "Pål")
    rig.views.at_the_person(id_, "Pål")
    assert len(rig.views.orders()) == 1, "taken, and not again"
    rig.views.close(id_, "Pål", "home")
    assert len(rig.views.orders()) == 2


def test_every_hop_is_measured(rig):
    id_ = rig.raised()
    rig.go(1.5)
    rig.call_sink("sms-ingrid", 1)
    rig.go(18.5)
    rig.go(10)
    rig.views.take(id_, "Ingrid")
    rig.go(30)
    rig.views.on_the_way(id_, "Ingrid")
    rig.go(240)
    rig.views.at_the_person(id_, "Ingrid")
    rig.views.close(id_, "Ingrid", "home")
    rig.step()
    assert dict(rig.hops) == {
        "outside_to_raised": 4.0, "raised_to_stored": 0.0, "stored_to_called": 0.0,
        "call_to_delivered": 1.5, "stored_to_channel": 20.0, "stored_to_taken": 30.0,
        "taken_to_on_the_way": 30.0, "taken_to_at_the_person": 270.0, "stored_to_closed": 300.0,
    }  # fmt: skip


def test_an_alarm_for_which_the_calendar_names_nobody_is_counted(tmp_path):
    rig = AlarmRig(tmp_path / "j.sqlite", POLICY._replace(
        duties=(POLICY.duties[0]._replace(groups=frozenset({"sor"})),)))  # fmt: skip
    id_ = rig.raised()
    rig.go(120)
    assert rig.engine.counters["nobody_on_call"] == 1
    assert [kind for kind, _, _ in rig.calls(id_)] == ["channel"]
    rig.close()


def test_what_is_said_late_says_how_late(rig):
    id_ = rig.raised()
    rig.now_ms += 7_200_000
    rig.crash()
    rig.step()
    said = [said for said in rig.said() if said.form == CALL][-1]
    assert said.data["unanswered_s"] == 7200
    assert rig.views.alarm(id_)["late_by_s"] == 0, "it was stored in time; nobody took it"


def test_more_lines_than_one_look_takes_are_all_read(rig, monkeypatch):
    monkeypatch.setattr("trygg_gateway.alarm_hops.BATCH", 2)
    for _ in range(3):
        rig.raised()
    rig.step()
    assert [kind for kind, _, _ in rig.calls()] == ["person"] * 3
    assert len([hop for hop, _ in rig.hops if hop == "raised_to_stored"]) == 3


AS_IF_NEVER_SET = [
    ("person", "Ingrid"), ("channel", "sms"), ("person", "Pål"), ("person", "Ingrid"),
]  # fmt: skip


@pytest.mark.parametrize(("at_s", "set_s"), [(0, -3600), (10, 3600), (59, -3), (20, 86_400)])
def test_a_clock_that_is_set_changes_no_wait(rig, at_s, set_s):
    id_ = rig.raised()
    called_s = {}
    for second in range(200):
        if second == at_s:
            rig.set_clock(set_s)
        rig.go(1)
        for place in range(len(rig.calls(id_))):
            called_s.setdefault(place, second + 1)
    assert [call[:2] for call in rig.calls(id_)] == AS_IF_NEVER_SET
    assert list(called_s.values()) == [1, 20, 60, 180]


@pytest.mark.parametrize("set_s", [-3600, 3600])
def test_an_alarm_that_came_just_before_the_clock_was_set_waits_as_any_other(rig, set_s):
    rig.step()
    rig.seq += 1
    frame = alarm(1, rig.seq, rig.clock() // 1000)
    put_one(rig.journal, entry(frame, device="astrid", received_ms=rig.clock()))
    rig.set_clock(set_s)
    rig.journal.write(lambda db: None).result()
    asyncio.run(rig._fold())
    rig.step()
    rig.go(19)
    assert [call[:2] for call in rig.calls()] == AS_IF_NEVER_SET[:1]
    rig.go(1)
    assert [call[:2] for call in rig.calls()] == AS_IF_NEVER_SET[:2]


def test_who_passes_it_on_after_the_clock_was_set_back_is_heard(rig):
    id_ = rig.raised()
    rig.go(5)
    rig.set_clock(-3600)
    rig.views.take(id_, "Ingrid")
    rig.go(30)
    rig.views.pass_on(id_, "Ingrid")
    rig.step()
    assert [call[:2] for call in rig.calls(id_)][-1] == ("person", "Pål")


def test_after_a_restart_with_a_clock_set_back_nobody_waits_an_hour(rig):
    id_ = rig.raised()
    rig.go(30)
    rig.set_clock(-3600)
    rig.crash()
    rig.step()
    rig.go(60)
    assert [call[:2] for call in rig.calls(id_)] == AS_IF_NEVER_SET[:3]


def test_a_further_channel_is_told_of_an_alarm_whose_record_is_lost(rig):
    id_ = rig.raised()
    rig.journal.write(
        lambda db: db.execute("DELETE FROM records WHERE (device, boot, seq) = ('astrid', 1, 1)")
    ).result()
    rig.go(20)
    assert rig.calls(id_) == [("person", "Ingrid", 0), ("channel", "sms", 20)]
    rows = rig.journal.rows_after(0, ALARM, 9)
    told = [delivery_for(row, "nord", Address("sms", standby=True)) for row in rows]
    (told,) = [one for one in told if one is not None]
    assert told.attributes["type"] == "no.trygg.call"
    assert (told.data["alarm"], told.data["alarm_what"]) == ("astrid:1:1", "left")
    assert told.data["position"]["lat"] == PLACE["lat_e6"] / 1e6
    rig.call_sink("sms", 2)
    assert rig.views.alarm(id_)["delivered"] == ["sms"]
