"""Sinks replaced at work: the cursor is kept, others do not notice, a bad one brings the old."""

import asyncio

import pytest

from gateway.test_forwarder import ListSink, forwarding, journal, named, put, reports, run, until
from trygg_gateway import sink_tasks
from trygg_gateway.forwarder import Outlet
from trygg_gateway.sinks.port import Later
from trygg_gateway.values import LANES, LIVE

assert journal  # the fixture


def make(name, sink):
    return {name: lambda: Outlet(name, sink, LANES)}


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
