"""`trygg firmware`: the firmware compiled for a chip, ready for mpremote."""

import re
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trygg_tools.firmware_image import compiled, firmware_folder, linked_folder, rom_image
from trygg_tools.linker import MAIN, main_file

PLACE = re.compile(r'File "([\w.]+)", line (\d+), in (\w+)')


class Arch(StrEnum):
    """Architectures of native code in MicroPython."""

    xtensawin = "xtensawin"  # ESP32, S2, S3
    rv32imc = "rv32imc"  # ESP32-C3, C6
    x64 = "x64"  # the virtual board


def command(
    out: Annotated[Path, typer.Argument(help="Folder to write to; made if missing.")],
    arch: Annotated[Arch, typer.Option(help="xtensawin: ESP32, S2, S3. rv32imc: C3, C6.")] = (
        Arch.xtensawin
    ),
) -> None:
    """Compile the firmware for a chip.

    Writes `rom.romfs`, the image for a MicroPython with a ROMFS partition, and `files/`, the same
    code for the file system of one without. What mpremote is to do with them is printed.

    Example: `trygg firmware out --arch xtensawin`
    """
    source = firmware_folder()
    files = out / "files"
    files.mkdir(parents=True, exist_ok=True)
    (out / "rom.romfs").write_bytes(rom_image(source, arch.value))
    (files / MAIN).write_text(main_file(source))
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch)
        linked_folder(source, top)
        linked = [path.relative_to(top) for path in sorted(top.rglob("*.py"))]
        for name in linked:
            target = files / name.with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(compiled(top / name, name.as_posix(), arch.value))
    count = len(linked) + 1
    typer.echo(f"{out}: {count} files for {arch.value}. With a ROMFS partition:")
    typer.echo(f"  mpremote romfs deploy {out / 'rom.romfs'} + cp {files / MAIN} :main.py + reset")
    typer.echo("Without one:")
    typer.echo(f"  mpremote cp -r {files}/. : + reset")


def traceback(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="last_words.txt or a log; - is stdin.")
    ],
) -> None:
    """Say which file, line and function a tracker's traceback names.

    The firmware is linked before it is compiled: several files are one module, and names are
    short. Of another version than this one the answer is wrong. A console's log may have bytes
    that are no text in it: a reset, a wrong baud rate.

    Example: `trygg traceback last_words.txt`
    """
    with tempfile.TemporaryDirectory() as scratch:
        parts = linked_folder(firmware_folder(), Path(scratch))

    def as_written(place: re.Match[str]) -> str:
        module, line, name = place[1], int(place[2]), place[3]
        for part in reversed(parts.get(module, [])):
            if part.before < line:
                said = part.names.get(name, name)
                return f'File "{part.name}", line {line - part.before}, in {said}'
        return place[0]

    for line in file.read().decode("utf-8", "replace").splitlines(keepends=True):
        typer.echo(PLACE.sub(as_written, line), nl=False)
