"""Any bytes go through every dialect whole and once, up and down, by MQTT and by sockets."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from modem_stage import Stage

UP, DOWN = b"tr/astrid/up", "tr/astrid/dn"
HOSTILE = b'"\r\nOK\r\n> \x00\x1a\x1b\r\nERROR\r\n+SMSUB: "t","00"\r\nRDY\r\n'
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
payloads = st.binary(min_size=1, max_size=512) | st.sampled_from(
    [HOSTILE, HOSTILE * 8, b"\r\n", b">", b"\x1a", b"+++", b"AT\r"]
)
SUBSCRIBE = {
    "sim7080": ['AT+SMCONF="SUBHEX",1', f'AT+SMSUB="{DOWN}",1'],
    "sim7000": ['AT+SMCONF="SUBHEX",1', f'AT+SMSUB="{DOWN}",1'],
    "bg95": ['AT+QMTCFG="recv/mode",0,0,1', f'AT+QMTSUB=0,1,"{DOWN}",1'],
}


def publish(stage: Stage, part: str, payload: bytes) -> list[str]:
    """The lines that end a publish."""
    if part.startswith("sim70"):
        return stage.send(f'AT+SMPUB="{UP.decode()}",{len(payload)},1,0', payload)
    if part == "bg95":
        line = f'AT+QMTPUBEX=0,7,1,0,"{UP.decode()}",{len(payload)}'
        return stage.send(line, payload)[1:]
    assert stage.send(f"AT+CMQTTTOPIC=0,{len(UP)}", UP) == ["OK"]
    assert stage.send(f"AT+CMQTTPAYLOAD=0,{len(payload)}", payload) == ["OK"]
    return stage.ask("AT+CMQTTPUB=0,1,60")[1:]


ENDS = {"sim70": ["OK"], "bg95": ["+QMTPUB: 0,7,0"], "sim76": ["+CMQTTPUB: 0,0"]}
ENDS["a7670"] = ENDS["sim76"]
MQTT = ["sim7080", "sim7000", "sim7600", "a7670", "bg95"]


def subscribed(part: str) -> Stage:
    """A connected stage that hears DOWN by hex or by length."""
    stage = Stage(part).after(f"{part}_mqtt")
    for line in SUBSCRIBE.get(part, []):
        assert "OK" in stage.ask(line)
    if part not in SUBSCRIBE:
        stage.send(f"AT+CMQTTSUB=0,{len(DOWN)},1", DOWN.encode())
    stage.heard = b""
    return stage


def received(part: str, said: bytes) -> bytes:
    """The payload of the one message in what was said, read as the manual says."""
    if part.startswith("sim70"):
        found = re.fullmatch(rb'\r\n\+SMSUB: "tr/astrid/dn","([0-9A-F]*)"\r\n', said)
        assert found, said
        return bytes.fromhex(found[1].decode())
    if part == "bg95":
        found = re.match(rb'\r\n\+QMTRECV: 0,\d+,"tr/astrid/dn",(\d+),"', said)
        assert found, said
        payload, rest = said[found.end() :][: int(found[1])], said[found.end() + int(found[1]) :]
        assert rest == b'"\r\n'
        return payload
    head = b"\r\n+CMQTTRXSTART: 0,12,%d\r\n\r\n+CMQTTRXTOPIC: 0,12\r\ntr/astrid/dn\r\n"
    length = int(re.match(rb"\r\n\+CMQTTRXSTART: 0,12,(\d+)\r\n", said)[1])
    part_head = b"\r\n+CMQTTRXPAYLOAD: 0,%d\r\n" % length
    begun = head % length + part_head
    assert said.startswith(begun)
    payload, rest = said[len(begun) :][:length], said[len(begun) + length :]
    assert rest == b"\r\n\r\n+CMQTTRXEND: 0\r\n"
    return payload


@pytest.mark.parametrize("part", MQTT)
@few
@given(payload=payloads)
@example(payload=HOSTILE)
def test_any_payload_reaches_the_broker_whole_and_once(part, payload):
    stage = Stage(part).after(f"{part}_mqtt")
    assert publish(stage, part, payload) == ENDS.get(part, ENDS.get(part[:5]))
    assert stage.scene.broker.copies(payload) == 1


@pytest.mark.parametrize("part", MQTT)
@few
@given(payload=payloads)
@example(payload=HOSTILE)
def test_any_payload_that_comes_down_can_be_read_whole(part, payload):
    stage = subscribed(part)
    stage.scene.broker.say(DOWN, payload)
    stage.run(5000)
    assert received(part, stage.heard) == payload


READ = {
    "sim7080": ("sim7080_socket_open", "AT+CASEND=0,{}", "AT+CARECV=0,1460", rb"\+CARECV: (\d+),"),
    "bg95": (
        ['AT+QIOPEN=1,0,"TCP","echo.example",7,0,0'],
        "AT+QISEND=0,{}",
        "AT+QIRD=0,1500",
        rb"\+QIRD: (\d+)\r\n",
    ),
    "a7670": (
        ["AT+CIPRXGET=1", 'AT+CIPOPEN=0,"TCP","echo.example",7'],
        "AT+CIPSEND=0,{}",
        "AT+CIPRXGET=2,0,1500",
        rb"\+CIPRXGET: 2,0,(\d+),0\r\n",
    ),
}
BEFORE = {"bg95": "bg95_pdp", "a7670": "a7670_net"}


def connected(part: str) -> Stage:
    """A stage with a raw socket to the peer."""
    opening = READ[part][0]
    if isinstance(opening, str):
        return Stage(part).after(opening)
    stage = Stage(part).after(BEFORE[part])
    for line in opening:
        assert "OK" in stage.ask(line)
    return stage


@pytest.mark.parametrize("part", sorted(READ))
@few
@given(payload=payloads)
@example(payload=HOSTILE)
def test_any_bytes_go_both_ways_through_a_raw_socket(part, payload):
    _, send, read, head = READ[part]
    stage = connected(part)
    stage.send(send.format(len(payload)), payload)
    assert bytes(stage.scene.peer_got) == payload
    for far in stage.scene.peers:
        far.send(payload)
    stage.run(5000)
    stage.heard = b""
    stage.modem.feed(read.encode() + b"\r", stage.now_ms)
    stage.run(2000)
    found = re.search(head, stage.heard)
    assert found
    assert int(found[1]) == len(payload)
    assert stage.heard[found.end() :] == payload + b"\r\n\r\nOK\r\n"


@few
@given(payload=payloads, piece=st.integers(1, 7))
def test_a_host_that_writes_in_pieces_is_understood_the_same(payload, piece):
    whole, broken = (Stage("bg95").after("bg95_mqtt") for _ in range(2))
    line = f'AT+QMTPUBEX=0,7,1,0,"{UP.decode()}",{len(payload)}\r'.encode()
    for data in (line, payload):
        whole.modem.feed(data, whole.now_ms)
        for at in range(0, len(data), piece):
            broken.modem.feed(data[at : at + piece], broken.now_ms)
        said = whole.lines(3000)
        assert broken.lines(3000) == said
    assert whole.scene.broker.copies(payload) == broken.scene.broker.copies(payload) == 1
