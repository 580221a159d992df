"""A broker that dies takes with it what it had acknowledged and not handed on yet.

The tracker kept it, since a PUBACK deletes nothing (promise 2), and says it again when the
gateway's ack calls it missing. So behind a broker records may come out of their order; none is
lost, none is double, and nobody who reads them needs the order in which they came.
"""

import time

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.mosquitto import Mosquitto
from gateway.raw_tracker import RawTracker
from gateway.records import alarm
from gateway.whole_lines import events_in
from trygg_wire import codec, layouts

FILE = """
[sinks.archive]
type = "file"
path = "data/events.jsonl"
"""


def say(broker: Mosquitto, *frames: bytes, heard: int) -> list[tuple[int, list[dict[str, int]]]]:
    """Publish as Astrid's tracker; (upto, missing) of each of so many acks."""
    with RawTracker(broker.port, "astrid") as line:
        line.log_in()
        line.subscribe()
        for number, frame in enumerate(frames, 1):
            line.publish(frame, number)
        down = packets_until(line, heard, set(range(1, len(frames) + 1)))
    acks = [codec.decode(frame)[1] for frame in down]
    return [(ack["upto"], ack["missing"]) for ack in acks]


def test_what_a_dying_broker_had_acknowledged_is_asked_for_and_comes_late_and_once(tmp_path):
    now = int(time.time())
    left = alarm(1, 1, time_s=now - 20)
    back = alarm(1, 2, time_s=now, what=layouts.BACK)
    with Mosquitto(tmp_path, "log_type all") as broker:
        door = {"listener": {"enabled": False}, "broker": {"url": broker.url, "client_id": "t"}}
        with GatewayProcess(tmp_path / "nord", FILE, **door) as gateway:
            gateway.add()
            gateway.kill()
            assert say(broker, left, heard=0) == [], "acknowledged by the broker alone"
            broker.kill()
            broker.start()
            gateway.start()
            until(lambda: subscriptions(broker) == 2, "the gateway's new subscription")
            assert say(broker, back, heard=1) == [(2, [{"first": 1, "count": 1}])]
            assert say(broker, left, heard=1) == [(1, [])]
            until(lambda: len(archived(gateway)) == 2, "the file")
            came = [(one["data"]["seq"], one["sequence"]) for one in archived(gateway)]
            assert [seq for seq, _ in came] == [2, 1], "not in their order"
            assert [seq for seq, _ in sorted(came, key=lambda one: one[1])] == [1, 2]
            (shown,) = until(lambda: gateway.ask("/api/alarms").json()["alarms"], "the alarm")
            assert shown["what"] == "left"
            assert "back" in [event["event"] for event in shown["timeline"]]


def subscriptions(broker):
    """How often the gateway has subscribed, by the broker's own log."""
    return (broker.folder / "mosquitto.log").read_text().count("Sending SUBACK to t\n")


def archived(gateway):
    return events_in(gateway.folder / "data/events.jsonl")
