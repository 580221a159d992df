"""Whether one who says to be a tracker is it: by the certificate it has shown, or its password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from trygg_gateway import listener_login
from trygg_gateway.listener_login import Login, Refusal
from trygg_gateway.values import Busy

if TYPE_CHECKING:
    from trygg_gateway.listener import Listener
    from trygg_gateway.listener_tls import Certificate

log = structlog.get_logger("listener")


def by_certificate(door: Listener, asked: Login, shown: Certificate | None) -> str | None:
    """The group of the tracker if what it has shown is its own certificate; nobody guesses one, so
    no ban stands before this."""
    if shown is None or shown.name != asked.device:
        return None
    return door.recognise(asked.device, shown.sha256)


async def by_password(door: Listener, asked: Login, password: bytes, address: str) -> str | Refusal:
    """The group of the tracker, or why not; a wrong password is held against who said it."""
    try:
        group = await door.check(asked.device, password)
    except Busy:
        return listener_login.BUSY
    except Exception:  # the registry's trouble is told to one client, not to all
        log.exception("check_failed", device=asked.device)
        return listener_login.CHECK_FAILED
    if group is None:
        door.guesses.wrong(asked.device, address, door.loop.time())
        return listener_login.WRONG
    door.guesses.right(asked.device, address)
    return group
