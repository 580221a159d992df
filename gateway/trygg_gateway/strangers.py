"""Connections of whom nobody knows yet who they are: few enough, and nobody crowds the others out.

When there are too many, one makes room for the newest: the oldest of the address that has most of
them. So whoever opens connections by the thousand from one place closes its own.
"""

from collections import Counter
from collections.abc import Hashable
from typing import Protocol


class Stranger(Hashable, Protocol):
    """A connection in its TLS handshake, or before its CONNECT."""

    def abort(self, why: str) -> None:
        """Close at once."""


class Strangers:
    """At most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._address: dict[Stranger, str] = {}  # the oldest first
        self._count: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._address)

    def add(self, stranger: Stranger, address: str) -> Stranger | None:
        """One more; whoever has to go for it has been taken out already."""
        leaves = self._one_of_the_crowd() if len(self._address) >= self._most else None
        if leaves is not None:
            self.discard(leaves)
        self._address[stranger] = address
        self._count[address] += 1
        return leaves

    def discard(self, stranger: Stranger) -> None:
        """It is known now, or gone; one who is not here is let pass."""
        address = self._address.pop(stranger, None)
        if address is not None:
            self._count[address] -= 1
            if not self._count[address]:
                del self._count[address]

    def _one_of_the_crowd(self) -> Stranger | None:
        crowded = max(self._count, key=lambda address: self._count[address], default=None)
        of_it = (one for one, address in self._address.items() if address == crowded)
        return next(of_it, None)
