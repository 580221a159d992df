"""The journal's statements: records in by the hundred, out by lane.

A record whose identity (device, boot, seq) is another's already, with other bytes, is a *clash*: a
board flashed anew under its old name, or two boards with one name. The first keeps the identity.
The second is kept as well, as (device, CLASH_BOOT + boot, 1 + crc32 of its bytes in 30 bits, or the
next number where that one is another's): a number that no tracker gives itself and that the same
bytes always get, so that it is a record like any other (an alarm is raised, the sinks get it) and
once however often it comes. The quarantine shows it to a person, and `clashes` counts it.

Why many rows in one statement: SQLite's module gives the interpreter away around every step, and
has to win it back from a busy event loop. Row by row that was 130 rows/s beside a busy thread,
512 rows in one statement 7,000 (and 290,000 against 220,000 on a quiet machine). Few statements for
the same reason: up to a thousand records take two.

Records come as flat lists, the fields of Entry of one after the other, which is what such a
statement takes.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from typing import Any, NamedTuple
from zlib import crc32

from trygg_gateway import quarantine
from trygg_gateway.database import Database
from trygg_gateway.let_go import LetGo
from trygg_gateway.values import CLASH_BOOT, Entry, Parcel, Run, Stray

# what `store` and `set_aside` count
COUNTED = (
    "records",  # stored
    "duplicates",  # there already, confirmed again
    "clashes",  # the identity of another record, other bytes: kept apart, and quarantined
    "let_go_again",  # deleted before, and confirmed again without being kept
    "strays",  # quarantined
    "strays_dropped",  # let go by the quarantine's bounds
    "records_of_forgotten",  # not kept: forgetting.py
    "strays_of_forgotten",  # not kept: forgetting.py
)
COUNTERS = (
    "commits",
    *COUNTED,
    "confirms",
    "confirm_errors",
    "refused_full",  # not taken, the queue being full; the tracker keeps them
    "disk_errors",  # commits that the disk refused
    "corruptions",  # times that SQLite found the file damaged
    "pressure",  # times that the doors were held
)
APART = (1 << 30) - 1  # numbers that a clash can get
ROWS_MAX, ROWS_STEP = 1024, 64  # rows in one statement: 1024, 960 ... 64, then 63 ... 1

WIDTH = len(Entry._fields)
_COLUMNS = ", ".join(Entry._fields)
_MARKS = f"({', '.join('?' * WIDTH)})"
ROWS = f"SELECT id, {_COLUMNS} FROM records WHERE lane = ? AND id > ? ORDER BY id LIMIT ?"  # noqa: S608
HIGHEST_BOOT = """
    SELECT max(boot) FROM (
        SELECT max(boot) AS boot FROM records WHERE device = ?1 AND boot < ?2
        UNION ALL SELECT max(boot) FROM let_go WHERE device = ?1 AND boot < ?2)
"""
_PAYLOAD = "SELECT payload FROM records WHERE device = ? AND boot = ? AND seq = ?"
_SET_CURSOR = """
    INSERT INTO cursors (sink, lane, id) VALUES (?, ?, ?)
    ON CONFLICT (sink, lane) DO UPDATE SET id = max(id, excluded.id)
