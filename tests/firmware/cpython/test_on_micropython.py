"""Every test of the firmware runs a second time, under real MicroPython.

The interpreter is the `micropython` beside this Python, with a heap of 192 KiB: on a 64-bit build,
whose objects are twice as large, that is less than what an ESP32 leaves to the firmware. A file
that shares the heap with a rig says so in its docstring: `# heap: 512k  (why)`.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from micropython_wheel import needs_micropython

ROOT = Path(__file__).resolve().parents[3]
MICROPYTHON = Path(sys.executable).parent / "micropython"
FILES = sorted(path.relative_to(ROOT) for path in ROOT.glob("tests/firmware/test_*.py"))
HEAP = "192k"


def heap_of(path: Path) -> str:
    """The heap that a file wants, HEAP unless it says otherwise."""
    wanted = re.search(r"^# heap: (\d+k)  \(.+\)$", (ROOT / path).read_text(), re.MULTILINE)
    return wanted.group(1) if wanted else HEAP


@needs_micropython
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_passes_under_micropython(path: Path) -> None:
    heap = f"heapsize={heap_of(path)}"
    command = [MICROPYTHON, "-X", heap, "tests/on_micropython.py", path.as_posix()]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_there_is_something_to_run() -> None:
    assert FILES
