"""The tester's page names every option of the bench and every file of its tests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HIL = ROOT / "tests" / "hil"
PAGE = (ROOT / "docs" / "hil.md").read_text("utf-8")


def test_every_option_of_the_bench_is_on_the_page_and_no_other():
    text = (HIL / "options.py").read_text("utf-8")
    table = text.split("OF_A_REAL_BENCH = {")[1].split("}\n")[0]
    there = set(re.findall(r'^    "([a-z-]+)":', table, re.MULTILINE))
    there |= set(re.findall(r'addoption\("--([a-z-]+)"', text)) | {"port"}
    rows = re.findall(r"^\| (`--.*?) \|", PAGE, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"--([a-z-]+)", row)}
    assert told | {"arch", "flashed"} == there  # those two are for the virtual board


def test_every_file_of_tests_is_on_the_page_and_no_other():
    named = set(re.findall(r"`(test_[a-z_]+)`", PAGE.split("## What is tested")[1]))
    assert named == {path.stem for path in HIL.glob("test_*.py")}


def test_the_pages_pictures_and_other_pages_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
