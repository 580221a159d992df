"""Who may speak: the trackers, their passwords and the keys their orders are signed with.

A password is generated here, shown once and kept as its hash (secret_hash.py). Hashes of an older
version are slow: `check` does those in two threads, and remembers a password that fitted as an HMAC
under a key of this process; `rotate` ends them. A tracker may have a certificate as well; it is
known by its SHA-256, so the one that was issued last is the only one that counts.

Trackers added or revoked by another process (the command line) are found by `load`, which the
service calls every few seconds, and for an unknown name at once.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from trygg_gateway import order_keys
from trygg_gateway.database import Database
from trygg_gateway.journal import Journal
from trygg_gateway.mosquitto.password_hash import broker_hash
from trygg_gateway.secret_hash import hashed as hashed
from trygg_gateway.secret_hash import is_slow
from trygg_gateway.secret_hash import password_fits as password_fits
from trygg_gateway.secret_hash import scrypted as scrypted
from trygg_gateway.values import Busy, Refused, Tracker
from trygg_wire import topics

CHECKS_MAX = 2_000  # slow hashings queued; more are refused and come again
HASHERS = 2  # threads for them
MISS_MS = 2_000  # an unknown name is looked up again after this

# what differs after any change of trackers or certificates, without reading ten thousand of them
_BEING_FORGOTTEN = "SELECT 1 FROM forgotten WHERE device = ? AND state <> 'done'"
_STAMP = """SELECT count(*), sum(revoked), sum(added_ms),
    (SELECT count(*) FROM certificates), (SELECT sum(issued_ms) FROM certificates) FROM trackers"""
_CERTIFY = """INSERT OR REPLACE INTO certificates VALUES (?1, ?2, max(?3,
    1 + coalesce((SELECT issued_ms FROM certificates WHERE device = ?1), 0)), ?4)"""
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
        self._hasher = ThreadPoolExecutor(HASHERS, "password")
        self._hashing = 0
        self._renewed: set[str] = set()  # got new secrets since `load` last told of them
        self._certificates: dict[str, bytes] = {}  # device → SHA-256
        self._stamp: Any = None
        self._read()

    # -- looking up ------------------------------------------------------------------------

    def load(self) -> list[str]:
        """Read what was changed; those whose connection is to be cut: revoked, or new secrets."""
        if self._journal.query(_STAMP) != self._stamp:
            self._read()
        renewed, self._renewed = self._renewed, set()
        return [
            tracker.device
            for tracker in self._trackers.values()
            if tracker.revoked or tracker.device in renewed
        ]

    def _read(self) -> None:
        before, had = self._trackers, self._certificates
        self._stamp = self._journal.query(_STAMP)  # first: what changes now is read the next time
        rows = self._journal.query(f"SELECT {_COLUMNS} FROM trackers")  # noqa: S608 - ours
        self._certificates = dict(self._journal.query("SELECT device, sha256 FROM certificates"))
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
        self._renewed |= {one for one in had if self._certificates.get(one) != had[one]}

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
        """(device, its password's hash as Mosquitto wants it) of all since we keep it."""
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
        if is_slow(tracker.password_hash):
            fits = await self._slow_check(tracker, password)
        else:
            fits = password_fits(password, tracker.password_hash)
        if not fits:
            self.counters["checks_refused"] += 1
            return None
        return tracker.group

    def recognise(self, username: str, sha256: bytes) -> str | None:
        """The group of tracker `username` if that is the certificate it was issued last."""
        tracker = self.find(username)
        its = self._certificates.get(username)
        if tracker is None or tracker.revoked or its is None:
            return None
        return tracker.group if hmac.compare_digest(its, sha256) else None

    async def _slow_check(self, tracker: Tracker, password: bytes) -> bool:
        digest = hmac.digest(self._key, password, "sha256")
        known = self._known.get(tracker.device)
        if known is not None and known[0] == tracker.password_hash:
            return hmac.compare_digest(known[1], digest)
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

        Raises Refused: a name that no topic can hold, already registered, or being forgotten.
        """
        for what, value in (("device", device), ("group", group)):
            if not topics.is_name(value):
                raise Refused(
                    f"{what} {value!r}: wanted 1 to 32 of a-z, 0-9 and -, not beginning with -."
                )
        old = self.find(device)
        if old is not None and not old.revoked:
            raise Refused(f"{device} is registered already, in group {old.group}.")
        if self._journal.query(_BEING_FORGOTTEN, (device,)):
            raise Refused(
                f"{device} is being forgotten, and would be forgotten with it. Try again when"
                f" `trygg gateway tracker forget {device}` says that it is done."
            )
        return self._issue(device, group, name.strip() or device)

    def rotate(self, device: str) -> Issued:
        """New secrets for a tracker; the old ones are void at once. Blocks. Raises Refused.

        Orders still owed to it are signed with the new key.
        """
        old = self._registered(device)
        return self._issue(device, old.group, old.name)

    def certify(self, device: str, sha256: bytes, until_s: int) -> None:
        """The tracker may log in with that certificate, and with none of before. Blocks."""
        self._registered(device)
        row = device, sha256, self._now_ms(), until_s
        self._journal.write(lambda db: db.execute(_CERTIFY, row)).result()
        self._read()

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
        old = self._trackers.get(device)
        added_ms = max(self._now_ms(), old.added_ms + 1 if old is not None else 0)  # see _STAMP
        tracker = Tracker(
            device, group, name, hashed(password.encode()), secrets.token_bytes(32), added_ms, False
        )
        at_broker = broker_hash(password.encode())
        self._journal.write(lambda db: _put(db, tracker, at_broker)).result()
        self._read()
        return Issued(tracker, password)


def _tracker(row: tuple[str, str, str, str, bytes, int, int]) -> Tracker:
    device, group, name, password_hash, order_key, added_ms, revoked = row
    return Tracker(device, group, name, password_hash, order_key, added_ms, bool(revoked))


def _put(db: Database, tracker: Tracker, at_broker: str) -> None:
    """Write the tracker, its old certificate void; its orders are signed with its present key."""
    db.execute("DELETE FROM certificates WHERE device = ?", (tracker.device,))
    db.execute(
        f"INSERT OR REPLACE INTO trackers ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        tracker,
    )
    db.execute("INSERT OR REPLACE INTO broker_hashes VALUES (?, ?)", (tracker.device, at_broker))
    order_keys.issued(db, tracker.device, tracker.order_key, tracker.added_ms)
