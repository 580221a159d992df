"""Each board's power budget, from its file and simulated days; hardware/power is up to date."""

import json
import struct
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trygg_tools import boards
from trygg_tools.board import budget, budget_picture, budget_words, use
from trygg_tools.board.command import app
from trygg_tools.simulate.energy import charge

KEPT = Path(__file__).parents[2] / "hardware" / "power"
AGAIN = "make it again: trygg board power --write hardware/power"


def all_boards():
    return {name: boards.read_board(boards.board_file(name)) for name in boards.board_names()}


def text_of(png, name):
    """The text that a PNG carries under a name; chunks as ISO 15948 has them."""
    data, at = png.read_bytes(), 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        key, _, said = data[at + 8 : at + 8 + length].partition(b"\0")
        if kind == b"tEXt" and key == name.encode():
            return said.decode()
        at += 12 + length
    raise AssertionError(f"{png} has no text {name}")


def test_page_and_picture_are_made_from_the_boards_as_they_are_now():
    shown = all_boards()
    assert (KEPT / "budget.md").read_text("utf-8") == budget_words.page(shown), AGAIN
    made_of = text_of(KEPT / "budget.png", budget_picture.MADE_OF)
    assert made_of == budget_picture.made_of(shown), AGAIN


def test_the_days_of_use_are_what_the_firmwares_core_lives_through_now():
    kept = json.loads(use.FILE.read_text("utf-8"))["wearers"]
    people = use.cases()
    assert len(kept) == len(people) == 12
    case = next(one for one in people if one.outings and one.senses == use.SENSES["motion"])
    lived = use.spent_by(case)
    (row,) = [
        one
        for one in kept
        if (one["use"], one["senses"], one["seed"]) == ("outing", "motion", case.seed)
    ]
    assert row == lived, "live through them again: trygg board power --simulate"


@pytest.mark.parametrize("name", boards.board_names())
def test_a_budget_is_the_simulators_sum_and_every_figure_has_its_source(name):
    board = boards.read_board(boards.board_file(name))
    for one in budget.budgets(board):
        day = use.read()[one.use][one.senses]
        assert one.mah == charge(board, day.spent, day.starts).total / 1000
        assert sum(row.mah for row in one.rows) == pytest.approx(one.mah)
        assert sum(row.share for row in one.rows) == pytest.approx(1)
        assert one.days * one.mah == pytest.approx(0.85 * board.energy.battery_mah)
        assert all(row.source and row.kind and row.ua for row in one.rows)
        assert sum(day.spent[state] for state in ("asleep", "awake")) == pytest.approx(
            86_400_000, rel=0.005
        )


def test_an_outing_takes_more_and_a_motion_sensor_saves():
    for board in all_boards().values():
        home, outing = budget.budgets(board)
        assert home.mah < outing.mah
    days = use.read()
    for name in use.USES:
        assert days[name]["motion"].spent["awake"] < days[name]["no sensor"].spent["awake"]


def test_a_figure_that_was_measured_is_worth_its_difference_and_is_shown_as_such(tmp_path):
    text = boards.board_file("reference-wearable").read_text("utf-8")
    before = 'ua = 150\nkind = "estimate"'
    assert before in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(before, 'ua = 1150\nkind = "measured"'), "utf-8")
    told = CliRunner().invoke(app, ["power", str(path), "--json"])
    assert told.exit_code == 0, told.output
    shown = json.loads(told.stdout)
    home = shown["uses"][0]
    sleep = home["activities"][0]
    assert (shown["board"], home["senses"]) == ("mine", "motion")
    assert (sleep["activity"], sleep["kind"], sleep["ua"]) == ("sleep", "measured", 1150)
    kept = budget.as_json("x", all_boards()["reference-wearable"])["uses"][0]
    asleep_h = use.read()["home"]["motion"].spent["asleep"] / 3_600_000
    assert home["mah_a_day"] - kept["mah_a_day"] == pytest.approx(asleep_h, rel=0.01)


def test_a_person_is_shown_shares_and_sources_and_gets_a_picture(tmp_path):
    drawn = tmp_path / "one.png"
    told = CliRunner().invoke(app, ["power", "lilygo-t-sim7000g", "--picture", str(drawn)])
    assert told.exit_code == 0, told.output
    assert "home: " in told.stdout
    assert "data sheet: SIM7000 hardware design V1.07: GNSS 30 mA" in told.stdout
    one = {"lilygo-t-sim7000g": all_boards()["lilygo-t-sim7000g"]}
    assert text_of(drawn, budget_picture.MADE_OF) == budget_picture.made_of(one)
    assert CliRunner().invoke(app, ["power", "esp8266"]).exit_code == 1


def test_what_cannot_be_written_is_said_by_its_name(tmp_path):
    taken = tmp_path / "taken"
    taken.touch()
    picture = ["power", "esp32-bench", "--picture", str(tmp_path / "none/bench.png")]
    for words in (picture, ["wiring", "esp32-bench", "--write", str(taken)]):
        told = CliRunner().invoke(app, words)
        assert told.exit_code == 1
        assert f"error: {words[-1]}: cannot be written: " in told.stderr
        assert "Errno" not in told.stderr


def test_a_board_file_that_is_not_there_is_named_once(tmp_path):
    none = str(tmp_path / "mine.toml")
    told = CliRunner().invoke(app, ["check", none])
    assert told.exit_code == 1
    assert told.stdout == f"{none}: error: cannot be read: No such file or directory\n"
