"""The drawings of hardware/wiring are made from the boards' files, and are up to date."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trygg_tools import boards
from trygg_tools.board import drawing
from trygg_tools.board.command import app
from trygg_tools.board.harness import DATA, Cable, Harness, Part, Pin, Wire
from trygg_tools.board.hil_bench import bench_of
from trygg_tools.board.wiring import NothingWired, harness_of
from trygg_tools.board.wiring_command import all_harnesses

KEPT = Path(__file__).parents[2] / "hardware" / "wiring"
AGAIN = "make it again: trygg board wiring --write hardware/wiring"


def board_of(name):
    return boards.read_board(boards.board_file(name))


def changed(tmp_path, name, before, after):
    text = boards.board_file(name).read_text("utf-8")
    assert before in text
    path = tmp_path / f"{name}.toml"
    path.write_text(text.replace(before, after), "utf-8")
    return boards.read_board(path)


def words_in(svg):
    return sorted(re.findall(r"<text [^>]*>([^<]*)</text>", svg.read_text("utf-8")))


def wires_of(harness):
    """(part, pin, part, pin) of every wire."""
    return {(c.left, w.left, c.right, w.right) for c in harness.cables for w in c.wires}


def test_every_wired_board_and_the_benches_are_drawn_from_their_files_as_they_are_now():
    harnesses = all_harnesses()
    wired = {name for name in boards.board_names() if board_of(name).wiring is not None}
    assert set(harnesses) == wired | {"hil-esp32-bench", "hil-esp32-modem-bench"}
    assert {path.stem for path in KEPT.glob("*.yml")} == set(harnesses), AGAIN
    for name, harness in harnesses.items():
        assert (KEPT / f"{name}.yml").read_text("utf-8") == harness.text(), AGAIN


def test_wireviz_draws_what_is_kept_with_the_same_words(tmp_path):
    drawings = drawing.draw(sorted(KEPT.glob("*.yml")), tmp_path)
    assert {path.name for path in drawings} == {path.name for path in KEPT.glob("*.svg")}
    for drawn in drawings:
        assert words_in(drawn) == words_in(KEPT / drawn.name), AGAIN


@pytest.mark.parametrize("name", [n for n in boards.board_names() if board_of(n).wiring])
def test_every_pin_of_a_wiring_is_in_its_drawing(name):
    board = board_of(name)
    harness = harness_of(name, board)
    (chip,) = [part for part in harness.parts if part.name == "ESP32"]
    printed = {board.drawn.printed.format(use.pin) for use in board.uses()}
    assert printed == {pin.printed for pin in chip.pins} - {"3V3", "GND"}
    drawn = {wire.left for c in harness.cables if c.left == "ESP32" for wire in c.wires}
    drawn |= {wire.right for c in harness.cables if c.right == "ESP32" for wire in c.wires}
    assert printed <= drawn


def test_a_uart_is_crossed_over_and_a_changed_pin_is_drawn(tmp_path):
    wires = wires_of(harness_of("esp32-bench", board_of("esp32-bench")))
    assert ("ESP32", "17", "RECEIVER", "RXD") in wires
    assert ("ESP32", "18", "RECEIVER", "TXD") in wires
    moved = changed(tmp_path, "esp32-bench", "tx = 17", "tx = 38")
    assert ("ESP32", "38", "RECEIVER", "RXD") in wires_of(harness_of("esp32-bench", moved))


def test_a_light_hangs_on_the_side_that_its_level_says():
    low = wires_of(harness_of("x", board_of("lilygo-t-sim7000g")))
    assert {("ESP32", "3V3", "LED", "+"), ("ESP32", "GPIO12", "LED", "-")} <= low
    high = wires_of(harness_of("x", board_of("esp32-bench")))
    assert {("ESP32", "12", "LED", "+"), ("ESP32", "GND", "LED", "-")} <= high


def test_the_bench_has_an_adapter_for_each_line_of_the_board_and_its_console():
    wires = wires_of(bench_of("x", board_of("esp32-modem-bench")))
    assert {("CONSOLE", "TXD", "DUT", "44"), ("CONSOLE", "RXD", "DUT", "43")} <= wires
    assert {("GPS", "TXD", "DUT", "18"), ("MODEM", "TXD", "DUT", "16")} <= wires
    assert {("METER", "VOUT", "RELAY", "COM1"), ("RELAY", "NO1", "DUT", "BAT+")} <= wires
    own = bench_of("x", board_of("lilygo-t-sim7000g"))  # the receiver is in its modem
    assert {part.name for part in own.parts} == {
        "HOST", "METER", "RELAY", "CONSOLE", "MODEM", "DUT",
    }  # fmt: skip


def test_what_cannot_be_drawn_is_said(tmp_path, monkeypatch):
    text = boards.board_file("esp32-bench").read_text("utf-8")
    bare = tmp_path / "bare.toml"
    bare.write_text(re.sub(r"\[wiring.*(?=\[drawn\])", "", text, flags=re.DOTALL), "utf-8")
    with pytest.raises(NothingWired, match=r"bare: its file has no \[wiring\]"):
        harness_of("bare", boards.read_board(bare))
    told = CliRunner().invoke(app, ["wiring", str(bare), "--bench"])
    assert (told.exit_code, "has no [wiring]" in told.output) == (1, True)
    one, other = Part("A", "a", (Pin("1"),)), Part("B", "b", (Pin("1"),))
    odd = Harness("odd", "x", (one, other), (Cable("A", "B", (Wire("1", "2", DATA),)),))
    with pytest.raises(ValueError, match="odd: a wire leads to B 2: no such pin"):
        odd.text()
    broken = tmp_path / "broken.yml"
    broken.write_text("connections: [[{A: 1}]]\n", "utf-8")
    with pytest.raises(drawing.CannotDraw, match="WireViz could not draw"):
        drawing.draw([broken], tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(drawing.CannotDraw, match="graphviz's dot"):
        drawing.draw([broken], tmp_path)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(drawing.CannotDraw, match="pip install wireviz"):
        drawing.draw([broken], tmp_path)


def test_the_command_prints_the_text_or_writes_both(tmp_path):
    told = CliRunner().invoke(app, ["wiring", "esp32-bench"])
    assert told.stdout.strip() == (KEPT / "esp32-bench.yml").read_text("utf-8").strip()
    done = CliRunner().invoke(app, ["wiring", "esp32-bench", "--bench", "--write", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {
        "hil-esp32-bench.yml", "hil-esp32-bench.svg",
    }  # fmt: skip


@pytest.mark.parametrize("name", [n for n in boards.board_names() if board_of(n).wiring])
def test_what_wakes_the_chip_is_drawn_with_its_own_pull_up(name):
    parts = {part.name: part for part in harness_of(name, board_of(name)).parts}
    for contact in ("BUTTON", "STRAP"):
        if contact in parts:
            assert parts[contact].note.startswith("1 MΩ from A to 3V3")
    assert "BUTTON" in parts


def test_a_receiver_that_can_be_off_is_not_fed_by_our_line():
    (receiver,) = [
        part
        for part in harness_of("esp32-modem-bench", board_of("esp32-modem-bench")).parts
        if part.name == "RECEIVER"
    ]
    assert "1 kΩ or a buffer before RXD" in receiver.note
