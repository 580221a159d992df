"""The forwarder over a real journal: order, lanes, waits, refusals, crashes."""

import asyncio
import random
import time

import pytest

from gateway.forwarder_rig import (
    WAIT_S,
    ListSink,
    forwarding,
    named,
    put,
    reports,
    run,
    timeline,
    until,
)
from gateway.parcels import put_one
from gateway.records import alarm, entry, report
from trygg_gateway import alarm_book
from trygg_gateway.backoff import ALARM as ALARM_SCHEDULE
from trygg_gateway.journal import Journal
from trygg_gateway.sinks.port import Later, Refused
from trygg_gateway.values import ALARM, BACKLOG, LIVE


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


# -- order and cursors -----------------------------------------------------------------


def test_what_is_there_and_what_comes_is_delivered_in_order(journal):
    async def work():
        sink = ListSink(batch=4)
        put(journal, *reports(10))
        async with forwarding(journal, {"list": sink}):
            await until(lambda: len(sink.got) == 10)
            put(journal, *reports(5, first=11))
            await until(lambda: len(sink.got) == 15)
        assert sink.got == named(*range(1, 16))

    run(work())


@pytest.mark.parametrize("seed", range(3))
def test_no_record_is_forgotten_between_reading_ahead_and_being_woken(journal, seed):
    async def work():
        chance, sink, first = random.Random(seed), ListSink(batch=25), 1
        async with forwarding(journal, {"list": sink}):
            for _ in range(40):
                number = chance.choice([1, 2, 24, 25, 26, 50, 51])
                put(journal, *reports(number, first=first))
                first += number
                await asyncio.sleep(chance.choice([0, 0, 0.001, 0.01]))
            await until(lambda: len(sink.got) == first - 1)
        assert sink.got == named(*range(1, first))

    run(work())


def test_the_cursor_goes_on_after_a_restart_and_nothing_comes_twice(journal):
    async def work():
        put(journal, *reports(10))
        first, second = ListSink(batch=3), ListSink(batch=3)
        async with forwarding(journal, {"list": first}):
            await until(lambda: journal.cursor("list", LIVE) == 10)
        put(journal, *reports(3, first=11))
        async with forwarding(journal, {"list": second}):
            await until(lambda: len(second.got) == 3)
        assert first.got + second.got == named(*range(1, 14))

    run(work())


def test_what_was_not_confirmed_comes_again_after_a_crash(journal):
    async def work():
        put(journal, *reports(4))
        hanging = ListSink()
        hanging.gate.clear()
        async with forwarding(journal, {"list": hanging}):
            await until(lambda: hanging.calls == 1)
        assert journal.cursor("list", LIVE) == 0
        again = ListSink()
        async with forwarding(journal, {"list": again}):
            await until(lambda: again.got == named(1, 2, 3, 4))

    run(work())


def test_a_new_sink_starts_at_the_beginning(journal):
    async def work():
        put(journal, *reports(3))
        old, new = ListSink(), ListSink()
        async with forwarding(journal, {"old": old}):
            await until(lambda: journal.cursor("old", LIVE) == 3)
        async with forwarding(journal, {"old": old, "new": new}):
            await until(lambda: len(new.got) == 3)
        assert len(old.got) == 3

    run(work())


def test_a_sink_gets_only_the_lanes_it_is_set_to(journal):
    async def work():
        put(journal, report(1, 1), report(1, 2))
        put(journal, report(1, 3), lane=BACKLOG)
        put(journal, alarm(1, 4))
        sink = ListSink()
        async with forwarding(journal, {"list": sink}, lanes=[ALARM, BACKLOG]):
            await until(lambda: len(sink.got) == 2)
        assert sorted(sink.got) == named(3, 4)

    run(work())


def test_a_record_that_cannot_be_decoded_is_passed_and_counted(journal):
    async def work():
        good = reports(2)
        damaged = entry(report(1, 3))._replace(payload=b"\x11nonsense")
        put(journal, good[0])
        put_one(journal, damaged)
        put(journal, report(1, 4))
        put_one(journal, damaged._replace(seq=5))
        sink = ListSink()
        async with forwarding(journal, {"list": sink}) as forwarder:
            await until(lambda: journal.cursor("list", LIVE) == 4)
            (state,) = [one for one in forwarder.state() if one["lane"] == "live"]
        assert sink.got == named(1, 4)
        assert state["undecodable"] == 2

    run(work())


