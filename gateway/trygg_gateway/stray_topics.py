"""Whose a stray is by its topic, exactly: a group that bears a tracker's name is not that tracker.

device:boot:seq                             a record's identity
trygg/v1/GROUP/DEVICE/up                    a tracker's topic, also after `too-large/SIZE/`
not-own/SENDER/ANY/TOPIC                    what our own door took from SENDER: of it, and of
                                            whom the topic names
"""

from collections.abc import Iterable
from typing import Final

from trygg_gateway.database import Database
from trygg_gateway.ingest import NOT_OWN

_PREFIX: Final = ["trygg", "v1"]
_MAYBE: Final = "SELECT id, topic FROM quarantine WHERE topic LIKE ? OR topic LIKE ?"


def names(topic: str, device: str) -> bool:
    """Whether a stray's topic names that device."""
    parts = topic.split("/")
    if len(parts) == 1:
        return topic.count(":") == 2 and topic.partition(":")[0] == device
    if parts[0] == NOT_OWN:
        return parts[1] == device or _named(parts[2:]) == device
    return _named(parts) == device


def _named(parts: list[str]) -> str:
    """The device in a topic's parts; of a topic that is not ours the last but one."""
    for at in range(len(parts) - 3):
        if parts[at : at + 2] == _PREFIX:
            return parts[at + 3]
    return parts[-2] if len(parts) > 1 else ""


def likes(device: str) -> tuple[str, str]:
    """What LIKE finds of it, and more than that: the topics that are to be looked at."""
    return f"%/{device}/%", f"{device}:%"


def ids_of(db: Database, device: str) -> Iterable[int]:
    """The numbers of the strays whose topic names that device."""
    found = db.execute(_MAYBE, likes(device)).fetchall()
    return [id_ for id_, topic in found if names(topic, device)]