"""


class Limits(NamedTuple):
    """How much one commit gathers, in whole parcels, and how much may wait for the next."""

    commit_rows: int = 2_000
    commit_ms: int = 50
    queue_rows: int = 20_000


class Write(NamedTuple):
    """Something to do in the next transaction, and who waits for it."""

    act: Callable[[Any], Any]
    done: "Future[Any]"


class Batch(NamedTuple):
    """What one transaction holds; `parcels` are confirmed when it is committed."""

    alarms: list[Any]  # flat; of these some are of later parcels
    others: list[Any]  # flat
    apart: list[Any]  # flat; clashes among them, as they are kept
    parcels: list[Parcel]
    writes: list[Write]
    alarm_runs: list[Run]
    other_runs: list[Run]


def runs_of(records: list[Any]) -> list[Run]:
    """The flat records as runs, in the order in which each began; trackers may be interleaved."""
    runs: list[list[Any]] = []
    latest: dict[tuple[str, int, int], list[Any]] = {}
    whose = zip(records[0::WIDTH], records[1::WIDTH], records[4::WIDTH], strict=True)
    for key, seq in zip(whose, records[2::WIDTH], strict=True):
        run = latest.get(key)
        if run is not None and run[-1] == seq - 1:
            run[-1] = seq
        else:
            runs.append([*key, seq, seq])
            latest[key] = runs[-1]
    return [Run(*run) for run in runs]


@cache
def _insert(rows: int) -> str:
    marks = ", ".join([_MARKS] * rows)
    return f"INSERT OR IGNORE INTO records ({_COLUMNS}) VALUES {marks}"  # noqa: S608 - ours


@cache
def _clashing(rows: int) -> str:
    marks = ", ".join(["(?, ?, ?, ?, ?)"] * rows)
    return (
        f"WITH came (place, device, boot, seq, payload) AS (VALUES {marks})"  # noqa: S608 - ours
        " SELECT came.place FROM came CROSS JOIN records AS held USING (device, boot, seq)"
        " WHERE held.payload <> came.payload"
    )


def _pieces(rows: int) -> Iterator[int]:
    """How many rows go into each statement: few statements, of few different texts."""
    while rows:
        size = min(rows, ROWS_MAX)
        size -= size % ROWS_STEP if size > ROWS_STEP else 0
        yield size
        rows -= size


def store(db: Database, records: list[Any], count: dict[str, int]) -> list[Any]:
    """Insert the flat records that are new, and apart from them those that clash with one stored.

    The latter, as they are kept, come back, flat, also when they were kept before.
    """
    at, apart = 0, list[Any]()
    for rows in _pieces(len(records) // WIDTH):
        piece = records[at : at + rows * WIDTH]
        at += rows * WIDTH
        stored = db.execute(_insert(rows), piece).rowcount
        count["records"] += stored
        if stored < rows:
            count["duplicates"] += rows - stored
            for entry in _clashes(db, piece):
                apart.extend(_keep_apart(db, entry, count))
    return apart


def keep(
    db: Database,
    batch: Batch,
    alarms: list[Any],
    others: list[Any],
    known: LetGo,
    forgotten: frozenset[str],
    count: dict[str, int],
) -> None:
    """Insert flat records, and note them in the batch: what they are, and as runs."""
    batch.alarms.extend(alarms)
    batch.others.extend(others)
    runs = runs_of(alarms), runs_of(others)
    batch.alarm_runs.extend(runs[0])
    batch.other_runs.extend(runs[1])
    batch.apart.extend(store_but(db, alarms + others, known, forgotten, runs[0] + runs[1], count))


def store_but(
    db: Database,
    records: list[Any],
    known: LetGo,
    forgotten: frozenset[str],
    runs: list[Run],
    count: dict[str, int],
) -> list[Any]:
    """The same, but what was deleted before (let_go.py) is not stored again. `runs`: the records'.

    What comes under such an identity and cannot be that record clashes with it.
    """
    met = forgotten and forgotten & {run.device for run in runs}
    if met and (gone := _not_anew(db, met)):
        records = _without(records, gone, count)
    if not known.meets(runs):  # nearly always
        return store(db, records, count)
    fresh, apart = list[Any](), list[Any]()
    for at in range(0, len(records), WIDTH):
        entry = Entry(*records[at : at + WIDTH])
        if not known.has(entry.device, entry.boot, entry.seq):
            fresh.extend(entry)
        elif known.is_other(entry.device, entry.boot, entry.time_s):
            count["duplicates"] += 1  # until it is kept
            apart.extend(_keep_apart(db, entry, count))
        else:
            count["let_go_again"] += 1
    return apart + store(db, fresh, count)


def _not_anew(db: Database, forgotten: frozenset[str]) -> frozenset[str]:
    """Those of them whom nobody has registered since: asked in the commit itself, since what the
    gateway remembers is a second old, and an acknowledged record is kept."""
    marks = ", ".join("?" * len(forgotten))
    found = db.execute(
        f"SELECT device FROM trackers WHERE revoked = 0 AND device IN ({marks})",  # noqa: S608
        tuple(forgotten),
    ).fetchall()
    return forgotten - {device for (device,) in found}


def _without(records: list[Any], forgotten: frozenset[str], count: dict[str, int]) -> list[Any]:
    """The flat records but those of who was forgotten: said before the door knew of it."""
    kept = list[Any]()
    for at in range(0, len(records), WIDTH):
        if records[at] not in forgotten:
            kept += records[at : at + WIDTH]
    count["records_of_forgotten"] += (len(records) - len(kept)) // WIDTH
    return kept


def _clashes(db: Database, records: list[Any]) -> list[Entry]:
    chunk = [Entry(*records[at : at + WIDTH]) for at in range(0, len(records), WIDTH)]
    values = [v for n, e in enumerate(chunk) for v in (n, e.device, e.boot, e.seq, e.payload)]
    return [chunk[place] for (place,) in db.execute(_clashing(len(chunk)), values).fetchall()]


def _keep_apart(db: Database, entry: Entry, count: dict[str, int]) -> Entry:
    """Keep a clash under its own identity; that entry."""
    seq = crc32(entry.payload) % APART
    apart = entry._replace(boot=entry.boot | CLASH_BOOT, seq=1 + seq)
    while not (stored := db.execute(_insert(1), apart).rowcount) and _is_other(db, apart):
        seq = (seq + 1) % APART
        apart = apart._replace(seq=1 + seq)
    if stored:
        count["records"] += 1
        count["duplicates"] -= 1
        count["clashes"] += 1
        kept = f"kept as {apart.device}:{apart.boot}:{apart.seq}"
        reason = f"identity of another record, other bytes: {kept}"
        name = f"{entry.device}:{entry.boot}:{entry.seq}"
        set_aside(db, [Stray(name, entry.payload, reason, entry.received_ms)], frozenset(), count)
    return apart


def _is_other(db: Database, entry: Entry) -> bool:
    """Whether the record of that identity has other bytes."""
    identity = entry.device, entry.boot, entry.seq
    return bool(db.execute(_PAYLOAD, identity).fetchone()[0] != entry.payload)


def set_aside(
    db: Database, strays: list[Stray], forgotten: frozenset[str], count: dict[str, int]
) -> None:
    """Keep the strays, in the bounds of the quarantine, but of who was forgotten."""
    if strays and forgotten:
        kept = [stray for stray in strays if not forgotten & {*stray.topic.split("/")[-2:-1]}]
        count["strays_of_forgotten"] += len(strays) - len(kept)
        strays = kept
    if strays:
        count["strays"] += len(strays)
        count["strays_dropped"] += quarantine.set_aside(db, strays)


def set_cursor(db: Database, sink: str, lane: int, id_: int) -> None:
    """Within a write: `sink` has confirmed all of `lane` up to row `id_`. It never goes back."""
    db.execute(_SET_CURSOR, (sink, lane, id_))
