# mypy: ignore-errors
"""Runs first in the interpreter: the chip's modules go in, the flash is mounted, main.py runs.

Arguments: the inherited control socket, the inherited flash image, where the ROM partition is in
memory and its size. Afterwards nothing of the host is within the firmware's reach: its paths and
its modules are the chip's.
"""

import gc
import os
import sys

_folder, _control, _image = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.path[:] = [_folder, ".frozen"]


_OS_NAMES = (
    "chdir errno getcwd ilistdir listdir mkdir remove rename rmdir stat statvfs unlink urandom "
    "mount umount VfsFat VfsLfs2 sep"
)


class _Os:
    """The names of os that the chip has."""


def _install(names):
    # all of them first: while they are imported, `import time` must still mean the host's
    for name in names:
        __import__("chip_" + name)
    for name in names:
        sys.modules[name] = sys.modules["chip_" + name]


def _narrow_os():
    for name in _OS_NAMES.split():
        if hasattr(os, name):
            setattr(_Os, name, getattr(os, name))
    _Os.uname = lambda: ("esp32", "esp32", "1.29.0", "virtual", "Trygg virtual board")
    sys.modules["os"] = _Os


class _Vfs:
    """The names of vfs that the chip has."""


def _open_rom(vfs):
    """vfs as the chip has it: with the ROM partition, in memory at an address."""
    import uctypes

    at, size = (int(sys.argv[4]), int(sys.argv[5])) if len(sys.argv) > 5 else (0, 0)
    for name in ("VfsFat", "VfsLfs2", "VfsRom", "mount", "umount"):
        setattr(_Vfs, name, getattr(vfs, name))
    _Vfs.rom_ioctl = lambda op, *_: size and 1 if op == 1 else uctypes.bytearray_at(at, size)
    sys.modules["vfs"] = _Vfs


def _start():
    import vfs
    import wire

    wire.attach(_control)
    cause, wake, raw, blocks = wire.hello()
    _install(("time", "esp32", "network", "bluetooth", "socket", "machine"))
    sys.modules["machine"].began(cause, wake)
    from chip_flash import Flash

    device = Flash(_image, blocks)
    vfs.umount("/")
    try:
        vfs.mount(vfs.VfsLfs2(device), "/")
    except OSError:
        vfs.VfsLfs2.mkfs(device)
        vfs.mount(vfs.VfsLfs2(device), "/")
    _mount_rom(vfs)
    return wire, raw


def _mount_rom(vfs):
    """The ROM partition at /rom, as the chip's own start does; silently not if it holds none."""
    _open_rom(vfs)
    try:
        vfs.mount(vfs.VfsRom(_Vfs.rom_ioctl(2, 0)), "/rom")
    except OSError:
        return


def _clean():
    for name in list(sys.modules):
        if name not in (
            "time",
            "esp32",
            "network",
            "bluetooth",
            "socket",
            "machine",
            "os",
            "vfs",
            "__main__",
        ):
            del sys.modules[name]
    sys.path[:] = ["", ".frozen", "/lib", "/rom", "/rom/lib"]
    sys.argv[:] = []
    for name in (
        "_install",
        "_narrow_os",
        "_Os",
        "_OS_NAMES",
        "_start",
        "_mount_rom",
        "_open_rom",
        "_Vfs",
        "_clean",
        "_folder",
        "_control",
    ):
        globals().pop(name, None)


_wire, _raw = _start()
_narrow_os()
_clean()
gc.collect()
_wire.tell(23, "<I", gc.mem_free())


def _run(name):
    """One script of the board; an error is printed and the REPL comes, as on the chip."""
    try:
        os.stat(name)
    except OSError:
        return
    try:
        execfile(name)  # noqa: F821
    except KeyboardInterrupt as error:
        sys.print_exception(error)
    except SystemExit:
        sys.modules["machine"].soft_reset()
    except Exception as error:  # noqa: BLE001
        sys.print_exception(error)


_run("boot.py")
if not _raw:
    _run("main.py")
