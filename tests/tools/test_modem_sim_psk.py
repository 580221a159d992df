"""A SIM7080 with a pre-shared key before a real Mosquitto: TLS 1.2 by OpenSSL at both ends,
by the modem's own MQTT and by a socket; the rows are the driver's."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.mosquitto import Mosquitto
from tools.test_modem_sim_real_broker import RealStage
from tracker.modem import sim7080
from tracker.modem.steps import fill, find
from trygg_tools.modem_sim.far_psk import psk_context
from trygg_wire import packets

KEY = "00112233445566778899aabbccddeeff"
VALUES = {
    "host": b"broker.example", "port": b"8883", "device": b"astrid", "password": b"",
    "keepalive": b"120", "psk": b"astrid.psk", "ca": b"", "cert": b"", "file": b"astrid.psk",
    "apn": b"iot",
}  # fmt: skip


class PskMosquitto(Mosquitto):
    """One that wants a pre-shared key; what it comes up with is not asked by TLS."""

    def __init__(self, folder: Path) -> None:
        (folder / "keys").write_text(f"astrid:{KEY}\n")
        super().__init__(folder, f"psk_hint trygg\npsk_file {folder / 'keys'}\n")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RealStage]:
    with PskMosquitto(tmp_path) as broker:
        stage = RealStage("sim7080", broker.port)
        stage.scene.do("power key")
        assert stage.run_until(lambda: b"SMS Ready" in stage.heard, 60_000)
        assert stage.run_until(lambda: stage.modem.network.registered, 60_000)
        stage.say("ATE0", b"OK")
        stage.say('AT+CNCFG=0,1,"iot"', b"OK")
        stage.say("AT+CNACT=0,1", b"+APP PDP: 0,ACTIVE")
        yield stage
        stage.stop()


def rows(name: str) -> list[bytes]:
    """The commands of a procedure, as the driver fills them."""
    text, at = find(sim7080.TEXTS, name.encode())
    found = []
    for row in text[at : text.find(b"\n\n", at)].split(b"\n"):
        found.append(fill(row.split(b" | ")[0].partition(b" ")[2], VALUES))
    return found


def give_the_key(stage: RealStage, key: str) -> None:
    table = f"astrid:{key}\n".encode()
    stage.say("AT+CFSINIT", b"OK")
    stage.modem.feed(b'AT+CFSWFILE=3,"astrid.psk",0,%d,10000\r' % len(table), stage.now_ms)
    assert stage.run_until(lambda: b"DOWNLOAD" in stage.heard, 60_000)
    stage.heard = b""
    stage.modem.feed(table, stage.now_ms)
    assert stage.run_until(lambda: b"OK" in stage.heard, 60_000)
    stage.heard = b""
    stage.say("AT+CFSTERM", b"OK")


def secure(stage: RealStage, *names: str) -> None:
    for name in names:
        for row in rows(name):
            stage.say(row.decode(), b"\r\n")
            stage.heard = b""


def test_the_modems_own_mqtt_connects_with_the_key_of_its_table(stage: RealStage) -> None:
    give_the_key(stage, KEY)
    secure(stage, "TLS", "TLS_PSK", "MQTT_BEGIN", "MQTT_PLAIN_TLS")
    assert b"OK" in stage.say("AT+SMCONN", b"\r\n")
    assert b"+SMSTATE: 1" in stage.say("AT+SMSTATE?", b"OK")


def test_our_mqtt_over_a_secured_socket_is_welcomed(stage: RealStage) -> None:
    give_the_key(stage, KEY)
    secure(stage, "SOCKET_BEGIN_TLS", "TLS", "TLS_PSK", "SOCKET_PSK")
    assert b"+CAOPEN: 0,0" in stage.say(rows("SOCKET_OPEN")[0].decode(), b"OK")
    hello = packets.connect("solveig", None, None, 60, True)
    stage.say(f"AT+CASEND=0,{len(hello)}", b"+CADATAIND: 0", hello)
    assert b"\x20\x02\x00\x00" in stage.say("AT+CARECV=0,100", b"\r\nOK\r\n")


# paho leaves the socket of a handshake that failed to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("key", ["ff" * 16, ""])
def test_another_key_is_refused_by_both_ways(stage: RealStage, key: str) -> None:
    give_the_key(stage, key)
    if key:
        secure(stage, "TLS", "TLS_PSK", "MQTT_BEGIN", "MQTT_PLAIN_TLS")
        assert b"ERROR" in stage.say("AT+SMCONN", b"\r\n")
    secure(stage, "SOCKET_BEGIN_TLS", "TLS", "TLS_PSK", "SOCKET_PSK")
    assert b"+CAOPEN: 0,0" not in stage.say(rows("SOCKET_OPEN")[0].decode(), b"\r\n")


def test_a_key_or_an_identity_that_no_tls_takes_is_an_error() -> None:
    for identity, key in (("astrid", b""), ("astrid", bytes(256)), ("a" * 256, bytes(16))):
        with pytest.raises(ssl.SSLError, match="1 to 255"):
            psk_context(identity, key)
