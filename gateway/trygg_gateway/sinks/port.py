"""What the forwarder asks of a sink, and the two ways a sink can say no.

    deliver(entries)   hand them on, in order; returning means every one of them is confirmed
    raise Later        not now (network, 5xx, disk full): the rest is tried again, for ever
    raise Refused      this one entry, never: it is set aside and the rest goes on

`confirmed` of both counts the entries at the front of the list that did get through before the
exception; for Refused the next one is the one refused. Delivery is at least once: an entry may
come again after a crash, with the same id, and the sink says how that has an effect only once.
"""

from __future__ import annotations

from typing import Protocol

from trygg_gateway.delivery import Delivery


class SinkError(Exception):
    """The tree: Later and Refused. The text is a sentence without coordinates or secrets."""

    def __init__(self, reason: str, confirmed: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.confirmed = confirmed


class Later(SinkError):
    """Try again; after `retry_after_s` seconds if the other end said when."""

    def __init__(self, reason: str, retry_after_s: float | None = None, confirmed: int = 0) -> None:
        super().__init__(reason, confirmed)
        self.retry_after_s = retry_after_s


class Refused(SinkError):
    """The other end will never take this entry."""


class Sink(Protocol):
    """A place records are forwarded to. Each lane has one `deliver` under way at a time."""

    batch: int  # most entries it wants at once; twice as many a lane may come again after a crash
    alarm_batch: int  # the same for alarms: 1 where each has a confirmation of its own

    async def start(self) -> None:
        """Read what it needs (secret, tail of a file). Raises Later if that cannot be done yet."""

    async def deliver(self, entries: list[Delivery]) -> None:
        """Hand on the entries in order, or raise Later or Refused."""

    async def stop(self) -> None:
        """Let go of connections and files."""
