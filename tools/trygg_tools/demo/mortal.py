"""A program that does not outlive the one that started it, however that one ended.

    python -m trygg_tools.demo.mortal PARENT-PID ARGUMENTS...

becomes `python ARGUMENTS...` and gets SIGTERM from the kernel as soon as its parent is gone, by
kill -9 too: PR_SET_PDEATHSIG of prctl(2), which an exec keeps. Linux only; elsewhere it becomes
that program and no more.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def mortal(arguments: Sequence[str]) -> list[str]:
    """The command that runs `python arguments` for as long as this process lives.

    To be started by the main thread: the kernel watches the thread, not the process.
    """
    return [sys.executable, "-m", "trygg_tools.demo.mortal", str(os.getpid()), *arguments]


def main() -> None:
    """Bind this process to its parent, then become the program."""
    parent, arguments = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != parent:  # it ended before we asked
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own program


if __name__ == "__main__":
    main()
