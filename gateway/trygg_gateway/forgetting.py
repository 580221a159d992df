"""A person is forgotten: everything that is held of their tracker goes, and that it went stays.

Deleted are its records (identities stay known, let_go.py), places, alarms with their timelines and
calls, fences, orders, what was learned, set aside and missing of it, its registration and its
secrets: every row of every table with its name in a column `device`. What stays is the name of the
device in `forgotten` and `reads`, and the numbers of its records. What comes of it later is
confirmed and dropped, until somebody registers the name anew.

It is done in slices, by the running gateway, or by the command line when none runs. A line in the
file `forgotten.jsonl` beside the journal makes a journal that is restored from a backup forget
again. Functions take the database inside a transaction.
"""

import json
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

from trygg_gateway import let_go, mending_book, own_book, own_records, stray_topics
from trygg_gateway.database import Database
from trygg_gateway.let_go import LetGo
from trygg_gateway.values import Refused, Run

ASKED, DONE = "asked", "done"
FILE: Final = "forgotten.jsonl"
_STAYS = {"records", "let_go", "forgotten", "sqlite_sequence"}
_OF_ALARMS = ("alarm_events", "calls")

Json = dict[str, Any]


class Asked(NamedTuple):
    """One person to be forgotten."""

    id: int
    device: str
    who: str
    deleted: dict[str, int]


def ask(db: Database, device: str, who: str, now_ms: int) -> int:
    """The tracker may not speak any more, and all of it is to go; the number of this request.

    Raises Refused if nothing is held of it.
    """
    if not _is_known(db, device):
        raise Refused(f"{device} is not registered, and nothing of it is held.")
    found = db.execute(
        "SELECT id FROM forgotten WHERE device = ? AND state = ?", (device, ASKED)
    ).fetchone()
    if found:
        return int(found[0])
    db.execute("UPDATE trackers SET revoked = 1 WHERE device = ?", (device,))
    made = db.execute(
        "INSERT INTO forgotten (device, at_ms, who, state, deleted) VALUES (?, ?, ?, ?, '{}')",
        (device, now_ms, who, ASKED),
    )
    assert made.lastrowid is not None
    return made.lastrowid


def _is_known(db: Database, device: str) -> bool:
    return any(
        db.execute(f"SELECT 1 FROM {table} WHERE device = ? LIMIT 1", (device,)).fetchone()  # noqa: S608
        for table in [*tables(db), "records"]
    )


def asked(db: Database) -> list[Asked]:
    """Who is still to be forgotten."""
    rows = db.execute(
        "SELECT id, device, who, deleted FROM forgotten WHERE state = ? ORDER BY id", (ASKED,)
    ).fetchall()
    return [Asked(id_, device, who, json.loads(said)) for id_, device, who, said in rows]


def tables(db: Database) -> list[str]:
    """Every table that names a device, but those that remember what went."""
    names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in names if name not in _STAYS and "device" in _columns(db, name)]


def _columns(db: Database, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})").fetchall()]


def step(db: Database, one: Asked, known: LetGo, now_ms: int) -> tuple[Asked, Run | None]:
    """One slice; the run of the gateway's own record when it was the last one."""
    rows = let_go.old_of(db, one.device, (0, 0), let_go.SLICE)
    counts = dict(one.deleted)
    if rows:
        (newest,) = db.execute("SELECT max(id) FROM records").fetchone()
        if any(row.id == newest for row in rows):  # or its number would be given again
            own_book.add(db, own_records.GATEWAY, _word(one, "is being"), now_ms)
        _add(counts, "records", let_go.delete(db, rows, known))
        return _save(db, one, counts, ASKED), None
    (version,) = db.execute(
        "SELECT coalesce(max(version), 0) FROM orders WHERE device = ?", (one.device,)
    ).fetchone()
    mending_book.raise_order_floor(db, version)  # the board may be somebody else's next
    for table, gone in sweep(db, one.device).items():
        _add(counts, table, gone)
    run = own_book.add(db, own_records.GATEWAY, _word(one, "was"), now_ms)
    return _save(db, one, counts, DONE), run


def sweep(db: Database, device: str) -> dict[str, int]:
    """Delete every row of every table but records; how many of each. Done once more a while after
    the last slice, for what was being written of the device just then."""
    gone: dict[str, int] = {}
    for table in _OF_ALARMS:
        gone[table] = _delete_of_alarms(db, table, device)
    for table in tables(db):
        deleted = db.execute(f"DELETE FROM {table} WHERE device = ?", (device,)).rowcount  # noqa: S608
        gone[table] = gone.get(table, 0) + deleted
    strays = list(stray_topics.ids_of(db, device))
    db.executemany("DELETE FROM quarantine WHERE id = ?", [(id_,) for id_ in strays])
    gone["quarantine"] += len(strays)
    return gone


def _delete_of_alarms(db: Database, table: str, device: str) -> int:
    return db.execute(
        f"DELETE FROM {table} WHERE alarm_id IN (SELECT id FROM alarms WHERE device = ?)",  # noqa: S608
        (device,),
    ).rowcount


def _add(counts: dict[str, int], table: str, gone: int) -> None:
    if gone:
        counts[table] = counts.get(table, 0) + gone


def _save(db: Database, one: Asked, counts: dict[str, int], state: str) -> Asked:
    db.execute(
        "UPDATE forgotten SET state = ?, deleted = ? WHERE id = ?",
        (state, json.dumps(counts), one.id),
    )
    return one._replace(deleted=counts)


def _word(one: Asked, how: str) -> bytes:
    """What the sinks are told, so that who runs them can do the same."""
    text = f"all that was held of {one.device} {how} deleted on the word of {one.who}"
    todo = "Delete what you were given of this device."
    data = {"text": text, "todo": todo, "device": one.device}
    name = own_records.NAMES[own_records.FORGOTTEN]
    return own_records.payload_of(own_records.ABOUT_GATEWAY, name, data)


def dropped(db: Database) -> frozenset[str]:
    """Devices that were forgotten and not registered since: nothing of them is set aside."""
    found = db.execute(
        "SELECT device FROM forgotten EXCEPT SELECT device FROM trackers WHERE revoked = 0"
    ).fetchall()
    return frozenset(device for (device,) in found)


# -- beside the journal ------------------------------------------------------------------------


def write_down(folder: Path, device: str, who: str, now_ms: int) -> None:
    """Add the line that makes a restored journal forget again; on disk on return."""
    line = json.dumps({"device": device, "who": who, "at_ms": now_ms}) + "\n"
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def written_down(folder: Path) -> list[tuple[str, str, int]]:
    """(device, who, at_ms) of everybody forgotten; a torn line is passed over."""
    found = []
    try:
        lines = (folder / FILE).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    for line in lines:
        try:
            said = json.loads(line)
            found.append((str(said["device"]), str(said["who"]), int(said["at_ms"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def ask_again(db: Database, written: list[tuple[str, str, int]]) -> list[str]:
    """Ask for those whom this journal has not forgotten: it is from before; who they are."""
    again = []
    for device, who, at_ms in written:
        before = "SELECT 1 FROM forgotten WHERE device = ? AND at_ms >= ?"
        renewed = "SELECT 1 FROM trackers WHERE device = ? AND added_ms > ?"
        if db.execute(before, (device, at_ms)).fetchone() or not _is_known(db, device):
            continue
        if db.execute(renewed, (device, at_ms)).fetchone() is None:
            ask(db, device, who, at_ms)
            again.append(device)
    return again
