"""Who may speak: the trackers, their passwords and the keys their orders are signed with.

A password is generated here, shown once and kept as its scrypt hash. Hashing takes milliseconds
of a core, so `check` does it in a thread, one at a time, and remembers a password that fitted as
an HMAC under a key of this process: the next login costs microseconds, and once a tracker has
logged in a wrong password for it is refused without any hashing. Passwords have 144 random bits;
the hash is there for the day when somebody reads the database, so a small one (4 MB) will do.

Trackers added or revoked by another process (the command line) are found by `load`, which the
service calls every few seconds, and for an unknown name at once.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from trygg_gateway import order_keys
from trygg_gateway.database import Database
from trygg_gateway.journal import Journal
from trygg_gateway.mosquitto.password_hash import broker_hash
from trygg_gateway.values import Busy, Refused, Tracker
from trygg_wire import topics

SCRYPT_N, SCRYPT_R, SCRYPT_P = 4096, 8, 1
CHECKS_MAX = 200  # hashings queued; more are refused and come again
MISS_MS = 2_000  # an unknown name is looked up again after this

_COLUMNS = "device, grp, name, password_hash, order_key, added_ms, revoked"


class Issued(NamedTuple):
    """A tracker with its password, which nobody can read again later."""

    tracker: Tracker
    password: str


class Registry:
    """The trackers of a journal. `by_topic` is up topic → device of all that may speak."""

    def __init__(self, journal: Journal, now_ms: Callable[[], int]) -> None:
        self.by_topic: dict[str, str] = {}
        self.counters = {"checks": 0, "checks_hashed": 0, "checks_refused": 0, "checks_busy": 0}
        self._journal = journal
        self._now_ms = now_ms
        self._trackers: dict[str, Tracker] = {}
        self._misses: dict[str, int] = {}
        self._known: dict[str, tuple[str, bytes]] = {}  # device → its hash, the password's HMAC
        self._key = secrets.token_bytes(32)
        self._hasher = ThreadPoolExecutor(1, "password")
        self._hashing = 0
        self._renewed: set[str] = set()  # got new secrets since `load` last told of them
        self._read()

    # -- looking up ------------------------------------------------------------------------

    def load(self) -> list[str]:
        """Read all trackers again; those whose connection is to be cut: revoked, or new secrets."""
        self._read()
        renewed, self._renewed = self._renewed, set()
        return [
            tracker.device
            for tracker in self._trackers.values()
            if tracker.revoked or tracker.device in renewed
        ]

    def _read(self) -> None:
        before = self._trackers
        rows = self._journal.query(f"SELECT {_COLUMNS} FROM trackers")  # noqa: S608 - ours
        found = [_tracker(row) for row in rows]
        self._trackers = {tracker.device: tracker for tracker in found}
        self.by_topic = {
            topics.up(tracker.group, tracker.device): tracker.device
            for tracker in found
            if not tracker.revoked
        }
        self._misses.clear()
        self._renewed |= {
            tracker.device
            for tracker in found
            if tracker.password_hash != before.get(tracker.device, tracker).password_hash
        }

    def find(self, device: str) -> Tracker | None:
        """The tracker of that name, revoked ones too; None if nobody registered it."""
        tracker = self._trackers.get(device)
        now_ms = self._now_ms()
        if tracker is None and now_ms - self._misses.get(device, -MISS_MS) >= MISS_MS:
            if self._journal.query("SELECT 1 FROM trackers WHERE device = ?", (device,)):
                self._read()  # all of them, so not for every name that somebody tries
            if len(self._misses) > 10_000:
                self._misses.clear()
            self._misses[device] = now_ms
            tracker = self._trackers.get(device)
        return tracker

    def all(self) -> list[Tracker]:
        """Every tracker by name, revoked ones too."""
        return sorted(self._trackers.values())

    def broker_hashes(self) -> list[tuple[str, str]]:
        """(device, its password's hash as Mosquitto wants it) of all registered since we keep it."""
        found = self._journal.query("SELECT device, hash FROM broker_hashes ORDER BY device")
        return [(device, kept) for device, kept in found]

    # -- logging in ------------------------------------------------------------------------

    async def check(self, username: str, password: bytes) -> str | None:
        """The group of tracker `username` if `password` is its own, else None.

        Raises Busy when too many wait to be hashed: it says nothing about the password.
        """
        self.counters["checks"] += 1
        tracker = self.find(username)
        if tracker is None or tracker.revoked:
            self.counters["checks_refused"] += 1
            return None
        digest = hmac.digest(self._key, password, "sha256")
        known = self._known.get(username)
        if known is not None and known[0] == tracker.password_hash:
            fits = hmac.compare_digest(known[1], digest)
        else:
            fits = await self._hashed_check(tracker, password, digest)
        if not fits:
            self.counters["checks_refused"] += 1
            return None
        return tracker.group

    async def _hashed_check(self, tracker: Tracker, password: bytes, digest: bytes) -> bool:
        if self._hashing >= CHECKS_MAX:
            self.counters["checks_busy"] += 1
            raise Busy("too many passwords wait to be checked")
        self._hashing += 1
        self.counters["checks_hashed"] += 1
        try:
            fits = await asyncio.get_running_loop().run_in_executor(
                self._hasher, password_fits, password, tracker.password_hash
            )
        finally:
            self._hashing -= 1
        if fits:
            self._known[tracker.device] = (tracker.password_hash, digest)
        return fits

    # -- changing --------------------------------------------------------------------------

    def add(self, device: str, group: str, name: str) -> Issued:
        """Register a tracker; a revoked one is taken in again with new secrets. Blocks.

        Raises Refused: a name that no topic can hold, or already registered.
        """
        for what, value in (("device", device), ("group", group)):
            if not topics.is_name(value):
                raise Refused(
                    f"{what} {value!r}: wanted 1 to 32 of a-z, 0-9 and -, not beginning with -."
                )
        old = self.find(device)
        if old is not None and not old.revoked:
            raise Refused(f"{device} is registered already, in group {old.group}.")
        return self._issue(device, group, name.strip() or device)

    def rotate(self, device: str) -> Issued:
        """New secrets for a tracker; the old ones are void at once. Blocks. Raises Refused.

        Orders still owed to it are signed with the new key.
        """
        old = self._registered(device)
        return self._issue(device, old.group, old.name)

    def revoke(self, device: str) -> None:
        """The tracker may not speak any more; what it said is kept. Blocks. Raises Refused."""
        self._registered(device)
        self._journal.write(
            lambda db: db.execute("UPDATE trackers SET revoked = 1 WHERE device = ?", (device,))
        ).result()
        self._known.pop(device, None)
        self._read()

    def _registered(self, device: str) -> Tracker:
        tracker = self.find(device)
        if tracker is None or tracker.revoked:
            raise Refused(f"{device} is not registered. See `trygg gateway tracker list`.")
        return tracker

    def _issue(self, device: str, group: str, name: str) -> Issued:
        password = secrets.token_urlsafe(18)
        tracker = Tracker(
            device, group, name, hashed(password.encode()), secrets.token_bytes(32),
            self._now_ms(), False,
        )  # fmt: skip
        at_broker = broker_hash(password.encode())
        self._journal.write(lambda db: _put(db, tracker, at_broker)).result()
        self._read()
        return Issued(tracker, password)


def hashed(password: bytes) -> str:
    """`scrypt$n$r$p$salt$hash` of a password, with a new salt; takes milliseconds."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password, salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    salt64, digest64 = (base64.b64encode(data).decode() for data in (salt, digest))
    return f"scrypt${SCRYPT_N}${SCRYPT_R}${SCRYPT_P}${salt64}${digest64}"


def password_fits(password: bytes, password_hash: str) -> bool:
    """Whether `password` is the one hashed; the same time for any wrong one."""
    _, n, r, p, salt64, digest64 = password_hash.split("$")
    digest = hashlib.scrypt(password, salt=base64.b64decode(salt64), n=int(n), r=int(r), p=int(p))
    return hmac.compare_digest(digest, base64.b64decode(digest64))


def _tracker(row: tuple[str, str, str, str, bytes, int, int]) -> Tracker:
    device, group, name, password_hash, order_key, added_ms, revoked = row
    return Tracker(device, group, name, password_hash, order_key, added_ms, bool(revoked))


def _put(db: Database, tracker: Tracker, at_broker: str) -> None:
    """Write the tracker; its orders are signed with the key it has now."""
    db.execute(
        f"INSERT OR REPLACE INTO trackers ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        tracker,
    )
    db.execute("INSERT OR REPLACE INTO broker_hashes VALUES (?, ?)", (tracker.device, at_broker))
    order_keys.issued(db, tracker.device, tracker.order_key, tracker.added_ms)
