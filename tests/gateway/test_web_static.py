"""The console's colours are readable and its files keep the house's rules, read from the files."""

import re

import pytest

from trygg_gateway import alarms, own_records
from trygg_gateway.delivery import FENCE_STATES, REASONS, REFUSALS, RESULTS, WHATS
from trygg_gateway.standing import OpenAlarm, standing
from trygg_gateway.web.app import STATIC
from trygg_wire import layouts

TOKENS = (STATIC / "tokens.css").read_text("utf-8")
LIGHT, DARK = TOKENS.split("@media")
OWN = sorted(p for p in STATIC.rglob("*") if p.is_file() and "vendor" not in p.parts)
EVENTS = (
    "OUTSIDE", "RAISED", "STORED", "DELIVERED", "BACK", "TAKEN", "TOLD", "ON_THE_WAY",
    "AT_THE_PERSON", "PASSED_ON", "REOPENED", "CALLED", "CALL_DELIVERED", "CHANNEL", "OVER",
    "CLOSED",
)  # fmt: skip
GROUNDS = ("ground", "surface", "raised")
STATES = ("alarm", "silent", "late", "low-battery", "fine", "waiting")
# words of the first colour stand on the second
PAIRS = [
    *[(ink, ground) for ink in ("ink", "muted") for ground in GROUNDS],
    *[(state, ground) for state in STATES for ground in ("surface", f"{state}-tint")],
    *[("ink", f"{state}-tint") for state in STATES],
    *[("muted", "alarm-tint"), ("fine", "surface"), ("late", "alarm-tint")],
    *[("alarm-ink", "alarm"), ("brand-ink", "brand"), ("focus", "surface")],
]


def colour(sheet, name):
    found = re.search(rf"--{name}: (#[0-9a-f]{{6}});", sheet)
    assert found, f"--{name} is no plain colour"
    return found[1]


def luminance(hexed):
    """Relative luminance after WCAG 2.2."""
    parts = [int(hexed[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, two):
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("sheet", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_words_have_a_contrast_of_four_and_a_half_to_one(sheet, ink, ground):
    assert contrast(colour(sheet, ink), colour(sheet, ground)) >= 4.5


def test_both_colour_schemes_set_the_same_colours():
    names = [set(re.findall(r"--[a-z-]+(?=:)", sheet)) for sheet in (LIGHT, DARK)]
    assert names[0] == names[1]


def test_every_colour_used_is_a_token():
    known = set(re.findall(r"--[a-z-]+(?=:)", TOKENS)) | {"--state", "--tint"}
    for path in OWN:
        if path.suffix == ".css":
            assert set(re.findall(r"var\((--[a-z-]+)", path.read_text("utf-8"))) <= known, path


@pytest.mark.parametrize("path", [p for p in OWN if p.suffix == ".js"], ids=lambda p: p.name)
def test_no_script_makes_markup_out_of_text(path):
    text = path.read_text("utf-8")
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert way not in text, way


@pytest.mark.parametrize("path", [p for p in OWN if p.suffix == ".html"], ids=lambda p: p.name)
def test_no_page_has_script_or_style_in_its_lines(path):
    text = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.name)
def test_no_file_is_longer_than_four_hundred_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


def test_the_page_has_a_word_for_every_alarm_reason_and_event():
    words = (STATIC / "words.js").read_text("utf-8")
    names = {
        "WHAT": set(WHATS[1:]) | set(own_records.NAMES.values()),
        "EVENT": {getattr(alarms, name) for name in EVENTS},
        "REASON": set(REASONS[1:]),
        "FENCE": set(FENCE_STATES),
    }
    for table, wanted in names.items():
        block = words.partition(f"const {table} = {{")[2].partition("\n};")[0]
        assert wanted <= set(re.findall(r"^  (\w+):", block, re.MULTILINE)), table


def test_the_words_of_the_gateway_are_as_many_as_the_wire_has():
    high = {row[0]: row[3] for row in layouts.ROWS[layouts.ALARM]}
    assert len(WHATS) == high["what"] + 1
    assert len(REASONS) == high["reason"] + 1
    answer = {row[0]: row[3] for row in layouts.ROWS[layouts.ANSWER]}
    assert len(REFUSALS) == answer["reason"] + 1
    assert len(RESULTS) == answer["result"] + 1
    raising = set(range(1, high["what"] + 1)) - {layouts.BACK}
    for what in raising:
        text = standing(OpenAlarm(what, False), True, 0, 50, False, 0, 0)[1]
        assert not text.startswith("alarm"), what
