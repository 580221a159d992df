"""A broker at which a Home Assistant would listen."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.peer_mqtt import broker_peer
from gateway.sink_peer import Peer, reports
from trygg_gateway.delivery import Delivery
from trygg_gateway.values import LIVE


def news(number: int, first: int = 1, lane: int = LIVE) -> list[Delivery]:
    """Reports in the live lane whatever is asked for: history has no place there."""
    return reports(number, first, LIVE)


@contextmanager
def homeassistant_peer(folder: Path) -> Iterator[Peer]:
    """What it would see of each record: its last position."""

    def identity(topic: str, payload: bytes) -> str | None:
        return json.loads(payload)["record"] if topic.endswith("/position") else None

    settings = 'type = "homeassistant"\nplace = "ear"'
    with broker_peer(folder, settings, "ear/#", identity) as peer:
        peer.entries = news
        yield peer
