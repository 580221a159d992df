"""The tracker on a MicroPython like the chip's: 32 bits, single floats, 31-bit small integers.

    python -m trygg_tools.bits32 --source ~/micropython

The wheel that tests use everywhere is a 64-bit build with double floats. This builds MicroPython's
unix port from its source with `gcc -m32` (Debian: gcc-multilib) and single floats, runs every test
of the firmware on it, and measures how much heap the firmware's code takes there and on the wheel's
build. One JSON line: tests passed and failed, bytes, and their quotient, which is what a virtual
board's heap has to be divided by to know it on a chip. The source is MicroPython's own repository
(https://github.com/micropython/micropython), which we do not carry.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from trygg_tools.bench import report
from trygg_tools.firmware_image import firmware_folder, rom_image

OFF = ("PY_BTREE", "PY_FFI", "PY_SSL", "SSL_MBEDTLS", "PY_BLUETOOTH", "PY_THREAD")
FLAGS = "-DMICROPY_FLOAT_IMPL=MICROPY_FLOAT_IMPL_FLOAT"
HEAP = "192k"
IS_LIKE_A_CHIP = "import sys; assert sys.maxsize < 1 << 31 and 1.1 + 2.2 != 3.3000000000000003"
LOADED = """\
import gc, sys, vfs
image = open({image!r}, "rb").read()
vfs.mount(vfs.VfsRom(memoryview(image)), "/rom")
sys.path[:] = ["/rom"]
gc.collect()
before = gc.mem_alloc()
import tracker.app
gc.collect()
print(gc.mem_alloc() - before)
"""


def build(source: Path) -> Path:
    """The interpreter, built in `source` (or what was built there before)."""
    port = source / "ports" / "unix"
    if not (port / "Makefile").is_file():
        raise report.BenchError(
            f"--source {source}: wanted MicroPython's repository, no ports/unix"
        )
    switches = [f"MICROPY_{name}=0" for name in OFF]
    command = ["make", "-j2", "BUILD=build-32", "CC=gcc -m32", "FROZEN_MANIFEST=", *switches]
    report.progress("building MicroPython for 32 bits")
    made = subprocess.run(  # noqa: S603 - make, and our own switches
        [*command, f"CFLAGS_EXTRA={FLAGS}"], cwd=port, capture_output=True, text=True, check=False
    )
    if made.returncode:
        hint = "Debian's gcc-multilib and libc6-dev-i386 are needed"
        raise report.BenchError(f"MicroPython was not built ({hint}):\n{made.stderr[-1500:]}")
    built = port / "build-32" / "micropython"
    subprocess.run([built, "-c", IS_LIKE_A_CHIP], check=True)  # noqa: S603 - just built
    return built


def test(interpreter: Path, root: Path) -> tuple[int, list[str]]:
    """How many test functions passed, and the names of the files that did not."""
    passed, failed = 0, []
    for path in sorted((root / "tests" / "firmware").glob("test_*.py")):
        wanted = re.search(r"^# heap: (\d+k) ", path.read_text(), re.MULTILINE)
        heap = f"heapsize={wanted.group(1) if wanted else HEAP}"
        name = path.relative_to(root).as_posix()
        ran = subprocess.run(  # noqa: S603 - just built
            [interpreter, "-X", heap, "tests/on_micropython.py", name],
            cwd=root, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        said = re.search(r"^passed (\d+) failed (\d+)$", ran.stdout, re.MULTILINE)
        passed += int(said.group(1)) if said else 0
        if ran.returncode:
            failed.append(name)
            report.progress(f"{name}: {ran.stdout[-500:]}{ran.stderr[-500:]}")
    return passed, failed


def loaded_bytes(interpreter: Path, arch: str, folder: Path) -> int:
    """The heap that all code of the tracker takes when it lies in a ROMFS, without the chip's."""
    pure, image = folder / arch, folder / f"{arch}.romfs"
    for part in ("tracker", "trygg_wire"):
        shutil.copytree(firmware_folder() / part, pure / part)
    image.write_bytes(rom_image(pure, arch))
    script = LOADED.format(image=str(image))
    ran = subprocess.run(  # noqa: S603 - an interpreter of ours
        [interpreter, "-X", "heapsize=4m", "-c", script], capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


def run(source: Path) -> dict[str, object]:
    """Build, test, measure."""
    root = firmware_folder().parent
    if not (root / "tests").is_dir():
        raise report.BenchError("the tests are in a checkout of the repository: run it there")
    narrow, wide = build(source), Path(sys.executable).with_name("micropython")
    passed, failed = test(narrow, root)
    with tempfile.TemporaryDirectory(prefix="trygg-bits32-") as folder:
        here = loaded_bytes(narrow, "x86", Path(folder))
        there = loaded_bytes(wide, "x64", Path(folder))
    figures = {"passed": passed, "failed_files": failed, "code_bytes": here}
    return {**figures, "code_bytes_64_bit": there, "quotient": round(there / here, 2)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, help="MicroPython's repository")
    told = parser.parse_args()
    if not shutil.which("make"):
        sys.exit("make is missing")
    try:
        figures = run(told.source.resolve())
    except report.BenchError as error:
        sys.exit(str(error))
    command = "python -m trygg_tools.bits32 --source micropython"
    print(
        json.dumps({"bench": "bits32", "command": command, "machine": report.machine(), **figures})
    )
    sys.exit(1 if figures["failed_files"] else 0)


if __name__ == "__main__":
    main()
