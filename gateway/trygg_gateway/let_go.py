"""Records are let go: by age, because a person asked, or for room. Their identities are kept.

A deleted record's number stays known as part of a range, so it is neither missing (gap_book.py) nor
taken as new when it comes again: it is confirmed, acked, counted and not kept. Only what cannot be
that record is kept, as another life of its number (journal_rows.py): made later than the newest of
its range, or an alarm whose time nobody knows.

By age goes a record older than its tracker's retention that every sink has confirmed, or that is
UNCONFIRMED_DAYS older still; with it the places it told, and the places in alarms that are closed.
An alarm's record stays until the alarm is closed. A record's age is by its own time, but never
younger than when it came. The newest row of all is never deleted: row numbers only rise.

Functions take the database inside a transaction and do little each, so that no alarm waits for one.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from trygg_gateway.acks import Held
from trygg_gateway.database import Database
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.values import ALARM, Run

UNCONFIRMED_DAYS: Final = 30
SLICE: Final = 100  # records in one go
DAY_S: Final = 86_400

Key = tuple[str, int]  # device, boot

_DUE = """
    SELECT id, device, boot, seq, lane, time_s, received_ms FROM records
    WHERE device = ? AND (boot, seq) > (?, ?) ORDER BY boot, seq LIMIT ?
"""
_OLDEST = """
    SELECT id, device, boot, seq, lane, time_s, received_ms FROM records
    WHERE id > ? ORDER BY id LIMIT ?
"""
_OPEN = "SELECT boot, seq FROM alarms WHERE device = ? AND state <> 'closed'"
_RANGES = "SELECT first, last, newest_s FROM let_go WHERE device = ? AND boot = ? ORDER BY first"
_PUT = "INSERT INTO let_go VALUES (?, ?, ?, ?, ?)"
_BLANK = "lat_e6 = NULL, lon_e6 = NULL, accuracy_dm = NULL, speed_dm_s = NULL, course_deg = NULL"


class Old(NamedTuple):
    """A row that may go."""

    id: int
    device: str
    boot: int
    seq: int
    lane: int
    time_s: int
    received_ms: int

    @property
    def made_s(self) -> int:
        """When it was made, never later than it came."""
        return min(self.time_s or self.came_s, self.came_s)

    @property
    def came_s(self) -> int:
        """When it came, by the gateway's clock."""
        return self.received_ms // 1000


class LetGo:
    """Which identities were let go, for the writer: one look for each run of records."""

    def __init__(self) -> None:
        self._held: dict[Key, Held] = {}
        self._newest_s: dict[Key, int] = {}

    def load(self, db: Database) -> None:
        """What was let go so far."""
        rows = db.execute("SELECT device, boot, first, last, newest_s FROM let_go").fetchall()
        for device, boot, first, last, newest_s in rows:
            self.add(device, boot, first, last, newest_s)

    def add(self, device: str, boot: int, first: int, last: int, newest_s: int) -> None:
        """These are let go now."""
        key = device, boot
        self._held.setdefault(key, Held()).add(first, last)
        self._newest_s[key] = max(newest_s, self._newest_s.get(key, 0))

    def meets(self, runs: Iterable[Run]) -> bool:
        """Whether a record of the runs may be of one that was let go."""
        held = self._held
        for device, boot, _, first, _ in runs:
            known = held.get((device, boot))
            if known is not None and first <= known.lasts[-1]:
                return True
        return False

    def has(self, device: str, boot: int, seq: int) -> bool:
        """Whether that identity was let go."""
        known = self._held.get((device, boot))
        if known is None:
            return False
        place = bisect_right(known.firsts, seq) - 1
        return place >= 0 and seq <= known.lasts[place]

    def is_other(self, device: str, boot: int, time_s: int) -> bool:
        """Whether a record with an identity let go may not be the one that was: made later, or
        nobody knows when. Rather twice than never."""
        return not time_s or time_s > self._newest_s[device, boot]


# -- which may go ------------------------------------------------------------------------------


def old_of(db: Database, device: str, after: tuple[int, int], limit: int) -> list[Old]:
    """The tracker's next records after (boot, seq), in the order in which it made them."""
    return [Old._make(row) for row in db.execute(_DUE, (device, *after, limit)).fetchall()]


def oldest(db: Database, after: int, limit: int) -> list[Old]:
    """The next rows of all after a row."""
    return [Old._make(row) for row in db.execute(_OLDEST, (after, limit)).fetchall()]


def confirmed_by_all(db: Database, sinks: Mapping[str, Sequence[int]]) -> dict[int, int]:
    """Up to which row of each lane every sink (name → its lanes) has confirmed."""
    cursors = {(sink, lane): id_ for sink, lane, id_ in db.execute(
        "SELECT sink, lane, id FROM cursors").fetchall()}  # fmt: skip
    upto: dict[int, int] = {}
    for sink, lanes in sinks.items():
        for lane in lanes:
            at = cursors.get((sink, lane), 0)
            upto[lane] = min(at, upto.get(lane, at))
    return upto


def due(
    rows: Iterable[Old], before_s: int, confirmed: Mapping[int, int], read: Mapping[int, int]
) -> list[Old]:
    """Those made before a time that every sink has, or that came long before it.

    `read`: up to which row of each lane the gateway has understood them; never beyond that. What no
    sink has goes by the gateway's clock alone: a tracker's may be wrong by years.
    """
    return [
        row
        for row in rows
        if row.id <= read.get(row.lane, 0)
        and ((is_confirmed(row, confirmed) and row.made_s < before_s) or is_overdue(row, before_s))
    ]


