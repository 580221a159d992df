"""A process that hangs: stopped in every thread, and let go on afterwards."""

import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def frozen(pid):
    """The process does nothing meanwhile; its sockets stay as they are."""
    os.kill(pid, signal.SIGSTOP)
    try:
        until = time.monotonic() + 30
        while not _stands(pid):
            assert time.monotonic() < until
            time.sleep(0.001)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _stands(pid):
    """Whether all of its threads are stopped (proc(5), stat: state T)."""
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(text.rpartition(")")[2].split()[0] == "T" for text in stats)
