"""How many wrong passwords the gateway's own door listens to: by device, and by address.

Passwords have 144 random bits, so nobody guesses one; but each guess costs a hashing, and a person
should see that somebody tries. Every wrong password is held against its device and against its
address for a while (`free` of them at once, then one in `every_s`). Beyond that a login is refused
without a look at its password, the right one too.

So that guessing cannot lock a tracker out, there is a way in past both: where a device has logged
in before, it is judged by the wrong passwords for it from there alone, and what others guess at a
device is not held against an address from which no wrong password came of late, since a tracker
on a mobile network has a new one every day. Only one that comes from where the guesses come from,
and was never there before, waits, at most LONGEST_S after the last guess. Connections that stand
are not touched. All of it is in memory: a restart forgets it.

Pure: the time comes in. An address is an IPv4 address or the /64 of an IPv6 one.
"""

from ipaddress import IPv6Address, ip_address
from typing import NamedTuple


class Patience(NamedTuple):
    """What is borne: `free` wrong passwords at once, and in the long run one in `every_s`."""

    free: int
    every_s: float


DEVICE = Patience(10, 30.0)
ADDRESS = Patience(30, 10.0)  # many trackers may stand behind one
KNOWN = Patience(10, 10.0)  # a device where it has logged in before
LONGEST_S = 900.0  # nobody waits longer for having guessed
KEPT_MAX = 20_000  # devices and addresses remembered

Key = tuple[str, str]  # device and address; one of them may be empty


class Guesses:
    """`wait_s` before a password is checked, `wrong` or `right` after it."""

    def __init__(self) -> None:
        self._forgiven_at: dict[Key, float] = {}  # when the last of its guesses is forgiven
        self._known: dict[Key, None] = {}  # where which device has logged in, the oldest first

    def wait_s(self, device: str, address: str, now: float) -> float:
        """For how long logins of that device from there are refused; 0: they are checked."""
        if (device, address) in self._known:
            return self._left_s((device, address), KNOWN, now)
        if self._forgiven_at.get(("", address), now) <= now:
            return 0.0  # nobody there has guessed of late
        of_device = self._left_s((device, ""), DEVICE, now)
        return max(of_device, self._left_s(("", address), ADDRESS, now))

    def wrong(self, device: str, address: str, now: float) -> None:
        """That was a wrong password."""
        self._blame((device, ""), DEVICE, now)
        self._blame(("", address), ADDRESS, now)
        if (device, address) in self._known:
            self._blame((device, address), KNOWN, now)

    def right(self, device: str, address: str) -> None:
        """That was its password: from there it is known from now on."""
        key = device, address
        self._forgiven_at.pop(key, None)
        self._known.pop(key, None)
        self._known[key] = None
        if len(self._known) > KEPT_MAX:
            del self._known[next(iter(self._known))]

    def _left_s(self, key: Key, patience: Patience, now: float) -> float:
        owed_s = self._forgiven_at.get(key, now) - now
        return max(0.0, owed_s - (patience.free - 1) * patience.every_s)

    def _blame(self, key: Key, patience: Patience, now: float) -> None:
        owed_s = max(0.0, self._forgiven_at.pop(key, now) - now) + patience.every_s
        most_s = (patience.free - 1) * patience.every_s + LONGEST_S
        if len(self._forgiven_at) >= KEPT_MAX:
            self._forget(now)
        self._forgiven_at[key] = now + min(owed_s, most_s)

    def _forget(self, now: float) -> None:
        """Make room: those who are forgiven go, else the one blamed longest ago."""
        kept = {key: when for key, when in self._forgiven_at.items() if when > now}
        if len(kept) >= KEPT_MAX:
            del kept[next(iter(kept))]
        self._forgiven_at = kept


def neighbourhood(host: str) -> str:
    """The address that guesses are held against; "" for none."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
