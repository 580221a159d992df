"""What every door promises, asked of both: our own listener, and a broker that is a Mosquitto.

Between the two only the far end of the promise differs. Behind the listener it is the tracker
that keeps what has no PUBACK, and sends it again; behind the broker it is Mosquitto.
"""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.door_rig import LoopThread, Taken, until
from gateway.mosquitto import Mosquitto
from gateway.raw_tracker import RawTracker
from trygg_gateway.broker import Broker
from trygg_gateway.listener import Limits, Listener
from trygg_wire import packets, topics

client_ids = (f"gateway-{number}" for number in itertools.count())


async def check(_device: str, password: bytes) -> str | None:
    """Everybody with the right password is of the group nord."""
    return "nord" if password == b"secret" else None


class Rig:
    """A door with trackers; `redeliver` brings back what is not confirmed."""

    def __init__(self, loop: LoopThread) -> None:
        self.loop = loop
        self.taken = Taken()
        self.trackers: list[RawTracker] = []
        self.port = 0
        self.door: Listener | Broker
        self.start()

    def start(self) -> None:
        """A new door, as after a start of the gateway."""
        self.door = self.new_door()
        self.loop.run(self.door.start())
        self.await_ready()

    def stop(self) -> None:
        self.loop.run(self.door.stop())

    def tracker(self, device: str = "aase") -> RawTracker:
        """A tracker that is logged in."""
        tracker = RawTracker(self.port, device)
        self.trackers.append(tracker)
        assert tracker.log_in() == (False, packets.ACCEPTED)
        return tracker

    def send(self, device: str, payload: bytes, group: str = "nord") -> bool:
        return self.loop.call(self.door.send, group, device, payload)

    def close(self) -> None:
        self.stop()
        for tracker in self.trackers:
            tracker.close()

    def new_door(self) -> Listener | Broker:
        raise NotImplementedError

    def await_ready(self) -> None:
        raise NotImplementedError

    def redeliver(self, tracker: RawTracker, sent: dict[int, bytes]) -> None:
        raise NotImplementedError


class ListenerRig(Rig):
    """Our own door; what has no PUBACK is sent again by the tracker."""

    def new_door(self) -> Listener:
        return Listener(
            host="127.0.0.1",
            port=self.port,
            deliver=self.taken.deliver,
            check=check,
            limits=Limits(max_packet=4096, rate_per_s=0),
        )

    def await_ready(self) -> None:
        self.port = self.door.port

    def redeliver(self, tracker: RawTracker, sent: dict[int, bytes]) -> None:
        again = self.tracker(tracker.device)
        for packet_id, payload in sent.items():
            again.publish(payload, packet_id, dup=True)


class BrokerRig(Rig):
    """The door at a Mosquitto, which sends again what has no PUBACK."""

    def __init__(self, loop: LoopThread, mosquitto: Mosquitto) -> None:
        self._url = mosquitto.url
        self._client_id = next(client_ids)
        super().__init__(loop)
        self.port = mosquitto.port

    def new_door(self) -> Broker:
        return Broker(url=self._url, deliver=self.taken.deliver, client_id=self._client_id)

    def await_ready(self) -> None:
        until(lambda: self.door.subscribed, "the subscription")

    def redeliver(self, tracker: RawTracker, sent: dict[int, bytes]) -> None:
        self.stop()
        self.start()


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    folder: Path = tmp_path_factory.mktemp("mosquitto")
    with Mosquitto(folder) as broker:
        yield broker


