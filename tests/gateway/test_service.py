"""The gateway whole, as a process: from a tracker's publish to the sinks, through kills."""

import asyncio
import json
import os
import re
import socket
import time

import httpx
import pytest

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.mosquitto import Mosquitto, free_port
from gateway.receiver import served
from gateway.records import PLACE, alarm, report
from gateway.whole_lines import events_in
from told_places import places_told
from trygg_gateway.config import load
from trygg_gateway.ports import PortTaken
from trygg_gateway.reader import Reader
from trygg_gateway.service import run
from trygg_wire import codec, layouts

HOOK = """
[sinks.centre]
type = "http"
url = "{url}"
secret_file = "secrets/webhook"
"""
FILE = """
[sinks.archive]
type = "file"
path = "data/events.jsonl"
"""


@pytest.fixture
def hook(tmp_path):
    with served(tmp_path / "received.jsonl") as receiver:
        yield receiver


def now():
    return int(time.time())


def archived(gateway):
    return [event["id"] for event in events_in(gateway.folder / "data/events.jsonl")]


def say(line, frames, first_id=1):
    """Publish the frames and read until each is acknowledged."""
    ids = range(first_id, first_id + len(frames))
    for packet_id, frame in zip(ids, frames):
        line.publish(frame, packet_id)
    return packets_until(line, 0, set(ids))


def test_an_alarm_goes_from_the_tracker_to_every_sink_and_back(tmp_path, hook):
    sinks = HOOK.format(url=hook.url) + FILE
    with GatewayProcess(tmp_path / "nord", sinks) as gateway:
        with gateway.tracker(gateway.add()) as line:
            line.publish(alarm(1, 1, time_s=now()), 1)
            (ack,) = packets_until(line, 1, {1})
            kind, values = codec.decode(ack)
            assert (kind, values["boot"], values["upto"]) == (layouts.ACK, 1, 1)
            until(lambda: hook.received()["unique"] == 1, "the webhook")
            until(lambda: archived(gateway) == ["astrid:1:1"], "the file")
            shown = until(
                lambda: [
                    one
                    for one in gateway.ask("/api/alarms").json()["alarms"]
                    if len(one["delivered"]) == 2
                ],
                "delivered",
            )
            assert shown[0]["what"] == "left"
            done = gateway.command("alarms", "take", shown[0]["id"], "--who", "Ingrid")
            assert done.returncode == 0, done.stderr
            frames, seq = [], 1
            while not any(codec.decode(frame)[0] == layouts.ORDER for frame in frames):
                seq += 1  # it is told when it is heard
                line.publish(report(1, seq, time_s=now()), seq)
                frames += packets_until(line, 1, {seq})
        assert gateway.end() == 0


def test_the_console_answers_and_shows_the_figures(tmp_path):
    with GatewayProcess(tmp_path / "nord", FILE) as gateway:
        with gateway.tracker(gateway.add()) as line:
            say(line, [report(1, 1, time_s=now())])
            until(lambda: archived(gateway) == ["astrid:1:1"])
        delivered = 'trygg_sink_delivered_total{lane="live",sink="archive"} 1.0'
        # what stands in the file is on its way to the disk, and counted when it is there
        until(lambda: delivered in gateway.ask("/metrics").text, delivered)
        text = gateway.ask("/metrics").text
        assert "trygg_listener_publishes_total 1.0" in text
        assert "astrid" not in text
        health = gateway.ask("/api/health").json()
        assert health["counters"]["journal"]["records"] == 1


def delivered(gateway):
    """The sinks that have it, of each alarm."""
    alarms = gateway.ask("/api/alarms?limit=1000").json()["alarms"]
    return [sorted(one["delivered"]) for one in alarms]


