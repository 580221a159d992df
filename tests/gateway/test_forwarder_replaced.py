"""Sinks replaced at work: the cursor is kept, others do not notice, a bad one brings the old."""

import asyncio

import pytest

from gateway.parcels import parcel
from gateway.records import entry, report
from gateway.test_forwarder import ListSink, forwarding, journal, named, put, reports, run, until
from trygg_gateway import forwarder as forwarders
from trygg_gateway import sink_book, sink_standing, sink_tasks
from trygg_gateway.circuit import OPEN
from trygg_gateway.disk_guard import MAKING_ROOM, DiskGuard
from trygg_gateway.forwarder import Outlet
from trygg_gateway.sinks.port import Later
from trygg_gateway.upkeep import Upkeep
from trygg_gateway.values import ALARM, BACKLOG, LANES, LIVE, READER

assert journal  # the fixture


def make(name, sink, lanes=LANES):
    return {name: lambda: Outlet(name, sink, lanes)}


class Slow(ListSink):
    """Says that it is being started, and has started when it is let."""

    def __init__(self):
        super().__init__()
        self.starting, self.may = asyncio.Event(), asyncio.Event()

    async def start(self):
        self.starting.set()
        await self.may.wait()
        await super().start()


def test_the_new_one_goes_on_where_the_old_one_was(journal):
    async def work():
        old, other, new = ListSink(), ListSink(), ListSink()
        async with forwarding(journal, {"centre": old, "archive": other}) as forwarder:
            put(journal, *reports(5))
            await until(lambda: len(old.got) == len(other.got) == 5)
            await until(lambda: journal.cursor("centre", LIVE) == 5)
            await forwarder.replace(make("centre", old), make("centre", new))
            put(journal, *reports(3, first=6))
            await until(lambda: len(new.got) == 3)
            await until(lambda: len(other.got) == 8)
            assert {one.outlet.name for one in forwarder.sinks} == {"centre", "archive"}
        assert (old.got, new.got) == (named(*range(1, 6)), named(6, 7, 8))

    run(work())


def test_what_was_under_way_goes_to_the_new_one(journal):
    async def work():
        old, new = ListSink(), ListSink()
        old.gate.clear()
        async with forwarding(journal, {"centre": old}) as forwarder:
            put(journal, *reports(3))
            await until(lambda: old.calls)
            await forwarder.replace(make("centre", old), make("centre", new))
            await until(lambda: new.got == named(1, 2, 3))

    run(work())


def test_the_trouble_of_one_that_was_replaced_is_over_with_it(journal, monkeypatch):
    """Else status shows it as in trouble for as long as the new one has none of its own."""
    monkeypatch.setattr(forwarders, "LOOK_S", 0.01)

    def stands():
        said = journal.read(
            lambda db: sink_standing.standing(db, "centre", "http", [LIVE], now_ms=0)
        )
        return said["state"]

    async def work():
        journal.write(lambda db: sink_book.say(db, "centre", OPEN, "404", 1)).result()
        assert stands() == "in trouble"
        old, new = ListSink(), ListSink()
        async with forwarding(journal, {"centre": old}) as forwarder:
            await until(lambda: stands() == "well")  # of a run before this one
            journal.write(lambda db: sink_book.say(db, "centre", OPEN, "404", 2)).result()
            await forwarder.replace(make("centre", old), make("centre", new))
            await until(lambda: stands() == "well")

    run(work())


def test_a_further_one_and_one_that_is_gone(journal):
    async def work():
        old, further = ListSink(), ListSink()
        async with forwarding(journal, {"centre": old}) as forwarder:
            put(journal, *reports(2))
            await until(lambda: len(old.got) == 2)
            await forwarder.replace({}, make("archive", further))
            await until(lambda: further.got == named(1, 2))
            await forwarder.replace(make("centre", old), {})
            put(journal, *reports(1, first=3))
            await until(lambda: further.got == named(1, 2, 3))
            assert old.got == named(1, 2)

    run(work())


@pytest.mark.parametrize("fault", [Later("no such host"), ZeroDivisionError("of mine")])
def test_one_that_does_not_start_brings_the_old_ones_back(journal, fault):
    async def work():
        old, again, new, fine = ListSink(), ListSink(), ListSink(), ListSink()
        new.start_script = [fault]
        async with forwarding(journal, {"centre": old}) as forwarder:
            put(journal, *reports(2))
            await until(lambda: journal.cursor("centre", LIVE) == 2)
            with pytest.raises(sink_tasks.NotStarted, match="sink centre does not start: "):
                await forwarder.replace(
                    make("centre", again), {**make("fine", fine), **make("centre", new)}
                )
            put(journal, *reports(2, first=3))
            await until(lambda: len(again.got) == 2)
            assert [one.outlet.name for one in forwarder.sinks] == ["centre"]
        assert (new.got, fine.got) == ([], [])

    run(work())


