"""Tries, waits and blame, on a loop whose clock is turned by hand."""

import asyncio

import pytest

from gateway.forwarder_rig import ListSink
from gateway.records import deliveries
from trygg_gateway.circuit import OPEN_AFTER, Circuit
from trygg_gateway.lane_task import COUNTERS
from trygg_gateway.sending import FAULTS, SUSPECT, WITNESSES, Peer, Sending
from trygg_gateway.sinks.port import Answer, Later, Refused
from trygg_gateway.values import ALARM


class Loop(asyncio.SelectorEventLoop):
    """Waits take no time, and so does work: the clock only jumps, to the next thing that is due."""

    def __init__(self):
        super().__init__()
        self._jumped = 0.0

    def time(self):
        return self._jumped

    def _run_once(self):
        if not self._ready and self._scheduled:
            self._jumped += max(0.0, self._scheduled[0]._when - self.time())
        super()._run_once()


def run(work):
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(asyncio.wait_for(work, 100_000))


class Sizes(ListSink):
    """Notes how many entries each try had."""

    def __init__(self, *more, **named):
        super().__init__(*more, **named)
        self.sizes = []

    async def deliver(self, entries):
        self.sizes.append(len(entries))
        return await super().deliver(entries)


def sending(sink, urgent=False, circuit=None, recovered=lambda: None):
    going = asyncio.Event()
    going.set()
    peer = Peer("centre", sink, circuit or Circuit(), going, recovered, lambda: 1.0, lambda: 0)
    return Sending(peer, "live", dict.fromkeys(COUNTERS, 0), urgent=urgent), peer


async def through(one, entries, most=100):
    """Everything, as a lane does it; the refused."""
    refused = []
    while entries:
        passed = await one.next(entries, most)
        assert not passed.stuck
        if passed.refusal:
            refused.append(entries[passed.confirmed].id)
        entries = entries[passed.confirmed + bool(passed.refusal) :]
    return refused


def test_after_a_failure_it_is_tried_with_one_then_two_then_four():
    async def work():
        sink = Sizes([Later("busy")])
        one, _ = sending(sink)
        await through(one, deliveries(10))
        assert sink.sizes == [10, 1, 2, 4, 3]
        assert sink.got == [entry.id for entry in deliveries(10)]

    run(work())


def test_a_peer_that_asks_for_time_gets_it_and_so_do_the_other_lanes_but_alarms():
    async def work():
        circuit, loop = Circuit(), asyncio.get_running_loop()
        asked, _ = sending(ListSink([Later("429", retry_after_s=90.0)]), circuit=circuit)
        other, _ = sending(ListSink(), circuit=circuit)
        alarms, _ = sending(ListSink(), circuit=circuit, urgent=True)
        began = loop.time()
        first = asyncio.create_task(asked.next(deliveries(1), 1))
        await asyncio.sleep(0.001)
        await alarms.next(deliveries(1, lane=ALARM), 1)
        assert loop.time() - began < 1
        await other.next(deliveries(1), 1)
        await first
        assert 89 < loop.time() - began < 92

    run(work())


def test_an_alarm_waits_at_most_a_minute_whatever_was_asked():
    async def work():
        loop = asyncio.get_running_loop()
        one, _ = sending(ListSink([Later("429", retry_after_s=3600.0)]), urgent=True)
        began = loop.time()
        await one.next(deliveries(1, lane=ALARM), 1)
        assert loop.time() - began <= 60.5

    run(work())


def test_an_open_circuit_is_probed_with_one_entry_and_alarms_probe_every_quarter_of_a_minute():
    async def work():
        loop = asyncio.get_running_loop()
        sink = Sizes([Later("gone")] * 20)
        one, peer = sending(sink, urgent=True)
        began = loop.time()
        await one.next(deliveries(9, lane=ALARM), 9)
        assert sink.sizes == [9] + [1] * 20
        assert peer.circuit.opened == 1
        assert peer.circuit.is_closed
        assert loop.time() - began <= 0.5 + 1 + 2 + 4 + 8 + 15 * 15 + 1

    run(work())


def test_whoever_gets_through_again_wakes_the_others():
    async def work():
        circuit = Circuit()
        for _ in range(OPEN_AFTER):
            circuit.failed("gone")
        woken = []
        one, _ = sending(ListSink(), circuit=circuit, recovered=lambda: woken.append(1))
        await one.next(deliveries(1), 1)
        await one.next(deliveries(1, first=2), 1)
        assert woken == [1]

    run(work())