# -- nobody waits for another ----------------------------------------------------------


def test_one_sink_never_waits_for_another(journal):
    async def work():
        stuck, quick = ListSink(), ListSink()
        stuck.gate.clear()
        put(journal, *reports(5), alarm(1, 6))
        async with forwarding(journal, {"stuck": stuck, "quick": quick}):
            await until(lambda: len(quick.got) == 6)
        assert stuck.got == []

    run(work())


def test_an_alarm_does_not_wait_behind_reports(journal):
    class SlowForReports(ListSink):
        async def deliver(self, entries):
            if entries[0].lane != ALARM:
                await asyncio.Event().wait()
            return await super().deliver(entries)

    async def work():
        sink = SlowForReports()
        put(journal, *reports(500))
        async with forwarding(journal, {"list": sink}):
            put(journal, alarm(1, 501))
            await until(lambda: sink.got == named(501))

    run(work())


def test_a_sink_that_cannot_start_yet_is_started_later(journal):
    async def work():
        late, well = ListSink(), ListSink()
        late.start_script = [Later("no secret yet"), Later("still none")]
        put(journal, *reports(2))
        async with forwarding(journal, {"late": late, "well": well}, chance=lambda: 0.0):
            await until(lambda: len(well.got) == 2)
            await until(lambda: len(late.got) == 2)

    run(work())


# -- later -----------------------------------------------------------------------------


def test_later_is_tried_again_from_the_first_not_confirmed(journal):
    async def work():
        sink = ListSink([Later("busy", confirmed=2), Later("busy", 0.01), None])
        put(journal, *reports(5))
        async with forwarding(journal, {"list": sink}) as forwarder:
            await until(lambda: journal.cursor("list", LIVE) == 5)
            (state,) = [one for one in forwarder.state() if one["lane"] == "live"]
        assert sink.got == named(1, 2, 3, 4, 5)
        assert (state["tried_later"], state["delivered"]) == (2, 5)
        assert (state["failures"], state["trouble"]) == (0, "")

    run(work())


def test_the_cursor_holds_what_got_through_before_later(journal):
    async def work():
        sink = ListSink([Later("busy", 30, confirmed=2)])
        put(journal, *reports(5))
        async with forwarding(journal, {"list": sink}) as forwarder:
            await until(lambda: journal.cursor("list", LIVE) == 2)
            (state,) = [one for one in forwarder.state() if one["lane"] == "live"]
            assert state["trouble"] == "busy"
            assert state["waiting_s"] >= 0

    run(work())


def test_an_alarm_is_tried_again_within_its_schedule(journal):
    async def work():
        sink = ListSink([Later("busy")] * 2)
        put(journal, alarm(1, 1))
        began = time.monotonic()
        async with forwarding(journal, {"list": sink}, chance=lambda: 0.0):
            await until(lambda: sink.got == named(1))
        least = 0.75 * (ALARM_SCHEDULE.first_s + 2 * ALARM_SCHEDULE.first_s)
        assert time.monotonic() - began >= least

    run(work())


def test_a_lane_that_works_again_wakes_the_others(journal):
    class Reports(ListSink):
        async def deliver(self, entries):
            if entries[0].lane == LIVE and self.calls < 1:
                self.calls += 1
                raise Later("busy")
            if entries[0].lane == ALARM and self.script:
                raise self.script.pop()
            self.got += [one.id for one in entries]
            return self.confirms

    async def work():
        sink = Reports([Later("busy")])
        put(journal, *reports(2))
        slow = {"chance": lambda: 1.0}
        async with forwarding(journal, {"list": sink}, **slow) as forwarder:
            await until(lambda: sink.calls == 1)
            (live,) = [one for one in forwarder.sinks[0].lanes if one.number == LIVE]
            live._sending._backoff.failures = 8  # its next wait would be minutes
            put(journal, alarm(1, 9))
            await until(lambda: set(sink.got) == set(named(1, 2, 9)))

    run(work())


