"""Firmware quirks: each is in the table with its source, asked for somewhere, and on the page."""

import re
from pathlib import Path

from modem_chats import chats
from modem_stage import Stage
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.quirk_table import QUIRKS, page

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "tools/trygg_tools/modem_sim").glob("*.py"))


def test_every_quirk_that_is_asked_for_is_in_the_table_and_every_row_is_asked_for():
    asked = set()
    for path in SOURCES:
        asked |= set(re.findall(r'\bquirk\("(\w+)"\)', path.read_text()))
    assert asked == set(QUIRKS)


def test_a_firmwares_quirks_are_rows_of_the_table():
    for part in PARTS.values():
        for firmware in part.firmwares:
            assert firmware.quirks <= set(QUIRKS), (part.name, firmware.version)
        versions = [firmware.version for firmware in part.firmwares]
        assert len(set(versions)) == len(versions)


def test_every_quirk_is_switched_on_in_a_dialogue_or_a_test():
    switched = {
        step.text.split()[1]
        for chat in chats().values()
        for step in chat.steps
        if step.mark == "!" and step.text.startswith("quirk ")
    }
    for path in (ROOT / "tests").rglob("test_*.py"):
        switched |= set(re.findall(r'(?:quirk |quirk=)"?(\w+)', path.read_text()))
    assert set(QUIRKS) - switched <= {"antenna_gpio"}  # a firmware of the SIM7670, tested there


def test_the_page_is_the_table():
    assert (ROOT / "docs/modem_quirks.md").read_text() == page()


def test_a_sim7670_with_b03v02_connects_without_tls_and_never_with_it():
    stage = Stage("sim7600")  # the same service; the quirk alone makes the difference
    stage.scene.do("quirk tls_mqtt_fails")
    stage.after("sim7600_net")
    stage.ask("AT+CMQTTSTART")
    stage.ask('AT+CMQTTACCQ=0,"astrid",1')
    secret = 'AT+CMQTTCONNECT=0,"tcp://broker.example:8883",60,1'
    assert stage.ask(secret, 130_000) == ["OK", "+CMQTTCONNECT: 0,3"]
    stage.ask("AT+CMQTTREL=0")
    stage.ask('AT+CMQTTACCQ=0,"astrid"')
    plain = 'AT+CMQTTCONNECT=0,"tcp://broker.example:1883",60,1'
    assert stage.ask(plain) == ["OK", "+CMQTTCONNECT: 0,0"]


def test_gnss_starts_beside_data_only_on_a_firmware_that_allows_it():
    assert Stage("sim7080").after("sim7080_pdp").ask("AT+CGNSPWR=1") == ["ERROR"]
    allowed = Stage("sim7080").after("sim7080_pdp")
    allowed.scene.do("quirk gnss_beside_data")
    assert allowed.ask("AT+CGNSPWR=1") == ["OK"]
