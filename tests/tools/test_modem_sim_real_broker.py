"""SIM7600, A7670 and BG95 before a real Mosquitto: their MQTT by paho, ours over their sockets.

The simulation's time runs twenty times as fast as the clock, so a start takes half a second.
"""

import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.mosquitto import Mosquitto
from modem_stage import Stage
from trygg_tools.modem_sim.far_address import Address, MqttTo, SocketsTo
from trygg_tools.modem_sim.far_paho import PahoMqtt
from trygg_tools.modem_sim.far_real import RealSockets
from trygg_wire import packets

FAST = 20
PAYLOAD = b'"\r\nOK\r\n> \x00\x1a+QMTRECV: 0,1'


class RealStage(Stage):
    """A stage whose broker is a real one at `port`."""

    def __init__(self, part: str, port: int) -> None:
        super().__init__(part)
        self._sockets, self._mqtt = RealSockets(self.modem.schedule), PahoMqtt()
        address = Address("127.0.0.1", port)
        self.modem.world.sockets = SocketsTo(self._sockets, address)
        self.modem.world.mqtt = MqttTo(self._mqtt, address)

    def run_until(self, done: Callable[[], bool], most_ms: int) -> bool:
        """In real time, twenty times as fast."""
        end_ms, began = self.now_ms + most_ms, time.monotonic()
        begun_ms = self.now_ms
        while not done():
            if self.now_ms >= end_ms:
                return False
            select.select(self._sockets.files(), [], [], 0.002)
            self._sockets.turn()
            self._mqtt.turn()
            passed_ms = int((time.monotonic() - began) * 1000 * FAST)
            self.now_ms = max(self.now_ms, min(begun_ms + passed_ms, end_ms))
            self.heard += self.modem.poll(self.now_ms)
        return True

    def say(self, line: str, until: bytes, payload: bytes = b"") -> bytes:
        """Send a line (and its payload at the prompt); everything up to `until`."""
        self.modem.feed(line.encode() + b"\r", self.now_ms)
        if payload:
            assert self.run_until(lambda: b"> " in self.heard, 60_000), (line, self.heard)
            self.heard = b""
            self.modem.feed(payload, self.now_ms)
        assert self.run_until(lambda: until in self.heard, 600_000), (line, self.heard)
        said, self.heard = self.heard, b""
        return said

    def stop(self) -> None:
        """End paho's threads, and every socket."""
        self.modem.rail(False, self.now_ms)
        self._mqtt.stop()
        self._sockets.stop()


@pytest.fixture
def stage_of(tmp_path: Path) -> Iterator[Callable[[str], RealStage]]:
    """stage_of(part) -> a registered modem with echo off, before a real broker."""
    stages: list[RealStage] = []
    with Mosquitto(tmp_path) as broker:

        def make(part: str) -> RealStage:
            stage = RealStage(part, broker.port)
            stages.append(stage)
            stage.scene.do("power key")
            ready = {"bg95": b"APP RDY", "sim7080": b"SMS Ready"}.get(part, b"PB DONE")
            assert stage.run_until(lambda: ready in stage.heard, 60_000)
            assert stage.run_until(lambda: stage.modem.network.registered, 60_000)
            stage.say("ATE0", b"OK")
            return stage

        yield make
        for stage in stages:
            stage.stop()


@pytest.mark.parametrize("part", ["sim7600", "a7670"])
def test_cmqtt_publishes_to_a_real_broker_and_receives_what_it_published(stage_of, part):
    stage = stage_of(part)
    stage.say("AT+CMQTTSTART", b"+CMQTTSTART: 0")
    stage.say('AT+CMQTTACCQ=0,"astrid"', b"OK")
    connect = 'AT+CMQTTCONNECT=0,"tcp://broker.example:1883",60,1'
    stage.say(connect, b"+CMQTTCONNECT: 0,0")
    stage.say("AT+CMQTTSUB=0,4,1", b"+CMQTTSUB: 0,0", b"tr/a")
    stage.say("AT+CMQTTTOPIC=0,4", b"OK", b"tr/a")
    stage.say(f"AT+CMQTTPAYLOAD=0,{len(PAYLOAD)}", b"OK", PAYLOAD)
    stage.modem.feed(b"AT+CMQTTPUB=0,1,180\r", stage.now_ms)
    wanted = (b"+CMQTTPUB: 0,0", b"+CMQTTRXEND: 0")
    assert stage.run_until(lambda: all(word in stage.heard for word in wanted), 600_000)
    assert b"+CMQTTRXPAYLOAD: 0,%d\r\n%s\r\n" % (len(PAYLOAD), PAYLOAD) in stage.heard


def test_qmt_publishes_to_a_real_broker_and_receives_what_it_published(stage_of):
    stage = stage_of("bg95")
    stage.say('AT+QMTCFG="recv/mode",0,0,1', b"OK")
    stage.say('AT+QMTCFG="timeout",0,60,3,0', b"OK")  # twelve seconds of a busy machine
    stage.say('AT+QMTOPEN=0,"broker.example",1883', b"+QMTOPEN: 0,0")
    stage.say('AT+QMTCONN=0,"astrid"', b"+QMTCONN: 0,0,0")
    stage.say('AT+QMTSUB=0,1,"tr/a",1', b"+QMTSUB: 0,1,0,1")
    line = f'AT+QMTPUBEX=0,7,1,0,"tr/a",{len(PAYLOAD)}'
    stage.say(line, b"OK", PAYLOAD)
    wanted = (b"+QMTPUB: 0,7,0", b"+QMTRECV: ")
    assert stage.run_until(lambda: all(word in stage.heard for word in wanted), 600_000)
    assert b'"tr/a",%d,"%s"\r\n' % (len(PAYLOAD), PAYLOAD) in stage.heard


SOCKETS = {
    "sim7600": (
        ["AT+CIPRXGET=1", "AT+NETOPEN", 'AT+CIPOPEN=0,"TCP","broker.example",1883'],
        ["OK", "+NETOPEN: 0", "+CIPOPEN: 0,0"],
        ("AT+CIPSEND=0,{}", "+CIPRXGET: 1,0", "AT+CIPRXGET=2,0,100"),
    ),
    "bg95": (
        ["AT+QIACT=1", 'AT+QIOPEN=1,0,"TCP","broker.example",1883,0,0'],
        ["OK", "+QIOPEN: 0,0"],
        ("AT+QISEND=0,{}", '+QIURC: "recv",0', "AT+QIRD=0,100"),
    ),
}


@pytest.mark.parametrize("part", sorted(SOCKETS))
def test_our_mqtt_over_the_modems_socket_is_welcomed_by_a_real_broker(stage_of, part):
    stage = stage_of(part)
    lines, answers, (send, announced, read) = SOCKETS[part]
    for line, answer in zip(lines, answers):
        stage.say(line, answer.encode())
    hello = packets.connect("solveig", None, None, 60, True)
    stage.say(send.format(len(hello)), announced.encode(), hello)
    assert b"\x20\x02\x00\x00\r\n" in stage.say(read, b"\r\nOK\r\n")  # CONNACK: accepted
