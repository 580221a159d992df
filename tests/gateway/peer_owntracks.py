"""OwnTracks' other ends: a broker somebody listens at, and an endpoint that takes posts."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.http_end import http_end
from gateway.peer_mqtt import PASSWORD, broker_peer
from gateway.sink_peer import Peer


def identity_of(body: bytes) -> str | None:
    """The record whose newest position this is."""
    told = json.loads(body)
    newest = told["_type"] == "location" and "-" not in told["_id"]
    return told["_id"] if newest else None


@contextmanager
def owntracks_mqtt_peer(folder: Path) -> Iterator[Peer]:
    """A broker at which a friend's app listens."""
    settings = 'type = "owntracks-mqtt"\nuser = "nord"'
    listen = "owntracks/nord/#"
    with broker_peer(folder, settings, listen, lambda _topic, body: identity_of(body)) as peer:
        yield peer


@contextmanager
def owntracks_http_peer(folder: Path) -> Iterator[Peer]:
    """An endpoint that wants a password, as the Recorder behind its proxy."""
    (folder / "password").write_text(PASSWORD + "\n")
    wanted = "Basic " + base64.b64encode(f"trygg:{PASSWORD}".encode()).decode()
    never: list[str] = []

    def judge(_path: str, headers: dict[str, str], body: bytes) -> int:
        if headers.get("authorization") != wanted:
            return 401
        return 422 if body and identity_of(body) in never else 200

    with http_end(judge) as end:

        def got() -> list[str]:
            found = [identity_of(body) for _, _, body in list(end.requests) if body]
            return list(dict.fromkeys(one for one in found if one))

        settings = f'type = "owntracks-http"\nurl = "{end.url}/pub"\nusername = "trygg"\n'
        settings += f'password_file = "{folder}/password"\ntimeout_seconds = 5'
        yield Peer(
            settings,
            got,
            end.down,
            end.up,
            secrets=(PASSWORD, wanted.split()[1]),
            refuse=never.append,
            # two positions a record, and a card before the first
            stumble=lambda taken: end.answers.extend([200] * (2 * taken + 1) + [503]),
        )
