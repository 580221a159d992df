"""What people ask of a running gateway's sinks: pause, skip, replay, where a new one begins."""

import json

import pytest

from gateway.forwarder_rig import (
    Keeping,
    ListSink,
    forwarding,
    named,
    put,
    reports,
    run,
    timeline,
    until,
)
from gateway.parcels import parcel, put_one
from gateway.records import alarm, entry, report
from trygg_gateway import sending, sink_book
from trygg_gateway.journal import Journal
from trygg_gateway.own_delivery import Address
from trygg_gateway.replay_rows import Window, plan, rows_of
from trygg_gateway.sinks.port import Answer, Later, Refused
from trygg_gateway.values import ALARM, LANES, LIVE
from trygg_gateway.values import Refused as Told

ALWAYS = Window("", 0, 1 << 60)


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture(autouse=True)
def _look_often(monkeypatch):
    monkeypatch.setattr("trygg_gateway.forwarder.LOOK_S", 0.02)


def asked(journal, act):
    return journal.write(act).result()


# -- where a new one begins ------------------------------------------------------------


def begun(journal, begin_ms, name="new"):
    asked(journal, lambda db: sink_book.begin(db, name, begin_ms, 1))
    return [journal.cursor(name, lane) for lane in LANES]


def test_a_new_sink_gets_all_none_or_what_came_from_a_time_on(journal):
    for seq, at_ms in ((1, 1000), (2, 2000), (3, 3000)):
        put_one(journal, entry(report(1, seq), received_ms=at_ms, lane=LIVE))
    journal.write(lambda db: None).result()  # an alarm goes first into a commit
    put_one(journal, entry(alarm(1, 4), received_ms=2500))
    journal.write(lambda db: None).result()
    assert begun(journal, 0, "all") == [0, 0, 0]
    assert begun(journal, None, "none") == [4, 3, 0]
    assert begun(journal, 2000, "from") == [0, 1, 0]


def test_where_it_begins_is_asked_once_and_not_of_a_sink_that_an_older_gateway_had(journal):
    put(journal, *reports(3))
    journal.move_cursor("old", LIVE, 2).result()
    assert begun(journal, None, "old") == [0, 2, 0]
    assert begun(journal, None, "new") == [0, 3, 0]
    put(journal, *reports(2, first=4))
    assert begun(journal, None, "new") == [0, 3, 0]


def test_a_sink_that_begins_now_gets_what_comes(journal):
    async def work():
        put(journal, *reports(3))
        sink = ListSink()
        async with forwarding(journal, {"new": sink}, begin_ms=None):
            put(journal, report(1, 4))
            await until(lambda: sink.got == named(4))

    run(work())


# -- pause and skip --------------------------------------------------------------------


def test_a_paused_sink_gets_nothing_over_a_restart_and_then_what_it_missed(journal):
    async def work():
        asked(journal, lambda db: sink_book.pause(db, "list", "Ingrid", 5))
        put(journal, *reports(2), alarm(1, 3))
        sink = ListSink()
        async with forwarding(journal, {"list": sink, "other": ListSink()}) as forwarder:
            other = forwarder.sinks[1].outlet.sink
            await until(lambda: len(other.got) == 3)
            assert forwarder.state()[0]["paused"]
            assert sink.calls == 0
            asked(journal, lambda db: sink_book.resume(db, "list"))
            await until(lambda: len(sink.got) == 3)

    run(work())


def test_pausing_twice_and_resuming_what_runs_is_refused_with_a_sentence(journal):
    asked(journal, lambda db: sink_book.pause(db, "list", "Ingrid", 5))
    with pytest.raises(Told, match="paused already"):
        asked(journal, lambda db: sink_book.pause(db, "list", "Ingrid", 6))
    asked(journal, lambda db: sink_book.resume(db, "list"))
    with pytest.raises(Told, match="not paused"):
        asked(journal, lambda db: sink_book.resume(db, "list"))


def test_what_is_skipped_is_not_delivered_and_kept_who_did_it(journal):
    async def work():
        sink = ListSink([Later("gone")])
        put(journal, *reports(4))
        async with forwarding(journal, {"list": sink}):
            await until(lambda: sink.calls == 1)
            skipped = asked(journal, lambda db: sink_book.skip(db, "list", LIVE, 3, "Ingrid", 9))
            assert skipped == 3
            await until(lambda: sink.got == named(4))
            put(journal, report(1, 5))
            await until(lambda: sink.got == named(4, 5))
        (told,) = journal.read(lambda db: sink_book.skips(db, "list"))
        assert (told["records"], told["who"], told["after"], told["upto"]) == (3, "Ingrid", 0, 3)

    run(work())


