"""The MQTT sink at a real Mosquitto: what it publishes, and every way the broker says no."""

import asyncio
import json
import os
import resource
import socket
import time
from contextlib import ExitStack

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway.frozen import frozen
from gateway.mosquitto import Mosquitto
from gateway.mqtt_ear import Ear
from gateway.records import alarm, deliveries, row
from gateway.sink_lives import life, made, patiently
from gateway.sink_peer import reports
from trygg_gateway.config import ConfigError, parse
from trygg_gateway.delivery import delivery
from trygg_gateway.init_folder import make_folder
from trygg_gateway.sinks.port import Answer, Later, Refused


def settings(broker, *lines):
    return "\n".join(['type = "mqtt"', f'url = "{broker.url}"', "timeout_seconds = 5", *lines])


@pytest.fixture
def broker(tmp_path):
    with Mosquitto(tmp_path) as broker:
        yield broker


def heard(ear, number):
    until = time.monotonic() + 30
    while len(ear.heard) < number and time.monotonic() < until:
        time.sleep(0.01)
    return ear.heard


def test_an_event_is_cloudevents_json_on_its_own_topic(broker):
    ear = Ear(broker.port, "trygg/events/#")
    entries = [*reports(1), delivery(row(alarm(1, 2), id_=2), "nord")]
    assert life(made(settings(broker)), entries) == [Answer.ACCEPTED]
    (first, payload, retained), (second, *_) = heard(ear, 2)
    assert (first, second) == ("trygg/events/astrid/report", "trygg/events/astrid/alarm")
    assert json.loads(payload) == {**entries[0].attributes, "data": entries[0].data}
    assert not retained
    ear.close()


def test_a_topic_may_name_gateway_lane_kind_and_tracker(broker):
    ear = Ear(broker.port)
    life(made(settings(broker, 'topic = "a/{gateway}/{lane}/{kind}/{device}"')), reports(1))
    assert heard(ear, 1)[0][0] == "a/nord/live/report/astrid"
    ear.close()


def test_with_mqtt_5_an_event_says_what_it_is(broker):
    came = []
    ear = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    ear.on_connect = lambda client, *_: client.subscribe("trygg/events/#", 1)
    ear.on_subscribe = lambda *_: came.append("listens")
    ear.on_message = lambda _c, _d, message: came.append(message)
    ear.connect("127.0.0.1", broker.port)
    ear.loop_start()
    while not came:
        time.sleep(0.01)
    life(made(settings(broker)), reports(1))
    while len(came) < 2:
        time.sleep(0.01)
    ear.disconnect()
    ear.loop_stop()
    assert came[1].qos == 1
    assert came[1].properties.ContentType == "application/cloudevents+json"


def test_a_broker_of_3_1_1_gets_the_same(broker):
    ear = Ear(broker.port)
    life(made(settings(broker, 'version = "3.1.1"')), reports(3))
    assert len(heard(ear, 3)) == 3
    ear.close()


def test_that_nobody_listens_is_counted(broker):
    sink = made(settings(broker))
    life(sink, reports(3))
    assert sink.counters == {"connections": 1, "nobody_listens": 3}


def test_no_more_is_under_way_than_the_broker_allows(tmp_path):
    with Mosquitto(tmp_path, "max_inflight_messages 3") as broker:
        ear = Ear(broker.port)
        life(made(settings(broker)), reports(100))
        seqs = [json.loads(payload)["data"]["seq"] for _, payload, _ in heard(ear, 100)]
        assert seqs == list(range(1, 101))
        ear.close()


def test_a_gateway_with_a_thousand_lines_open_can_still_speak(broker):
    """select() ends at descriptor 1023; a gateway has ten thousand."""
    ear = Ear(broker.port)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(open(os.devnull, "rb"))
        assert life(made(settings(broker)), reports(3)) == [Answer.ACCEPTED]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(heard(ear, 3)) == 3
    ear.close()


# -- no --------------------------------------------------------------------------------


def test_a_wrong_password_is_later_and_is_not_shown(tmp_path):
    (tmp_path / "password").write_text("hunter2")
    with Mosquitto(tmp_path, users={"trygg": "skogen"}) as broker:
        lines = 'username = "trygg"', f'password_file = "{tmp_path}/password"'
        with pytest.raises(Later, match=r"does not let us in: Not authori[sz]ed") as caught:
            life(made(settings(broker, *lines)), reports(1))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"two\nlines", b"\xff\xfe"])