def test_one_that_cannot_be_made_touches_nothing(journal):
    def broken():
        raise ValueError("no such library")

    async def work():
        old = ListSink()
        async with forwarding(journal, {"centre": old}) as forwarder:
            with pytest.raises(ValueError, match="no such library"):
                await forwarder.replace(make("centre", old), {"centre": broken})
            put(journal, *reports(1))
            await until(lambda: old.got == named(1))

    run(work())


def test_one_that_hangs_at_its_start_is_given_up(journal, monkeypatch):
    class Hangs(ListSink):
        async def start(self):
            await asyncio.Event().wait()

    monkeypatch.setattr(sink_tasks, "START_S", 0.05)

    async def work():
        again = ListSink()
        async with forwarding(journal, {"centre": ListSink()}) as forwarder:
            with pytest.raises(sink_tasks.NotStarted, match="has not started in"):
                await forwarder.replace(make("centre", again), make("centre", Hangs()))
            put(journal, *reports(1))
            await until(lambda: again.got == named(1))

    run(work())


def test_a_fault_of_a_replaced_sink_is_still_heard_of(journal):
    async def work():
        async with forwarding(journal, {"centre": ListSink()}) as forwarder:
            ended = asyncio.create_task(forwarder.ended())
            await asyncio.sleep(0)
            await forwarder.replace(make("centre", ListSink()), make("centre", ListSink()))
            await asyncio.sleep(0.02)
            assert not ended.done(), "that the old one was ended is no fault"
            task = forwarder._tasks["centre"]
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(ended, 5)

    run(work())


# -- what is owed meanwhile ------------------------------------------------------------------


def test_what_the_old_and_the_new_one_get_is_owed_until_it_is_over(journal):
    async def work():
        slow = Slow()
        async with forwarding(journal, {"centre": ListSink(), "archive": ListSink()}) as forwarder:
            replacing = asyncio.create_task(forwarder.replace(
                make("centre", ListSink(), LANES),
                make("centre", slow, [ALARM]) | make("further", ListSink(), [LIVE])))  # fmt: skip
            await slow.starting.wait()
            owing = {name: set(lanes) for name, lanes in forwarder.owing.items()}
            assert owing == {"centre": set(LANES), "archive": set(LANES), "further": {LIVE}}
            assert {one["sink"] for one in forwarder.state()} >= {"centre", "archive"}
            slow.may.set()
            await replacing
            owing = {name: set(lanes) for name, lanes in forwarder.owing.items()}
            assert owing == {"centre": {ALARM}, "archive": set(LANES), "further": {LIVE}}

    run(work())


def test_after_a_refusal_the_old_ones_are_owed_and_no_other(journal):
    async def work():
        new = ListSink()
        new.start_script = [Later("no such host")]
        async with forwarding(journal, {"centre": ListSink()}, lanes=[ALARM]) as forwarder:
            with pytest.raises(sink_tasks.NotStarted):
                await forwarder.replace(
                    make("centre", ListSink(), [ALARM]), make("centre", new, [LIVE, BACKLOG])
                )
            assert forwarder.owing == {"centre": [ALARM]}

    run(work())


def test_on_a_disk_nearly_full_nothing_that_a_replaced_sink_owes_is_deleted(journal):
    """A sink that was dead is mended by a reload, which is when room is being made."""

    async def work():
        dead, mended = ListSink(script=[Later("down")] * 10_000), Slow()
        async with forwarding(journal, {"centre": dead}) as forwarder:
            journal.put(parcel(*(entry(one) for one in [report(1, seq) for seq in range(1, 301)])))
            await until(lambda: journal.cursor(READER, LIVE) >= 300)
            guard = DiskGuard(journal.put, journal.path, 0, 0)
            guard.level = MAKING_ROOM
            upkeep = Upkeep(
                journal, guard, lambda: 1 << 50, days=1, written=lambda runs: None,
                sinks=lambda: {**forwarder.owing, READER: LANES},
            )  # fmt: skip

            async def all_of_the_room():
                while await upkeep.make_room():
                    pass
                return upkeep.counters["deleted_for_room"]

            assert await all_of_the_room() == 0
            replacing = asyncio.create_task(
                forwarder.replace(make("centre", dead), make("centre", mended))
            )
            await mended.starting.wait()
            assert await all_of_the_room() == 0
            mended.may.set()
            await replacing
            await until(lambda: len(mended.got) == 300)
            await until(lambda: journal.cursor("centre", LIVE) >= 300)
            assert await all_of_the_room() == 299, "what it has may go"

    run(work())


def test_what_is_asked_of_one_being_replaced_is_done_by_the_next(journal, monkeypatch):
    monkeypatch.setattr(forwarders, "LOOK_S", 0.01)

    async def work():
        slow = Slow()
        async with forwarding(journal, {"centre": ListSink()}) as forwarder:
            replacing = asyncio.create_task(
                forwarder.replace(make("centre", ListSink()), make("centre", slow))
            )
            await slow.starting.wait()
            number = journal.write(
                lambda db: sink_book.ask_test(db, "centre", "ingrid", 1)
            ).result()
            await asyncio.sleep(0.1)
            assert not forwarder._tasks[""].done()
            slow.may.set()
            await replacing
            await until(lambda: journal.read(lambda db: sink_book.answer_of(db, number)))

    run(work())


