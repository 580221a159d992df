"""What the newcomer types while the demo runs: a letter and Enter, where a terminal listens."""

import os
import select
import sys
import time


def listens() -> bool:
    """Whether standard input is a terminal and the demo is in its foreground."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def typed(seconds: float) -> str:
    """The line typed within `seconds`, small and bare; "" for none. Waits so long at most."""
    if not listens():
        time.sleep(seconds)
        return ""
    if not select.select([sys.stdin], [], [], seconds)[0]:
        return ""
    line = sys.stdin.readline()
    if not line:  # Ctrl-D: nothing more will come, and select would not wait
        time.sleep(seconds)
    return line.strip().lower()
