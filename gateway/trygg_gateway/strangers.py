"""Connections of whom nobody knows yet who they are: few enough, and nobody crowds the others out.

When there are too many of one address, its oldest makes room for the newest; when there are too
many in all, the oldest of the address that has most of them. So whoever opens connections by the
thousand from one place closes its own.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Protocol


class Stranger(Hashable, Protocol):
    """A connection in its TLS handshake, or before its CONNECT."""

    def abort(self, why: str) -> None:
        """Close at once."""


class Strangers:
    """At most `most` of them, and `of_one` of one address."""

    def __init__(self, most: int, of_one: int) -> None:
        self._most = most
        self._of_one = of_one
        self._address: dict[Stranger, str] = {}  # the oldest first
        self._count: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._address)

    def __iter__(self) -> Iterator[Stranger]:
        return iter(list(self._address))

    def add(self, stranger: Stranger, address: str) -> Stranger | None:
        """One more; whoever has to go for it has been taken out already."""
        leaves = None
        if self._count[address] >= self._of_one:
            leaves = self._oldest_of(address)
        elif len(self._address) >= self._most:
            leaves = self._oldest_of(max(self._count, key=lambda one: self._count[one]))
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

    def _oldest_of(self, address: str) -> Stranger:
        return next(one for one, its in self._address.items() if its == address)
