"""Each part of a board is judged by what it does, with a person at the bench and without."""

import importlib
import json
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from micropython_wheel import PUBLISHED
from trygg_tools.boards import board_file, config_sections, read_board
from trygg_tools.flash.errors import FlashError
from trygg_tools.rig import lis2dh12
from trygg_tools.rig.axp2101 import ADDRESS, Axp2101
from trygg_tools.rig.board import VirtualBoard, micropython_folder
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.board.chip import Pins
from trygg_tools.rig.lis2dh12 import Lis2dh12
from trygg_tools.selftest import command as selftest_command
from trygg_tools.selftest import modem_part, modem_receiver, parts, report
from trygg_tools.selftest.bench import Bench
from trygg_tools.selftest.modem_part import modem
from trygg_tools.selftest.parts import Person
from trygg_tools.selftest.rails_part import rails
from trygg_tools.selftest.verdict import Verdict, failed, not_asked, ok

PINS = Pins()


@pytest.fixture
def on_bench(tmp_path):
    """on_bench(board name, modem) -> (the virtual board, a Bench on it)."""
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    opened = []

    def make(name="esp32-bench", modem_part=None, i2c=None, **more):
        config = {"device": "astrid-1", **config_sections(read_board(board_file(name)))}
        for section, values in more.items():
            config[section] |= values
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
    assert parts.button(bench, doing(lambda: board.press_button(60_000))).word == "ok"
    assert parts.strap(bench, doing(lambda: board.set_strap(True))).word == "ok"
    assert parts.accelerometer(bench, doing(lambda: board.move(60_000))).word == "ok"


SENSOR = {"accelerometer": {"number": 0, "sda": 1, "scl": 2, "address": lis2dh12.ADDRESS}}


def test_an_accelerometer_is_asked_itself_and_felt_by_its_interrupt(on_bench):
    chip = Lis2dh12()
    board, bench = on_bench(i2c={lis2dh12.ADDRESS: chip}, io=SENSOR)
    chip._int1 = lambda level: board._host.set_level(PINS.motion, level)

    def shake():
        board._do(lambda: (chip.rest(5), chip.walk(1)))

    found = parts.accelerometer(bench, doing(shake))
    assert (found.word, found.text) == ("ok", "992 mg at rest; moved")
    assert found.value == {"axes_mg": [0, 0, 992]}
    assert chip.misused == []


@pytest.mark.parametrize(
    ("fault", "value", "said"),
    [("silent", -1, "no answer at I2C 0x19"), ("who", 0x44, "another part"),
     ("_raw", (0, 0, 32), "32 mg on its three axes")],
)  # fmt: skip
def test_an_accelerometer_that_is_dead_or_another_fails_by_its_reason(on_bench, fault, value, said):
    chip = Lis2dh12()
    _, bench = on_bench(i2c={lis2dh12.ADDRESS: chip}, io=SENSOR)
    setattr(chip, fault, value)
    found = parts.accelerometer(bench, None)
    assert (found.word, said in found.text) == ("failed", True)


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


WHERE = {
    "sim7080": b"+CGNSINF: 1,1,20261122140000.000,59.927000,10.701000,120.0,0.00,0.0,1,,0.9,1.2,"
    b"0.8,,9,,4.0,6.0",
    "sim7600": b"+CGPSINFO: 5955.620000,N,01042.060000,E,221126,140000.0,120.0,0.0,0.0",
    "a7670": b"+CGNSSINFO: 3,09,02,00,59.927000,N,10.701000,E,221126,140000.00,120.0,0.0,0.0,1.2,"
    b"0.9,0.8",
    "bg95": b"+QGPSLOC: 140000.000,59.92700,10.70100,0.9,120.0,3,0.00,0.0,0.0,221126,09",
}


class ModemUnderTheSky:
    """A modem of which only its receiver is asked; it has a fix from the third question on."""

    def __init__(self, dialect, sky=True):
        self.config = {"modem": {"dialect": dialect}}
        self.heard, self.asked, self.sky = [], 0, sky

    def rail(self, name, on):
        self.heard.append((name, on))

    def said(self, name, data, ms):
        ask = WHERE[self.config["modem"]["dialect"]].partition(b":")[0]
        if data.startswith(b"AT" + ask):
            self.asked += 1
            there = self.sky and self.asked > 2
            return (WHERE[self.config["modem"]["dialect"]] if there else b"") + b"\r\nOK\r\n"
        self.heard.append(data)
        return b"\r\nOK\r\n"


@pytest.mark.parametrize("dialect", sorted(WHERE))
def test_a_receiver_inside_the_modem_is_asked_as_its_driver_asks(dialect):
    bench = ModemUnderTheSky(dialect)
    found = modem_receiver.modem_receiver(bench, 60)
    assert found.word == "ok", found
    assert found.value["satellites"] >= 5
    assert "59" not in found.text, "where the bench is, is nobody's matter"
    driver = importlib.import_module(f"tracker.modem.{dialect}")
    on, ask, _, off = modem_receiver._ROWS[dialect]
    rows = Path(driver.__file__).read_text("utf-8")
    assert all(f"AT{command}" in rows for command in [*on, ask, *off]), "as the driver does it"
    assert bench.heard[-1] == f"AT{off[-1]}\r".encode(), "it is switched off again"


