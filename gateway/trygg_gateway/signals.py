"""What the gateway does on a signal, in the event loop."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT stop cleanly; a second one ends the process as it would without us."""
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        on_signal(number, partial(asked, number))


def on_signal(number: signal.Signals, act: Callable[[], None]) -> None:
    """Call `act` in the loop when the signal comes."""
    try:
        asyncio.get_running_loop().add_signal_handler(number, act)
    except (NotImplementedError, RuntimeError, ValueError):
        return  # not the main thread, as in a test: whoever runs us uses `stop`
