"""A failure leaves a file, and the command in it plays the same failure again."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

import pytest

from hil import reproduction
from hil.wearer import Act, Said
from journey.demo_process import environment
from trygg_tools.replay import source

HERE = Path(__file__).parent
SEEN_S = 3  # seconds of the walk that both runs have at the least


def run(folder: Path, flashed: Path, *words: str) -> str:
    """`pytest tests/hil WORDS`, which has to fail; what it printed."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--flashed", str(flashed)),
            *("--artefacts", str(folder), f"--junitxml={folder}.xml", *words),
        ],
        env=environment(), capture_output=True, text=True, timeout=240, cwd=HERE.parents[1],
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


class Failed(NamedTuple):
    """A run that has failed: its artefacts, and what it printed."""

    folder: Path
    said: str


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory, flashed: Path) -> Failed:
    folder = tmp_path_factory.mktemp("failed") / "first"
    return Failed(folder, run(folder, flashed, f"{HERE}/fails_on_purpose.py", "--seed", "7"))


def test_a_failure_is_played_again_sentence_by_sentence(
    failed: Failed, tmp_path: Path, flashed: Path
) -> None:
    first, again = failed.folder, tmp_path / "again"
    (file,) = (first / "fails_on_purpose").glob(f"*no_board_says/{reproduction.FILE}")
    assert f"--replay {file}" in failed.said
    found = reproduction.read(file)
    assert (found.test, found.seed) == (
        "fails_on_purpose.py::test_a_board_says_what_no_board_says", 7,
    )  # fmt: skip
    assert "a bird sat down" in found.failure
    assert found.commit == reproduction.commit()
    another = found._replace(seed=8)  # its errors would be others: only the file has these
    reproduction.write(tmp_path, another)
    run(again, flashed, str(HERE), "--replay", str(tmp_path / reproduction.FILE))
    (second,) = again.rglob(reproduction.FILE)
    wanted, got = found.acts, reproduction.read(second).acts
    assert [act.name for act in got] == [act.name for act in wanted] == ["stands", "walks"]
    walked, walked_again = places(wanted[-1]), places(got[-1])
    both = min(len(walked), len(walked_again))
    assert both >= SEEN_S
    assert walked[:both] == walked_again[:both]
    assert len(set(walked)) == len(walked), "a wearer who walks is nowhere twice"
    assert got[-1].said[0].unix_s > wanted[-1].said[0].unix_s, "played with today's times"


def test_a_failures_folder_has_its_logs_its_steps_and_its_properties(failed: Failed) -> None:
    folder = failed.folder
    (test,) = (folder / "fails_on_purpose").glob("*no_board_says")
    names = {path.name for path in test.iterdir()}
    assert names >= {"console.log", "gateway.log", "webhook.jsonl", "steps.jsonl", "played.nmea"}
    assert "firmware" in (test / "console.log").read_text("utf-8")
    lines = (test / "steps.jsonl").read_text("utf-8").splitlines()
    ready, step = (json.loads(line) for line in lines)
    assert (ready["step"], ready["outcome"]) == ("firmware and settings onto the board", "passed")
    assert (step["step"], step["outcome"]) == ("a walk", "failed")
    assert step["took_s"] >= 4
    assert source.read(test / "played.nmea", 9600).lasts_ms >= SEEN_S * 1000
    case, skipped, _ = ET.parse(f"{folder}.xml").iter("testcase")
    assert "nothing may be on the virtual board" in str(skipped.find("failure").text)
    about = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert about["step.a walk"].endswith("failed")
    assert (about["board"], about["seed"]) == ("virtual", "7")
    assert about["artefacts"] == str(test)
    assert_one_that_failed_while_it_was_flashed_has_them_too(failed)


def assert_one_that_failed_while_it_was_flashed_has_them_too(failed: Failed) -> None:
    (file,) = (failed.folder / "fails_on_purpose").glob(f"*with_nothing/{reproduction.FILE}")
    assert f"--replay {file}" in failed.said
    assert reproduction.read(file).acts == [], "the wearer had not begun"
    (line,) = (file.parent / "steps.jsonl").read_text("utf-8").splitlines()
    step = json.loads(line)
    assert (step["step"], step["outcome"]) == ("firmware and settings onto the board", "failed")


def places(act: Act) -> list[str]:
    """What GGA says of where and how well, of each second: all but the time."""
    return [
        line.split(",", 2)[2].partition("*")[0]
        for said in act.said
        for line in said.lines
        if "GGA" in line
    ]


def test_a_file_that_is_no_reproduction_is_refused_with_a_word(tmp_path: Path) -> None:
    for content in ("", "[]", "{}", '{"acts": [{"name": 1}]}', "\x00"):
        file = tmp_path / "file"
        file.write_text(content)
        with pytest.raises(reproduction.NoReproduction, match=r"wanted the reproduction\.json"):
            reproduction.read(file)
    acts = [Act("walks", [Said(10, 20, ["$GNRMC,1\r\n"])])]
    whole = reproduction.Reproduction("test_x.py::test_å", 3, "abc", "--port=/dev/none", "no", acts)
    command = reproduction.write(tmp_path, whole)
    assert reproduction.read(tmp_path / reproduction.FILE) == whole
    assert command.endswith(f"{reproduction.FILE} --port=/dev/none")