def is_confirmed(row: Old, confirmed: Mapping[int, int]) -> bool:
    """Whether every sink has it."""
    return row.id <= confirmed.get(row.lane, 0)


def is_overdue(row: Old, before_s: int) -> bool:
    """Whether it came so long ago that no sink is waited for."""
    return row.came_s < before_s - UNCONFIRMED_DAYS * DAY_S


def keep_alarms(db: Database, rows: list[Old]) -> list[Old]:
    """Without the records of alarms that are not closed, and without the newest row of all."""
    (newest,) = db.execute("SELECT max(id) FROM records").fetchone()
    still_open = {
        (device, *identity)
        for device in {row.device for row in rows if row.lane == ALARM}
        for identity in db.execute(_OPEN, (device,)).fetchall()
    }
    return [row for row in rows if row.id != newest and row[1:4] not in still_open]


# -- letting go --------------------------------------------------------------------------------


def delete(db: Database, rows: Sequence[Old], known: LetGo) -> int:
    """Delete the records, and remember their identities; how many."""
    db.executemany("DELETE FROM records WHERE id = ?", [(row.id,) for row in rows])
    by_boot: dict[Key, list[Old]] = {}
    for row in rows:
        if row.boot != OWN_BOOT:  # nobody sends those
            by_boot.setdefault((row.device, row.boot), []).append(row)
    for key, gone in by_boot.items():
        _remember(db, key, gone, known)
    return len(rows)


def _remember(db: Database, key: Key, gone: list[Old], known: LetGo) -> None:
    held, newest_s = Held(), 0
    for first, last, range_newest_s in db.execute(_RANGES, key).fetchall():
        held.add(first, last)
        newest_s = max(newest_s, range_newest_s)
    newest_s = max(newest_s, *(max(row.time_s, row.came_s) for row in gone))
    for row in gone:
        held.add(row.seq, row.seq)
        known.add(*key, row.seq, row.seq, newest_s)
    db.execute("DELETE FROM let_go WHERE device = ? AND boot = ?", key)
    ranges = zip(held.firsts, held.lasts, strict=True)
    db.executemany(_PUT, [(*key, first, last, newest_s) for first, last in ranges])


def blank_places(db: Database, device: str, before_s: int) -> int:
    """Take the tracker's places older than a time out of what was understood; how many."""
    gone = db.execute(
        "DELETE FROM positions WHERE device = ? AND time_s IN"
        " (SELECT time_s FROM positions WHERE device = ? AND time_s < ? LIMIT ?)",
        (device, device, before_s, SLICE),
    ).rowcount
    gone += db.execute(
        f"UPDATE alarms SET {_BLANK} WHERE id IN (SELECT id FROM alarms WHERE device = ?"  # noqa: S608
        " AND state = 'closed' AND raised_s < ? AND lat_e6 IS NOT NULL LIMIT ?)",
        (device, before_s, SLICE),
    ).rowcount
    gone += db.execute(
        f"UPDATE devices SET {_BLANK}, position_time_s = 0"  # noqa: S608 - our own columns
        " WHERE device = ? AND position_time_s < ? AND lat_e6 IS NOT NULL",
        (device, before_s),
    ).rowcount
    return gone


def drop_strays(db: Database, before_s: int) -> int:
    """Let go of what was set aside before a time; how many."""
    return db.execute(
        "DELETE FROM quarantine WHERE id IN"
        " (SELECT id FROM quarantine WHERE received_ms < ? LIMIT ?)",
        (before_s * 1000, SLICE),
    ).rowcount


def retentions(db: Database) -> dict[str, int]:
    """Days for each tracker that has its own."""
    return dict(db.execute("SELECT device, days FROM retentions").fetchall())


def set_retention(db: Database, device: str, days: int, who: str, now_ms: int) -> None:
    """Keep this tracker's records so long; 0: as long as the settings say."""
    db.execute("DELETE FROM retentions WHERE device = ?", (device,))
    if days:
        db.execute("INSERT INTO retentions VALUES (?, ?, ?, ?)", (device, days, who, now_ms))


def devices(db: Database) -> list[str]:
    """Everybody of whom a record is held."""
    found: list[str] = []
    device = ""
    while True:  # one step in the index for each, however many records there are
        row = db.execute(
            "SELECT device FROM records WHERE device > ? ORDER BY device LIMIT 1", (device,)
        ).fetchone()
        if row is None:
            return found
        device = row[0]
        found.append(device)


_LAP = "retention_ms"  # meta: when retention last went by the clock
_ALIVE = "alive_ms"  # meta: when the watch last said that the gateway hears


def last_lap_ms(db: Database) -> int:
    """When retention last went by the clock, or the gateway was last known to run; 0 for never."""
    select = "SELECT value FROM meta WHERE key = ?"
    lap = db.execute(select, (_LAP,)).fetchone()
    alive = None if lap else db.execute(select, (_ALIVE,)).fetchone()
    return int((lap or alive or ("0",))[0])


def set_last_lap(db: Database, now_ms: int) -> None:
    """It goes by the clock now."""
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_LAP, str(now_ms)))
