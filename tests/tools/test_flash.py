"""A board is flashed whole or not at all: stock mpremote's transport against the virtual board."""

import json
import os
import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from mpremote.transport import TransportError
from serial.tools import list_ports_common
from typer import Typer
from typer.testing import CliRunner

from micropython_wheel import PUBLISHED
from trygg_tools.flash import board_link, serial_ports
from trygg_tools.flash import install as installing
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.bundle import Bundle, build
from trygg_tools.flash.command import command
from trygg_tools.flash.errors import FlashError
from trygg_tools.flash.serial_ports import named
from trygg_tools.provision.inventory import Inventory
from trygg_tools.rig.board import VirtualBoard, micropython_folder

app = Typer()
app.command()(command)

MAIN = '''"""A firmware of two files."""

from helper import say


def main():
    """Say which one runs."""
    say("version {version}")


if __name__ == "__main__":
    main()
'''
HELPER = '''"""What the first needs."""


PADDING = b"{padding}"


def say(text):
    """Print it."""
    if PADDING is not None:
        print("this is", text)
'''


FILL = """
try:
    with open("/full", "wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
except OSError:
    pass
"""
# each write is cut in the partition; in folders, where there are many, one in so many
EVERY = 1 if os.environ.get("TRYGG_EVERY_CUT") else 12


def firmware(folder: Path, version: str, padding: int = 0) -> Path:
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(MAIN.replace("{version}", version))
    noise = random.Random(version).randbytes(padding).hex()
    (folder / "helper.py").write_text(HELPER.replace("{padding}", noise))
    return folder


@pytest.fixture
def blank(tmp_path):
    """blank(rom=True) -> a board with MicroPython and nothing else, switched on."""
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    boards: list[VirtualBoard] = []

    def make(rom: bool = True) -> VirtualBoard:
        board = VirtualBoard(tmp_path / f"board{len(boards)}", tmp_path, {}, rom=rom)
        boards.append(board)
        board.start()
        return board

    yield make
    for board in boards:
        board.stop()


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Bundle:
    return build(firmware(tmp_path_factory.mktemp("old") / "f", "1"), "x64")


@pytest.fixture(scope="module")
def new(tmp_path_factory) -> Bundle:
    return build(firmware(tmp_path_factory.mktemp("new") / "f", "2", padding=5000), "x64")


def put(board: VirtualBoard, bundle: Bundle) -> installing.Done:
    with BoardLink.open(str(board.console_link)) as link, gone_with_its_power(board, link):
        done = installing.install(link, bundle)
        RESTARTED[board] = len(board.log)
        link.restart()
    return done


@contextmanager
def gone_with_its_power(board: VirtualBoard, link: BoardLink) -> Iterator[None]:
    """A board that lives on USB takes its port with it."""
    since, over = len(board.events), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            if any(event.kind == "power_cut" for event in board.events[since:]):
                link._transport.serial.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


RESTARTED: dict[VirtualBoard, int] = {}


def what_starts(board: VirtualBoard, since: int | None = None) -> str:
    """The version that says so after line `since` of the log, or after the last `put`."""
    since = RESTARTED[board] if since is None else since
    return board.wait_line("this is version", since=since).split()[-1]


@pytest.mark.parametrize("rom", [True, False], ids=["partition", "folders"])
def test_a_blank_board_starts_the_firmware_and_then_the_next_one(blank, old, new, rom):
    board = blank(rom)
    first = put(board, old)
    assert what_starts(board) == "1"
    second = put(board, new)
    assert what_starts(board) == "2"
    assert first.slot != second.slot
    assert (first.changed, second.changed) == (True, True)


@pytest.mark.parametrize("rom", [True, False], ids=["partition", "folders"])
def test_what_is_on_it_already_is_not_written_again(blank, old, new, rom):
    board = blank(rom)
    put(board, old)
    put(board, new)
    operations = board.flash_operations
    again = put(board, new)
    assert (again.written, again.changed) == (0, False)
    assert board.flash_operations == operations
    back = put(board, old)  # the other place still has it whole
    assert (back.written, back.changed) == (0, True)


def saved(board: VirtualBoard, folder: Path) -> None:
    folder.mkdir()
    for name in ("flash.img", "rom.img"):
        if (board.folder / name).exists():
            shutil.copy(board.folder / name, folder / name)


