"""A Mosquitto as the other end of a sink, with somebody who listens there."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.mosquitto import Mosquitto
from gateway.mqtt_ear import Ear
from gateway.sink_peer import Peer

PASSWORD = "skogen og fjellet 2026"


def broker_at(folder: Path, config: str = "") -> Mosquitto:
    """A broker that keeps its sessions over a stop, and wants a password."""
    kept = f"persistence true\npersistence_location {folder}/\n"
    return Mosquitto(folder, kept + config, users={"trygg": PASSWORD})


@contextmanager
def broker_peer(
    folder: Path, settings: str, listen: str, identity: Callable[[str, bytes], str | None]
) -> Iterator[Peer]:
    """A peer whose effects are publishes on `listen`; `identity` of one is None if it is none."""
    (folder / "password").write_text(PASSWORD + "\n")
    with broker_at(folder) as broker:
        ear = Ear(broker.port, listen, PASSWORD, "trygg")

        def got() -> list[str]:
            found = [identity(topic, payload) for topic, payload, _ in list(ear.heard)]
            return list(dict.fromkeys(one for one in found if one))

        def down() -> None:
            ear.close()
            broker.stop()

        def up() -> None:
            broker.start()
            ear.open()

        where = f'url = "{broker.url}"\nusername = "trygg"\npassword_file = "{folder}/password"\n'
        yield Peer(f"{settings}\n{where}timeout_seconds = 5", got, down, up, secrets=(PASSWORD,))
        ear.close()


@contextmanager
def mqtt_peer(folder: Path) -> Iterator[Peer]:
    """Events at another broker."""

    def identity(_topic: str, payload: bytes) -> str | None:
        found = json.loads(payload)["id"]
        return None if found.startswith("_gateway:") else found

    place = f"ear/{secrets.token_hex(2)}"
    settings = f'type = "mqtt"\ntopic = "{place}/{{device}}/{{kind}}"'
    with broker_peer(folder, settings, f"{place}/#", identity) as peer:
        yield peer
