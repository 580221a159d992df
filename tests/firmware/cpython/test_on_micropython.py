"""Every test of the firmware runs a second time, under real MicroPython.

The interpreter is the `micropython` beside this Python, with a heap of 192 KiB: on a 64-bit build,
whose objects are twice as large, that is close to what an ESP32 leaves to the firmware.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MICROPYTHON = Path(sys.executable).parent / "micropython"
FILES = sorted(path.relative_to(ROOT) for path in ROOT.glob("tests/firmware/test_*.py"))
HEAP = "192k"


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no micropython wheel for this machine")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_passes_under_micropython(path: Path) -> None:
    command = [MICROPYTHON, "-X", f"heapsize={HEAP}", "tests/on_micropython.py", path.as_posix()]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_there_is_something_to_run() -> None:
    assert FILES
