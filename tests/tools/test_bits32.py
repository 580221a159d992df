"""What `make bits32` says when it cannot be done, and what it measures where it can."""

import subprocess
import sys
from pathlib import Path

import pytest

from micropython_wheel import needs_micropython
from trygg_tools import bits32
from trygg_tools.bench.report import BenchError


def test_a_folder_that_is_not_micropython_s_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="wanted MicroPython's repository, no ports/unix"):
        bits32.build(tmp_path)


def test_the_command_says_so_in_a_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trygg_tools.bits32", "--source", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "no ports/unix" in ran.stderr
    assert "Traceback" not in ran.stderr


@needs_micropython
def test_the_firmware_s_code_takes_most_of_a_64_bit_heap_and_fits_a_board(tmp_path: Path) -> None:
    wheel = Path(sys.executable).with_name("micropython")
    taken = bits32.loaded_bytes(wheel, "x64", tmp_path)
    assert 60_000 < taken < 160_000


@needs_micropython
def test_files_that_fail_are_named(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    (tests / "firmware").mkdir(parents=True)
    runner = Path(__file__).resolve().parents[1] / "on_micropython.py"
    (tests / "on_micropython.py").write_text(runner.read_text())
    (tests / "firmware" / "test_good.py").write_text("def test_one():\n    pass\n")
    (tests / "firmware" / "test_bad.py").write_text("def test_one():\n    assert 0\n")
    wheel = Path(sys.executable).with_name("micropython")
    assert bits32.test(wheel, tmp_path) == (1, ["tests/firmware/test_bad.py"])
