"""What stops a technician, said in words of a workshop."""

from __future__ import annotations

from trygg_tools.port_words import why_not


class FlashError(Exception):
    """It cannot go on; the text says the port, what was wanted, what came and what to do."""


def of_the_port(port: str, error: Exception) -> FlashError:
    """The same for what pyserial, mpremote or the system said when a port was opened."""
    why = why_not(port, error)
    return FlashError(f"{port}: {why}") if why else of_the_board(port, error)


def of_the_board(port: str, error: Exception) -> FlashError:
    """The same for what they said of a port that was open; a cable that is pulled takes its port's
    name away, too."""
    if "timeout waiting" in str(error):
        return FlashError(
            f"{port}: the board has stopped to answer. Press its reset button, look at its supply,"
            " then do the same again: on the board is the old or the new firmware, whole"
        )
    last = (str(error).splitlines() or ["no answer"])[-1]
    return FlashError(
        f"{port}: the board went away ({last}). Look at the cable, then do the same again: on the"
        " board is the old or the new firmware, whole"
    )
