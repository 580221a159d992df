"""What the forwarder asks of a sink, what a sink can answer, and the two ways it can say no.

    deliver(entries)   hand them on, in order; returning means every one of them is confirmed
    raise Later        not now (network, 5xx, disk full): the rest is tried again, for ever
    raise Refused      this one entry, never: it is set aside and the rest goes on

A confirmation is classed by what the other end's protocol says with it, never by what we hope:

    ACCEPTED   the peer has it in its hands (a PUBACK of a broker, 202, a mail server's 250)
    STORED     the peer says that it has it for good (a commit, a file synced, 200 of a webhook)
    HANDLED    the peer says that it has acted on it (a centre's own acknowledgement of an alarm)

A sink declares the strongest that its peer can say (`confirms`), and `deliver` returns the weakest
of its batch. "The centre has it" stands in an alarm's timeline only from STORED on; ACCEPTED stands
there as what it is, and the next channel begins as if nobody had said anything.

`confirmed` of both exceptions counts the entries at the front of the list that did get through
before; for Refused the next one is the one refused. Those count as `confirms` says.

Delivery is at least once: an entry may come again after a crash or a lost answer, with the same
id, and the sink says how that has an effect only once. Whatever else comes out of `deliver` is a
fault of ours: it is counted, said without what it holds, the batch is tried again one by one, and
the entry that it always comes with is set aside, so that one record never stops the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from trygg_gateway.delivery import Delivery


class Answer(StrEnum):
    """What a confirmation is worth; see above."""

    ACCEPTED = "accepted"
    STORED = "stored"
    HANDLED = "handled"

    @property
    def counts(self) -> bool:
        """Whether who gave it has the alarm."""
        return self is not Answer.ACCEPTED


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
    """A place records are forwarded to. Each lane, and a replay, has one `deliver` under way."""

    batch: int  # most entries it wants at once; twice as many a lane may come again after a crash
    alarm_batch: int  # the same for alarms: 1 where each has a confirmation of its own
    confirms: Answer  # the strongest that its peer can say
    counters: dict[str, int]  # what it counts itself, shown as it is; may be empty

    async def start(self) -> None:
        """Read what it needs (secret, tail of a file), connect if that is cheap.

        Raises Later if that cannot be done yet, and is then called again.
        """

    async def deliver(self, entries: Sequence[Delivery]) -> Answer:
        """Hand on the entries in order; the weakest answer. Raises Later or Refused.

        Ends by itself: every wait for the peer has a time-out. It may be cancelled at any await.
        An entry whose data["kind"] is "test" was sent by a person who wants to know whether the
        peer answers: what has no place for it does something harmless that the peer must answer.
        """

    async def stop(self) -> None:
        """Let go of connections and files. Raises nothing, after whatever was before."""
