"""A flashed board becomes a tracker: by mpremote's transport and the gateway's own command."""

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count, groupby
from pathlib import Path

import pytest
from typer.testing import CliRunner

from micropython_wheel import PUBLISHED
from trygg_tools.boards import board_file, read_board
from trygg_tools.flash.board_link import BoardLink
from trygg_tools.flash.errors import FlashError
from trygg_tools.provision import command, gateway_side, label, session
from trygg_tools.provision.board_files import Network, board_files, network_kept
from trygg_tools.provision.command import app
from trygg_tools.provision.gateway_side import GatewayRefused, GatewaySide
from trygg_tools.provision.inventory import Inventory
from trygg_tools.provision.inventory_command import app as inventory_app
from trygg_tools.provision.label import LabelError, content, write_label
from trygg_tools.rig.board import VirtualBoard, micropython_folder

FIRMWARE = '''"""What a provisioned board runs."""

import json

with open("/config.json") as file:
    print("I am", json.load(file)["device"])
'''


@pytest.fixture
def gateway(tmp_path) -> Path:
    """The settings of a new gateway with TLS."""
    folder = tmp_path / "gateway"
    subprocess.run(
        [sys.executable, "-m", "trygg_gateway", "init", str(folder)],
        check=True,
        capture_output=True,
    )
    return folder / "gateway.toml"


@pytest.fixture
def flashed(tmp_path):
    """flashed(firmware=True) -> a board that is switched on, with a small firmware or none."""
    if micropython_folder() is None:
        (pytest.fail if PUBLISHED else pytest.skip)("no MicroPython here")
    boards: list[VirtualBoard] = []
    numbers = count()

    def make(firmware: bool = True) -> VirtualBoard:
        folder = tmp_path / f"board{next(numbers)}"
        source = folder / "firmware"
        source.mkdir(parents=True)
        (source / "main.py").write_text(FIRMWARE)
        board = VirtualBoard(folder, source, None)
        boards.append(board)
        if firmware:
            board.flash_firmware({"/slot": b"0 9f3a"})
        board.start()
        return board

    yield make
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda board: board.stop(), boards))


def trygg(*words: str):
    return CliRunner().invoke(app, [*words, "--json", "-q"])


def on_board(board: VirtualBoard, path: str) -> bytes | None:
    with BoardLink.open(str(board.console_link)) as link:
        return link.read(path)


