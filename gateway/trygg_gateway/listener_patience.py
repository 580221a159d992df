"""How long the gateway's own door waits for one connection: to speak, to finish, to read. Pure."""

from trygg_gateway.listener_limits import Limits

SILENT, UNFINISHED, UNREAD = "silent", "unfinished", "unread"


class Patience:
    """Since when what has been waited for; `seconds` it may be silent."""

    __slots__ = ("_began_at", "_heard_at", "_unread_since", "seconds")

    def __init__(self, since: float, seconds: float) -> None:
        self.seconds = seconds
        self._heard_at = self._began_at = since
        self._unread_since = 0.0  # 0: nothing waits to be written

    def heard(self, now: float) -> None:
        """It has spoken, or it is we who do not listen."""
        self._heard_at = now

    def begun(self, now: float) -> None:
        """The packet that comes now has just begun."""
        self._began_at = now

    def out(self, now: float, limits: Limits, unfinished: bool, unread: int) -> str:
        """What it did not do in time, "" for nothing.

        `unfinished`: half a packet of it is here; `unread`: bytes that it has not taken."""
        if now - self._heard_at > self.seconds:
            return SILENT
        if unfinished and now - self._began_at > limits.packet_seconds:
            return UNFINISHED
        if not unread:
            self._unread_since = 0.0
        elif not self._unread_since:
            self._unread_since = now
        elif now - self._unread_since > limits.write_seconds:
            return UNREAD
        return ""
