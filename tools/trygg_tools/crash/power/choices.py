"""How a cut may leave what was pending: from nothing of it to all, and seeded mixtures between."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from trygg_tools.crash.power.medium import Choice


def nothing(_dice: random.Random) -> Choice:
    """Un-synced writes are dropped."""
    return Choice(_no, _no, bytes)


def everything(_dice: random.Random) -> Choice:
    """As after a kill: all that was done is there."""
    return Choice(_yes, _yes, bytes)


def mixture(dice: random.Random) -> Choice:
    """Each sector and each name by itself; a third, a half or most of them."""
    share = dice.choice((0.15, 0.5, 0.9))
    return Choice(lambda _: dice.random() < share, lambda _: dice.random() < share, _filler(dice))


def beginning(dice: random.Random) -> Choice:
    """In the order in which it was done, up to somewhere; the last write in part."""
    orders: list[bool] = []
    ends_in = dice.randrange(12)

    def reached(_order: int) -> bool:
        orders.append(True)
        return len(orders) <= ends_in

    return Choice(reached, reached, _filler(dice))


def names_first(dice: random.Random) -> Choice:
    """Every name is there and no byte: files that are empty, or as they were."""
    return Choice(_no, _yes, _filler(dice))


def bytes_first(_dice: random.Random) -> Choice:
    """Every byte is there, and no name has changed."""
    return Choice(_yes, _no, bytes)


KINDS: Final[dict[str, Callable[[random.Random], Choice]]] = {
    "nothing": nothing,
    "everything": everything,
    "mixture": mixture,
    "beginning": beginning,
    "names first": names_first,
    "bytes first": bytes_first,
}


def _yes(_order: int) -> bool:
    return True


def _no(_order: int) -> bool:
    return False


def _filler(dice: random.Random) -> Callable[[int], bytes]:
    """Zeros, or bytes that somebody else had there."""
    return bytes if dice.random() < 0.5 else dice.randbytes