@pytest.mark.parametrize("rom", [True, False], ids=["partition", "folders"])
def test_power_lost_at_any_write_leaves_the_old_or_the_new_and_a_second_run_completes(
    tmp_path, blank, old, new, rom
):
    board = blank(rom)
    put(board, old)
    what_starts(board)
    board.power_cut()
    saved(board, tmp_path / "before")
    begun, after_the_switch = 0, 0
    while True:
        begun += 1 if rom else EVERY
        for copy in (tmp_path / "before").iterdir():
            with (board.folder / copy.name).open("r+b") as image:
                image.write(copy.read_bytes())
        board.power_on()
        board.kill_at_flash_write(begun, begun * 97 % 64)
        cut = board.events[:]
        try:
            put(board, new)
        except FlashError as error:
            assert "the old or the new firmware, whole" in str(error)  # noqa: PT017
        board_was_cut = any(event.kind == "power_cut" for event in board.events[len(cut) :])
        if not board_was_cut:
            break
        seen = len(board.log)
        board.power_on()
        version = what_starts(board, seen)
        assert version == "2" or not after_the_switch, "the new one ran before"
        after_the_switch += version == "2"
        put(board, new)
        assert what_starts(board) == "2"
        board.power_cut()
    assert begun > (5 if rom else 30)


@pytest.mark.parametrize("rom", [True, False], ids=["partition", "folders"])
def test_a_cable_pulled_at_any_word_leaves_the_old_or_the_new(blank, old, new, monkeypatch, rom):
    board = blank(rom)
    put(board, old)
    what_starts(board)
    run = BoardLink.run
    said = {"left": 0}

    def pulled(self, code):
        if said["left"] == 0:
            raise FlashError("pulled")
        said["left"] -= 1
        return run(self, code)

    versions = []
    for words in range(200):
        said["left"] = words
        with monkeypatch.context() as patch, BoardLink.open(str(board.console_link)) as link:
            patch.setattr(BoardLink, "run", pulled)
            try:
                installing.install(link, new)
                break
            except FlashError:
                pass
        seen = len(board.log)
        board.reset_button()
        versions.append(what_starts(board, seen))
    assert versions == sorted(versions)
    assert versions[0] == "1"
    assert len(versions) > 8
    seen = len(board.log)
    board.reset_button()
    assert what_starts(board, seen) == "2"


def test_a_damaged_transfer_is_found_and_the_old_one_stays(blank, old, new, monkeypatch):
    board = blank()
    put(board, old)
    what_starts(board)
    monkeypatch.setattr(installing, "_write_blocks", lambda *_: 0)
    seen = len(board.log)
    with pytest.raises(FlashError, match="is not what was sent"):
        put(board, new)
    board.reset_button()
    assert what_starts(board, seen) == "1"


def test_a_board_without_room_says_how_much_it_needs(blank, new):
    board = blank(rom=False)
    with BoardLink.open(str(board.console_link)) as link:
        link.run(FILL)
        with pytest.raises(FlashError, match="KB free"):
            installing.install(link, new)


