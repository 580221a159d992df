"""Becomes the interpreter: takes the pty as its controlling terminal, then runs MicroPython.

Run by path with `python -I -S`, without site-packages, so a start takes some 25 ms.
Arguments: the folder of micropython_run, the board's ROM file or "-", then MicroPython's own.
The ROM is mapped into memory, outside of the heap, as a chip's flash is; its address and size
become the last two arguments.
"""

import ctypes
import fcntl
import os
import signal
import sys
import termios

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the host's end of the pty closed: end too
if sys.stdin.isatty():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.path.insert(0, sys.argv[1])


def map_rom(path: str) -> list[str]:
    """[address, size] of the file mapped read-only for the life of this process."""
    descriptor = os.open(path, os.O_RDONLY)
    size = os.fstat(descriptor).st_size
    mmap = ctypes.CDLL(None, use_errno=True).mmap
    mmap.restype = ctypes.c_void_p
    mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    address = mmap(None, size, 1, 1, descriptor, 0)  # PROT_READ, MAP_SHARED
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), f"map {path}")
    return [str(address), str(size)]


rom = [] if sys.argv[2] == "-" else map_rom(sys.argv[2])

import micropython_run  # type: ignore[import-not-found]  # noqa: E402

micropython_run.run_main(["micropython", *sys.argv[3:], *rom])
