"""MQTT clients that others have written, at our own front door, plain and over TLS.

paho and Mosquitto's own clients are in test_listener.py. mqtt.js comes from npm (`.ci/peers`
installs what `clients/package-lock.json` pins). umqtt and mqtt_as are in no registry that can be
installed from, so their tests need a checkout: TRYGG_UMQTT is the folder that has `umqtt/` (in
micropython-lib, both simple.py and robust.py), TRYGG_MQTT_AS the one that has `mqtt_as`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from gateway.door_rig import until
from gateway.listener_rig import Door
from gateway.mosquitto import program
from micropython_wheel import needs_micropython
from trygg_gateway.listener import server_tls
from trygg_gateway.tls import issue_server, make_ca

HERE = Path(__file__).parent / "clients"
MICROPYTHON = Path(sys.executable).parent / "micropython"
COUNT = 25


class Rig:
    """A door, and the CA that its clients trust; "" without TLS."""

    def __init__(self, folder: Path, with_tls: bool) -> None:
        self.ca = folder / "ca.crt" if with_tls else ""
        self.ca_der = folder / "ca.der" if with_tls else ""
        make_ca(folder, "nord")
        issue_server(folder, ["localhost", "127.0.0.1"])
        tls = server_tls(folder / "server.crt", folder / "server.key") if with_tls else None
        self.door = Door(tls=tls)
        self.door.taken.confirming = True


@pytest.fixture(params=["plain", "tls"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, request.param == "tls")
    yield rig
    rig.door.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Door]:
    rig = Rig(tmp_path, with_tls=False)
    yield rig.door
    rig.door.close()


def run(door: Door, command: list[object], cut: Callable[[], object] | None = None) -> None:
    """A client that publishes COUNT records and hears an order; `cut` is done among them."""
    environment = os.environ | {"MICROPYPATH": f"{HERE}:.frozen"}
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.strip())
            if cut is not None and line.startswith("acknowledged 5"):
                cut()
            if lines[-1] == f"acknowledged {COUNT - 1}":
                until(lambda: door.send("aase", b"order"), "the subscription")
        assert process.wait(60) == 0, lines[-20:]
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
    assert lines[0] == "subscribed", lines[-20:]
    assert "heard order" in lines, lines[-20:]
    said = [line.removeprefix("acknowledged ") for line in lines if line.startswith("ack")]
    assert sorted(map(int, said)) == list(range(COUNT)), lines[-20:]
    came = {door.taken.next().payload for _ in range(door.taken.all.qsize())}
    assert came == {b"%d" % number for number in range(COUNT)}


# -- mqtt.js -------------------------------------------------------------------------------


def node() -> str:
    """Node, with mqtt.js beside its script; both are there after `.ci/peers`."""
    found = shutil.which("node")
    assert found, "Node.js is not installed. Run ./.ci/peers"
    assert (HERE / "node_modules/mqtt").is_dir(), "mqtt.js is not installed. Run ./.ci/peers"
    return found


def test_mqtt_js_publishes_many_and_hears_an_order(rig):
    run(rig.door, [node(), HERE / "mqtt_js_client.mjs", rig.door.port, COUNT, rig.ca])


def test_mqtt_js_says_it_again_after_its_line_was_cut(plain):
    def cut() -> None:
        plain.loop.call(plain.listener.close_tracker, "aase")

    run(plain, [node(), HERE / "mqtt_js_client.mjs", plain.port, COUNT, ""], cut)


def test_mqtt_js_in_mqtt_5_is_told_of_the_version(plain):
    done = subprocess.run(
        [node(), HERE / "mqtt_js_client.mjs", str(plain.port), "1", ""],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"MQTT_VERSION": "5"},
    )
    assert done.returncode != 0
    assert "Unsupported Protocol Version" in done.stderr
    assert plain.counters["refused_version"] >= 1


# -- MicroPython's -------------------------------------------------------------------------


def checkout(variable: str) -> str:
    """The folder that an environment variable names, or the test is skipped."""
    folder = os.environ.get(variable, "")
    if not folder:
        pytest.skip(f"{variable} does not name a checkout")
    return folder


@needs_micropython
def test_umqtt_publishes_many_and_hears_an_order(rig):
    folder = checkout("TRYGG_UMQTT")
    script = HERE / "umqtt_client.py"
    run(rig.door, [MICROPYTHON, script, rig.door.port, COUNT, rig.ca_der, folder])


@needs_micropython
def test_mqtt_as_publishes_many_and_hears_an_order(rig):
    folder = checkout("TRYGG_MQTT_AS")
    script = HERE / "mqtt_as_client.py"
    run(rig.door, [MICROPYTHON, script, rig.door.port, COUNT, rig.ca_der, folder])


# -- MQTT 5 --------------------------------------------------------------------------------


def test_mosquittos_and_pahos_clients_in_mqtt_5_are_told_of_the_version(plain):
    login = ["-h", "127.0.0.1", "-p", str(plain.port), "-u", "aase", "-P", "secret", "-i", "aase"]
    done = subprocess.run(
        [program("mosquitto_pub"), "-V", "5", *login, "-t", "trygg/v1/nord/aase/up", "-m", "x"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "nsupported" in done.stderr, done.stderr
    told = []
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, client_id="aase", protocol=MQTTProtocolVersion.MQTTv5
    )
    client.username_pw_set("aase", "secret")
    client.on_connect = lambda _client, _data, _flags, reason, _more: told.append(str(reason))
    client.connect("127.0.0.1", plain.port)
    until(lambda: client.loop(0.05) and told, "paho's answer")
    assert told == ["Unsupported protocol version"]
    assert plain.counters["refused_version"] == 2
