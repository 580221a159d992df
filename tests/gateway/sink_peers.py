"""The other ends that the contract of sinks (test_sink_contract.py) is held against: a row each.

A row is a function of an empty folder that gives, as a context, a peer:

    settings    the lines of its table [sinks.peer], without the heading
    secrets     texts that no error may show (besides every coordinate)
    got()       the identities ("astrid:1:7") of what has had an effect there, in the order in which
                it came, a double dropped where a receiver can know it: for what has no memory,
                drop doubles here by the identity, as its reader would
    down()      nobody answers any more
    up()        back, at the same address, with what it had
    refuse      refuse(identity): it will never take that entry; its name is then in REFUSING
    stumble     stumble(n): it takes n more entries, and the try after that fails once; its name is
                then in STUMBLING
    entries     entries(number, first): deliveries in a row that it takes; a second apart

A sink of a new kind adds its row to PEERS, and its peer in a file of its own if it is long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from gateway.peer_apprise import apprise_peer
from gateway.peer_homeassistant import homeassistant_peer
from gateway.peer_mqtt import mqtt_peer
from gateway.peer_nats import nats_peer
from gateway.peer_owntracks import owntracks_http_peer, owntracks_mqtt_peer
from gateway.peer_postgres import postgres_peer
from gateway.peer_traccar import traccar_peer
from gateway.receiver import SECRET, served
from gateway.sink_peer import Peer
from gateway.sink_peer import reports as reports
from gateway.whole_lines import events_in


@contextmanager
def file_peer(folder: Path) -> Iterator[Peer]:
    """A file in a folder; down is a folder that is a file."""
    place, away = folder / "events", folder / "away"
    place.mkdir()

    def got() -> list[str]:
        path = (place if place.is_dir() else away) / "events.jsonl"
        return [event["id"] for event in events_in(path)]

    def down() -> None:
        place.rename(away)
        place.write_text("not a folder")

    def up() -> None:
        place.unlink()
        away.rename(place)

    yield Peer(f'type = "file"\npath = "{place}/events.jsonl"', got, down, up)


@contextmanager
def http_peer(folder: Path) -> Iterator[Peer]:
    """The webhook receiver of the tools."""
    (folder / "secret").write_text(SECRET + "\n")
    out = folder / "received.jsonl"
    with ExitStack() as stack:
        hook = stack.enter_context(served(out))
        port = int(hook.url.split(":")[2].split("/")[0])
        settings = f'type = "http"\nurl = "{hook.url}"\nsecret_file = "{folder}/secret"\n'

        def refuse(identity: str) -> None:
            before = int(identity.rpartition(":")[2]) - 1 - len(got())
            hook.fail(*[{"fault": "202", "times": before}] if before else [], "422")

        def got() -> list[str]:
            return [event["id"] for event in events_in(out)]

        yield Peer(
            settings + "timeout_seconds = 5",
            got,
            stack.close,
            lambda: stack.enter_context(served(out, port)) and None,
            secrets=(SECRET, SECRET.removeprefix("whsec_")),
            refuse=refuse,
            stumble=lambda taken: hook.fail({"fault": "202", "times": taken}, "500"),
        )


PEERS: dict[str, Callable[[Path], AbstractContextManager[Peer]]] = {
    "file": file_peer,
    "http": http_peer,
    "mqtt": mqtt_peer,
    "postgres": postgres_peer,
    "nats": nats_peer,
    "owntracks-mqtt": owntracks_mqtt_peer,
    "owntracks-http": owntracks_http_peer,
    "traccar": traccar_peer,
    "homeassistant": homeassistant_peer,
    "apprise": apprise_peer,
}
REFUSING = ("http", "postgres", "owntracks-http", "traccar")
STUMBLING = ("http", "postgres", "owntracks-http", "traccar", "apprise")
# killed with -9: each memory and each line once; the others go by these lines and remember nothing
KILLED = ("file", "http", "mqtt", "postgres", "nats")
