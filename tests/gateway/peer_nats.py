"""A real nats-server as the other end of a sink."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nats.js.errors import NotFoundError

from gateway.nats_server import PASSWORD, NatsServer
from gateway.sink_peer import Peer


@contextmanager
def nats_peer(folder: Path) -> Iterator[Peer]:
    """Events in a stream."""
    (folder / "password").write_text(PASSWORD + "\n")
    with NatsServer(folder) as server:

        def got() -> list[str]:
            try:
                kept = [message.headers["Nats-Msg-Id"] for message in server.kept()]
            except NotFoundError:
                return []
            return [one for one in kept if not one.startswith("_gateway:")]

        settings = f'type = "nats"\nurl = "nats://127.0.0.1:{server.port}"\nusername = "trygg"\n'
        settings += f'password_file = "{folder}/password"\ntimeout_seconds = 5'
        yield Peer(settings, got, server.stop, server.start, secrets=(PASSWORD,))
