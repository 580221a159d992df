"""The simulated modem's line: command lines, echo, errors, payloads by length, baud rates."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modem_host import Host
from trygg_tools.modem_sim.command_line import READ, RUN, SET, TEST, Call, CommandLine, split_calls
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene
from trygg_tools.modem_sim.schedule import Schedule
from trygg_tools.modem_sim.serial_line import SerialLine


@pytest.fixture
def host():
    return Host().boot()


# -- the command line ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "calls"),
    [
        ("", []),
        ("E0", [Call("E", SET, ("0",))]),
        ("E0V1", [Call("E", SET, ("0",)), Call("V", SET, ("1",))]),
        ("I", [Call("I", RUN)]),
        ("&F", [Call("&F", RUN)]),
        ("S3=13", [Call("S3", SET, ("13",))]),
        ("+CSQ", [Call("+CSQ", RUN)]),
        ("+csq;+CEREG?", [Call("+CSQ", RUN), Call("+CEREG", READ)]),
        ("+CFUN=?", [Call("+CFUN", TEST)]),
        ('+X="a;b,c",2', [Call("+X", SET, ('"a;b,c"', "2"))]),
        ("+CPSMS=1,,,5", [Call("+CPSMS", SET, ("1", "", "", "5"))]),
        ("E0+CSQ", [Call("E", SET, ("0",)), Call("+CSQ", RUN)]),
    ],
)
def test_a_line_is_cut_into_its_commands_as_v250_says(body, calls):
    assert split_calls(body) == calls


def test_what_stands_before_at_is_noise_and_case_does_not_count():
    line = CommandLine()
    assert line.take(b"\x00\xff\x80at+csq\r") == (10, [Call("+CSQ", RUN)])


def test_a_backspace_takes_back_and_a_slash_repeats():
    line = CommandLine()
    assert line.take(b"AT+CSX\x08Q\r")[1] == [Call("+CSQ", RUN)]
    assert line.take(b"A/")[1] == [Call("+CSQ", RUN)]


@given(st.lists(st.binary(max_size=40), max_size=30))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_the_line_raise(pieces):
    line = CommandLine()
    for piece in pieces:
        while piece:
            used, calls = line.take(piece)
            assert used > 0
            assert calls is None or all(isinstance(call, Call) for call in calls)
            piece = piece[used:]


HOSTILE_PIECES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"AT\r", b"ATE1\r", b"AT+SMPUB=", b'"t",5,1,0\r', b"AT+CAOPEN=0,0,", b"AT+CMEE=2\r",
            b"AT+CNACT=0,1\r", b"AT+CFUN=0\r", b"AT+CFSWFILE=3,", b'"a",0,30,9000\r', b"\x1a",
            b"AT+CPSMS=1,,,\"00000001\",\"00000001\"\r", b"AT+CGNSPWR=1\r", b"A/", b"=?\r",
            b"AT+QMTOPEN=0,\"h\",1\r", b"AT+CMQTTTOPIC=0,5\r", b"AT+IPR=9600\r", b"AT+CREBOOT\r",
        ]
    ),
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
@given(pieces=st.lists(HOSTILE_PIECES, max_size=25), seed=st.integers(0, 5))
@settings(max_examples=12, deadline=None)
def test_no_bytes_make_any_part_raise_and_the_key_still_works(part, pieces, seed):
    scene = Scene(PARTS[part], seed)
    scene.do("power key")
    now_ms = 20000
    for piece in pieces:
        scene.modem.feed(piece, now_ms)
        now_ms += 700
        scene.modem.poll(now_ms)
    scene.modem.rail(False, now_ms)
    scene.modem.rail(True, now_ms)
    starts = scene.modem.power.starts
    scene.modem.key(1, now_ms)
    scene.modem.key(0, now_ms + 1500)
    scene.modem.poll(now_ms + 13000)
    assert scene.modem.power.starts > starts
    assert scene.modem.power.state in ("on", "psm")  # a wish for PSM may have been saved


# -- echo and errors -------------------------------------------------------------------------


def test_the_command_comes_back_until_echo_is_off():
    host = Host()
    host.scene.do("power key")
    host.wait(8000)
    host.lines()
    assert host.ask("AT") == ["AT", "OK"]
    assert host.ask("ATE0") == ["ATE0", "OK"]
    assert host.ask("AT") == ["OK"]


def test_errors_are_said_as_cmee_wants_them(host):
    assert host.ask("AT+CSQ=1") == ["ERROR"]
    host.scene.do("sim out")
    assert host.ask("AT+CPIN?") == ["+CME ERROR: SIM not inserted"]
    host.ask("AT+CMEE=1")
    assert host.ask("AT+CPIN?") == ["+CME ERROR: 10"]
    host.ask("AT+CMEE=0")
    assert host.ask("AT+CPIN?") == ["ERROR"]


def test_the_first_error_ends_a_line_of_several_commands(host):
    assert host.ask("AT+CSQ;+HURRA;+CFUN?") == ["+CSQ: 21,0", "ERROR"]
    assert host.ask("AT+CFUN?;+CMEE?") == ["+CFUN: 1", "+CMEE: 2", "OK"]


def test_the_test_form_of_a_known_command_is_ok(host):
    assert host.ask("AT+SMPUB=?") == ["OK"]
    assert host.ask("AT+HURRA=?") == ["ERROR"]


def test_atv0_says_numbers(host):
    host.send(b"ATV0\r")
    host.wait(1000)
    assert host.raw == b"0\r"


def test_what_comes_while_a_command_works_is_done_after_it(host):
    host.send(b"AT+CFUN=4\rAT+CFUN?\r")
    host.wait(5000)
    assert host.lines() == ["OK", "+CFUN: 4", "OK"]


# -- payloads --------------------------------------------------------------------------------

TRAPS = [b'"\r\nOK\r\n', b"\r\n> ", b"AT\r\nAT\r", b'+SMSUB: "x","', b"\x1a\x1b\x00\xff" * 4]


@pytest.mark.parametrize("payload", TRAPS)
def test_a_payload_ends_by_its_length_whatever_is_in_it(payload):
    host = Host().connected()
    assert host.publish(payload) == ["OK"]
    assert [one.payload for one in host.scene.broker.publishes] == [payload]
    assert host.ask("AT") == ["OK"]


@given(payload=st.binary(max_size=300))
@settings(max_examples=25, deadline=None)
def test_any_payload_reaches_the_broker_unchanged(payload):
    host = Host().connected()
    assert host.publish(payload) == ["OK"]
    assert [one.payload for one in host.scene.broker.publishes] == [payload]


def test_a_payload_that_does_not_come_ends_in_an_error_and_the_line_is_a_line_again():
    host = Host().connected()
    assert host.ask('AT+SMPUB="t",9,1,0') == [">"]
    host.send(b"four")
    assert host.answer() == ["ERROR"]
    assert host.ask("AT") == ["OK"]
    assert host.scene.broker.publishes == []


# -- the wire --------------------------------------------------------------------------------


def test_bytes_take_the_time_of_their_rate():
    schedule = Schedule()
    line = SerialLine(schedule, random.Random(1), host_baud=9600)
    line.send(b"x" * 96)  # a tenth of a second at 960 bytes a second
    assert line.next_ms() == 100
    assert line.poll(50) == b"x" * 48
    assert line.poll(99) == b"x" * 47
    assert line.poll(100) == b"x"
    assert line.poll(500) == b""


def test_another_rate_makes_garbage_and_the_right_one_ends_it():
    host = Host().boot()
    assert host.ask("AT+IPR=9600") == ["OK"]
    host.wait(100)
    assert "OK" not in host.ask("AT", 2000)
    host.modem.baud(9600, host.now_ms)
    host.wait(2000)
    host.lines()
    host.ask("AT", 1000)  # ends the line that the garbage began
    assert host.ask("AT") == ["OK"]


def test_with_auto_baud_rdy_is_missing_and_the_first_at_sets_the_rate():
    host = Host()
    host.scene.do("quirk auto_baud")
    host.scene.do("power key")
    host.wait(8000)
    assert host.lines() == ["+CPIN: READY", "SMS Ready"]
    host.modem.baud(57600, host.now_ms)
    assert host.ask("AT") == ["AT", "OK"]


def test_a_rate_that_the_part_has_not_is_refused(host):
    assert host.ask("AT+IPR=12345") == ["+CME ERROR: Incorrect parameters"]
    assert host.ask("AT+IPR?") == ["+IPR: 115200", "OK"]
