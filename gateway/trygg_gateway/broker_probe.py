"""Whether a broker that looks connected still hands on what is published: asked all the time. Pure.

A socket that stands and a PINGRESP say only that somebody is there. So the door publishes a word on
a topic of its own and wants it back. One that does not come in time, on a connection on which one
came before, ends the connection; a broker that gives us no right to the topic is served without.
"""

EVERY_S = 30.0  # between two words
PATIENCE_S = 20.0  # for one to come back


class Probe:
    """Of one connection; `now` counts seconds."""

    def __init__(self, now: float) -> None:
        self._at = now - EVERY_S  # the last word; the first one at once
        self._heard = True
        self._ever = False

    def due(self, now: float) -> bool:
        """A word is to be published; then say `sent`."""
        return self._heard and now - self._at >= EVERY_S

    def sent(self, now: float) -> None:
        """One was published."""
        self._at = now
        self._heard = False

    def echoed(self) -> None:
        """One has come back."""
        self._heard = self._ever = True

    @property
    def refused(self) -> bool:
        """On this connection none has ever come back."""
        return not self._heard and not self._ever

    def spared(self, now: float) -> None:
        """It is we who do not read for now: what is under way has all its time before it."""
        if not self._heard:
            self._at = now

    def lost(self, now: float) -> bool:
        """It is too late, on a connection on which it was not before."""
        return self._ever and not self._heard and now - self._at > PATIENCE_S
