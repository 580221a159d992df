"""`trygg modem`: the pty, the control socket, the lists, and what is said of mistakes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import serial
from typer.testing import CliRunner

from gateway.mosquitto import Mosquitto
from trygg_tools.modem_sim import command, control
from trygg_tools.modem_sim.fault_table import ROWS
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import WORDS

SECONDS = 20
runner = CliRunner()


class Running:
    """A `trygg modem run` of its own process, and a serial port to it."""

    def __init__(self, folder, *options, times=20):
        self.folder = folder
        arguments = ["modem", "run", "--json", "--times", str(times), "--folder", str(folder)]
        arguments += options
        code = "import sys; from trygg_tools.cli import main; sys.argv[0] = 'trygg'; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
        )
        self.first = json.loads(self.process.stdout.readline())
        self.port = serial.Serial(self.first["pty"], 115200, timeout=0.05)
        self.heard = b""

    def until(self, wanted):
        """Read until `wanted` is there; what came up to it."""
        end = time.monotonic() + SECONDS
        while wanted not in self.heard:
            assert time.monotonic() < end, (wanted, self.heard)
            self.heard += self.port.read(200)
        said, _, self.heard = self.heard.partition(wanted)
        return said

    def ask(self, line, wanted=b"OK\r\n"):
        self.port.write(line + b"\r")
        return self.until(wanted)

    def do(self, words):
        return control.ask(self.folder, words)

    def stop(self):
        self.port.close()
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=SECONDS)
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def run(tmp_path):
    made = []

    def start(*options, times=20):
        made.append(Running(tmp_path / "run", *options, times=times))
        return made[-1]

    yield start
    for one in made:
        if one.process.poll() is None:
            one.stop()
        one.process.stdout.close()


def test_a_modem_on_a_pty_carries_a_publish_to_mosquitto_and_one_back(run, tmp_path):
    with Mosquitto(tmp_path) as broker:
        # not too fast: the modem's patience for a payload passes as fast as its time
        modem = run("--part", "sim7080", "--broker", broker.url, times=4)
        modem.until(b"SMS Ready\r\n")
        modem.ask(b"ATE0")
        end = time.monotonic() + SECONDS
        while modem.do("status")["registration"] != 1:
            assert time.monotonic() < end
            time.sleep(0.05)
        modem.ask(b"AT+CNACT=0,1", b"+APP PDP: 0,ACTIVE\r\n")
        modem.ask(b'AT+SMCONF="URL","gateway.example",1883')
        modem.ask(b'AT+SMCONF="CLIENTID","astrid"')
        modem.ask(b'AT+SMCONF="SUBHEX",1')
        modem.ask(b"AT+SMCONN")
        modem.ask(b'AT+SMSUB="t",1')
        modem.ask(b'AT+SMPUB="t",7,1,0', b"> ")
        modem.port.write(b'"\r\nOK\r\n')
        said = modem.until(b'+SMSUB: "t","220D0A4F4B0D0A"\r\n') + modem.heard
        assert b"\r\nOK\r\n" in said
        assert modem.do("fault link_lost on=+CSQ")["ok"]
        modem.ask(b"AT+CSQ")
        modem.until(b"+SMSTATE: 0\r\n")
        lines = modem.stop()
    assert {"AT+SMCONN"} <= {line["line"] for line in lines if line["direction"] == ">"}


def test_a_running_modem_is_told_what_happens_and_says_its_state(run):
    modem = run("--alone")
    modem.until(b"RDY\r\n")
    assert modem.do("coverage off 48h")["covered"] is False
    answer = modem.do("coverage away")
    assert answer["ok"] is False
    assert "coverage: wanted off or on, got 'away'" in answer["error"]
    assert modem.do("broker says t 00")["ok"]
    assert oct(os.stat(modem.folder / control.NAME).st_mode)[-3:] == "600"
    assert modem.do("power key")["ok"]  # a second press: off
    modem.until(b"NORMAL POWER DOWN\r\n")
    modem.stop()
    assert not (modem.folder / control.NAME).exists()
    assert not (modem.folder / "modem").is_symlink()


def test_the_rate_of_the_ptys_other_side_is_the_hosts(run):
    modem = run("--alone")
    modem.until(b"SMS Ready\r\n")
    modem.ask(b"AT+IPR=9600")
    modem.port.baudrate = 9600
    end = time.monotonic() + SECONDS
    while b"+IPR: 9600\r\n" not in modem.heard:  # until both sides have changed
        assert time.monotonic() < end, modem.heard
        modem.port.write(b"\rAT+IPR?\r")
        modem.heard += modem.port.read(200)


def test_faults_come_from_a_file(run, tmp_path):
    file = tmp_path / "faults.toml"
    file.write_text('[[fault]]\nname = "urc_in_answer"\non = "+CSQ"\nline = "DST: 1"\n')
    modem = run("--alone", "--faults", str(file), "--seed", "3")
    modem.until(b"SMS Ready\r\n")
    assert b"DST: 1" in modem.ask(b"AT+CSQ")
    assert modem.do("status")["faults_happened"] == {"urc_in_answer": 1}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["run", "--part", "sim9000"], "part: wanted one of sim7080"),
        (["run", "--broker", "http://x"], "broker: wanted mqtt://"),
        (["run", "--firmware", "1"], "firmware of sim7080: wanted one of 1951B17SIM7080"),
        (["run", "--faults", "nowhere.toml"], "nowhere.toml"),
        (["run", "--alone", "--broker", "mqtt://h:1"], "wanted --alone or --broker"),
        (["run", "--alone", "--folder", "n" * 120], "say another --folder"),
        (["do", "--folder", "nowhere", "status"], "nobody answers in nowhere"),
    ],
)
def test_a_mistake_is_said_with_what_was_wanted(options, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(command.app, options)
    assert result.exit_code == 1
    assert said in result.output
    assert [one.name for one in tmp_path.iterdir()] in ([], ["n" * 120])


def test_a_modem_that_runs_keeps_its_folder_and_a_word_with_a_minus_is_a_word(run):
    modem = run("--alone")
    modem.until(b"RDY\r\n")
    second = runner.invoke(command.app, ["run", "--alone", "--folder", str(modem.folder)])
    assert second.exit_code == 1
    assert "say another --folder" in second.output
    said = runner.invoke(command.app, ["do", "--folder", str(modem.folder), "signal", "-120"])
    assert said.exit_code == 0, said.output
    assert modem.do("status")["part"] == "sim7080"


def test_the_lists_have_every_part_fault_and_word():
    for name, wanted in (
        ("parts", list(PARTS)),
        ("faults", [row.name for row in ROWS]),
        ("words", list(WORDS)),
    ):
        text = runner.invoke(command.app, [name])
        data = runner.invoke(command.app, [name, "--json"])
        assert (text.exit_code, data.exit_code) == (0, 0)
        assert all(word in text.output for word in wanted)
        assert set(wanted) == set(json.loads(data.output))
    assert all(part.words for part in PARTS.values())
    assert "AT+SMPUB" in json.loads(runner.invoke(command.app, ["parts", "--json"]).output)[
        "sim7080"]["commands"]  # fmt: skip
