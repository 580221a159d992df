"""The outbox and the boot number on LittleFS itself, as MicroPython has it on the chip."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from micropython_wheel import needs_micropython

ROOT = Path(__file__).resolve().parents[2]
MICROPYTHON = Path(sys.executable).parent / "micropython"
STEP = 5  # every so many of the states; 1 tries all 1,339 of them in six seconds


@pytest.fixture(scope="module")
def said():
    life = [MICROPYTHON, "-X", "heapsize=8m", "tests/tools/on_littlefs.py", "firmware", str(STEP)]
    done = subprocess.run(life, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@needs_micropython
def test_a_cut_in_any_write_or_erase_of_the_device_loses_nothing_that_was_kept(said):
    assert said["faults"] == []
    assert said["writes"] > 300
    assert said["states"] * STEP > 2 * said["writes"]


@needs_micropython
def test_no_more_sectors_are_erased_than_are_counted(said):
    (records, erased), (files, erased_for_files), (shapes, erased_for_shapes) = said["wear"]
    assert 0.9 * records <= erased <= records
    assert erased_for_files <= files
    assert 0.6 * shapes <= erased_for_shapes <= shapes, "files of several blocks"
