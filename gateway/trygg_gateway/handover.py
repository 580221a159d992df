"""How soon one thread hands the interpreter to another that waits for it.

The journal's writer gives the interpreter away while SQLite works, and wants it back for
microseconds before the next statement. A busy event loop lets go by itself only after Python's 5
ms, so a commit of ten statements took 50 ms that were nobody's work, and the doors waited for it.
With 1 ms the doors commit a third more behind a broker, and a tracker waits a third less.
"""

import sys

SOON_S = 0.001


def hand_over_soon() -> None:
    """For the whole process, from now on."""
    sys.setswitchinterval(SOON_S)