def test_the_command_flashes_a_virtual_board_and_says_what_it_did(blank, tmp_path):
    board = blank()
    folder = firmware(tmp_path / "f", "7")
    words = [str(board.console_link), "--board", "esp32-bench", "--firmware", str(folder)]
    done = CliRunner().invoke(app, [*words, "--arch", "x64", "--json", "-q"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["micropython"] == "1.29.0"
    assert said["changed"] is True
    assert what_starts(board, 0) == "7"


def test_what_was_flashed_is_noted_where_an_inventory_lies(blank, tmp_path, monkeypatch):
    board, folder = blank(), firmware(tmp_path / "f", "7")
    monkeypatch.chdir(tmp_path)
    words = [str(board.console_link), "--board", "esp32-bench", "--firmware", str(folder)]
    words += ["--arch", "x64", "--json", "-q"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert not Path("inventory.jsonl").exists(), "none was named, none was there"
    done = CliRunner().invoke(app, [*words, "--inventory", "inventory.jsonl"])
    said = json.loads(done.stdout)
    (unit,) = Inventory(Path("inventory.jsonl")).units()
    assert (unit["unit"], unit["state"]) == (said["unit"], "new")
    assert (unit["firmware"], unit["micropython"]) == (said["firmware"], "1.29.0")
    assert CliRunner().invoke(app, words).exit_code == 0
    events = list(Inventory(Path("inventory.jsonl")).events(said["unit"]))
    assert [event["event"] for event in events] == ["flashed", "flashed"]
    refused = CliRunner().invoke(app, [*words, "--inventory", "/dev/null/x"])
    assert refused.exit_code == 1
    assert "the firmware is on it, but not noted" in refused.stdout


def test_a_ports_serial_number_is_the_usb_parts(monkeypatch, tmp_path):
    usb = list_ports_common.ListPortInfo("/dev/null")
    usb.serial_number = "54F9000312"
    monkeypatch.setattr(serial_ports.list_ports, "comports", lambda: [usb])
    (tmp_path / "gps").symlink_to("/dev/null")
    assert serial_ports.serial_number(str(tmp_path / "gps")) == "54F9000312"
    assert serial_ports.serial_number("/dev/zero") == ""


def test_several_boards_at_once_and_the_one_that_is_not_there_is_named(blank, tmp_path):
    boards = [blank(), blank()]
    folder = firmware(tmp_path / "f", "8")
    bench = tmp_path / "bench.csv"
    lines = [f"{board.console_link},esp32-bench" for board in boards]
    bench.write_text("\n".join(["port,board", *lines, "/dev/ttyNONE7,esp32-bench"]) + "\n")
    words = ["--csv", str(bench), "--firmware", str(folder), "--arch", "x64", "--json", "-q"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert ["error" in one for one in said] == [False, False, True]
    assert "no such port" in said[2]["error"]
    assert [what_starts(board, 0) for board in boards] == ["8", "8"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "wanted a port and --board NAME"),
        (["/dev/ttyNONE7", "--board", "esp8266"], "there are: esp32-bench"),
        (["--csv", "/none.csv"], "/none.csv: cannot be read as CSV: No such file or directory"),
        (["--csv", "/none.csv", "--board", "esp32-bench"], "say nothing else"),
        (["--csv", "{tmp}/odd.csv"], "odd.csv line 2: no board 'esp8266'"),
        (["--csv", "{tmp}/empty.csv"], "wanted lines below the first"),
        (["/dev/null", "--board", "esp32-bench"], "/dev/null: "),
        (["/dev/null", "--board", "esp32-bench", "--firmware", "/none"], "with a main.py"),
        (["/dev/null", "--board", "esp32-bench", "--micropython", "/bin/ls"], "another kind of"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(tmp_path, arguments, said):
    (tmp_path / "odd.csv").write_text("port,board\n/dev/ttyNONE7,esp8266\n")
    (tmp_path / "empty.csv").write_text("port,board\n")
    arguments = [word.replace("{tmp}", str(tmp_path)) for word in arguments]
    told = CliRunner().invoke(app, [*arguments, "-q"])
    assert told.exit_code == 1
    assert said in told.output


@pytest.mark.parametrize(
    ("words", "said"),
    [("Brownout detector was triggered", "low voltage"), ("", "has stopped to answer")],
)
def test_a_board_that_resets_or_hangs_in_the_middle_is_told_apart(blank, words, said):
    port = str(blank().console_link)
    with BoardLink.open(port, silent_s=2.0) as link, pytest.raises(FlashError, match=said):
        link.run(f"import time\nprint({words!r})\ntime.sleep(60)")


def test_a_port_that_another_program_has_is_said_so(blank):
    board = blank()
    one = BoardLink.open(str(board.console_link))
    with one, pytest.raises(FlashError, match="another program has it"):
        BoardLink.open(str(board.console_link))


def test_ports_have_the_names_of_the_workbench():
    assert named("/dev/ttyACM0", 0x303A, 0x1001, "").what == "ESP32-S3, its own USB"
    assert named("/dev/ttyACM1", 0x1546, 0x01A8, "").maybe_board is False
    assert named("/dev/ttyUSB9", 0x9999, 1, "a lamp").what == "a lamp"


class SlowToItsPrompt:
    """A transport whose board needs `needs_s` for what enter_raw_repl waits for."""

    def __init__(self, needs_s: float) -> None:
        self.needs_s, self.given, self.serial = needs_s, [], serial.serial_for_url("loop://")

    def enter_raw_repl(self, timeout_overall: float) -> None:
        self.given.append(timeout_overall)
        if timeout_overall < self.needs_s:
            board_link._note(b"MPY: soft reboot\r\n")
            raise TransportError("could not enter raw repl")

    def close(self) -> None:
        """Nothing to close."""


def test_a_board_that_is_slow_to_its_prompt_gets_longer_each_time(monkeypatch):
    slow = SlowToItsPrompt(needs_s=7.0)
    monkeypatch.setattr(board_link.transport_serial, "SerialTransport", lambda *_, **__: slow)
    BoardLink.open("/dev/ttyUSB0")
    assert slow.given == [3.0, 6.0, 10.0]


def test_a_board_that_never_comes_to_its_prompt_is_given_up(monkeypatch):
    monkeypatch.setattr(board_link, "WAKE_S", 0.0)
    slow = SlowToItsPrompt(needs_s=1e9)
    monkeypatch.setattr(board_link.transport_serial, "SerialTransport", lambda *_, **__: slow)
    with pytest.raises(FlashError, match="no MicroPython answers"):
        BoardLink.open("/dev/ttyUSB0")
