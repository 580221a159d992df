"""What Traccar's OsmAnd port does with a request, as far as a sender can tell."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from gateway.http_end import http_end
from gateway.sink_peer import Peer


def read(path: str, body: bytes) -> tuple[str, dict[str, object]]:
    """The device and what is told of it, from a query or from JSON."""
    if body:
        told = json.loads(body)
        return told["device_id"], {**told["location"], **told["location"]["extras"]}
    query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
    return query["id"], query


@contextmanager
def traccar_peer(folder: Path) -> Iterator[Peer]:
    """A server at which astrid is registered, and nobody else."""
    never: list[int] = []

    def judge(path: str, _headers: dict[str, str], body: bytes) -> int:
        device, told = read(path, body)
        if device != "astrid" or int(str(told["index"])) in never:
            return 404 if body else 400
        return 200

    with http_end(judge) as end:

        def got() -> list[str]:
            found = []
            for path, _, body in list(end.requests):
                device, told = read(path, body)
                if "batt" in told or "battery" in told:  # what goes with the newest position
                    found.append(f"{device}:{told['boot']}:{told['index']}")
            return list(dict.fromkeys(found))

        yield Peer(
            f'type = "traccar"\nurl = "{end.url}/"\ntimeout_seconds = 5',
            got,
            end.down,
            end.up,
            refuse=lambda identity: never.append(int(identity.rpartition(":")[2])),
            stumble=lambda taken: end.answers.extend([200] * 2 * taken + [503]),
        )
