"""The wearer's leaflet: one page, letters that an old person reads, the same in two languages.

What is on the page is read back by PDFium, not by what made it.
"""

import errno
import re
from pathlib import Path

import pypdfium2
import pytest
from pypdfium2 import raw
from typer import Typer
from typer.testing import CliRunner

from tracker.settings import Settings
from tracker.signals import PATTERNS
from trygg_tools.felt.played import pattern
from trygg_tools.leaflet import page, text
from trygg_tools.leaflet.command import command

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = text.LANGUAGES
LEAST_PT = 14
LIX_EASY = 35  # Björnsson: below 30 as a child's book, 30 to 40 as a story for adults
MM = 72 / 25.4
SHORT, LONG = ("kort", "korte", "short"), ("lang", "lange", "long")
HOW_MANY = {"to": 2, "two": 2, "tre": 3, "three": 3}

app = Typer()
app.command()(command)


def leaflet(language: str) -> text.Leaflet:
    return text.read(text.text_file(language).read_text("utf-8"))


def words_of(path: Path) -> str:
    with pypdfium2.PdfDocument(path) as pdf:
        assert len(pdf) == 1, f"{path}: {len(pdf)} pages"
        return " ".join(pdf[0].get_textpage().get_text_range().split())


def printed(folder: Path, *more: str) -> Path:
    path = folder / "leaflet.pdf"
    done = CliRunner().invoke(app, ["--pdf", str(path), *more])
    assert done.exit_code == 0, done.output
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_one_page_of_a4_with_all_its_words_and_letters(tmp_path, language):
    path = printed(tmp_path, "--language", language)
    with pypdfium2.PdfDocument(path) as pdf:
        assert pdf[0].get_size() == pytest.approx((210 * MM, 297 * MM), abs=0.1)
    said = words_of(path)
    assert leaflet(language).title in said
    for section in leaflet(language).sections:
        assert section.heading in said
        for line in section.lines:
            assert line.words in said
    assert language != "no" or {"æ", "ø", "å"} <= set(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_letter_is_small_and_none_is_off_the_page(tmp_path, language):
    with pypdfium2.PdfDocument(printed(tmp_path, "--language", language)) as pdf:
        words = pdf[0].get_textpage()
        for at in range(words.count_chars()):
            if words.get_text_range(at, 1).strip():
                assert raw.FPDFText_GetFontSize(words, at) >= LEAST_PT
                left, bottom, right, top = words.get_charbox(at)
                assert 10 * MM < left <= right < 200 * MM
                assert 6 * MM < bottom <= top < 297 * MM


def test_both_languages_have_the_same_sections_and_the_same_patterns():
    shapes = [
        [[(line.kind, line.name) for line in section.lines] for section in leaflet(one).sections]
        for one in LANGUAGES
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_a_pattern_are_its_pulses(language):
    lines = [line for section in leaflet(language).sections for line in section.lines]
    patterns = [line for line in lines if line.kind == "pattern"]
    assert {line.name for line in patterns} == set(PATTERNS) - {"countdown", "test", "worn"}
    for line in patterns:
        said = line.words.partition(":")[0].lower().replace(",", "").split()
        wanted = ["short" if end - begin <= 200 else "long" for begin, end in pattern(line.name)]
        assert pulses_in(said) == wanted, line


def pulses_in(said: list[str]) -> list[str]:
    """["two", "short"] is ["short", "short"]."""
    pulses, many = [], 1
    for word in said:
        many = HOW_MANY.get(word, many)
        if word in SHORT + LONG:
            pulses += ["short" if word in SHORT else "long"] * many
            many = 1
    return pulses


@pytest.mark.parametrize(
    ("language", "hold", "ticks"), [("no", "to sekunder", "fem"), ("en", "two seconds", "five")]
)
def test_the_button_is_told_as_the_settings_come(language, hold, ticks):
    settings = Settings()
    assert (settings.sos_hold_s, settings.sos_cancel_s) == (2, 5)
    said = leaflet(language).sections[1].lines[0].words
    assert hold in said
    assert f"{ticks} " in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_easy_to_read(language):
    said = [
        line.words
        for section in leaflet(language).sections
        for line in section.lines
        if line.kind in ("words", "point")
    ]
    sentences = sum(len(re.findall(r"[.?!:](?:\s|$)", one)) for one in said)
    words = re.findall(r"\w+", " ".join(said))
    long = [word for word in words if len(word) > 6]
    lix = len(words) / sentences + 100 * len(long) / len(words)
    assert lix < LIX_EASY, f"LIX {lix:.0f}"


def test_colours_stand_out_for_weak_eyes():
    black, ink, white = page.BLACK, page.INK, page.WHITE
    for letters, ground in ((black, white), (ink, white), (white, ink), (black, page.PALE)):
        assert contrast(letters, ground) >= 7  # WCAG 2.2, AAA


def contrast(one: int, other: int) -> float:
    """WCAG 2.2's ratio of two sRGB colours."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(rgb: int) -> float:
    parts = [(rgb >> shift & 255) / 255 for shift in (16, 8, 0)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_number_to_call_is_filled_in_by_the_command(tmp_path):
    name, phone = "Hjemmetjenesten Åsgård øst", "22 33 44 55"
    said = words_of(printed(tmp_path, "--name", name, "--phone", phone))
    assert f"Navn: {name}" in said
    assert f"Telefon: {phone}" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--language", "sv"], "there are: no, en"),
        (["--name", "Å" * 60], "does not fit on a line"),
        (["--pdf", "/nowhere/leaflet.pdf"], "cannot be written"),
    ],
)
def test_what_cannot_be_printed_is_said_with_what_to_do(tmp_path, words, said):
    told = CliRunner().invoke(app, ["--pdf", str(tmp_path / "leaflet.pdf"), *words])
    assert told.exit_code == 1
    assert said in told.output


def test_a_text_too_long_is_refused_and_never_made_smaller(tmp_path):
    title, sections = leaflet("no")
    longer = text.Leaflet(title, [*sections, *sections[:3]])
    with pytest.raises(text.LeafletError, match="too long for one page: say it shorter"):
        page.write(tmp_path / "leaflet.pdf", longer, {})
    assert not (tmp_path / "leaflet.pdf").exists()


@pytest.mark.parametrize(
    ("source", "said"), [("## no title\n", "its title"), ("# A\n- `tune` music", "no pattern")]
)
def test_a_text_that_is_none_is_refused(source, said):
    with pytest.raises(text.LeafletError, match=said):
        text.read(source)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_leaflet_in_docs_is_made_from_its_text(tmp_path, language):
    made = words_of(printed(tmp_path, "--language", language))
    assert words_of(DOCS / f"leaflet-{language}.pdf") == made, "make pictures"


def test_a_full_disk_leaves_the_leaflet_that_was_there(tmp_path, monkeypatch):
    there = tmp_path / "leaflet.pdf"
    there.write_bytes(b"%PDF of yesterday")

    def full(part, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    done = CliRunner().invoke(app, ["--pdf", str(there)])
    assert done.exit_code == 1
    assert "cannot be written: No space left on device" in done.output.replace("\n", "")
    assert there.read_bytes() == b"%PDF of yesterday"
    assert list(tmp_path.iterdir()) == [there]