def test_a_new_alarm_is_worth_a_try_but_not_two_within_half_a_second():
    async def work():
        loop = asyncio.get_running_loop()
        sink = ListSink([Later("gone")] * 12)
        one, _ = sending(sink, urgent=True)
        trying = asyncio.create_task(one.next(deliveries(1, lane=ALARM), 1))
        await asyncio.sleep(100)
        calls, began = sink.calls, loop.time()
        while not trying.done():
            one.hurry.set()
            await asyncio.sleep(0.1)
        assert (sink.calls - calls - 1) * 0.5 <= loop.time() - began
        assert loop.time() - began < 15

    run(work())


def test_nothing_is_tried_while_it_is_paused():
    async def work():
        sink = ListSink()
        one, peer = sending(sink)
        peer.going.clear()
        trying = asyncio.create_task(one.next(deliveries(2), 2))
        await asyncio.sleep(1000)
        assert sink.calls == 0
        peer.going.set()
        assert (await trying).confirmed == 2

    run(work())


class Poisoned(ListSink):
    """Never takes one entry, and says that it is busy."""

    def __init__(self, poison, error=None):
        super().__init__()
        self.poison, self.error = poison, error or Later("the receiver answered 500")

    async def deliver(self, entries):
        self.calls += 1
        for place, entry in enumerate(entries):
            if entry.id == self.poison:
                self.error.confirmed = place
                raise self.error
            self.got.append(entry.id)
        return self.confirms


def test_an_entry_that_fails_while_others_get_through_is_stuck():
    async def work():
        circuit = Circuit()
        one, _ = sending(Poisoned("astrid:1:1"), circuit=circuit)
        other, _ = sending(ListSink(), circuit=circuit)

        async def others():
            for seq in range(1, 2000):
                await other.next(deliveries(1, first=seq), 1)
                await asyncio.sleep(10)

        beside = asyncio.create_task(others())
        passed = await one.next(deliveries(1), 1)
        beside.cancel()
        assert (passed.stuck, passed.confirmed) == (True, 0)
        assert one.failures == SUSPECT + WITNESSES

    run(work())


def test_for_want_of_others_an_entry_of_another_tracker_says_whose_trouble_it_is():
    async def work():
        sink = Poisoned("astrid:1:1")
        one, _ = sending(sink)
        entries = deliveries(3) + deliveries(2, device="birk")
        passed = await one.next(entries, 10)
        assert passed.stuck
        assert set(sink.got) == {"birk:1:1", "birk:1:2"}, "at each try another one"
        assert len(sink.got) == WITNESSES

    run(work())


def test_a_peer_that_is_down_for_everybody_is_no_entrys_fault():
    async def work():
        sink = ListSink([Later("gone")] * 60)
        one, _ = sending(sink)
        passed = await one.next(deliveries(2) + deliveries(2, device="birk"), 1)
        assert (passed.stuck, passed.confirmed) == (False, 1)

    run(work())


def test_what_makes_a_sink_fall_over_is_refused_and_nothing_of_it_is_said():
    async def work():
        (entry,) = deliveries(1)
        sink = Poisoned(entry.id, KeyError(entry.data["positions"]))
        one, _ = sending(sink)
        passed = await one.next([entry], 1)
        assert sink.calls == FAULTS
        assert "KeyError" in passed.refusal
        assert "59.9" not in passed.refusal

    run(work())


@pytest.mark.parametrize("poison", range(1, 9))
def test_wherever_the_poison_stands_everything_else_goes_through_in_order(poison):
    async def work():
        entries = deliveries(8)
        sink = Poisoned(f"astrid:1:{poison}", Refused("422"))
        one, _ = sending(sink)
        refused = await through(one, entries)
        assert refused == [f"astrid:1:{poison}"]
        assert sink.got == [entry.id for entry in entries if entry.id not in refused]

    run(work())


def test_the_weakest_answer_is_what_is_told():
    async def work():
        one, _ = sending(ListSink(confirms=Answer.ACCEPTED))
        assert (await one.next(deliveries(2), 5)).answer is Answer.ACCEPTED

    run(work())
