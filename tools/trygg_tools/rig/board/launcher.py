"""Becomes the interpreter: takes the pty as its controlling terminal, then runs MicroPython.

Run by path with `python -I -S`, without site-packages, so a start takes some 15 ms.
Arguments: the folder of micropython_run, then MicroPython's own.
"""

import fcntl
import signal
import sys
import termios

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the host's end of the pty closed: end too
if sys.stdin.isatty():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.path.insert(0, sys.argv[1])

import micropython_run  # type: ignore[import-not-found]  # noqa: E402

micropython_run.run_main(["micropython", *sys.argv[2:]])
