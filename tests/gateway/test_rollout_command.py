"""A roll-out by the command line, beside a gateway that runs, is killed, and runs again."""

import json
import time

import pytest

from gateway.gateway_process import GatewayProcess, until
from gateway.raw_tracker import RawTracker
from gateway.records import report
from trygg_gateway.geojson import EXAMPLE
from trygg_wire import codec, layouts, packets

NAMES = ("astrid", "bjorn", "sigrid", "torunn")


class Obedient:
    """A tracker that says it has applied whatever it is ordered, or refuses."""

    def __init__(self, gateway, credentials):
        self.line = RawTracker(gateway.ports["listener"], credentials["device"], "nord")
        assert self.line.log_in(credentials["password"].encode())[1] == 0
        self.line.subscribe()
        self.seq = int(time.time()) % 1_000_000  # another life of the line, later numbers

    def say(self, frame):
        self.line.publish(frame, self.seq % 60_000 + 1)

    def serve(self, result=layouts.APPLIED, reason=0):
        """Wait for an order and answer it."""
        while True:
            kind, flags, body = self.line.receive()
            if kind != packets.PUBLISH:
                continue
            _, _, packet_id, payload, _, _ = packets.read_publish(flags, body)
            self.line.write(packets.puback(packet_id))
            what, values = codec.decode(payload)
            if what != layouts.ORDER:
                continue
            self.seq += 1
            self.say(codec.encode(layouts.ANSWER, {
                "boot": 1, "seq": self.seq, "time_s": int(time.time()) - layouts.EPOCH,
                "time_is_uptime": 0, "order_id": values["order_id"],
                "order_version": values["version"], "result": result, "reason": reason,
            }))  # fmt: skip
            return

    def report(self):
        self.seq += 1
        self.say(report(1, self.seq, int(time.time())))


def shown(gateway, id_=1):
    return json.loads(gateway.command("rollout", "show", id_, "--json").stdout)


def owed(gateway):
    return [wave["owed"] for wave in shown(gateway)["waves"]]


def test_waves_go_on_over_a_kill_and_halt_at_a_refusal(tmp_path):
    nord = tmp_path / "nord"
    gateway = GatewayProcess(nord).start()
    try:
        credentials = {name: gateway.add(name) for name in NAMES}
        trackers = {name: Obedient(gateway, credentials[name]) for name in NAMES}
        start = ("rollout", "start", "settings", "report_live_s=120", "--group", "nord",
                 "--waves", "1,50%,rest", "--title", "oftener")  # fmt: skip
        dry = gateway.command(*start, "--dry-run")
        assert "dry run: nothing was ordered" in dry.stdout
        assert gateway.command("rollout", "list").stdout.strip() == "no roll-outs"

        waves = json.loads(gateway.command(*start, "--json").stdout)["waves"]
        assert [len(wave) for wave in waves] == [1, 2, 1]
        trackers[waves[0][0]].serve()  # it came although nobody had spoken: it is connected
        until(lambda: owed(gateway) == [0, 2, 0], "the second wave")

        gateway.kill()
        for tracker in trackers.values():
            tracker.line.close()
        gateway.start()
        one = Obedient(gateway, credentials[waves[1][0]])
        one.report()
        one.serve()
        other = Obedient(gateway, credentials[waves[1][1]])
        other.report()
        other.serve(layouts.REFUSED, layouts.BAD_BODY)
        until(lambda: shown(gateway)["state"] == "halted", "halted")
        said = shown(gateway)
        assert said["why"] == f"1 failed, 0 allowed: {waves[1][1]} refused it"
        assert [wave["applied"] for wave in said["waves"]] == [1, 1, 0]
        assert said["waves"][2]["waiting"] == 1
        text = gateway.command("rollout", "show", 1).stdout
        assert "oftener, halted: 1 failed" in text
        assert "bad_body" in text
        assert "Roll-out 1 has halted" in gateway.command("status").stdout

        assert gateway.command("rollout", "resume", 1, "--failures", 1).returncode == 0
        until(lambda: owed(gateway) == [0, 0, 1], "the last wave")
        assert gateway.command("rollout", "stop", 1).stdout.strip().endswith("1 orders withdrawn")
        listed = json.loads(gateway.command("order", "list", "--json").stdout)
        assert [order["state"] for order in listed] == [
            "withdrawn", *(["refused", "applied"] if listed[1]["state"] == "refused"
                           else ["applied", "refused"]), "applied",
        ]  # fmt: skip
        for tracker in (one, other):
            tracker.line.close()
    finally:
        gateway.end()


@pytest.fixture
def idle(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord")
    gateway.settings(listener={"port": 1883})
    for name in NAMES[:2]:
        gateway.add(name)
    return gateway


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("settings", "report_live_s=120"), "Say --tracker, --group or --all"),
        (("settings", "--all"), "settings: wanted NAME=VALUE"),
        (("settings", "report_live_s=-1", "--all"), "wanted a whole number"),
        (("command", "explode", "--all"), "command: wanted one of report-now"),
        (("fences", "--all"), "fences: wanted a file"),
        (("key", "now", "--all"), "key: wanted nothing"),
        (("command", "report-now", "--tracker", "eve"), "eve is not registered"),
        (("command", "report-now", "--all", "--waves", "many"), "as in 1,10%,rest"),
        (("command", "report-now", "--all", "--silence", "long"), "as in 90s, 30min, 24h, 2d"),
        (("command", "report-now", "--all", "--share", "0"), "wanted 1 to 100"),
    ],
)
def test_what_cannot_be_rolled_out_is_said_before_anybody_is_ordered_anything(idle, words, why):
    done = idle.command("rollout", "start", *words)
    assert done.returncode == 1, done
    assert why in done.stderr
    assert json.loads(idle.command("rollout", "list", "--json").stdout) == []


def test_fences_keys_and_commands_are_rolled_out_too(idle, tmp_path):
    file = tmp_path / "fences.json"
    file.write_text(json.dumps(EXAMPLE))
    for words in (("fences", file), ("key",), ("command", "report-now")):
        done = idle.command("rollout", "start", *words, "--all", "--json")
        assert done.returncode == 0, done.stderr
    kinds = [one["kind"] for one in json.loads(idle.command("rollout", "list", "--json").stdout)]
    assert kinds == ["command", "key", "fences"]
    again = idle.command("rollout", "start", "key", "--tracker", "astrid")
    assert "astrid is in roll-out 2" in again.stderr
    assert idle.command("rollout", "pause", 2).returncode == 0
    assert "paused" in idle.command("rollout", "list").stdout
    assert "There is no roll-out 9" in idle.command("rollout", "show", 9).stderr
