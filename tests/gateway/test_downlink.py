"""The downlink: a tracker that is heard gets its ack and what is owed to it, and only then."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from gateway.parcels import put_one
from gateway.records import alarm, entry, report
from trygg_gateway import downlink as downlink_module
from trygg_gateway import order_book, orders
from trygg_gateway.acks import Acks
from trygg_gateway.downlink import Downlink
from trygg_gateway.journal import Journal
from trygg_gateway.order_book import OrderBook
from trygg_gateway.registry import Registry
from trygg_wire import codec, layouts

WAIT_S = 20


def now_ms():
    return time.time_ns() // 1_000_000


class Door:
    """Takes what goes down to the trackers that are `here`."""

    def __init__(self, *here):
        self.here, self.got = set(here), []
        self.cut = []

    def send(self, group, device, payload):
        if device in self.here:
            self.got.append((group, device, *codec.decode(payload)))
        return device in self.here

    def close_tracker(self, device):
        self.cut.append(device)
        return device in self.here

    def kinds(self):
        return [kind for _, _, kind, _ in self.got]


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.db")
    Registry(journal, now_ms).add("astrid", "nord", "Astrid")
    yield journal
    journal.close()


@asynccontextmanager
async def running(journal, *doors):
    book = OrderBook(journal, now_ms)
    downlink = Downlink(doors, Acks(journal.highest_boot), book, Registry(journal, now_ms), now_ms)
    journal.on_commit.append(downlink.on_commit)
    task = asyncio.create_task(downlink.run())
    await asyncio.sleep(0)
    try:
        yield downlink
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(what):
    end = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


def order(journal, who="Kari"):
    body = orders.command_body(layouts.REPORT_NOW)
    return journal.write(
        lambda db: order_book.queue(db, "astrid", layouts.COMMAND, body, 0, who, now_ms())
    ).result()


def test_a_committed_record_is_acked_through_the_door_where_its_tracker_is(journal):
    async def story():
        near, far = Door(), Door("astrid")
        async with running(journal, near, far):
            put_one(journal, entry(report(3, 1)))
            await until(lambda: far.got)
        assert far.got[0][:3] == ("nord", "astrid", layouts.ACK)
        assert {"boot": 3, "upto": 1, "missing": []}.items() <= far.got[0][3].items()

    asyncio.run(story())


def covered(values):
    missing = {n for gap in values["missing"] for n in range(gap["first"], sum(gap.values()))}
    return set(range(1, values["upto"] + 1)) - missing


def test_a_burst_gets_few_acks_which_cover_all(journal):
    async def story():
        door = Door("astrid")
        async with running(journal, door):
            for seq in range(1, 501):
                put_one(journal, entry(report(1, seq)))
            await until(lambda: door.got and door.got[-1][3]["upto"] == 500)
        assert len(door.got) < 10
        assert set().union(*[covered(got[3]) for got in door.got]) == set(range(1, 501))

    asyncio.run(story())


def test_what_is_owed_is_sent_when_the_tracker_is_heard(journal):
    async def story():
        order(journal)
        door = Door("astrid")
        async with running(journal, door) as downlink:
            assert door.got == []
            put_one(journal, entry(alarm(1, 1)))
            await until(lambda: len(door.got) == 2)
            assert sorted(door.kinds()) == [layouts.ACK, layouts.ORDER]
            assert downlink.counters["down_sent"] == 2
            await until(lambda: journal.query("SELECT state FROM orders") == [("sent",)])

    asyncio.run(story())


def test_a_nudge_sends_at_once_and_waits_for_a_tracker_that_is_away(journal):
    async def story():
        door = Door()
        async with running(journal, door) as downlink:
            order(journal)
            await asyncio.to_thread(downlink.nudge, "astrid")
            await until(lambda: downlink.counters["down_unreachable"] == 1)
            assert journal.query("SELECT state FROM orders") == [("queued",)]
            door.here.add("astrid")
            downlink.nudge("astrid")
            await until(lambda: door.kinds() == [layouts.ORDER])

    asyncio.run(story())


def test_an_order_of_another_process_is_found_and_sent_once_to_who_is_there(journal, monkeypatch):
    monkeypatch.setattr(downlink_module, "RELOAD_S", 0.02)

    async def story():
        door = Door("astrid")
        async with running(journal, door) as downlink:
            order(journal, who="the command line")
            await until(lambda: layouts.ORDER in door.kinds())
            put_one(journal, entry(report(1, 1)))
            await until(lambda: layouts.ACK in door.kinds())
            assert door.kinds().count(layouts.ORDER) == 1
            assert downlink._book.owed == 1, "until the tracker says what became of it"

    asyncio.run(story())


def test_a_tracker_that_another_process_revoked_is_cut_off(journal, monkeypatch):
    monkeypatch.setattr(downlink_module, "RELOAD_S", 0.02)

    async def story():
        door = Door("astrid")
        async with running(journal, door):
            Registry(journal, now_ms).revoke("astrid")
            await until(lambda: "astrid" in door.cut)

    asyncio.run(story())


def test_nothing_goes_down_to_a_revoked_tracker(journal):
    async def story():
        door = Door("astrid")
        async with running(journal, door) as downlink:
            downlink._registry.revoke("astrid")
            put_one(journal, entry(alarm(1, 1)))
            await until(lambda: downlink._acks.counters["acks"])
            assert door.got == []

    asyncio.run(story())
