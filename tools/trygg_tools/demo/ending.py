"""How the demo ends: Ctrl-C, a closed terminal or a plain `kill` end every part, once, in order."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def one_interrupt() -> Iterator[None]:
    """The first of SIGNALS raises KeyboardInterrupt; those that follow change nothing.

    So a second Ctrl-C does not tear the tidying that the first one began. It takes at most ten
    seconds for each part: whoever does not end when asked is killed.
    """
    before = [signal.signal(number, _raise_once) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


def _raise_once(_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
