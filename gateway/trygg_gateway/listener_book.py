"""What our own front door leaves in the journal's file: kept sessions, and who is banned.

A session that a tracker asked to be kept outlives a restart: its one subscription is written down
when it changes. Bans are memory of the running gateway; they are written down for people to see,
every EVERY_S when they have changed, and one that a person lifted is lifted here. A restart begins
without any.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from trygg_gateway.database import Database
from trygg_gateway.guesses import Ban, Guesses
from trygg_gateway.journal import Journal, JournalError, ReadError
from trygg_gateway.values import Refused

log = structlog.get_logger("listener")

EVERY_S = 2.0


class ListenerBook:
    """`keep` and `remembered` are the listener's; `run` keeps the list of bans."""

    def __init__(self, journal: Journal, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._now_ms = now_ms
        self._written: set[tuple[str, str]] | None = None  # None: what a gateway before us left

    def remembered(self) -> dict[str, int]:
        """Device → granted quality of service of every session that is kept."""
        return dict(self._journal.query("SELECT device, qos FROM sessions"))

    def keep(self, device: str, qos: int | None) -> None:
        """That session is kept like that; None: it is not."""
        if qos is None:
            act = _write("DELETE FROM sessions WHERE device = ?", device)
        else:
            act = _write("INSERT OR REPLACE INTO sessions VALUES (?, ?)", device, qos)
        self._journal.write(act).add_done_callback(_told)

    async def run(self, guesses: Guesses) -> None:
        """Keep the list until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                bans = guesses.bans(loop.time())
                if self._differs({(ban.device, ban.address) for ban in bans}):
                    await self._write_down(guesses, bans)
            except (ReadError, JournalError) as error:  # the list is old for a while, no more
                log.warning("bans not written down", why=str(error))
            await asyncio.sleep(EVERY_S)

    def _differs(self, banned: set[tuple[str, str]]) -> bool:
        lifted = self._journal.query("SELECT 1 FROM bans WHERE lifted = 1 LIMIT 1")
        return banned != self._written or bool(lifted)

    async def _write_down(self, guesses: Guesses, bans: list[Ban]) -> None:
        now_ms = self._now_ms()
        rows = [(*ban[:3], now_ms + int(ban.left_s * 1000)) for ban in bans]
        lifted = await asyncio.wrap_future(self._journal.write(lambda db: _replace(db, rows)))
        for device, address in lifted:
            guesses.lift(device, address)
            log.warning("ban_lifted", device=device, by="a person")
        self._written = {(ban.device, ban.address) for ban in bans}


def listed(journal: Journal, now_ms: int) -> list[dict[str, Any]]:
    """The bans as the running gateway last said, the longest first."""
    found = journal.query(
        "SELECT device, address, wrong, until_ms FROM bans WHERE lifted = 0 AND until_ms > ?"
        " ORDER BY until_ms DESC",
        (now_ms,),
    )
    return [
        {"device": device, "address": address, "wrong": wrong, "until_ms": until_ms}
        for device, address, wrong, until_ms in found
    ]


def lift(journal: Journal, whom: str) -> int:
    """Lift what stands against a device or an address; how many bans. Blocks. Raises Refused."""
    sql = "UPDATE bans SET lifted = 1 WHERE (device = ? OR address = ?) AND lifted = 0"
    count: int = journal.write(lambda db: db.execute(sql, (whom, whom)).rowcount).result()
    if not count:
        raise Refused(f"Nobody called {whom} is banned. See `trygg gateway bans list`.")
    return count


def _replace(db: Database, rows: list[tuple[Any, ...]]) -> list[tuple[str, str]]:
    """The new list in place of the old one; what of the old one was lifted."""
    lifted = db.execute("SELECT device, address FROM bans WHERE lifted = 1").fetchall()
    db.execute("DELETE FROM bans")
    kept = [row for row in rows if (row[0], row[1]) not in lifted]
    db.executemany("INSERT INTO bans VALUES (?, ?, ?, ?, 0)", kept)
    return lifted


def _write(sql: str, *values: Any) -> Callable[[Database], Any]:
    return lambda db: db.execute(sql, values)


def _told(done: Any) -> None:
    if done.exception() is not None:
        log.warning("session not written down; a restart forgets it", why=str(done.exception()))
