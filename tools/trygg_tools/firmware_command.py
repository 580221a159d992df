"""`trygg firmware`: the firmware compiled for a chip, ready for mpremote."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trygg_tools.firmware_image import MAIN, compiled, firmware_folder, rom_image


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
    (files / MAIN).write_bytes((source / MAIN).read_bytes())
    count = 1
    for path in sorted(source.rglob("*.py")):
        if path != source / MAIN:
            name = path.relative_to(source)
            target = files / name.with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(compiled(path, str(name), arch.value))
            count += 1
    typer.echo(f"{out}: {count} files for {arch.value}. With a ROMFS partition:")
    typer.echo(f"  mpremote romfs deploy {out / 'rom.romfs'} + cp {files / MAIN} :main.py + reset")
    typer.echo("Without one:")
    typer.echo(f"  mpremote cp -r {files}/. : + reset")
