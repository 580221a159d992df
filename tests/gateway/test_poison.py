"""What an answer is worth, and one record that fails never stops the rest."""

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
from gateway.records import alarm, report
from trygg_gateway import sending
from trygg_gateway.journal import Journal
from trygg_gateway.sinks.port import Answer, Later
from trygg_gateway.values import ALARM, LIVE


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def test_who_only_accepts_an_alarm_has_not_got_it(journal):
    async def work():
        put(journal, alarm(1, 1))
        sinks = {"mail": ListSink(confirms=Answer.ACCEPTED), "centre": ListSink()}
        async with forwarding(journal, sinks):
            for name in sinks:
                await until(lambda name=name: journal.cursor(name, ALARM) == 1)
        assert ("accepted", "mail") in timeline(journal)
        assert ("delivered", "mail") not in timeline(journal)
        assert ("delivered", "centre") in timeline(journal)

    run(work())


class Poisoned(Keeping):
    """One entry gets "later" for ever, or until it is healed."""

    poison = "astrid:1:1"

    async def deliver(self, entries):
        if any(one.id == self.poison for one in entries):
            self.calls += 1
            raise Later("the receiver answered 500")
        return await super().deliver(entries)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(sending, "ALARM_SCHEDULE", sending.ALARM_SCHEDULE._replace(first_s=0.001))
    monkeypatch.setattr(sending, "TELEMETRY", sending.TELEMETRY._replace(first_s=0.001))


@pytest.mark.usefixtures("impatient")
def test_an_alarm_that_always_fails_is_held_and_the_others_overtake_it(journal):
    async def work():
        sink = Poisoned()
        put(journal, alarm(1, 1))
        put(journal, alarm(1, 1), alarm(1, 2), device="birk")
        async with forwarding(journal, {"list": sink}, chance=lambda: 0.0) as forwarder:
            lane = next(at for at, one in enumerate(forwarder.state()) if one["lane"] == "alarm")
            await until(lambda: forwarder.state()[lane]["held"] == 1)
            await until(lambda: {"birk:1:1", "birk:1:2"} <= set(sink.got))
            state = forwarder.state()[lane]
            assert (state["held"], state["refused"]) == (1, 0)
            assert state["trouble"] == "the receiver answered 500"
            assert journal.cursor("list", ALARM) == 0, "after a crash it comes again"
            sink.poison = ""
            await until(lambda: journal.cursor("list", ALARM) == 3)
        (late,) = [one for one in sink.kept if one.id == "astrid:1:1"]
        assert late.data["overtaken"] is True

    run(work())


@pytest.mark.usefixtures("impatient")
def test_a_report_that_always_fails_is_set_aside_once_others_get_through(journal):
    async def work():
        sink = Poisoned()
        put(journal, *reports(3))
        put(journal, *reports(3), device="birk")
        async with forwarding(journal, {"list": sink}, chance=lambda: 0.0):
            await until(lambda: journal.cursor("list", LIVE) == 6)
        ((topic, reason),) = journal.query("SELECT topic, reason FROM quarantine")
        assert topic == "astrid:1:1"
        assert "others were taken, this one was not" in reason
        assert [one for one in sink.got if one.startswith("astrid")] == named(2, 3)

    run(work())


@pytest.mark.usefixtures("impatient")
def test_a_record_that_makes_a_sink_fall_over_is_set_aside_and_the_rest_goes_on(journal):
    class Broken(ListSink):
        async def deliver(self, entries):
            if any(one.id == "astrid:1:3" for one in entries):
                raise ZeroDivisionError(entries[0].data["positions"])
            return await super().deliver(entries)

    async def work():
        sink = Broken()
        put(journal, *reports(5))
        async with forwarding(journal, {"list": sink}, chance=lambda: 0.0) as forwarder:
            await until(lambda: journal.cursor("list", LIVE) == 5)
            (state,) = [one for one in forwarder.state() if one["lane"] == "live"]
        assert sink.got == named(1, 2, 4, 5)
        assert (state["faults"] >= 3, state["refused"]) == (True, 1)
        ((reason,),) = journal.query("SELECT reason FROM quarantine")
        assert "ZeroDivisionError at test_poison.py" in reason
        assert "59.9" not in reason

    run(work())


def test_a_record_that_came_late_says_so_at_every_sink(journal):
    async def work():
        sinks = {"one": Keeping(batch=2), "two": Keeping(batch=100)}
        put(journal, *[report(1, seq) for seq in (1, 2, 4, 3, 5)])
        async with forwarding(journal, sinks) as forwarder:
            for sink in sinks.values():
                await until(lambda sink=sink: len(sink.got) == 5)
            states = [one for one in forwarder.state() if one["lane"] == "live"]
        for sink in sinks.values():
            assert [one.id for one in sink.kept if "overtaken" in one.data] == named(3)
        assert [one["overtaken"] for one in states] == [1, 1]

    run(work())


def test_a_record_whose_content_was_deleted_is_passed_and_counted(journal):
    async def work():
        put(journal, *reports(3))
        journal.write(
            lambda db: db.execute("UPDATE records SET payload = x'' WHERE seq = 2")
        ).result()
        sink = ListSink()
        async with forwarding(journal, {"list": sink}) as forwarder:
            await until(lambda: journal.cursor("list", LIVE) == 3)
            (state,) = [one for one in forwarder.state() if one["lane"] == "live"]
        assert sink.got == named(1, 3)
        assert (state["let_go"], state["undecodable"]) == (1, 0)

    run(work())


def test_a_sink_that_falls_over_when_it_starts_or_stops_stops_nobody_else(journal):
    class Broken(ListSink):
        async def start(self):
            raise KeyError("59.913868")

        async def stop(self):
            raise KeyError("59.913868")

    async def work():
        well = ListSink()
        put(journal, *reports(2))
        async with forwarding(journal, {"broken": Broken(), "well": well}) as forwarder:
            await until(lambda: well.got == named(1, 2))
            await until(lambda: "KeyError" in forwarder.state()[0]["trouble"])
            assert "59.9" not in forwarder.state()[0]["trouble"]

    run(work())
