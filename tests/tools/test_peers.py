"""thingsboard-gateway's far end, over a real broker, and how it is started."""

import json
import threading

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from trygg_tools.bench.mosquitto import Mosquitto
from trygg_tools.peers import thingsboard
from trygg_tools.peers.thingsboard_platform import Platform

WAIT_S = 20


@pytest.fixture
def venv(tmp_path):
    """A virtual environment whose thingsboard-gateway writes down where its settings are."""
    program = tmp_path / "venv/bin/thingsboard-gateway"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$TB_GW_CONFIG_DIR" > started\nexec sleep 60\n')
    program.chmod(0o755)
    return tmp_path / "venv"


def test_the_platform_answers_what_a_gateway_waits_for_and_counts_what_arrives(tmp_path):
    arrived, answered = [], threading.Event()
    with (
        Mosquitto(tmp_path) as broker,
        Platform(broker.port, lambda *it: arrived.append(it)) as far,
    ):
        gateway = paho.Client(CallbackAPIVersion.VERSION2)
        answers = []

        def heard(client, _, message):
            answers.append((message.topic, json.loads(message.payload)))
            answered.set()

        gateway.on_message = heard
        gateway.on_connect = lambda client, *_: client.subscribe("v1/devices/me/rpc/response/+", 1)
        asked = json.dumps({"method": "getSessionLimits", "params": {"timeout": 5000}})
        gateway.on_subscribe = lambda client, *_: client.publish(
            "v1/devices/me/rpc/request/7", asked, 1
        )
        gateway.connect("127.0.0.1", broker.port)
        gateway.loop_start()
        assert answered.wait(WAIT_S)
        assert far.ready.is_set()
        pack = {"astrid": [{"ts": 1, "values": {"seq": 1}}, {"ts": 2, "values": {"seq": 2}}],
                "bjorn": [{"values": {"seq": 1}}]}  # fmt: skip
        gateway.publish(thingsboard.TELEMETRY, json.dumps(pack), 1).wait_for_publish(WAIT_S)
        gateway.publish("v1/devices/me/rpc/request/8", asked, 1)  # answered after the pack
        answered.clear()
        assert answered.wait(WAIT_S)
        gateway.disconnect()
        gateway.loop_stop()
    assert answers[0][0] == "v1/devices/me/rpc/response/7"
    assert answers[0][1]["rateLimits"] == {}
    told = [("astrid", {"seq": 1}), ("astrid", {"seq": 2}), ("bjorn", {"seq": 1})]
    assert arrived == told


@pytest.mark.parametrize("setup", ["manual", "tuned"])
def test_it_is_started_on_its_own_settings_and_killed(venv, tmp_path, setup):
    folder = tmp_path / "gateway"
    with thingsboard.ThingsBoardGateway(
        venv, folder, source_port=1001, platform_port=1002, setup=setup
    ) as gateway:
        assert gateway.pid > 0
        settings = json.loads((folder / "tb_gateway.json").read_text())
        mqtt = json.loads((folder / "mqtt.json").read_text())
    assert settings["thingsboard"]["port"] == 1002
    assert settings["storage"]["type"] == "sqlite"
    assert mqtt["broker"]["port"] == 1001
    (mapping,) = mqtt["mapping"]
    assert mapping["topicFilter"] == "trackers/+/up"
    told = mapping["converter"]["timeseries"]
    assert told == ["*"] or {one["key"] for one in told} == set(thingsboard.FIELDS)
    with pytest.raises(AssertionError, match="not started"):
        gateway.pid  # noqa: B018 - it raises


def test_where_it_is_absent_is_said_with_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv(thingsboard.VARIABLE, raising=False)
    with pytest.raises(thingsboard.NoPeer, match="pip install thingsboard-gateway"):
        thingsboard.place()
    monkeypatch.setenv(thingsboard.VARIABLE, str(tmp_path))
    with pytest.raises(thingsboard.NoPeer, match="got none"):
        thingsboard.place()


def test_its_place_is_what_is_told_before_what_the_environment_says(venv, monkeypatch):
    monkeypatch.setenv(thingsboard.VARIABLE, "/nowhere")
    assert thingsboard.place(str(venv)) == venv
    assert thingsboard.version(venv) == "unknown"