def test_kill_minus_9_loses_nothing_acknowledged_and_doubles_nothing(tmp_path, hook):
    sinks = HOOK.format(url=hook.url) + FILE
    gateway = GatewayProcess(tmp_path / "nord", sinks)
    gateway.start()
    try:
        credentials = gateway.add()
        sent = 0
        for _ in range(4):
            credentials["port"] = gateway.ports["listener"]
            with gateway.tracker(credentials) as line:
                frames = [
                    (alarm if seq % 20 == 0 else report)(1, seq, time_s=now())
                    for seq in range(sent + 1, sent + 61)
                ]
                say(line, frames)
                sent += len(frames)
            gateway.kill()  # everything is acknowledged, much is not forwarded yet
            gateway.start()
        until(lambda: hook.received()["unique"] == sent, "the webhook")
        until(lambda: len(archived(gateway)) >= sent, "the file")
        assert sorted(archived(gateway)) == sorted(f"astrid:1:{seq}" for seq in range(1, sent + 1))
        everybody = [["archive", "centre"]] * (sent // 20)
        until(lambda: delivered(gateway) == everybody, "as many alarms as were sent, at both")
    finally:
        gateway.end()


def test_what_was_sent_and_not_acknowledged_can_be_sent_again(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord", FILE)
    gateway.start()
    try:
        credentials = gateway.add()
        frames = [report(1, seq, time_s=now()) for seq in range(1, 101)]
        line = gateway.tracker(credentials)
        for packet_id, frame in enumerate(frames, 1):
            line.publish(frame, packet_id)
        gateway.kill()
        line.close()
        gateway.start()
        credentials["port"] = gateway.ports["listener"]
        with gateway.tracker(credentials) as line:
            say(line, frames)
        until(lambda: len(archived(gateway)) >= 100)
        assert archived(gateway) == [f"astrid:1:{seq}" for seq in range(1, 101)]
    finally:
        gateway.end()


def test_a_tracker_behind_a_broker_is_heard_and_answered(tmp_path):
    tables = {"listener": {"enabled": False}}
    with Mosquitto(tmp_path) as broker:
        tables["broker"] = {"url": broker.url, "client_id": "trygg-test"}
        with GatewayProcess(tmp_path / "nord", FILE, **tables) as gateway:
            credentials = gateway.add()
            assert (credentials["host"], credentials["port"]) == ("localhost", broker.port)
            with gateway.tracker(credentials) as line:
                ids = {1}
                line.publish(alarm(1, 1, time_s=now()), 1)
                (ack,) = packets_until(line, 1, ids)
                assert codec.decode(ack)[1]["upto"] == 1
            until(lambda: archived(gateway) == ["astrid:1:1"], "the file")


def behind(gateway):
    status = json.loads(gateway.command("status", "--json").stdout)
    return {(one["sink"], one["lane"]): one["records"] for one in status["behind"]}


def test_a_dead_sink_holds_up_nobody_and_gets_it_all_when_it_is_back(tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    with GatewayProcess(tmp_path / "nord", HOOK.format(url=url) + FILE) as gateway:
        with gateway.tracker(gateway.add()) as line:
            say(line, [alarm(1, 1, time_s=now()), report(1, 2, time_s=now())])
        until(lambda: len(archived(gateway)) == 2, "the file")
        until(lambda: behind(gateway)["archive", "alarm"] == 0, "what is on the disk is confirmed")
        assert behind(gateway)["centre", "alarm"] == 1
        with served(tmp_path / "received.jsonl", port) as hook:
            until(lambda: hook.received()["unique"] == 2, "the webhook")


def test_bad_input_is_set_aside_and_shown_and_the_neighbours_go_on(tmp_path):
    with GatewayProcess(tmp_path / "nord", FILE) as gateway:
        with gateway.tracker(gateway.add()) as line:
            good, torn = report(1, 1, time_s=now()), bytearray(report(1, 2, time_s=now()))
            torn[12] ^= 4
            say(line, [bytes(torn), b"", good])
            until(lambda: archived(gateway) == ["astrid:1:1"])
        shown = json.loads(gateway.command("quarantine", "list", "--json").stdout)
        assert [row["reason"] for row in shown] == [
            "frame of 0 bytes, wanted 4 to 7168",
            "crc does not fit",
        ]
        one = json.loads(gateway.command("quarantine", "show", shown[1]["id"]).stdout)
        assert bytes.fromhex(one["payload_hex"]) == bytes(torn)
        assert gateway.command("quarantine", "show", 99).returncode == 1


def test_no_coordinate_and_no_secret_is_in_the_log(tmp_path, hook):
    sinks = HOOK.format(url=hook.url) + FILE
    with GatewayProcess(
        tmp_path / "nord", sinks, log={"level": "debug", "form": "json"}
    ) as gateway:
        credentials = gateway.add()
        hook.fail("500")
        with gateway.tracker(credentials) as line:
            say(line, [alarm(1, 1, time_s=now()), b"nonsense"])
            until(lambda: hook.received()["unique"] == 1)
        gateway.end()
        lines = [json.loads(line) for line in gateway.log.splitlines()]
        assert any(line["event"] == "sink_says_later" for line in lines)
        secrets = (credentials["password"], credentials["order_key"], "whsec_")
        assert not [secret for secret in secrets if str(secret) in gateway.log]
        assert not places_told(gateway.log, PLACE["lat_e6"] / 1e6, PLACE["lon_e6"] / 1e6)


def test_a_taken_port_names_its_holder_and_nothing_is_begun(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        gateway = GatewayProcess(tmp_path / "nord", console={"port": port})
        done = gateway.try_to_run()
    assert done.returncode == 2
    for part in (str(port), "console.port", "pid", "another port"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_gateway_on_the_same_journal_is_refused(tmp_path):
    with GatewayProcess(tmp_path / "nord") as gateway:
        done = gateway.try_to_run()
        assert done.returncode == 2
        assert "another gateway is running" in done.stderr
        assert gateway.ask("/healthz").json() == {"ok": True}
        assert json.loads((gateway.folder / "data/running.json").read_text())["pid"]


def test_settings_that_are_not_fit_keep_it_from_starting(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord", HOOK.format(url="http://127.0.0.1:9/hook"))
    (gateway.folder / "secrets/webhook").unlink()
    done = gateway.try_to_run()
    assert done.returncode == 2
    assert "sinks.centre.secret_file" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_clean_stop_leaves_nothing_behind(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord")
    gateway.start()
    assert gateway.end() == 0
    assert not (gateway.folder / "data/running.json").exists()
    assert json.loads(gateway.command("status", "--json").stdout)["running"] is None


def test_metrics_can_have_a_port_of_their_own_and_the_console_can_be_off(tmp_path):
    port = free_port()
    tables = {"metrics": {"port": port}, "console": {"enabled": False}}
    with GatewayProcess(tmp_path / "nord", **tables) as gateway:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=30)
        assert "trygg_journal_commits_total" in answer.text
        assert "console" not in gateway.ports


# -- in this process -------------------------------------------------------------------


def quiet_config(folder):
    """The settings of a gateway on free ports."""
    return load(GatewayProcess(folder).config)


def test_a_part_that_falls_over_ends_the_gateway_and_says_what_it_was(tmp_path, monkeypatch):
    async def fall_over(self):
        raise ZeroDivisionError("the reader")

    monkeypatch.setattr(Reader, "run", fall_over)
    with pytest.raises(ZeroDivisionError, match="the reader"):
        asyncio.run(asyncio.wait_for(run(quiet_config(tmp_path / "nord"), print), 60))


def test_it_can_be_stopped_from_within_and_started_again(tmp_path):
    config = quiet_config(tmp_path / "nord")

    async def once():
        stop, lines = asyncio.Event(), []

        def say(line):
            lines.append(line)
            stop.set()

        await asyncio.wait_for(run(config, say, stop), 60)
        return lines

    for _ in range(2):
        (line,) = asyncio.run(once())
        assert re.match(
            r"ready: gateway trygg, listener mqtt://127\.0\.0\.1:\d+, console http", line
        )


def test_a_start_that_fails_halfway_lets_everything_go(tmp_path):
    folder = tmp_path / "nord"
    with socket.create_server(("127.0.0.1", 0)) as holder:
        gateway = GatewayProcess(folder, console={"port": holder.getsockname()[1]})
        with pytest.raises(PortTaken):
            asyncio.run(run(load(gateway.config), print))
    gateway.settings()
    with gateway:  # the journal was let go, so it starts
        assert gateway.ask("/healthz").status_code == 200


def test_a_killed_gateways_word_is_not_believed_when_its_number_is_somebody_elses(tmp_path):
    with GatewayProcess(tmp_path / "nord") as gateway:
        said = json.loads((gateway.folder / "data/running.json").read_text())
        running = json.loads(gateway.command("status", "--json").stdout)["running"]
        assert running["pid"] == said["pid"]
        gateway.kill()
        stranger = {**said, "pid": os.getpid()}  # as after the next boot of the machine
        (gateway.folder / "data/running.json").write_text(json.dumps(stranger))
        assert json.loads(gateway.command("status", "--json").stdout)["running"] is None
        done = gateway.command("reload")  # would end this test with a SIGHUP
        assert done.returncode != 0
        gateway.start()
