"""Whatever a host says to a part, and whatever fault strikes: no part raises or stays dead."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modem_chats import chats
from modem_stage import Stage
from trygg_tools.modem_sim.fault_file import from_words
from trygg_tools.modem_sim.fault_table import ROWS
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene

CONNECTED = {
    "sim7080": ("sim7080_mqtt", ['AT+SMPUB="tr/astrid/up",2,1,0', "AT+SMSTATE?", "AT+CGNSPWR=1"]),
    "sim7000": ("sim7000_mqtt", ['AT+SMPUB="tr/astrid/up",2,1,0', "AT+SMSTATE?", "AT+CGNSPWR=1"]),
    "sim7600": ("sim7600_mqtt", ["AT+CMQTTTOPIC=0,2", "AT+CMQTTPUB=0,1,60", "AT+CGPS=1"]),
    "a7670": ("a7670_mqtt", ["AT+CMQTTTOPIC=0,2", "AT+CMQTTPUB=0,1,60", "AT+CGNSSPWR=1"]),
    "bg95": ("bg95_mqtt", ['AT+QMTPUBEX=0,1,1,0,"tr/astrid/up",2', "AT+QMTCONN?", "AT+QGPS=1"]),
}


def restart(stage: Stage) -> None:
    """Supply off and on, PWRKEY, the rate the part has."""
    stage.modem.rail(False, stage.now_ms)
    stage.run(2000)
    stage.modem.rail(True, stage.now_ms)
    stage.modem.baud(stage.modem.kept["baud"] or 115200, stage.now_ms)
    stage.scene.do("power key")
    stage.run(30_000)


@pytest.mark.parametrize("part", sorted(CONNECTED))
def test_after_every_fault_the_supply_off_and_on_makes_it_answer_again(part):
    lesson, words = CONNECTED[part]
    for kind in ROWS:
        stage = Stage(part).after(lesson)
        stage.modem.faults.add(stage.modem, from_words(kind.name))
        for word in (*words, "AT"):
            stage.ask(word, 3000)
            stage.modem.feed(b"OK", stage.now_ms)  # a payload, if one is wanted
            stage.run(5000)
        stage.run(120_000)
        restart(stage)
        assert stage.modem.faults.happened[kind.name], kind.name
        for word in ("faults off", "network back", "attach granted"):
            stage.scene.do(word)
        restart(stage)
        stage.lines(1)
        said = stage.ask("AT")
        assert said in (["AT", "OK"], ["AT", "OK", "DST: 0"]), (kind.name, said)


PASSED_OVER = (  # they end the conversation, or fill it with positions
    *("CPOWD", "CPOF", "QPOWD", "CREBOOT", "CRESET", "CFUN=1,1", "IPR", "CSCLK", "CPSMS"),
    *("CGNSSTST=1", "CGNSURC=1"),
)
WORDS = sorted({step.text for chat in chats().values() for step in chat.steps if step.mark == ">"})


@pytest.mark.parametrize("part", sorted(CONNECTED))
def test_the_words_of_every_other_family_are_answered_by_ok_or_error(part):
    stage = Stage(part)
    stage.scene.do("power key")
    stage.run(30_000)
    stage.lines(1)
    rng = random.Random(part)
    for word in rng.sample(WORDS, len(WORDS)):
        if any(passed in word for passed in PASSED_OVER):
            continue
        said = stage.ask(word)
        stage.modem.feed(b"x" * 40 + b"\x1a", stage.now_ms)  # a prompt is fed, noise is passed over
        stage.ask("", 200_000)
        assert said, word
    assert "OK" in stage.ask("AT")


@settings(max_examples=60, deadline=None)
@given(
    part=st.sampled_from(sorted(PARTS)),
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from(WORDS).map(lambda word: word.encode() + b"\r"),
            st.sampled_from(WORDS).map(lambda word: word.encode()[:-1] + b"\r"),
        ),
        max_size=30,
    ),
)
def test_any_bytes_at_any_time_are_borne(part, pieces):
    scene = Scene(PARTS[part], 3)
    scene.do("power key")
    now_ms = 0
    for piece in pieces:
        now_ms += 1700
        scene.modem.feed(piece, now_ms)
        scene.modem.poll(now_ms)
    scene.modem.poll(now_ms + 300_000)