def test_a_cursor_never_goes_back(journal):
    journal.move_cursor("list", LIVE, 9).result()
    journal.move_cursor("list", LIVE, 5).result()
    assert journal.cursor("list", LIVE) == 9


# -- replay ----------------------------------------------------------------------------


def replays(journal):
    return journal.read(sink_book.replays)


def test_a_window_goes_again_marked_and_in_order_beside_what_is_new(journal):
    async def work():
        sink = Keeping(batch=3)
        put(journal, *reports(7))
        async with forwarding(journal, {"list": sink}):
            await until(lambda: len(sink.got) == 7)
            asked(journal, lambda db: sink_book.ask_replay(db, "list", ALWAYS, "Ingrid", 1))
            await until(lambda: replays(journal)[0].state == sink_book.DONE)
            put(journal, report(1, 8))
            await until(lambda: len(sink.got) == 15)
        again = [one.id for one in sink.kept if one.data.get("replayed")]
        assert again == named(*range(1, 8))
        assert (replays(journal)[0].records, replays(journal)[0].refused) == (7, 0)

    run(work())


def test_a_replay_is_of_its_window_and_tracker_only(journal):
    async def work():
        for seq in range(1, 6):
            put_one(journal, entry(report(1, seq), received_ms=1000 * seq, lane=LIVE))
            put_one(journal, entry(report(1, seq), "birk", received_ms=1000 * seq, lane=LIVE))
        sink = Keeping()
        window = Window("birk", 2000, 4000)
        async with forwarding(journal, {"list": sink}):
            asked(journal, lambda db: sink_book.ask_replay(db, "list", window, "Ingrid", 1))
            await until(lambda: replays(journal)[0].state == sink_book.DONE)
        again = [one.id for one in sink.kept if one.data.get("replayed")]
        assert again == ["birk:1:2", "birk:1:3"]

    run(work())


def test_a_replay_goes_on_after_a_restart_where_it_was(journal):
    async def work():
        put(journal, *reports(10))
        journal.move_cursor("list", LIVE, 10).result()
        asked(journal, lambda db: sink_book.ask_replay(db, "list", ALWAYS, "Ingrid", 1))
        first = ListSink([None, None, Later("gone", 3600)], batch=3)
        async with forwarding(journal, {"list": first}):
            await until(lambda: first.calls == 3)
            await until(lambda: replays(journal)[0].records == 6)
        second = ListSink(batch=3)
        async with forwarding(journal, {"list": second}):
            await until(lambda: replays(journal)[0].state == sink_book.DONE)
        assert first.got + second.got == named(*range(1, 11))

    run(work())


def test_a_batch_of_a_replay_reads_no_more_than_it_takes(journal):
    asked_for = []

    def query(sql, values):
        asked_for.append((sql, values))
        return journal.query(sql, values)

    rows_of(query, ALWAYS, 0, 9, LANES, 5)
    ((sql, values),) = asked_for
    (step,) = [text for *_, text in journal.query("EXPLAIN QUERY PLAN " + sql, values)]
    assert "USING INTEGER PRIMARY KEY" in step, "in order as it stands there, nothing sorted"


def test_a_replay_that_hangs_does_not_hold_an_alarm(journal):
    class Stuck(ListSink):
        async def deliver(self, entries):
            if entries[0].data.get("replayed"):
                await self.gate.wait()
            self.got += [one.id for one in entries]
            return self.confirms

    async def work():
        sink = Stuck()
        sink.gate.clear()
        put(journal, *reports(3))
        journal.move_cursor("list", LIVE, 3).result()
        asked(journal, lambda db: sink_book.ask_replay(db, "list", ALWAYS, "Ingrid", 1))
        async with forwarding(journal, {"list": sink}):
            put(journal, alarm(1, 4))
            await until(lambda: sink.got == named(4))

    run(work())


