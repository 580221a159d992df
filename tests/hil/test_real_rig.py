"""The bench for a real board, against ports that happen to be a virtual board's.

`pytest tests/hil --port ...` is started as a tester starts it, in a process of its own, and its
board is served by another process: what is between them are two ptys and the power command. So the
code that a real bench runs is run here, too. No chip, no cable and no person is proven by it.
"""

import json
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from hil import options
from hil.hands import Hands, HandsError
from hil.real_rig import RealRig, Wiring
from hil.rig import CAPABILITIES, Wish
from journey.demo_process import environment

HERE = Path(__file__).parent
RUN_S = 400
SERVER = (sys.executable, "-m", "hil.served_board")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """The folder of a virtual board that is served; it has its ports."""
    folder = tmp_path / "bench"
    process = subprocess.Popen(
        [*SERVER, "serve", str(folder)], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    json.loads(process.stdout.readline())
    yield folder
    process.terminate()
    process.communicate(timeout=20)


def run(served: Path, *words: str, board: str = "esp32-bench") -> tuple[int, str, Path]:
    """`pytest tests/hil` with this bench; exit code, what it printed, its JUnit file."""
    do = shlex.join([*SERVER, "do", str(served)])
    wifi = served / "wifi.json"
    wifi.write_text('{"ssid": "trygg", "password": "hemmelig"}')
    junit = served / "junit.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            *("--port", str(served / "console"), "--gps-port", str(served / "gps")),
            *("--board", board, "--arch", "x64", "--address", "127.0.0.1"),
            *("--wifi", str(wifi), "--power-command", f"{do} power"),
            *("--artefacts", str(served / "artefacts"), f"--junitxml={junit}", *words),
        ],
        env=environment(), capture_output=True, text=True, timeout=RUN_S, cwd=HERE.parents[1],
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr, junit


def test_the_tests_run_on_a_board_that_is_known_by_its_ports_alone(served: Path) -> None:
    power = "test_boot.py::test_each_loss_of_power_is_one_more_boot"
    exit_ = "test_fence.py::test_an_exit_is_an_alarm_at_the_webhook_and_comes_back_confirmed"
    help_ = "test_help.py::test_a_held_button_is_a_call_for_help_that_the_wearer_feels"
    code, said, junit = run(served, *(f"{HERE}/{name}" for name in (power, exit_, help_)))
    assert code == 0, said
    cases = list(ET.parse(junit).iter("testcase"))
    skipped = [case.find("skipped") for case in cases]
    assert [one is None for one in skipped] == [True, True, False]
    reason = skipped[-1].get("message", "")
    assert "press the wearer's button" in reason
    assert "--button-command" in reason
    about = {one.get("name"): one.get("value") for one in cases[1].iter("property")}
    assert about["board"] == "real"
    assert about["step.alarm to the webhook"].endswith("passed")
    assert "hemmelig" not in said


def test_a_simulated_modem_on_a_port_serves_the_board_whose_uart_is_wired_to_it(
    served: Path,
) -> None:
    test = f"{HERE}/test_modem.py"
    modem = ("--modem-port", str(served / "modem"))
    code, said, junit = run(served, test, *modem, board="esp32-modem-bench")
    assert code == 0, said
    (case,) = ET.parse(junit).iter("testcase")
    assert case.find("skipped") is None, said


def rig(hands: Hands, **changes: str) -> RealRig:
    """A real bench of a Wi-Fi board, with `changes` of its wiring."""
    wired = Wiring("/dev/none", "/dev/none", "esp32-bench")._replace(**changes)
    return RealRig(wired, hands, Wish())


def test_every_capability_of_a_real_bench_is_there_or_lacking_for_a_stated_reason() -> None:
    asked: list[str] = []
    bare, manned = rig(Hands({}, None)), rig(Hands({}, asked.append))
    for capability in CAPABILITIES:
        assert bare.lacks(capability), capability
    able = [capability for capability in CAPABILITIES if not manned.lacks(capability)]
    assert able == ["power", "button", "link", "felt"]
    manned.press_button(2500)
    manned.power_off()
    manned.link(False)
    assert manned.felt("taken", 1)
    assert [words.split()[0] for words in asked] == ["Press", "Pull", "Take", "Did"]
    assert "2.5 s" in asked[0]


def test_a_hand_that_fails_says_which_command_and_what_it_said() -> None:
    failing = shlex.join([sys.executable, "-c", "import sys; sys.exit('no relay here')"])
    with pytest.raises(HandsError, match=r"--power-command .* exit 0, got 1: no relay here"):
        Hands({"power": failing}, None).do("power", "on", "Switch the board on")
    with pytest.raises(HandsError, match="nobody is there: give --power-command or --hands"):
        Hands({}, None).do("power", "on", "Switch the board on")


class Typed:
    """A configuration in which these options were given."""

    def __init__(self, **given: object) -> None:
        nothing = dict.fromkeys(name.replace("-", "_") for name in options.OF_A_REAL_BENCH)
        self.option = SimpleNamespace(**{"port": None, "hands": False, **nothing, **given})

    def getoption(self, name: str) -> object:
        return getattr(self.option, name)


WHOLE = {"port": "/dev/a", "gps_port": "/dev/b", "board": "esp32-bench", "address": "10.0.0.5"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"port": "/dev/a"}, "a real board also wants --gps-port"),
        ({**WHOLE, "address": ""}, "a real board also wants --address"),
        ({"gps_port": "/dev/b"}, "--gps-port is of a real board: give its --port"),
        ({"hands": True}, "--hands is of a real board: give its --port"),
        ({**WHOLE, "numprocesses": 2}, "a real board is one: without -n"),
    ],
)
def test_a_bench_that_is_not_whole_is_refused(given: dict, wanted: str) -> None:
    with pytest.raises(pytest.UsageError, match=wanted):
        options.demand_whole(Typed(**given))


def test_a_whole_bench_is_taken_and_can_be_typed_again() -> None:
    typed = Typed(**WHOLE, hands=True, power_command="relay 1")
    options.demand_whole(typed)
    options.demand_whole(Typed())
    words = options.as_typed(typed)
    assert "--port=/dev/a" in words
    assert "--power-command='relay 1'" in words
    assert words.endswith("--hands")
    assert options.as_typed(Typed()) == ""


@pytest.mark.parametrize("content", ["", "[]", '{"ssid": "skog"}', "\x00"])
def test_a_wifi_file_that_is_none_is_refused_without_its_content(tmp_path, content) -> None:
    file = tmp_path / "wifi.json"
    file.write_text(content)
    with pytest.raises(pytest.UsageError, match="cannot be read as that") as refused:
        options.wiring(Typed(**WHOLE, wifi=str(file)))
    assert "skog" not in str(refused.value)


def test_wifi_comes_from_the_environment_where_there_is_no_file(monkeypatch) -> None:
    monkeypatch.setenv("TRYGG_HIL_SSID", "skog")
    monkeypatch.setenv("TRYGG_HIL_PASSWORD", "hemmelig")
    assert options.wiring(Typed(**WHOLE)).network[:2] == ("skog", "hemmelig")


def test_a_replay_of_nothing_is_refused_before_any_test() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(HERE), "--replay", "/no/such/file"],
        env=environment(), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "--replay /no/such/file: cannot be read" in done.stderr
