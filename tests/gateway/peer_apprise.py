"""A real mail server as the other end of the sink for people."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.mail_server import MailServer
from gateway.records import NOW_S, alarm, row
from gateway.sink_peer import Peer
from trygg_gateway.delivery import Delivery, delivery
from trygg_gateway.values import ALARM


def alarms(number: int, first: int = 1, lane: int = ALARM) -> list[Delivery]:
    """Deliveries of alarms, numbered from `first`, a second apart."""
    return [
        delivery(row(alarm(1, seq, NOW_S + seq), id_=seq, lane=lane), "nord")
        for seq in range(first, first + number)
    ]


@contextmanager
def apprise_peer(folder: Path) -> Iterator[Peer]:
    """The night's mailbox."""
    with MailServer() as server:
        url = f"mailto://127.0.0.1:{server.port}?from=trygg@nord.example&to=nattvakt@nord.example"
        (folder / "url").write_text(url + "&format=text\n")

        def got() -> list[str]:
            found = [re.search(r"Ref (\S+)", text).group(1) for _, text in server.texts()]
            return list(dict.fromkeys(one for one in found if not one.startswith("_gateway")))

        yield Peer(
            f'type = "apprise"\nurl_file = "{folder}/url"\ntimeout_seconds = 5',
            got,
            server.down,
            server.up,
            secrets=("nattvakt",),
            stumble=lambda taken: server.answers.extend(["250 taken"] * taken + ["451 not now"]),
            entries=alarms,
        )
