"""Each part of a board is judged by what it does, with a person at the bench and without."""

import json
import time

import pytest

from micropython_wheel import PUBLISHED
from trygg_tools.boards import board_file, config_sections, read_board
from trygg_tools.flash.errors import FlashError
from trygg_tools.rig.axp2101 import ADDRESS, Axp2101
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.board.chip import Pins
from trygg_tools.selftest import parts, report
from trygg_tools.selftest.bench import Bench
from trygg_tools.selftest.modem_part import modem
from trygg_tools.selftest.parts import Person
from trygg_tools.selftest.verdict import Verdict, failed, not_asked, ok

PINS = Pins()


@pytest.fixture
def on_bench(tmp_path):
    """on_bench(board name, modem) -> (the virtual board, a Bench on it)."""
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    opened = []

    def make(name="esp32-bench", modem_part=None, i2c=None):
        config = {"device": "astrid-1", **config_sections(read_board(board_file(name)))}
        config["io"] |= {"worn_pin": PINS.worn, "motion_pin": PINS.motion}
        (tmp_path / "main.py").write_text('"""Nothing."""\n')
        board = VirtualBoard(tmp_path / "board", tmp_path, config, modem=modem_part)
        opened.append(board)
        board.flash_firmware()
        board.set_still()
        for address, part in (i2c or {}).items():
            board.set_i2c(address, part)
        board.start()
        opened.append(Bench(str(board.console_link)))
        return board, opened[-1]

    yield make
    for one in reversed(opened):
        one.link.close() if isinstance(one, Bench) else one.stop()


def doing(*acts):
    """A person who does the next thing each time they are told, and saw every light."""
    left = list(acts)
    return Person(lambda text: left.pop(0)(), lambda question: True)


def test_button_strap_and_accelerometer_are_felt_by_the_board(on_bench):
    board, bench = on_bench()
    assert parts.button(bench, doing(lambda: board.press_button(5000))).word == "ok"
    assert parts.strap(bench, doing(lambda: board.set_strap(True))).word == "ok"
    assert parts.accelerometer(bench, doing(lambda: board.move(3000))).word == "ok"


def test_what_nobody_does_is_not_felt_and_fails(on_bench, monkeypatch):
    _, bench = on_bench()
    monkeypatch.setattr(parts, "ASKED_S", 0.3)
    idle = doing(*[lambda: None] * 3)
    found = [parts.button(bench, idle), parts.strap(bench, idle), parts.accelerometer(bench, idle)]
    assert [one.word for one in found] == ["failed"] * 3


def test_a_button_that_sticks_is_seen_without_anybody(on_bench):
    board, bench = on_bench()
    assert parts.button(bench, None).word == "not asked"
    board.press_button(60_000)
    time.sleep(0.1)
    assert parts.button(bench, None).word == "failed"


def test_light_and_motor_are_driven_and_only_a_person_knows_that_they_work(on_bench):
    board, bench = on_bench()
    assert [one.word for one in parts.light_and_motor(bench, None)] == ["not asked"] * 2
    assert [one.word for one in parts.light_and_motor(bench, doing())] == ["ok"] * 2
    blind = Person(lambda text: None, lambda question: False)
    assert [one.word for one in parts.light_and_motor(bench, blind)] == ["failed"] * 2
    driven = {event.detail for event in board.events if event.kind == "pin"}
    assert {(PINS.led, 1), (PINS.motor, 1), (PINS.led, 0), (PINS.motor, 0)} <= driven


def test_a_board_with_a_power_chip_is_measured_and_switched_by_it(on_bench):
    chip = Axp2101()
    chip.battery_mv, chip.vbus = 3834, True
    _, bench = on_bench("lilygo-t-sim7080g-s3", i2c={ADDRESS: chip})
    found = parts.battery(bench)
    assert (found.word, found.value) == ("ok", {"mv": 3834, "charging": True})
    bench.rail("modem", True)
    assert (chip.millivolts("dc3"), chip.millivolts("bldo1")) == (3000, 3300)
    chip.silent = -1
    assert parts.battery(bench).word == "failed"


@pytest.mark.parametrize(("mv", "word"), [(3950, "ok"), (2900, "failed"), (4600, "failed")])
def test_a_battery_is_judged_by_its_chemistry(on_bench, mv, word):
    board, bench = on_bench()
    board.set_battery_mv(mv)
    found = parts.battery(bench)
    assert found.word == word
    assert found.value["mv"] == pytest.approx(mv, abs=30)


def test_a_receiver_that_says_nothing_or_at_another_rate_is_told_apart(on_bench):
    board, bench = on_bench()
    assert "nothing" in parts.receiver(bench, 0).text
    for at in range(1, 40):
        board.at(board.world_s + at / 10, lambda one: one.feed_gps(b"\xf1\x83\x00\n"))
    found = parts.receiver(bench, 0)
    assert (found.word, "baud" in found.text) == ("failed", True)


def test_a_modem_that_is_off_is_switched_on_and_says_who_it_is(on_bench):
    _, bench = on_bench("esp32-modem-bench", BoardModem("sim7080"))
    found = modem(bench)
    assert found.word == "ok", found
    assert found.value["sim"] == "READY"
    assert found.value["registration"] in ("home network", "roaming")
    assert -113 <= found.value["signal_dbm"] <= -51
    assert found.value["firmware"]


def test_a_modem_that_is_not_there_is_told_with_what_to_look_at(on_bench):
    _, bench = on_bench("esp32-modem-bench")
    assert modem(bench) == failed("modem", "says nothing: its supply, PWRKEY, TX or RX is wrong")


def test_a_board_that_is_not_provisioned_is_sent_to_provisioning(tmp_path):
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    board = VirtualBoard(tmp_path / "board", tmp_path, None)
    board.start()
    try:
        with pytest.raises(FlashError, match="First: `trygg provision add`"):
            Bench(str(board.console_link))
    finally:
        board.stop()


def test_the_sleep_current_is_held_against_the_boards_file():
    assert parts.sleep_current(160, 150).word == "ok"
    assert parts.sleep_current(900, 150).word == "failed"


def test_a_report_passes_unless_something_failed(tmp_path):
    verdicts = [ok("battery", "3950 mV", mv=3950), not_asked("led", "nobody")]
    assert report.passed(verdicts)
    assert not report.passed([*verdicts, Verdict("modem", "failed", "silent")])
    said = report.as_json({"device": "bjørn-1"}, verdicts)
    assert json.loads(json.dumps(said))["parts"]["battery"]["mv"] == 3950
    report.write_pdf(tmp_path / "r.pdf", {"device": "bjørn-1"}, verdicts)
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(report.ReportError, match="cannot be written"):
        report.write_pdf(tmp_path / "none" / "r.pdf", {"device": "a"}, verdicts)
