"""What every sink promises the forwarder (sinks/port.py), held against each one's own peer."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from gateway.records import PLACE
from gateway.sink_lives import patiently
from gateway.sink_peers import KILLED, PEERS, REFUSING, STUMBLING
from told_places import places_told
from trygg_gateway.config import parse
from trygg_gateway.config_sinks import KINDS
from trygg_gateway.delivery import Delivery
from trygg_gateway.sink_makers import sink_of
from trygg_gateway.sinks.port import Answer, Later, Refused
from trygg_gateway.values import ALARM, BACKLOG, LIVE

SECONDS = 20
STRENGTH = list(Answer)
DEGREES = (PLACE["lat_e6"] / 1e6, PLACE["lon_e6"] / 1e6)


@pytest.fixture(params=PEERS)
def peer(request, tmp_path):
    with PEERS[request.param](tmp_path) as peer:
        yield peer


def made(peer, folder):
    """The sink that the settings ask for, as the gateway makes it."""
    config = parse(f"[sinks.peer]\n{peer.settings}\n", folder / "gateway.toml")
    return sink_of(config.sinks["peer"])


def run(work):
    """The value of a coroutine that must end in time."""
    return asyncio.run(asyncio.wait_for(work, 2 * SECONDS))


class Started:
    """`async with`: a sink that is started, however often that takes, and stopped."""

    def __init__(self, sink):
        self.sink = sink

    async def __aenter__(self):
        await patiently(self.sink.start, within_s=SECONDS)
        return self.sink

    async def __aexit__(self, *_):
        await self.sink.stop()


async def forwarded(sink, entries, errors):
    """Deliver as the forwarder does: what is not confirmed again, what is refused not."""
    until = time.monotonic() + SECONDS
    while entries:
        try:
            answer = await sink.deliver(entries)
            assert STRENGTH.index(answer) <= STRENGTH.index(sink.confirms)
            return
        except Later as error:
            errors.append(error)
            entries = entries[error.confirmed :]
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.02)
        except Refused as error:
            errors.append(error)
            entries = entries[error.confirmed + 1 :]


def deliver(peer, folder, *batches):
    """One sink's life: every batch forwarded; the errors there were."""
    errors = []

    async def work():
        async with Started(made(peer, folder)) as sink:
            for batch in batches:
                await forwarded(sink, batch, errors)

    run(work())
    return errors


def arrived(peer, *ids):
    """Wait until that has arrived, in that order (a peer may keep what it accepted in a moment)."""
    until = time.monotonic() + SECONDS
    while list(peer.got()) != list(ids) and time.monotonic() < until:
        time.sleep(0.02)
    assert list(peer.got()) == list(ids)


def ids(entries):
    return [entry.id for entry in entries]


def tells_nothing(error, peer):
    """No coordinate and no secret in what is logged and shown of it."""
    said = f"{error} {error!r} {error.__cause__!r}"
    assert error.reason
    assert not places_told(said, *DEGREES), said
    assert not any(secret in said for secret in peer.secrets), said


# -- all is well -----------------------------------------------------------------------


def test_every_kind_of_sink_is_held_to_this():
    assert set(PEERS) == set(KINDS)


def test_what_deliver_returns_for_arrives_in_order(peer, tmp_path):
    first, second = peer.entries(3), peer.entries(2, first=4)
    assert deliver(peer, tmp_path, first, second) == []
    arrived(peer, *ids(first + second))


def test_what_is_delivered_again_has_its_effect_once(peer, tmp_path):
    for number in (3, 5, 5):  # a life each, as after a crash
        deliver(peer, tmp_path, peer.entries(number))
    arrived(peer, *ids(peer.entries(5)))


def test_nothing_to_deliver_is_fine(peer, tmp_path):
    assert deliver(peer, tmp_path, []) == []
    arrived(peer)


def test_it_says_how_much_it_wants_and_what_its_word_is_worth(peer, tmp_path):
    sink = made(peer, tmp_path)
    assert sink.batch >= 1
    assert sink.alarm_batch >= 1
    assert sink.confirms in Answer
    assert all(isinstance(count, int) for count in sink.counters.values())


def test_lanes_deliver_side_by_side_each_in_its_order(peer, tmp_path):
    lanes = [peer.entries(4, first=1 + 10 * lane, lane=lane) for lane in (ALARM, LIVE, BACKLOG)]

    async def work():
        async with Started(made(peer, tmp_path)) as sink:
            await asyncio.gather(*(forwarded(sink, lane, []) for lane in lanes))

    run(work())
    until = time.monotonic() + SECONDS
    while len(peer.got()) < 12 and time.monotonic() < until:
        time.sleep(0.02)
    for lane in lanes:
        assert [one for one in peer.got() if one in ids(lane)] == ids(lane)


def test_a_person_who_tests_it_has_an_answer(peer, tmp_path):
    (entry,) = peer.entries(1)
    attributes = {**entry.attributes, "type": "no.trygg.gateway.test", "id": "_gateway:1:1",
                  "subject": "_gateway"}  # fmt: skip
    data = {"device": "_gateway", "boot": 1, "seq": 1, "kind": "test", "late": False,
            "late_by_s": 0, "time": entry.data["time"], "received": entry.data["received"],
            "text": "A test of this sink by Ingrid"}  # fmt: skip
    test = entry._replace(id="_gateway:1:1", attributes=attributes, data=data)

    async def work():
        async with Started(made(peer, tmp_path)) as sink:
            assert await sink.deliver([test]) in Answer
            peer.down()
            with pytest.raises(Later) as caught:
                await sink.deliver([test])
            peer.up()
            tells_nothing(caught.value, peer)

    run(work())


