"""A copy of the wearable's schematic, to plant faults in."""

import shutil
from pathlib import Path

from trygg_tools.schematic.circuit import circuit_folder


def copy_into(tmp_path: Path) -> Path:
    """The folder of a copy."""
    folder = tmp_path / "wearable"
    shutil.copytree(circuit_folder(), folder)
    return folder


def plant(folder: Path, name: str, old: str, new: str) -> None:
    """Put `new` where `old` stands once in the file."""
    path = folder / name
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), "utf-8")
