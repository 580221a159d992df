"""The pictures of what a wearer feels are what the firmware plays, all of it, and up to date."""

import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from tracker.signals import PATTERNS
from tracker.wearer import TICK_MS
from trygg_tools.felt import __main__ as felt
from trygg_tools.felt import picture, played
from trygg_tools.felt.meaning import MEANINGS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "patterns"
SVG = "{http://www.w3.org/2000/svg}"


def bars(svg: str, colour: str) -> list[tuple[float, float]]:
    """(left, width) of each bar of a colour."""
    found = ET.fromstring(svg).iter(f"{SVG}rect")
    return [
        (float(one.get("x")), float(one.get("width"))) for one in found if one.get("fill") == colour
    ]


@pytest.mark.parametrize("name", PATTERNS)
def test_what_the_board_gets_is_the_row_of_the_table(name):
    rows = [int(ms) for ms in PATTERNS[name].split()]
    pulses = played.pattern(name)
    on = [end - begin for begin, end in pulses]
    off = [later[0] - end for (_, end), later in pairwise(pulses)]
    assert on == rows[::2]
    assert off == rows[1::2]


def test_every_pattern_has_a_meaning_and_no_meaning_is_of_none():
    assert set(MEANINGS) == set(PATTERNS)


def test_a_hold_ticks_each_second_and_becomes_a_call():
    story = played.call([(500, 2800)], 9000)
    begins = [begin for begin, _ in story.felt]
    assert len(begins) == 6
    assert [later - before for before, later in pairwise(begins[:5])] == [TICK_MS] * 4
    sent = played.pattern("sent")[0]
    assert story.felt[-1][1] - story.felt[-1][0] == sent[1] - sent[0]


def test_a_short_press_in_the_countdown_takes_the_call_back():
    story = played.call([(500, 2800), (4600, 5000)], 9000)
    assert max(end - begin for begin, end in story.felt) == int(PATTERNS["cancel"])
    assert story.felt[-1][1] < 7500, "nothing is felt after it"


def test_a_longer_pulse_is_a_longer_bar_on_the_same_scale():
    short, long = (
        picture.of_pattern(name, "", played.pattern(name), 2) for name in ("sent", "cancel")
    )
    ((_, narrow),), ((_, wide),) = bars(short, picture.LIT), bars(long, picture.LIT)
    assert wide / narrow == pytest.approx(900 / 150, rel=0.01)


def test_every_pattern_fits_its_time_line_and_its_words_fit_the_width():
    for name in PATTERNS:
        assert played.pattern(name)[-1][1] <= 1000 * felt.PATTERN_S, name
        assert len(MEANINGS[name]) * 8.6 < picture.WIDTH - picture.LEFT - picture.RIGHT, name


def test_the_pictures_in_docs_are_the_ones_that_are_made():
    made = felt.pictures()
    assert {path.name for path in FOLDER.glob("*.svg")} == set(made)
    for name, svg in made.items():
        assert (FOLDER / name).read_text("utf-8") == svg, f"make pictures, for {name}"


def test_what_is_no_picture_any_more_is_taken_away(tmp_path):
    (tmp_path / "gone.svg").write_text("<svg/>")
    felt.main(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(felt.pictures())


def test_the_technicians_page_shows_every_picture():
    page = (ROOT / "docs" / "technician.md").read_text("utf-8")
    for name in felt.pictures():
        assert f"](patterns/{name})" in page, name