def gateway_says(config: Path, *words: str):
    done = subprocess.run(
        [sys.executable, "-m", "trygg_gateway", *words, "--json", "--config", str(config)],
        check=True, capture_output=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_a_board_gets_identity_and_secrets_and_starts_as_that_tracker(gateway, flashed, tmp_path):
    board = flashed()
    fences = tmp_path / "astrid.json"
    fences.write_text(
        '[{"number": 1, "name": "home", "keep": "in", "shape": "circle", "lat": 59.91,'
        ' "lon": 10.75, "radius_m": 150}]'
    )
    done = trygg(
        "add", str(board.console_link), "astrid-1", "--board", "esp32-modem-bench",
        "--group", "nord", "--config", str(gateway), "--apn", "iot.example",
        "--setting", "report_live_s=120", "--fences", str(fences),
        "--label", str(tmp_path / "astrid-1.pdf"),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    board.wait_line("I am astrid-1")
    config = json.loads(on_board(board, "/config.json"))
    assert config["modem"]["apn"] == "iot.example"
    assert config["tls"] == "/ca.pem"
    assert on_board(board, "/ca.pem").startswith(b"-----BEGIN CERTIFICATE")
    (tracker,) = gateway_says(gateway, "tracker", "list")
    assert (tracker["device"], tracker["group"]) == ("astrid-1", "nord")
    orders = gateway_says(gateway, "order", "list")
    assert len(orders) == 2
    (unit,) = Inventory(gateway.with_name("inventory.jsonl")).units()
    assert (unit["device"], unit["state"], unit["unit"]) == (
        "astrid-1",
        "in use",
        json.loads(done.stdout)["unit"],
    )
    assert json.loads(done.stdout)["speaks_to"] == f"{config['host']}:{config['port']}"
    assert (tmp_path / "astrid-1.pdf").read_bytes().startswith(b"%PDF")
    for secret in (config["password"], config["order_key"]):
        assert secret not in done.output
        assert secret not in (gateway.with_name("inventory.jsonl")).read_text()


@pytest.mark.parametrize(
    ("host", "told"),
    [("vm", True), ("localhost", True), ("127.0.0.1", True), ("10.0.0.7", False),
     ("trygg.kommune.example", False), ("2001:db8::7", False)],
)  # fmt: skip
def test_where_it_speaks_to_is_said_and_a_name_that_no_tracker_finds(host, told, capsys):
    one = {"device": "astrid-1", "unit": "a1", "port": "COM3", "speaks_to": f"{host}:8883"}
    command._tell([one], as_json=False)
    said = capsys.readouterr()
    assert f"speaks to {host}:8883" in said.out
    assert ("gateway renew --host" in said.err) is told
    assert "tracker forget" not in said.err
    command._tell([one | {"came_back": True}], as_json=False)
    assert "`trygg gateway tracker forget astrid-1`, then add it anew" in capsys.readouterr().err


def test_a_board_without_firmware_is_refused_and_nothing_is_registered(gateway, flashed):
    board = flashed(firmware=False)
    words = ["add", str(board.console_link), "bjorn-1", "--board", "esp32-bench"]
    done = trygg(*words, "--config", str(gateway))
    assert done.exit_code == 1
    assert "First: `trygg flash" in done.output
    assert gateway_says(gateway, "tracker", "list") == []


def test_a_board_that_fails_midway_leaves_nobody_registered(gateway, flashed, monkeypatch):
    board = flashed()

    def breaks(*_):
        raise FlashError("the cable")

    monkeypatch.setattr(session, "_give", breaks)
    words = ["add", str(board.console_link), "bjorn-1", "--board", "esp32-bench"]
    done = trygg(*words, "--config", str(gateway))
    assert done.exit_code == 1
    (tracker,) = gateway_says(gateway, "tracker", "list")
    assert tracker["revoked"]
    (event,) = Inventory(gateway.with_name("inventory.jsonl")).events()
    assert (event["event"], event["why"]) == ("refused", "the cable")


WRONG = [
    (["--setting", "report_live_s=never"], "report_live_s"),
    (["--fences", "/none.geojson"], "/none.geojson"),
    (["--label", "astrid.gif"], "ends in .png or .pdf"),
    (["--label", "/none/astrid.pdf"], "no folder /none"),
    (["--label", "a.pdf", "--label-text", "x" * 99], "at most 54 letters"),
    (["--inventory", "/dev/null/x"], "Name another with --inventory"),
    (["--wifi", "/dev/null"], "cannot be read as that"),
]


def test_what_is_wrong_is_said_before_the_board_is_touched_and_nobody_stays_registered(
    gateway, flashed
):
    board = flashed()
    words = ["add", str(board.console_link), "bjorn-1", "--board", "esp32-bench"]
    for more, said in WRONG:
        done = trygg(*words, "--config", str(gateway), *more)
        assert (done.exit_code, said in done.output) == (1, True), done.output
    assert all(tracker["revoked"] for tracker in gateway_says(gateway, "tracker", "list"))
    assert on_board(board, "/config.json") is None


def test_ctrl_c_while_the_secrets_are_given_leaves_nobody_registered(gateway, flashed, monkeypatch):
    board = flashed()

    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "_give", pressed)
    words = ["add", str(board.console_link), "bjorn-1", "--board", "esp32-bench"]
    assert trygg(*words, "--config", str(gateway)).exit_code != 0
    (tracker,) = gateway_says(gateway, "tracker", "list")
    assert tracker["revoked"]


def _interrupted():
    """As when the system chooses a thread that has not masked it."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.raise_signal(signal.SIGINT)


class Interrupting:
    """A gateway that Ctrl-C comes to while it registers."""

    def __init__(self):
        self.revoked = []

    def add(self, device, group, name):
        os.kill(os.getpid(), signal.SIGINT)
        other = threading.Thread(target=_interrupted)
        other.start()
        other.join()
        return {}

    def revoke(self, device):
        self.revoked.append(device)


@pytest.mark.parametrize("taken", [False, True], ids=["its own", "another's"])
def test_ctrl_c_while_it_registers_takes_back_what_it_registered_and_nothing_else(
    tmp_path, monkeypatch, taken
):
    gateway, stock = Interrupting(), Inventory(tmp_path / "i.jsonl")
    if taken:
        monkeypatch.setattr(gateway, "add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    wish = session.Wish("/dev/x", "astrid-1", read_board(board_file("esp32-bench")))
    found = {"unit": "a1", "device": ""}
    with pytest.raises(KeyboardInterrupt):
        session._registered_and_given(None, wish, gateway, stock, found, lambda *_: None)
    assert gateway.revoked == ([] if taken else ["astrid-1"])


def test_new_secrets_leave_the_network_are_given_once_more_and_else_it_is_said_that_nobody_speaks(
    gateway, flashed, tmp_path, monkeypatch
):
    board = flashed()
    (tmp_path / "wifi.json").write_text('{"ssid": "hjem", "password": "hemmelig"}')
    words = ["--board", "esp32-bench", "--config", str(gateway)]
    wifi = ["--wifi", str(tmp_path / "wifi.json")]
    assert trygg("add", str(board.console_link), "astrid-1", *words, *wifi).exit_code == 0
    old = json.loads(on_board(board, "/config.json"))
    give, wobbles = session._give, [1]

    def wobbly(*told):
        if wobbles and wobbles.pop():
            raise FlashError("the cable")
        give(*told)

    monkeypatch.setattr(session, "_give", wobbly)
    done = trygg("rotate", "astrid-1", str(board.console_link), *words)
    assert "care" not in json.loads(done.stdout)
    new = json.loads(on_board(board, "/config.json"))
    assert new["wifi"] == old["wifi"] == {"ssid": "hjem", "password": "hemmelig"}
    assert new["password"] != old["password"]
    wobbles += [1, 1]
    done = trygg("rotate", "astrid-1", str(board.console_link), *words)
    assert done.exit_code == 1
    assert "NOBODY SPEAKS FOR ITS WEARER" in done.output


def test_a_gateway_that_does_not_answer_is_a_sentence(gateway, monkeypatch):
    monkeypatch.setattr(gateway_side, "PATIENCE_S", 0.05)
    with pytest.raises(GatewayRefused, match=r"has not ended in 0.05 s.*say the same again"):
        GatewaySide(gateway).revoke("astrid-1")


def test_a_name_that_is_taken_is_sent_to_swap_and_rotate(gateway):
    GatewaySide(gateway).add("astrid-1", "home", "")
    with pytest.raises(GatewayRefused, match=r"registered already.*provision swap"):
        GatewaySide(gateway).add("astrid-1", "home", "")


def test_a_tracker_is_not_overwritten_unless_that_is_said(gateway, flashed):
    board = flashed()
    words = ["--board", "esp32-bench", "--config", str(gateway)]
    assert trygg("add", str(board.console_link), "solveig-1", *words).exit_code == 0
    again = trygg("add", str(board.console_link), "bjorn-1", *words)
    assert again.exit_code == 1
    assert "is a tracker already: solveig-1" in again.output
    replaced = trygg("add", str(board.console_link), "bjorn-1", "--replace", *words)
    assert json.loads(replaced.stdout)["was_device"] == "solveig-1"
    board.wait_line("I am bjorn-1")


LIVED = """
import machine, os
for folder in ("/state", "/outbox"):
    os.mkdir(folder)
    with open(folder + "/kept", "w") as file:
        file.write("of solveig")
machine.RTC().memory(b"solveig")
"""
LEFT = """
import json, machine, os
print(json.dumps([os.listdir("/state"), os.listdir("/outbox"), machine.RTC().memory().decode()]))
"""


def test_a_board_forgets_the_wearer_before_and_only_them(gateway, flashed):
    board = flashed()
    port, words = str(board.console_link), ["--board", "esp32-bench", "--config", str(gateway)]
    assert trygg("add", port, "solveig-1", *words).exit_code == 0
    with BoardLink.open(port) as link:
        link.run(LIVED)
    assert trygg("rotate", "solveig-1", port, *words).exit_code == 0
    with BoardLink.open(port) as link:
        assert link.tell(LEFT) == [["kept"], ["kept"], "solveig"]  # with new secrets the same one
    assert trygg("add", port, "bjorn-1", "--replace", *words).exit_code == 0
    with BoardLink.open(port) as link:
        assert link.tell(LEFT) == [[], [], ""]


def test_a_tracker_that_came_back_and_goes_out_under_the_same_name_forgets_its_wearer(
    gateway, flashed
):
    board = flashed()
    port, words = str(board.console_link), ["--board", "esp32-bench", "--config", str(gateway)]
    assert trygg("add", port, "nord-17", *words).exit_code == 0
    with BoardLink.open(port) as link:
        link.run(LIVED)
    revoked = ["revoke", "nord-17", "--config", str(gateway)]
    assert CliRunner().invoke(app, revoked).exit_code == 0
    again = trygg("add", port, "nord-17", "--replace", *words)
    assert json.loads(again.stdout)["came_back"] is True
    with BoardLink.open(port) as link:
        assert link.tell(LEFT) == [[], [], ""]


def test_another_unit_takes_the_trackers_place_and_the_old_ones_secrets_are_void(gateway, flashed):
    first, second = flashed(), flashed()
    words = ["--board", "esp32-bench", "--config", str(gateway)]
    own = ["--setting", "report_live_s=120"]
    assert trygg("add", str(first.console_link), "astrid-1", *words, *own).exit_code == 0
    old = json.loads(on_board(first, "/config.json"))
    swapped = trygg("swap", "astrid-1", str(second.console_link), "--why", "strap broken", *words)
    assert swapped.exit_code == 0, swapped.output
    new = json.loads(on_board(second, "/config.json"))
    assert new["device"] == old["device"]
    assert new["password"] != old["password"]
    assert new["order_key"] != old["order_key"]
    stock = Inventory(gateway.with_name("inventory.jsonl"))
    states = {row["unit"]: (row["state"], row["device"]) for row in stock.units()}
    said = json.loads(swapped.stdout)
    assert states == {said["was"]: ("faulty", ""), said["unit"]: ("in use", "astrid-1")}
    (tracker,) = gateway_says(gateway, "tracker", "list")
    assert not tracker["revoked"]
    kinds = [order["kind"] for order in gateway_says(gateway, "order", "list")]
    assert kinds == ["settings", "settings"], "its wearer's settings are owed to the new one"
    rotated = trygg("rotate", "astrid-1", str(second.console_link), *words)
    assert rotated.exit_code == 0, rotated.output
    assert len(gateway_says(gateway, "order", "list")) == 2, "the same board has them still"
    back = trygg(
        "swap", "astrid-1", str(first.console_link), "--why", "mended", "--replace", *words
    )
    assert back.exit_code == 0, back.output
    assert len(gateway_says(gateway, "order", "list")) == 3, "they may have changed meanwhile"


@pytest.mark.timeout(300)  # forty programs and twenty boards, on whatever machine there is
def test_twenty_boards_from_a_csv_of_which_one_is_faulty(gateway, flashed, tmp_path):
    with ThreadPoolExecutor(8) as threads:
        boards = list(threads.map(lambda number: flashed(number != 7), range(20)))
    lines = [
        f"{board.console_link},tracker-{number},esp32-bench,vest"
        for number, board in enumerate(boards)
    ]
    bench = tmp_path / "bench.csv"
    bench.write_text("\n".join(["port,device,board,group", *lines]) + "\n")
    done = trygg("many", str(bench), "--config", str(gateway))
    assert done.exit_code == 1
    results = json.loads(done.stdout)
    refused = [one for one in results if "error" in one]
    assert len(refused) == 1
    (number,) = [n for n, one in enumerate(results) if "error" in one]
    assert refused[0]["port"] == str(boards[number].console_link)
    assert "no firmware on it" in refused[0]["error"]
    trackers = gateway_says(gateway, "tracker", "list")
    assert len(trackers) == 19
    units = Inventory(gateway.with_name("inventory.jsonl")).units()
    assert len(units) == 19
    assert {row["device"] for row in units} == {row["device"] for row in trackers}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port,device\n/dev/x,a\n", "wanted the column board, filled"),
        (
            "port,device,board\n/dev/x,a,esp32-bench\n/dev/x,b,esp32-bench\n",
            "wanted each port once",
        ),
        ("port,device,board\n/dev/x,a,esp8266\n", "there are: esp32-bench"),
        ("port;device;board\n/dev/x;a;esp8266\n", "there are: esp32-bench"),
        ("port,device,board\n/dev/x,a,esp32-bench,b\n", "line 2: more fields than"),
        ("port,device,board\n", "wanted lines below the first"),
        ("port,device,board,fence\n/dev/x,a,esp32-bench,a.json\n", "no column 'fence' is known"),
        ("port,device,board,wifi\n/dev/x,a,esp32-bench,w.json\n", "line 2: "),
        ("", "wanted lines below the first"),
    ],
)
def test_a_csv_that_is_wrong_is_refused_with_its_line(tmp_path, gateway, text, said):
    (tmp_path / "bench.csv").write_text(text)
    done = trygg("many", str(tmp_path / "bench.csv"), "--config", str(gateway))
    assert done.exit_code == 1
    assert said in done.output


def test_a_line_of_a_bench_says_all_that_an_add_can(tmp_path):
    (tmp_path / "pin").write_text("1234\n")
    (tmp_path / "wifi.json").write_text('{"ssid": "hjem", "password": "hemmelig"}')
    row = {"port": "/dev/x", "device": "astrid-1", "board": "esp32-bench", "group": "nord",
           "name": "Astrid", "apn": "iot", "pin_file": "pin", "wifi": "wifi.json",
           "settings": "report_live_s=120 follow_s=60", "fences": "a.json"}  # fmt: skip
    wish = command._wish_of(tmp_path / "bench.csv", 2, row, replace=False)
    assert wish.network == Network("hjem", "hemmelig", "iot", "1234")
    assert wish.settings == ("report_live_s=120", "follow_s=60")
    assert wish.fences == tmp_path / "a.json"
    assert (wish.group, wish.name) == ("nord", "Astrid")


@pytest.mark.parametrize(
    ("new", "config", "wanted"),
    [
        (Network(), b'{"modem": {"apn": "iot", "pin": "1"}}', Network("", "", "iot", "1")),
        (Network(apn="b"), b'{"modem": {"apn": "iot", "pin": "1"}}', Network("", "", "b", "1")),
        (Network("cafe"), b'{"wifi": {"ssid": "a", "password": "b"}}', Network("cafe")),
        (Network("cafe"), b'{"wifi": nonsense', Network("cafe")),
        (Network("cafe"), b"[]", Network("cafe")),
    ],
)
def test_what_is_said_anew_goes_before_what_was(new, config, wanted):
    assert network_kept(new, config) == wanted


def test_a_wifi_boards_config_is_what_the_firmware_takes():
    credentials = {"device": "a", "tls": False, "password": "x", "order_key": "00"}
    files = board_files(
        read_board(board_file("esp32-bench")), credentials, Network("hjem", "hemmelig")
    )
    config = json.loads(files["/config.json"])
    assert list(files) == ["/config.json"]
    assert config["wifi"] == {"ssid": "hjem", "password": "hemmelig"}
    assert config["tls"] is None


def test_a_torn_line_of_the_inventory_eats_no_other(tmp_path):
    stock = Inventory(tmp_path / "inventory.jsonl")
    stock.add("a1", "bought", board="x")
    with stock.path.open("ab") as file:
        file.write(b'{"at": "2026-11-22T10:00')
    stock.add("a2", "bought")
    assert [row["unit"] for row in stock.units()] == ["a1", "a2"]
    assert stock.torn == 1


@pytest.mark.parametrize(
    "line", ['[]', '"x"', '{"unit": 5, "event": "bought", "at": "x"}', '{"unit": "a", "at": "x"}',
             '{"unit": "a", "event": ["bought"], "at": "x"}'],
)  # fmt: skip
def test_a_line_that_is_no_event_is_passed_over_and_said(tmp_path, line):
    stock = Inventory(tmp_path / "inventory.jsonl")
    stock.path.write_text(line + "\n")
    stock.add("a1", "bought")
    assert [row["unit"] for row in stock.units()] == ["a1"]
    assert stock.torn == 1


def test_a_tracker_is_the_unit_that_was_provisioned_last(tmp_path):
    stock = Inventory(tmp_path / "inventory.jsonl")
    for unit in ("b2", "a1", "c3"):
        stock.add(unit, "provisioned", device="astrid-1")
    assert stock.unit_of("astrid-1") == "c3"
    assert [row["state"] for row in stock.units()] == ["spare", "spare", "in use"]


def test_what_was_exported_may_be_imported_and_changes_nothing_but_what_people_wrote(tmp_path):
    where = ["--inventory", str(tmp_path / "i.jsonl")]
    stock, out = Inventory(tmp_path / "i.jsonl"), tmp_path / "units.csv"
    stock.add("a1", "provisioned", device="astrid-1", board="esp32-bench")
    runner = CliRunner()
    assert runner.invoke(inventory_app, ["export", str(out), *where]).exit_code == 0
    assert (
        "0 units new, 0 changed"
        in runner.invoke(inventory_app, ["import", str(out), *where]).output
    )
    (row,) = stock.units()
    assert (row["state"], row["device"]) == ("in use", "astrid-1")
    out.write_text("unit;warranty_until\na1;2028-11-22\n")
    assert runner.invoke(inventory_app, ["import", str(out), *where]).exit_code == 0
    (row,) = stock.units()
    assert (row["state"], row["warranty_until"]) == ("in use", "2028-11-22")
    assert "warranty until 2028-11-22" in runner.invoke(inventory_app, ["list", *where]).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fault", "a2", "torn strap"], "knows no unit a2"),
        (["mended", "a2", "sewn"], "knows no unit a2"),
        (["import", "{tmp}/date.csv"], "wanted 2028-11-22, got next year"),
        (["import", "{tmp}/column.csv"], "no column 'colour' is known"),
        (["export", "/none/units.csv"], "/none/units.csv: cannot be written"),
    ],
)
def test_what_the_inventory_will_not_note_is_a_sentence(tmp_path, words, said):
    (tmp_path / "date.csv").write_text("unit,warranty_until\na1,next year\n")
    (tmp_path / "column.csv").write_text("unit,colour\na1,red\n")
    Inventory(tmp_path / "i.jsonl").add("a1", "bought")
    words = [word.replace("{tmp}", str(tmp_path)) for word in words]
    done = CliRunner().invoke(inventory_app, [*words, "--inventory", str(tmp_path / "i.jsonl")])
    assert done.exit_code == 1
    assert said in done.output


def test_the_inventory_goes_out_as_csv_and_comes_in(tmp_path):
    delivery = tmp_path / "delivery.csv"
    delivery.write_text("unit,board,warranty_until\n240ac4,reference-wearable,2028-11-22\n")
    where = ["--inventory", str(tmp_path / "i.jsonl")]
    runner = CliRunner()
    assert runner.invoke(inventory_app, ["import", str(delivery), *where]).exit_code == 0
    runner.invoke(inventory_app, ["fault", "240ac4", "contact corroded", *where])
    (row,) = json.loads(runner.invoke(inventory_app, ["list", "--json", *where]).stdout)
    assert (row["state"], row["faults"], row["warranty_until"]) == ("faulty", 1, "2028-11-22")
    runner.invoke(inventory_app, ["mended", "240ac4", "cleaned", *where])
    out = runner.invoke(inventory_app, ["export", *where]).stdout
    assert "240ac4,reference-wearable,,spare" in out
    history = runner.invoke(inventory_app, ["show", "240ac4", *where]).stdout
    assert [line.split()[1] for line in history.splitlines()] == ["bought", "fault", "mended"]
    assert runner.invoke(inventory_app, ["show", "none", *where]).exit_code == 1


def test_a_label_says_name_and_unit_and_nothing_secret(tmp_path):
    assert content("astrid-1", "240ac480335f") == "trygg:astrid-1:240ac480335f"
    write_label(tmp_path / "a.png", "astrid-1", "240ac480335f", "Ring 22 33 44 55")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(LabelError, match=r"\.png or \.pdf"):
        write_label(tmp_path / "a.gif", "astrid-1", "240ac480335f")


def test_every_square_of_the_code_has_the_same_whole_number_of_dots(tmp_path):
    for unit in ("1", "240ac480335f", "240ac480335f" * 2):
        code = label._code(content("a-tracker-with-a-very-long-name1", unit)).point(
            lambda v: v > 99
        )
        rows = [code.crop((0, y, code.width, y + 1)).tobytes() for y in range(code.height)]
        runs = {len(list(run)) for row in rows for _, run in groupby(row)}
        assert min(runs) >= 4, "a third of a millimetre, which a telephone can read"
        assert all(run % min(runs) == 0 for run in runs)