def test_a_receiver_inside_the_modem_that_finds_nothing_fails_and_is_switched_off():
    bench = ModemUnderTheSky("bg95", sky=False)
    assert modem_receiver.modem_receiver(bench, 0.5).word == "failed"
    assert modem_receiver.modem_receiver(bench, 0).word == "not asked"
    assert bench.heard[-1] == b'AT+QGPSCFG="priority",1\r'


class Sim:
    """A bench with a SIM behind its modem that wants a PIN."""

    def __init__(self, pin):
        self.pin, self.open, self.tries = pin, False, 0

    def said(self, name, data, ms):
        if data.startswith(b"AT+CPIN="):
            self.tries += 1
            self.open = data == b'AT+CPIN="%s"\r' % self.pin
            return b"\r\nOK\r\n" if self.open else b"\r\n+CME ERROR: incorrect password\r\n"
        return b"\r\n+CPIN: %s\r\n\r\nOK\r\n" % (b"READY" if self.open else b"SIM PIN")


def test_a_sim_gets_the_pin_that_was_provisioned_once_and_another_is_not_tried_until_it_locks():
    right, wrong, none = Sim(b"1234"), Sim(b"1234"), Sim(b"1234")
    assert modem_part._sim(right, "1234") == "READY"
    assert "do not try again" in modem_part._sim(wrong, "9999")
    assert "9999" not in modem_part._sim(wrong, "9999")
    assert modem_part._sim(none, "") == "SIM PIN"
    assert (right.tries, wrong.tries, none.tries) == (1, 2, 0)


class Networks:
    """A modem that is registered in 2G only."""

    def said(self, name, data, ms):
        return b"+CGREG: 0,5\r\nOK\r\n" if b"CGREG" in data else b"+CEREG: 0,2\r\nOK\r\n"


def test_a_modem_that_found_2g_only_is_on_a_network():
    assert modem_part._registered(Networks()) == "roaming"


def test_rails_are_switched_and_the_battery_says_what_they_cost(on_bench):
    board, bench = on_bench()
    found = rails(bench)
    assert (found.word, found.value["supplies"]) == ("ok", ["gnss"])
    assert found.value["off_mv"] == pytest.approx(3950, abs=30)
    gnss = [event.detail[1] for event in board.events
            if event.kind == "pin" and event.detail[0] == 21]  # fmt: skip
    assert gnss[-2:] == [0, 1]


def test_a_battery_that_sags_under_a_supply_fails(on_bench, monkeypatch):
    _, bench = on_bench()
    sagging = iter([3950, 3500])
    monkeypatch.setattr(bench, "ask", lambda _: next(sagging))
    found = rails(bench)
    assert (found.word, found.value["on_mv"]) == ("failed", 3500)


def test_a_receiver_that_talks_without_its_supply_is_told(on_bench):
    board, bench = on_bench()
    for at in range(1, 300):
        board.at(board.world_s + at / 10, lambda one: one.feed_gps(b"$GPTXT*00\r\n"))
    found = rails(bench)
    assert (found.word, "while its supply is off" in found.text) == ("not asked", True)


def test_a_test_that_is_ended_before_its_time_leaves_a_tracker_that_runs(on_bench):
    board, bench = on_bench()
    since = len(board.events)
    with pytest.raises(KeyboardInterrupt), bench:
        raise KeyboardInterrupt
    assert board.wait_event("reset", since=since)


def test_what_an_ended_test_left_is_not_taken_for_this_ones(on_bench):
    _, bench = on_bench()
    bench.link.put("/selftest.json", b'{"cause": 4, "wake": 4, "rtc": ""}')
    with pytest.raises(FlashError, match="did not start again"):
        bench.leave_and_come_back(
            "import os\nos.rename('/main.kept', '/main.py')\nimport machine\nmachine.reset()"
        )


def test_a_config_that_is_damaged_is_a_sentence(on_bench, tmp_path):
    board, bench = on_bench()
    bench.link.put("/config.json", b'{"device": "astr')
    bench.link.close()
    with pytest.raises(FlashError, match="none of ours, or damaged"):
        Bench(str(board.console_link))


def test_what_is_asked_of_a_person_is_no_part_of_the_json(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True, readline=lambda: "y\n"))
    person = selftest_command._person()
    person.tell("Press the button")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Press the button\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))
    assert selftest_command._person() is None


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
    assert report.measured(verdicts[0]) == "mv 3950"
    report.write_pdf(tmp_path / "long.pdf", {"device": "bjørn-1"}, verdicts * 60)
    assert (tmp_path / "long.pdf").read_bytes().count(b"/Type /Page\n") > 1
    report.write_pdf(tmp_path / "r.pdf", {"device": "bjørn-1"}, verdicts)
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(report.ReportError, match="cannot be written"):
        report.write_pdf(tmp_path / "none" / "r.pdf", {"device": "a"}, verdicts)
