"""However many alarms of one tracker a sink does not take, everybody else's get through."""

from collections import Counter

import pytest

from gateway.forwarder_rig import Keeping, forwarding, put, run, until
from gateway.records import alarm
from trygg_gateway import sending
from trygg_gateway.journal import Journal
from trygg_gateway.sinks.port import Later
from trygg_gateway.values import ALARM


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    schedule = sending.ALARM_SCHEDULE._replace(first_s=0.001, most_s=0.01)
    monkeypatch.setattr(sending, "ALARM_SCHEDULE", schedule)
    monkeypatch.setattr(sending, "CALM_S", 0.001)


class Picky(Keeping):
    """Takes nothing of some, until it is healed."""

    def __init__(self, poison):
        super().__init__()
        self.poison = poison
        self.failed = Counter()

    async def deliver(self, entries):
        if self.poison(entries[0].id):
            self.failed[entries[0].id] += 1
            raise Later("the receiver answered 500")
        return await super().deliver(entries)


def of(device, *seqs):
    return [f"{device}:1:{seq}" for seq in seqs]


def alarm_lane(forwarder):
    return next(one for one in forwarder.state() if one["lane"] == "alarm")


def test_forty_alarms_of_one_tracker_that_fail_stop_nobody_elses(journal):
    async def work():
        sink = Picky(lambda id_: id_.startswith("astrid"))
        put(journal, *(alarm(1, seq) for seq in range(1, 41)))
        put(journal, *(alarm(1, seq) for seq in range(1, 31)), device="birk")
        async with forwarding(journal, {"centre": sink}, chance=lambda: 0.0) as forwarder:
            await until(lambda: set(of("birk", *range(1, 31))) <= set(sink.got))
            await until(lambda: alarm_lane(forwarder)["held"] == 40)
            put(journal, alarm(1, 31), device="birk")
            await until(lambda: "birk:1:31" in sink.got)
            state = alarm_lane(forwarder)
            assert (state["delivered"], state["trouble"]) == (31, "the receiver answered 500")
            assert state["witnesses"] <= sending.WITNESSES, "one was held up, not forty"
            assert max(Counter(sink.got).values()) <= 2, "each witness is another one"
            assert journal.cursor("centre", ALARM) == 0, "after a crash all of them come again"
            sink.poison = lambda id_: False
            await until(lambda: journal.cursor("centre", ALARM) == 71)
        late = [one for one in sink.kept if one.data["device"] == "astrid"]
        assert sorted(one.id for one in late) == sorted(of("astrid", *range(1, 41)))
        assert all(one.data["overtaken"] for one in late)

    run(work())


def test_one_alarm_that_fails_does_not_stop_the_others_of_its_tracker(journal):
    async def work():
        sink = Picky(lambda id_: id_ in of("astrid", *range(1, 21)))
        put(journal, *(alarm(1, seq) for seq in range(1, 24)))
        put(journal, alarm(1, 1), alarm(1, 2), device="birk")
        async with forwarding(journal, {"centre": sink}, chance=lambda: 0.0) as forwarder:
            await until(lambda: set(of("astrid", 21, 22, 23)) <= set(sink.got))
            (third,) = [one for one in sink.kept if one.id == "astrid:1:23"]
            assert "overtaken" not in third.data, "nothing later came before it"
            put(journal, alarm(1, 24))
            await until(lambda: "astrid:1:24" in sink.got)
            assert alarm_lane(forwarder)["held"] == 20
        assert journal.cursor("centre", ALARM) == 0

    run(work())


def test_each_one_that_is_held_is_tried_in_its_turn_and_they_get_through_in_their_order(journal):
    async def work():
        sink = Picky(lambda id_: id_.startswith("astrid"))
        put(journal, *(alarm(1, seq) for seq in range(1, 11)))
        put(journal, alarm(1, 1), alarm(1, 2), device="birk")
        async with forwarding(journal, {"centre": sink}, chance=lambda: 0.0):
            held = of("astrid", *range(2, 11))
            await until(lambda: all(sink.failed[id_] >= 5 for id_ in held))
            counts = [sink.failed[id_] for id_ in held]
            assert max(counts) - min(counts) <= 1, "no one is tried oftener than another"
            sink.poison = lambda id_: False
            await until(lambda: journal.cursor("centre", ALARM) == 12)
        first, *rest = [int(id_[9:]) for id_ in sink.got if id_.startswith("astrid")]
        assert rest == [seq for seq in range(1, 11) if seq != first]

    run(work())


def test_what_is_deleted_while_it_is_held_goes_to_nobody(journal):
    async def work():
        sink = Picky(lambda id_: id_.startswith("astrid"))
        put(journal, alarm(1, 1), alarm(1, 2))
        put(journal, alarm(1, 1), alarm(1, 2), device="birk")
        async with forwarding(journal, {"centre": sink}, chance=lambda: 0.0) as forwarder:
            await until(lambda: alarm_lane(forwarder)["held"] == 2)
            journal.write(
                lambda db: db.execute("DELETE FROM records WHERE device = 'astrid'")
            ).result()
            sink.poison = lambda id_: False
            await until(lambda: journal.cursor("centre", ALARM) == 4)
            assert alarm_lane(forwarder)["waiting_s"] == 0.0
        assert {one.data["device"] for one in sink.kept} == {"birk"}

    run(work())


def test_one_that_makes_the_sink_fall_over_while_held_is_refused_by_its_own_tries(journal):
    class Falls(Picky):
        async def deliver(self, entries):
            if entries[0].id == "astrid:1:3":
                self.failed[entries[0].id] += 1
                raise ZeroDivisionError
            return await super().deliver(entries)

    async def work():
        sink = Falls(lambda id_: id_.startswith("astrid"))
        put(journal, *(alarm(1, seq) for seq in range(1, 5)))
        put(journal, alarm(1, 1), alarm(1, 2), device="birk")
        async with forwarding(journal, {"centre": sink}, chance=lambda: 0.0) as forwarder:
            await until(lambda: alarm_lane(forwarder)["refused"] == 1)
            assert sink.failed["astrid:1:3"] == sending.FAULTS
            assert alarm_lane(forwarder)["held"] == 4
            await until(lambda: journal.query("SELECT 1 FROM quarantine"))
        ((topic,),) = journal.query("SELECT topic FROM quarantine")
        assert topic == "astrid:1:3"

    run(work())