def test_a_password_that_is_none_is_later_and_is_not_shown(broker, tmp_path, content):
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    with pytest.raises(Later, match=f"{tmp_path}/password"):
        life(made(settings(broker, 'username = "x"', f'password_file = "{tmp_path}/password"')))


def test_what_the_broker_does_not_let_us_publish_is_later(tmp_path):
    (tmp_path / "acl").write_text("topic write trygg/events/astrid/#\n")
    with Mosquitto(tmp_path, f"acl_file {tmp_path}/acl") as broker:
        entries = [*reports(2), *deliveries(1, device="bjarne")]
        with pytest.raises(Later, match="does not take it: not authorized") as caught:
            life(made(settings(broker)), entries)
    assert caught.value.confirmed == 2


def test_what_is_larger_than_the_broker_takes_is_refused(tmp_path):
    with (
        Mosquitto(tmp_path, "max_packet_size 900") as broker,
        pytest.raises(Refused, match="packet too large") as caught,
    ):
        life(made(settings(broker)), reports(2))
    assert caught.value.confirmed == 0


def test_a_broker_that_hangs_is_later_and_later_it_works(broker):
    async def work():
        sink = made(settings(broker).replace("= 5", "= 1"))
        await patiently(sink.start)
        with frozen(broker.pid):
            with pytest.raises(Later, match="no acknowledgement in 1 s"):
                await sink.deliver(reports(1))
            with pytest.raises(Later, match="no answer in 1 s"):
                await sink.deliver(reports(1))
        assert await patiently(sink.deliver, reports(1)) is Answer.ACCEPTED
        await sink.stop()

    asyncio.run(work())


def test_one_that_says_nothing_to_hello_is_later():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"mqtt://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Later, match="no answer in 1 s"):
            life(made(f'type = "mqtt"\nurl = "{url}"\ntimeout_seconds = 1'), reports(1))


def test_a_line_that_is_lost_while_there_is_nothing_to_say_is_found_again(broker):
    async def work():
        sink = made(settings(broker))
        await sink.start()
        broker.kill()
        broker.start()
        async with asyncio.timeout(20):
            while sink.counters["connections"] < 2:  # noqa: ASYNC110 - a plain counter
                await asyncio.sleep(0.02)
        await sink.stop()

    asyncio.run(work())


# -- TLS -------------------------------------------------------------------------------


@pytest.fixture
def secure(tmp_path):
    make_folder(tmp_path / "nord", "nord", ["localhost", "127.0.0.1"])
    tls = tmp_path / "nord/tls"
    with Mosquitto(tmp_path, tls=(tls / "server.crt", tls / "server.key")) as broker:
        yield broker, tls


def test_tls_to_a_broker_with_a_ca_of_ours(secure):
    broker, tls = secure
    ca = tls / "ca.crt"
    assert life(made(settings(broker, f'ca = "{ca}"')), reports(2)) == [Answer.ACCEPTED]


def test_a_broker_whose_certificate_nobody_vouches_for_is_later(secure):
    with pytest.raises(Later, match="CERTIFICATE_VERIFY_FAILED"):
        life(made(settings(secure[0])), reports(1))


def test_a_ca_that_is_none_is_later(secure, tmp_path):
    (tmp_path / "ca.crt").write_text("none")
    with pytest.raises(Later, match="CA or certificate"):
        life(made(settings(secure[0], f'ca = "{tmp_path}/ca.crt"')), reports(1))


# -- settings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('url = "mqtt://broker.example"', "Use mqtts://"),
        ('url = "mqtts://broker.example"\ntopic = "a/#"', "none to publish on"),
        ('url = "mqtts://broker.example"\ntopic = "a/{name}"', "none to publish on"),
        ('url = "mqtts://broker.example"\ncert = "x"', "cert and key go together"),
        ('url = "broker.example"', "wanted a text like"),
    ],
)
def test_a_mistake_in_the_table_is_told(lines, said, tmp_path):
    with pytest.raises(ConfigError, match=said):
        parse(f'[sinks.peer]\ntype = "mqtt"\n{lines}', tmp_path / "gateway.toml")
