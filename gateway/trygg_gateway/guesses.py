"""How many wrong passwords the gateway's own door listens to: by device, and by address.

Passwords have 144 random bits, so nobody guesses one; but a person should see that somebody tries,
and a tracker set up wrongly should not knock all day. Every wrong password is held against its
device and against its address for a while (`free` of them at once, one forgiven in `every_s`).
Beyond that comes a ban: logins are refused without a look at their password, the right one too,
for `first_s`, and twice as long each time until all is forgiven, LONGEST_S at most. Nothing is
forgiven during a ban.

So that guessing cannot lock a tracker out, there is a way in past both: where a device has logged
in before, it is judged by the wrong passwords for it from there alone, and what others guess at a
device is not held against an address from which no wrong password came of late, since a tracker
on a mobile network has a new one every day. Only one that comes from where the guesses come from,
and was never there before, waits; one that shows its certificate never does. Connections that
stand are not touched. A person can lift a ban (`trygg gateway bans`), and a restart forgets all.

Pure: the time comes in. An address is an IPv4 address or the /64 of an IPv6 one.
"""

from ipaddress import IPv6Address, ip_address
from typing import NamedTuple


class Patience(NamedTuple):
    """What is borne: `free` wrong passwords at once, and in the long run one in `every_s`; then a
    ban of `first_s`, the next ones twice as long each."""

    free: int
    every_s: float
    first_s: float


DEVICE = Patience(10, 30.0, 30.0)
ADDRESS = Patience(30, 10.0, 10.0)  # many trackers may stand behind one
KNOWN = Patience(10, 10.0, 10.0)  # a device where it has logged in before
LONGEST_S = 900.0  # of a ban
KEPT_MAX = 20_000  # devices and addresses remembered

Key = tuple[str, str]  # device and address; one of them may be empty


class Blame(NamedTuple):
    """What is held against one device, address, or device at an address."""

    forgiven_at: float  # when the last wrong password is forgiven
    bans: int = 0
    until: float = 0.0  # of the ban
    wrong: int = 0


class Ban(NamedTuple):
    """For people: who is not listened to, for how much longer, after how many wrong passwords."""

    device: str
    address: str
    wrong: int
    left_s: float


class Guesses:
    """`wait_s` before a password is checked, `wrong` or `right` after it."""

    def __init__(self) -> None:
        self._blamed: dict[Key, Blame] = {}
        self._known: dict[Key, None] = {}  # where which device has logged in, the oldest first

    def wait_s(self, device: str, address: str, now: float) -> float:
        """For how long logins of that device from there are refused; 0: they are checked."""
        if (device, address) in self._known:
            return self._left_s((device, address), now)
        blamed = self._blamed.get(("", address))
        if blamed is None or blamed.forgiven_at <= now:
            return 0.0  # nobody there has guessed of late
        return max(self._left_s((device, ""), now), self._left_s(("", address), now))

    def wrong(self, device: str, address: str, now: float) -> None:
        """That was a wrong password."""
        self._blame((device, ""), DEVICE, now)
        self._blame(("", address), ADDRESS, now)
        if (device, address) in self._known:
            self._blame((device, address), KNOWN, now)

    def right(self, device: str, address: str) -> None:
        """That was its password: from there it is known from now on."""
        key = device, address
        self._blamed.pop(key, None)
        self._known.pop(key, None)
        self._known[key] = None
        if len(self._known) > KEPT_MAX:
            del self._known[next(iter(self._known))]

    def bans(self, now: float) -> list[Ban]:
        """Everybody who is banned now."""
        return [
            Ban(*key, blamed.wrong, blamed.until - now)
            for key, blamed in self._blamed.items()
            if blamed.until > now
        ]

    def lift(self, device: str, address: str) -> None:
        """Nothing is held against those any more."""
        self._blamed.pop((device, address), None)

    def _left_s(self, key: Key, now: float) -> float:
        blamed = self._blamed.get(key)
        return max(0.0, blamed.until - now) if blamed is not None else 0.0

    def _blame(self, key: Key, patience: Patience, now: float) -> None:
        blamed = self._blamed.pop(key, None)
        if blamed is None or blamed.forgiven_at <= now:
            blamed = Blame(now)
        forgiven_at, bans, until, wrong = blamed
        forgiven_at += patience.every_s
        borne_s = (patience.free - 1) * patience.every_s
        if forgiven_at - now > borne_s:
            if until <= now:
                until = now + min(LONGEST_S, patience.first_s * 2.0**bans)
                bans = min(bans + 1, 30)
            forgiven_at = until + borne_s  # nothing is forgiven during a ban
        if len(self._blamed) >= KEPT_MAX:
            self._forget(now)
        self._blamed[key] = Blame(forgiven_at, bans, until, wrong + 1)

    def _forget(self, now: float) -> None:
        """Make room: those who are forgiven go, else the one blamed longest ago."""
        kept = {key: one for key, one in self._blamed.items() if one.forgiven_at > now}
        if len(kept) >= KEPT_MAX:
            del kept[next(iter(kept))]
        self._blamed = kept


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