def test_a_replay_can_be_stopped(journal):
    async def work():
        sink = ListSink([Later("gone", 3600)])
        put(journal, *reports(3))
        journal.move_cursor("list", LIVE, 3).result()
        id_ = asked(journal, lambda db: sink_book.ask_replay(db, "list", ALWAYS, "Ingrid", 1))
        async with forwarding(journal, {"list": sink}) as forwarder:
            await until(lambda: sink.calls == 1)
            stopped = lambda db: sink_book.end_replay(db, id_, sink_book.STOPPED, 2)  # noqa: E731
            assert asked(journal, stopped)
            assert not asked(journal, stopped)
            await until(lambda: not forwarder.sinks[0]._replays)
        assert sink.got == []

    run(work())


def test_a_refused_alarm_that_is_replayed_and_taken_stands_in_its_timeline(journal):
    async def work():
        put(journal, alarm(1, 1))
        async with forwarding(journal, {"list": ListSink([Refused("422")])}):
            await until(lambda: journal.cursor("list", ALARM) == 1)
            assert [event for event, _ in timeline(journal)].count("delivered") == 0
            asked(journal, lambda db: sink_book.ask_replay(db, "list", ALWAYS, "Ingrid", 1))
            await until(lambda: ("delivered", "list") in timeline(journal))

    run(work())


def test_a_plan_says_what_would_go_and_sends_nothing(journal):
    damaged = entry(report(1, 7))._replace(payload=b"\x11nonsense")
    journal.put(parcel(*map(entry, [*reports(5), alarm(1, 6)]), damaged))  # in one commit
    journal.write(lambda db: None).result()
    found = plan(journal.query, ALWAYS, LANES, "nord", Address("list"))
    assert (found.records, found.lanes) == (6, {"alarm": 1, "live": 5, "backlog": 0})
    assert (found.first, found.undecodable) == ("astrid:1:6", 1), "an alarm goes first"
    assert found.bytes > 6 * 500
    nothing = plan(journal.query, Window("birk", 0, 1 << 60), LANES, "nord", Address("list"))
    assert (nothing.records, nothing.bytes, nothing.first) == (0, 0, "")


# -- what is said of them --------------------------------------------------------------


def test_a_circuit_that_opens_is_said_in_the_journal_and_again_when_it_closes(journal):
    async def work():
        sink = ListSink([Later("gone")] * 6)
        put(journal, alarm(1, 1))
        told = "SELECT circuit, trouble FROM sinks WHERE sink = 'list'"
        async with forwarding(journal, {"list": sink}, chance=lambda: 0.0) as forwarder:
            for lane in forwarder.sinks[0].lanes:
                lane._sending._backoff._schedule = sending.TELEMETRY._replace(first_s=0.05)
            await until(lambda: journal.query(told) == [("open", "gone")])
            assert forwarder.state()[0]["circuit"] in ("open", "half_open")
            await until(lambda: journal.query(told) == [("closed", "")])

    run(work())


def test_a_test_is_sent_by_the_running_gateway_and_answered(journal):
    async def work():
        sink = Keeping([None, Later("the receiver answered 500")], confirms=Answer.ACCEPTED)
        answer = lambda id_: journal.read(lambda db: sink_book.answer_of(db, id_))  # noqa: E731
        async with forwarding(journal, {"list": sink}):
            ask = lambda: asked(journal, lambda db: sink_book.ask_test(db, "list", "Ingrid", 1))  # noqa: E731
            first = ask()
            await until(lambda: answer(first))
            second = ask()
            await until(lambda: answer(second))
        worked, said = answer(first)
        assert worked
        assert "does not say that it keeps it" in said
        assert answer(second) == (False, "not now: the receiver answered 500")
        (test,) = sink.kept
        assert test.attributes["type"] == "no.trygg.gateway.test"
        assert "Ingrid" in test.data["text"]
        json.loads(test.json)

    run(work())


def test_a_sink_that_cannot_start_says_so_when_it_is_tested(journal):
    async def work():
        sink = ListSink()
        sink.start_script = [Later("no secret yet", 3600)] * 3
        async with forwarding(journal, {"list": sink}):
            id_ = asked(journal, lambda db: sink_book.ask_test(db, "list", "Ingrid", 1))
            found = lambda: journal.read(lambda db: sink_book.answer_of(db, id_))  # noqa: E731
            await until(found)
            assert found() == (False, "it cannot start: no secret yet")

    run(work())
