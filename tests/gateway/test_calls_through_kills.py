"""The whole gateway, killed again and again: who is called, in which second, and once."""

import json
import time

import pytest

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.receiver import served
from gateway.records import alarm
from gateway.whole_lines import events_in

SINKS = """
[sinks.centre]
type = "http"
url = "{url}"
secret_file = "secrets/webhook"
lanes = ["alarm"]

[sinks.sms]
type = "file"
path = "data/sms.jsonl"
standby = true

[sinks.ingrid]
type = "file"
path = "data/ingrid.jsonl"
standby = true

[sinks.paal]
type = "file"
path = "data/paal.jsonl"
standby = true

[people.ingrid]
name = "Ingrid"
sinks = ["ingrid"]

[people.paal]
name = "Pål"
sinks = ["paal"]

[on_call.always]
people = ["ingrid", "paal"]
"""
ALARMS = {"channels": ["centre", "sms"], "second_channel_seconds": 4,
          "next_person_seconds": [7, 10]}  # fmt: skip


def events(gateway, name):
    return events_in(gateway.folder / f"data/{name}.jsonl")


@pytest.mark.timeout(240)  # five starts of a gateway, on a machine that has much else to do
def test_calls_keep_their_seconds_through_kills_and_come_once(tmp_path):
    with served(tmp_path / "received.jsonl") as hook:
        hook.fail({"fault": "500", "times": 1000})  # the centre confirms nothing
        gateway = GatewayProcess(tmp_path / "nord", SINKS.format(url=hook.url), alarms=ALARMS)
        gateway.start()
        try:
            with gateway.tracker(gateway.add()) as line:
                line.publish(alarm(1, 1, time_s=int(time.time())), 1)
                packets_until(line, 0, {1})
            down_s = 0.0
            for _ in range(4):  # one life of it holds no more than one step
                time.sleep(1.2)
                killed_s = time.monotonic()
                gateway.kill()
                gateway.start()
                down_s += time.monotonic() - killed_s
            until(lambda: len(events(gateway, "ingrid")) >= 2, "the first is called again")
            the_row_was_kept(gateway, down_s)
            done = gateway.command("alarms", "take", 1, "--who", "Pål")
            assert done.returncode == 0, done.stderr
            for name in ("paal", "ingrid"):
                until(lambda name=name: is_called_off(gateway, name), f"the call-off of {name}")
            assert events(gateway, "ingrid")[-1]["data"]["text"] == "Pål has taken it"
        finally:
            gateway.end()


def is_called_off(gateway, name):
    return events(gateway, name)[-1]["type"] == "no.trygg.call_off"


def the_row_was_kept(gateway, down_s):
    """Waits that began anew with every life would be longer by four lives than this allows."""
    shown = json.loads(gateway.command("alarms", "show", 1, "--json").stdout)
    stored_ms = next(line["at_ms"] for line in shown["timeline"] if line["event"] == "stored")
    found = [
        (line["who"], line["at_ms"] - stored_ms)
        for line in shown["timeline"]
        if line["event"] in ("called", "channel")
    ]
    # on a slow machine the next ones are called meanwhile
    assert [who for who, _ in found][:4] == ["Ingrid", "sms", "Pål", "Ingrid"]
    for (who, after_ms), due_ms in zip(found, (0, 4000, 7000, 10_000)):
        assert due_ms <= after_ms + 1, who
        # to the second, and the time that it was down
        assert after_ms <= due_ms + 1000 + 1000 * down_s, (who, after_ms)
    (copy,) = events(gateway, "sms")
    assert copy["id"] == "astrid:1:1"
    assert copy["type"] == "no.trygg.alarm.left"
    assert copy["data"]["again"] is True
    assert shown["delivered"] == ["sms"], "three truths: the centre has not got it, the sms has"
    assert shown["taken_by"] is None
    for name, person in (("paal", "Pål"), ("ingrid", "Ingrid")):
        came = events(gateway, name)
        assert {event["data"]["person"] for event in came} == {person}
        assert len({event["id"] for event in came}) == len(came), "each call once"
