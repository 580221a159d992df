"""What the people's pages show can be typed, and what they quote is said."""

import re
import subprocess
from pathlib import Path

import pytest

from documented import ROOT, Mistyped, commands, demand, sentences
from trygg_gateway import delivery, own_records

PAGES = ("technician", "operator", "README")

SHOWING = [
    file
    for file in (
        *sorted(ROOT.glob("docs/*.md")),
        ROOT / "hardware" / "README.md",
        ROOT / "README.md",
    )
    if "```sh\n" in file.read_text("utf-8")
]


def page(name: str) -> Path:
    return ROOT / "docs" / f"{name}.md"


@pytest.mark.parametrize("file", SHOWING, ids=[str(one.relative_to(ROOT)) for one in SHOWING])
def test_every_command_of_a_page_and_each_of_its_options_is_there(file, tmp_path, monkeypatch):
    found = commands(file)
    assert found or file.parent == ROOT
    monkeypatch.chdir(tmp_path)
    for words in found:
        for name in (word for word in words if re.fullmatch(r"[\w-]+\.[a-z]{2,7}", word)):
            (tmp_path / name).touch()  # some are opened when the words are read
        try:
            demand(words)
        except Mistyped as error:
            pytest.fail(f"{file.name}: trygg {' '.join(words)}: {error}")


@pytest.mark.parametrize(
    "words",
    [
        ["flash", "/dev/ttyUSB0", "--bord", "esp32-bench"],
        ["provision", "give", "astrid"],
        ["gateway", "alarms", "close", "12"],
        ["gateway", "order", "send", "astrid", "sleep"],
    ],
)
def test_a_command_that_cannot_be_typed_is_found(words):
    with pytest.raises(Mistyped):
        demand(words)


def test_what_the_symptoms_quote_is_what_the_tools_say():
    said = sentences(
        *(
            f"tools/trygg_tools/{room}"
            for room in ("flash", "provision", "selftest", "port_words.py")
        )
    )
    table = page("technician").read_text("utf-8").partition("| it says |")[2].partition("\n\n")[0]
    quoted = [
        one
        for row in table.splitlines()[2:]
        for one in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", row)
    ]
    assert len(quoted) > 15
    for words in quoted:
        assert words in said, f"no tool says {words!r}"


def test_the_operators_tables_name_every_kind_that_the_gateway_has():
    text = page("operator").read_text("utf-8")
    named = set(re.findall(r"`(\w+)`", "".join(line for line in text.splitlines() if "|" in line)))
    kinds = {*delivery.WHATS[1:], *own_records.NAMES.values()}
    assert kinds <= named, kinds - named


def test_what_the_operators_page_quotes_is_what_the_console_says():
    web = ROOT / "gateway" / "trygg_gateway" / "web" / "static"
    said = "".join(path.read_text("utf-8") for path in (*web.glob("*.js"), web / "index.html"))
    rows = [line for line in page("operator").read_text("utf-8").splitlines() if "|" in line]
    quoted = [one for row in rows for one in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", row)]
    assert len(quoted) > 30
    for words in quoted:
        for part in filter(
            None, re.split(r" ?\d+ \w+ ?|: |, ", words)
        ):  # between what is filled in
            assert part.lower() in said.lower(), f"the console never says {part!r}"


def test_every_picture_and_page_that_a_page_links_is_there():
    for file in (ROOT / "docs").glob("*.md"):
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", file.read_text("utf-8")):
            assert (file.parent / link).exists(), f"{file.name}: {link}"


def test_every_heading_that_a_page_links_is_there():
    for file in (ROOT / "docs" / f"{name}.md" for name in PAGES):
        for target, heading in re.findall(r"\]\(([^)#:\s]*)#([^)]+)\)", file.read_text("utf-8")):
            other = file.parent / target if target else file
            assert heading in anchors(other), f"{file.name}: {target}#{heading}"


def anchors(file: Path) -> set[str]:
    """The headings as a viewer of Markdown names them: GitHub's rule."""
    found = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in found}


def test_a_bench_of_which_only_the_port_is_said_gets_no_empty_option():
    """So that the tests say what is missing, not pytest that an option has no word."""
    said = subprocess.run(
        ["make", "-n", "hil", "PORT=/dev/ttyUSB9"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert "--port /dev/ttyUSB9" in said
    assert not {"--gps-port", "--board", "--address"} & set(said.split())