# -- refused ---------------------------------------------------------------------------


def test_what_is_refused_is_set_aside_whole_and_the_rest_goes_on(journal):
    async def work():
        frames = reports(5)
        sink = ListSink([Refused("the receiver answered 422", confirmed=2)])
        put(journal, *frames)
        async with forwarding(journal, {"list": sink}):
            await until(lambda: journal.cursor("list", LIVE) == 5)
        assert sink.got == named(1, 2, 4, 5)
        (found,) = journal.query("SELECT topic, payload, reason FROM quarantine")
        assert found == ("astrid:1:3", frames[2], "refused by sink list: the receiver answered 422")

    run(work())


def test_a_refused_alarm_stands_in_its_timeline(journal):
    async def work():
        sink = ListSink([Refused("the receiver answered 422")])
        put(journal, alarm(1, 1), alarm(1, 2))
        async with forwarding(journal, {"list": sink}):
            await until(lambda: journal.cursor("list", ALARM) == 2)
        assert sink.got == named(2)
        assert ("refused", "list") in timeline(journal)
        assert ("delivered", "list") in timeline(journal)

    run(work())


# -- the timeline ----------------------------------------------------------------------


def test_a_delivered_alarm_says_so_for_each_sink(journal):
    async def work():
        seen = []
        sinks = {"centre": ListSink(), "archive": ListSink()}
        put(journal, alarm(1, 1))
        observe = lambda sink, seconds: seen.append((sink, seconds))  # noqa: E731
        async with forwarding(journal, sinks, observe=observe):
            for name in sinks:
                await until(lambda name=name: journal.cursor(name, ALARM) == 1)
        said = [who for event, who in timeline(journal) if event == "delivered"]
        assert sorted(said) == ["archive", "centre"]
        assert sorted(name for name, _ in seen) == ["archive", "centre"]
        assert all(0 <= seconds < WAIT_S for _, seconds in seen)

    run(work())


def test_a_delivery_quicker_than_the_reader_is_not_forgotten(journal):
    async def work():
        asked = []

        def slow(db, outcome):
            asked.append(outcome)
            return len(asked) > 3 and alarm_book.sink_said(db, outcome)

        sink = ListSink()
        put(journal, alarm(1, 1))
        async with forwarding(journal, {"list": sink}, tell=slow):
            await until(lambda: journal.cursor("list", ALARM) == 1)
        assert sink.calls == 1
        assert ("delivered", "list") in timeline(journal)

    run(work())


def test_who_watches_is_told_after_the_timeline_has_it_and_not_for_reports(journal):
    async def work():
        seen = []
        put(journal, report(1, 1), alarm(1, 2))
        async with forwarding(
            journal, {"list": ListSink()}, told=lambda: seen.append(timeline(journal))
        ):
            await until(lambda: seen and journal.cursor("list", LIVE))
        assert len(seen) == 1
        assert ("delivered", "list") in seen[0]

    run(work())


def test_a_reader_that_never_comes_does_not_hold_up_the_cursor(journal, monkeypatch):
    async def work():
        monkeypatch.setattr("trygg_gateway.settlement.TIMELINE_S", 0.1)
        sink = ListSink()
        put(journal, alarm(1, 1), alarm(1, 2))
        async with forwarding(journal, {"list": sink}, tell=lambda db, outcome: False):
            await until(lambda: journal.cursor("list", ALARM) == 2)
        assert sink.got == named(1, 2)

    run(work())


def test_a_fault_of_the_forwarder_itself_ends_it_loudly(journal):
    async def work():
        put(journal, alarm(1, 1))
        broken = {"observe": lambda sink, seconds: 1 // 0}
        async with forwarding(journal, {"list": ListSink()}, **broken) as forwarder:
            with pytest.raises(ExceptionGroup):
                await asyncio.wait_for(forwarder.ended(), WAIT_S)

    run(work())