# -- the way back ----------------------------------------------------------------------------


class Lost:
    """Makes a sink once what it is made of is there again."""

    def __init__(self, name, sink):
        self.name, self.sink, self.there = name, sink, False

    def __call__(self):
        if not self.there:
            raise FileNotFoundError("/srv/trygg/secret")
        return Outlet(self.name, self.sink, LANES)


def test_an_old_one_that_cannot_be_made_again_stays_in_trouble_and_is_tried_on(journal):
    async def work():
        again, archive, new = ListSink(), ListSink(), ListSink()
        lost = Lost("centre", again)
        new.start_script = [Later("no such host")]
        sinks = {"centre": ListSink(script=[Later("down")] * 10_000), "archive": ListSink()}
        async with forwarding(journal, sinks, chance=lambda: 0.0) as forwarder:
            put(journal, *reports(3))
            await until(lambda: journal.cursor("archive", LIVE) == 3)
            with pytest.raises(sink_tasks.NotStarted, match="the old centre cannot be made again"):
                await forwarder.replace(
                    {"centre": lost, **make("archive", archive)},
                    {**make("centre", new), **make("archive", ListSink())},
                )
            assert {name: set(lanes) for name, lanes in forwarder.owing.items()} == {
                "centre": set(LANES), "archive": set(LANES)}  # fmt: skip
            put(journal, *reports(1, first=4))
            await until(lambda: archive.got == named(4))

            def shown():
                (one,) = (one for one in forwarder.state()
                          if (one["sink"], one["lane"]) == ("centre", "live"))  # fmt: skip
                return one

            await until(lambda: "cannot be made again (FileNotFoundError)" in shown()["trouble"])
            assert "/srv" not in shown()["trouble"]
            assert shown()["waiting_s"] > 0, "what it has not got is seen to wait"
            lost.there = True
            await until(lambda: again.got == named(1, 2, 3, 4))
            assert shown()["trouble"] == ""

    run(work())


def test_one_that_stays_in_trouble_is_replaced_by_the_next_settings(journal):
    async def work():
        bad, fine = ListSink(), ListSink()
        bad.start_script = [Later("no such host")]
        lost = {"centre": Lost("centre", None)}
        async with forwarding(
            journal, {"centre": ListSink(script=[Later("no")] * 999)}
        ) as forwarder:
            put(journal, *reports(2))
            with pytest.raises(sink_tasks.NotStarted):
                await forwarder.replace(lost, make("centre", bad))
            await forwarder.replace(lost, make("centre", fine))
            await until(lambda: fine.got == named(1, 2))
            assert [one.outlet.name for one in forwarder.sinks] == ["centre"]

    run(work())


class Stubborn(ListSink):
    """Falls over when it is stopped, as if it had been cancelled itself."""

    async def stop(self):
        raise asyncio.CancelledError


@pytest.mark.parametrize("where", ["old", "new", "book"])
def test_whatever_falls_over_on_the_way_the_old_ones_come_back(journal, monkeypatch, where):
    async def work():
        again, new = ListSink(), Stubborn() if where == "new" else ListSink()
        new.start_script = [Later("no such host")] if where != "book" else []
        old = Stubborn() if where == "old" else ListSink()
        async with forwarding(journal, {"centre": old}) as forwarder:
            if where == "book":
                monkeypatch.setattr(sink_book, "begin", lambda *_: 1 // 0)
            with pytest.raises((sink_tasks.NotStarted, ZeroDivisionError)):
                await forwarder.replace(make("centre", again), make("centre", new))
            put(journal, *reports(1))
            await until(lambda: again.got == named(1))
            assert (forwarder.owing, new.got) == ({"centre": sorted(LANES)}, [])

    run(work())


def test_a_reload_that_is_cancelled_leaves_the_old_ones(journal):
    async def work():
        again, slow = ListSink(), Slow()
        async with forwarding(journal, {"centre": ListSink()}) as forwarder:
            replacing = asyncio.create_task(
                forwarder.replace(make("centre", again), make("centre", slow))
            )
            await slow.starting.wait()
            replacing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await replacing
            put(journal, *reports(1))
            await until(lambda: again.got == named(1))

    run(work())


def test_a_sink_that_cannot_start_is_seen_to_be_behind(journal):
    async def work():
        late = ListSink()
        late.start_script = [Later("no secret yet", 3600)] * 3
        put(journal, *reports(1))
        async with forwarding(journal, {"centre": late}) as forwarder:
            await until(lambda: any(one["waiting_s"] > 0 for one in forwarder.state()))
            assert [one["lane"] for one in forwarder.state() if one["waiting_s"]] == ["live"]

    run(work())
