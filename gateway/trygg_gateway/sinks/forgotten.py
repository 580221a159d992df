"""Whose copies are to go: the gateway's word that a person was forgotten (forgetting.py). Pure.

The word can be heard long after it was said: a replay, a backfill, a sink that was behind. Who has
the name by then may be somebody else, so a sink deletes what the gateway had received when it said
so, and nothing that came later.
"""

from __future__ import annotations

from typing import NamedTuple

from trygg_gateway.about import About
from trygg_gateway.delivery import Delivery


class Forgotten(NamedTuple):
    """Of this device, all that was received by then, in Unix milliseconds of the gateway."""

    device: str
    said_ms: int

    def is_of_another(self, now: About) -> bool:
        """Whether the name was registered anew since, so that what stands may be the new one's."""
        return now.since_ms > self.said_ms


def forgotten_by(entry: Delivery) -> Forgotten | None:
    """What the entry asks to delete; None for any other entry.

    It is said when the deletion begins and when it is done, so what was on its way in between goes
    with the second one.
    """
    data = entry.data
    if data["kind"] == "gateway" and data.get("what") == "forgotten":
        return Forgotten(str(data["device"]), entry.received_ms)
    return None