# -- the peer says no ------------------------------------------------------------------


@pytest.mark.parametrize("peer", STUMBLING, indirect=True)
def test_a_peer_in_trouble_is_asked_later_and_what_got_through_is_counted(peer, tmp_path):
    entries = peer.entries(6)
    peer.stumble(2)

    async def work():
        async with Started(made(peer, tmp_path)) as sink:
            with pytest.raises(Later) as caught:
                await sink.deliver(entries)
            assert caught.value.confirmed <= 2
            assert (
                ids(entries)[: caught.value.confirmed] == list(peer.got())[: caught.value.confirmed]
            )
            tells_nothing(caught.value, peer)
            await forwarded(sink, entries[caught.value.confirmed :], [])

    run(work())
    arrived(peer, *ids(entries))


@pytest.mark.parametrize("peer", REFUSING, indirect=True)
def test_what_will_never_be_taken_is_named_and_the_rest_goes_on(peer, tmp_path):
    entries = peer.entries(5)
    peer.refuse(entries[2].id)
    errors = deliver(peer, tmp_path, entries)
    (refusal,) = [error for error in errors if isinstance(error, Refused)]
    tells_nothing(refusal, peer)
    arrived(peer, *(one for one in ids(entries) if one != entries[2].id))


def test_a_peer_that_goes_and_comes_back_is_found_again_by_the_same_sink(peer, tmp_path):
    entries, errors = peer.entries(9), []

    async def work():
        async with Started(made(peer, tmp_path)) as sink:
            await forwarded(sink, entries[:3], [])
            peer.down()
            for _ in range(2):
                with pytest.raises(Later) as caught:
                    await asyncio.wait_for(sink.deliver(entries[3:6]), SECONDS)
                assert caught.value.confirmed == 0
                errors.append(caught.value)
            peer.up()
            await forwarded(sink, entries[3:6], errors)
            await forwarded(sink, entries[6:], errors)

    run(work())
    arrived(peer, *ids(entries))
    for error in errors:
        tells_nothing(error, peer)


def test_a_peer_that_is_not_there_at_first_is_found_when_it_comes(peer, tmp_path):
    async def work():
        peer.down()
        sink = made(peer, tmp_path)
        with pytest.raises(Later) as caught:  # noqa: PT012 - either of the two
            await sink.start()
            await asyncio.wait_for(sink.deliver(peer.entries(1)), SECONDS)
        tells_nothing(caught.value, peer)
        peer.up()
        await patiently(sink.start, within_s=SECONDS)
        await forwarded(sink, peer.entries(2), [])
        await sink.stop()

    run(work())
    arrived(peer, *ids(peer.entries(2)))


# -- stopping and dying ----------------------------------------------------------------


def test_it_stops_whatever_was_before(peer, tmp_path):
    async def work():
        await made(peer, tmp_path).stop()
        sink = made(peer, tmp_path)
        await patiently(sink.start, within_s=SECONDS)
        delivering = asyncio.ensure_future(sink.deliver(peer.entries(20)))
        await asyncio.sleep(0.001)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        await asyncio.wait_for(sink.stop(), SECONDS)
        peer.down()
        sink = made(peer, tmp_path)
        await asyncio.gather(sink.start(), return_exceptions=True)
        await asyncio.wait_for(sink.stop(), SECONDS)
        peer.up()

    run(work())


ENDLESS = """
import asyncio, sys
from pathlib import Path
from gateway.sink_peers import PEERS, reports
from trygg_gateway.config import parse
from trygg_gateway.sink_makers import sink_of

async def run(file, first, entries):
    sink = sink_of(parse(file.read_text(), file).sinks["peer"])
    await sink.start()
    print("ready", flush=True)
    while True:
        await sink.deliver(entries(5, first=first))
        first += 5
        print(first, flush=True)

module, name = sys.argv[3].split(":")
entries = getattr(__import__(module, fromlist=[name]), name)
asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2]), entries))
"""


def endless(peer, file, first):
    """A process that delivers without end and prints how far it is."""
    maker = f"{peer.entries.__module__}:{peer.entries.__qualname__}"
    return subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(file), str(first), maker],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("peer", KILLED, indirect=True)
def test_kill_minus_9_neither_loses_nor_doubles_nor_mixes(peer, tmp_path):
    """What the process printed is the cursor: confirmed."""
    file = tmp_path / "gateway.toml"
    file.write_text(f"[sinks.peer]\n{peer.settings}\n")
    first = 1
    for round_ in range(2):
        with endless(peer, file, first) as process:
            assert process.stdout.readline() == "ready\n"
            for _ in range(2 + round_):
                first = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            first = int((process.stdout.read().split() or [first])[-1])
    deliver(peer, tmp_path, peer.entries(5, first=first), peer.entries(5, first=first + 5))
    arrived(peer, *ids(peer.entries(first + 9)))


def test_the_rows_speak_of_deliveries(peer):
    assert all(isinstance(entry, Delivery) for entry in peer.entries(2))
    assert ids(peer.entries(2, first=4)) == ids(peer.entries(5))[3:]