@pytest.fixture(params=["listener", "broker"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    loop = LoopThread()
    if request.param == "listener":
        rig: Rig = ListenerRig(loop)
    else:
        rig = BrokerRig(loop, request.getfixturevalue("mosquitto"))
    yield rig
    rig.close()
    loop.close()


def test_what_a_tracker_publishes_is_delivered_whole_with_its_topic(rig):
    payload = bytes(range(256))
    rig.tracker().publish(payload)
    incoming = rig.taken.next()
    assert incoming.topic == topics.up("nord", "aase")
    assert incoming.payload == payload
    assert type(incoming.payload) is bytes


def test_what_is_confirmed_is_acknowledged_and_does_not_come_again(rig):
    tracker = rig.tracker()
    tracker.publish(b"one", 11)
    incoming = rig.taken.next()
    incoming.confirm()
    assert tracker.expect_puback() == 11
    until(lambda: rig.door.counters["pubacks"] == 1, "the acknowledgement")
    rig.stop()
    rig.start()
    rig.tracker("bodil").publish(b"two")
    assert rig.taken.next().payload == b"two"


def test_what_is_not_confirmed_is_not_acknowledged_and_comes_again(rig):
    tracker = rig.tracker()
    tracker.publish(b"one", 11)
    first = rig.taken.next()
    assert rig.door.counters["pubacks"] == 0
    rig.redeliver(tracker, {11: b"one"})
    second = rig.taken.next()
    assert (second.topic, second.payload) == (first.topic, b"one")


def test_a_confirm_for_an_earlier_connection_acknowledges_nothing(rig):
    tracker = rig.tracker()
    tracker.publish(b"one", 11)
    stale = rig.taken.next()
    door = rig.door
    if isinstance(door, Broker):  # the same door, another connection
        door._client.socket().shutdown(2)
    else:
        rig.redeliver(tracker, {11: b"one"})
    fresh = rig.taken.next()
    assert fresh.payload == b"one"
    stale.confirm()
    until(lambda: door.counters["stale_confirms"] == 1, "the stale confirm")
    assert door.counters["pubacks"] == 0
    fresh.confirm()
    until(lambda: door.counters["pubacks"] == 1, "the acknowledgement")


def test_confirms_out_of_order_and_from_other_threads_are_all_acknowledged(rig):
    tracker = rig.tracker()
    numbers = range(1, 17)  # fewer than Mosquitto sends ahead
    for number in numbers:
        tracker.publish(b"%d" % number, number)
    incoming = [rig.taken.next() for _ in numbers]
    assert [message.payload for message in incoming] == [b"%d" % number for number in numbers]

    def confirm(part):
        for message in part:
            message.confirm()

    halves = (incoming[1::2], incoming[-2::-2])
    threads = [threading.Thread(target=confirm, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: rig.door.counters["pubacks"] == len(numbers), "all acknowledgements")
    assert [tracker.expect_puback() for _ in numbers] == list(numbers)


def test_a_message_down_reaches_the_tracker_that_listens(rig):
    tracker = rig.tracker()
    assert tracker.subscribe() == [1]
    assert rig.send("aase", b"order")
    assert tracker.expect_message() == (tracker.down, b"order")
    until(lambda: rig.door.counters["down_acked"] == 1, "the tracker's or broker's acknowledgement")
    assert rig.door.counters["down_sent"] == 1


def test_a_message_down_reaches_nobody_else(rig):
    tracker, other = rig.tracker("aase"), rig.tracker("bodil")
    assert (tracker.subscribe(), other.subscribe()) == ([1], [1])
    rig.send("aase", b"wrong group", group="syd")
    assert rig.send("aase", b"order")
    assert tracker.expect_message() == (tracker.down, b"order")
    other.silence()


def test_a_message_down_is_refused_by_a_door_that_is_not_open(rig):
    rig.stop()
    refused = rig.door.counters["down_refused"]
    assert not rig.send("aase", b"order")
    assert rig.door.counters["down_refused"] == refused + 1


def test_a_paused_door_delivers_nothing_until_it_goes_on(rig):
    tracker, other, listening = rig.tracker("aase"), rig.tracker("bodil"), rig.tracker("carl")
    listening.subscribe()
    rig.door.paused(True)
    for number in range(1, 11):
        tracker.publish(b"%d" % number, number)
    other.publish(b"other")
    for order in (b"first", b"second"):  # the door has looked at its lines twice by then
        rig.send("carl", order)
        assert listening.expect_message() == (listening.down, order)
    assert rig.taken.all.empty()
    rig.door.paused(False)
    payloads = rig.taken.payloads(11)
    payloads.remove(b"other")
    assert payloads == [b"%d" % number for number in range(1, 11)]


def test_a_delivery_that_fails_comes_again_and_the_others_go_on(rig):
    tracker, other = rig.tracker("aase"), rig.tracker("bodil")
    rig.taken.fail = True
    tracker.publish(b"one", 11)
    until(lambda: not rig.taken.fail, "the failing delivery")
    if isinstance(rig.door, Listener):
        assert tracker.closed()
        rig.redeliver(tracker, {11: b"one"})
    assert rig.taken.next().payload == b"one"
    other.publish(b"two")
    assert rig.taken.next().payload == b"two"
    assert rig.door.counters["deliver_failed"] == 1


def test_a_publish_on_a_topic_that_is_no_trackers_is_handed_on_as_such(rig):
    tracker = rig.tracker()
    tracker.publish(b"odd", topic="trygg/v1/nord/ÅSE/up")
    incoming = rig.taken.next()
    assert topics.parse(incoming.topic) is None
    assert "ÅSE" in incoming.topic
    incoming.confirm()
    assert tracker.expect_puback() == 1


def test_a_payload_of_a_megabyte_stops_nobody(rig):
    tracker, other = rig.tracker("aase"), rig.tracker("bodil")
    try:
        tracker.publish(bytes(1_000_000))
    except ConnectionError:
        pass  # closed while we were still sending
    if isinstance(rig.door, Listener):
        assert tracker.closed()
        assert rig.door.counters["oversize"] == 1
    else:  # nobody can refuse it, so its beginning is kept, and it is acknowledged
        came = rig.taken.next()
        assert came.topic == f"too-large/1000029/{tracker.up}"
        assert came.payload == bytes(4_096)
        came.confirm()
        until(lambda: rig.door.counters["pubacks"] == 1, "the acknowledgement")
        assert rig.door.counters["too_large"] == 1
    other.publish(b"two")
    assert rig.taken.next().payload == b"two"


def test_a_door_that_was_stopped_starts_again_for_the_same_trackers(rig):
    rig.tracker().publish(b"one")
    first = rig.taken.next()
    first.confirm()
    rig.stop()
    rig.start()
    rig.tracker().publish(b"two")
    assert rig.taken.next().payload == b"two"


def test_both_doors_count_what_every_door_must():
    everyone = {"connections", "publishes", "pubacks", "stale_confirms", "deliver_failed",
                "down_sent", "down_acked", "down_refused"}  # fmt: skip
    from trygg_gateway import broker, listener

    assert everyone <= set(listener.COUNTERS)
    assert everyone <= set(broker.COUNTERS)
