"""What a mended journal says of itself: the identities touched, numbers that must not come again.

A journal is mended when it was salvaged from a damaged one (journal_salvage.py) or restored from a
backup (journal_backup.py). Either may lack what trackers were acknowledged, so they do not have it
any more. Functions take the database inside a transaction.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

import structlog

from trygg_gateway import gap_book, own_book, own_records
from trygg_gateway.database import Database
from trygg_gateway.gap_book import Gap, GapBook
from trygg_gateway.own_book import Finding
from trygg_gateway.own_records import GATEWAY
from trygg_gateway.values import CLASH_BOOT, Run

log = structlog.get_logger("mending")

SKIPPED: Final = 10_000  # numbers of our own passed over, since the newest may have been lost
RANGES_TOLD: Final = 200  # of one boot; a row is read by people

Identity = tuple[str, int, int]
Json = dict[str, Any]


def mend(
    db: Database,
    what: str,
    why: str,
    file: str,
    evidence: Iterable[Identity],
    failed: Iterable[str],
    now_ms: int,
) -> Json:
    """Name what is missing, and see that no number is given twice; what was written down.

    `evidence`: identities known to have been there. `failed`: tables not read to their end.
    """
    _let_go_again(db)
    boots = _named(db, evidence, now_ms)
    no_key = _unregistered(db)
    told = {"boots": boots, "tables_harmed": list(failed), "trackers_without_credentials": no_key}
    db.execute(
        "INSERT INTO mendings (at_ms, what, why, file, told) VALUES (?, ?, ?, ?, ?)",
        (now_ms, what, why, file, json.dumps(told, ensure_ascii=False)),
    )
    _skip_numbers(db)
    _raise(db, what, why, file, told, now_ms)
    for boot in boots:
        if boot["lost"]:
            log.error("records_lost", **boot)
    if no_key:
        log.error("credentials_lost", trackers=no_key, todo="register them again")
    return told


def _let_go_again(db: Database) -> None:
    """What was deleted before may have come back from an older page: it goes, and whoever was
    forgotten is forgotten again, but for a name that was registered anew since."""
    db.execute(
        "DELETE FROM records WHERE id IN (SELECT r.id FROM let_go AS g CROSS JOIN records AS r"
        " ON r.device = g.device AND r.boot = g.boot AND r.seq BETWEEN g.first AND g.last)"
    )
    anew = "SELECT device FROM trackers WHERE added_ms > forgotten.at_ms"
    again = f"UPDATE forgotten SET state = 'asked' WHERE device NOT IN ({anew})"  # noqa: S608
    db.execute(again)
    db.execute(
        "UPDATE trackers SET revoked = 1"
        " WHERE device IN (SELECT device FROM forgotten WHERE state = 'asked')"
    )


def _named(db: Database, evidence: Iterable[Identity], now_ms: int) -> list[Json]:
    """Each boot's held top and what is known to be lost; written into the gap book."""
    before, _ = gap_book.load(db)
    book, after = GapBook(), gap_book.first_look(db, now_ms)
    for device, boot, seq in evidence:
        if boot < CLASH_BOOT:
            known = before.setdefault((device, boot), gap_book.Boot())
            known.upto = max(known.upto, seq)
    for key, was in before.items():
        boot_now = after.setdefault(key, gap_book.Boot())
        if was.upto > boot_now.upto:
            boot_now.gaps.append(Gap(boot_now.upto + 1, was.upto, now_ms))
            boot_now.upto = was.upto
    for key, boot_now in after.items():
        book.load(key, boot_now)
    book.fold(gap_book.let_go_runs(db), now_ms)
    missing_before = [
        Run(*key, 0, gap.first, gap.last) for key, was in before.items() for gap in was.gaps
    ]
    book.fold(missing_before, now_ms)
    told = []
    for key, boot_now in sorted(after.items()):
        lost = [[gap.first, gap.last] for gap in boot_now.gaps]
        _save(db, key, boot_now, before.get(key), now_ms)
        told.append(_told(key, boot_now.upto, lost))
    gap_book.set_cursor(db, _newest(db))
    return told


def _told(key: tuple[str, int], upto: int, lost: list[list[int]]) -> Json:
    """`held_upto` and `lost` of a boot; above that nobody can tell."""
    said: Json = {
        "device": key[0],
        "boot": key[1],
        "known_upto": upto,
        "lost": lost[:RANGES_TOLD],
        "unknown_above": upto,
    }
    return said | ({"lost_ranges_more": len(lost) - RANGES_TOLD} if lost[RANGES_TOLD:] else {})


def _save(
    db: Database,
    key: tuple[str, int],
    boot: gap_book.Boot,
    before: gap_book.Boot | None,
    now_ms: int,
) -> None:
    lost = [(*key, g.first, g.last, now_ms, gap_book.OPEN, gap_book.JOURNAL) for g in boot.gaps]
    old = before.gaps if before is not None else []
    kept = [(*key, g.first, g.last, g.found_ms, g.state, g.why) for g in old]
    changed = gap_book.Changed(key, gap_book.Boot(boot.upto, boot.upto), (*lost, *kept))
    gap_book.save(db, [changed])


def _newest(db: Database) -> int:
    (id_,) = db.execute("SELECT coalesce(max(id), 0) FROM records").fetchone()
    return int(id_)


def _unregistered(db: Database) -> list[str]:
    """Trackers that have spoken and whose credentials are not there."""
    found = db.execute(
        "SELECT device FROM boots EXCEPT SELECT device FROM trackers"
        " EXCEPT SELECT device FROM forgotten"
    ).fetchall()
    return sorted(device for (device,) in found)


def _skip_numbers(db: Database) -> None:
    """No row, order or record of our own gets a number that one which was lost may have had."""
    (own,) = db.execute(
        "SELECT coalesce(max(seq), 0) FROM records WHERE boot = ?", (own_records.OWN_BOOT,)
    ).fetchone()
    found = db.execute("SELECT value FROM meta WHERE key = 'own_seq'").fetchone()
    own = max(own, int(found[0]) if found and found[0].isdigit() else 0) + SKIPPED
    db.execute("INSERT OR REPLACE INTO meta VALUES ('own_seq', ?)", (str(own),))
    raise_order_floor(db, _top_version(db) + SKIPPED)
    for table in ("orders", "alarms", "alarm_events"):
        (top,) = db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608
        db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        db.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, top + SKIPPED))


def raise_order_floor(db: Database, above: int) -> None:
    """No order gets a version of `above` or less any more: a tracker may have applied it."""
    db.execute(
        "INSERT INTO meta (key, value) VALUES ('order_floor', ?)"
        " ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), ?)",
        (str(above), above),
    )


def _top_version(db: Database) -> int:
    floor = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'order_floor'"
    (top,) = db.execute(
        f"SELECT max(coalesce((SELECT max(version) FROM orders), 0), coalesce(({floor}), 0))"  # noqa: S608
    ).fetchone()
    return int(top)


def _raise(db: Database, what: str, why: str, file: str, told: Json, now_ms: int) -> None:
    """Say it as the gateway's own, in a row above every cursor."""
    lost = sum(last - first + 1 for boot in told["boots"] for first, last in boot["lost"])
    no_key = told["trackers_without_credentials"]
    text = f"the journal was {what} ({why}); {lost} records known to be lost"
    text += f"; {len(no_key)} trackers without credentials" if no_key else ""
    data = {
        "text": text,
        "todo": f"See `trygg gateway status`, and look at the disk. {file} has what was before.",
        "lost": [boot for boot in told["boots"] if boot["lost"]][:RANGES_TOLD],
    }
    own_book.write(
        db, Finding(GATEWAY, own_records.JOURNAL_MENDED, False, now_ms // 1000, data), now_ms
    )
    (cursor,) = db.execute("SELECT coalesce(max(id), 0) FROM cursors").fetchone()
    newest = _newest(db)
    if cursor >= newest:  # or what comes next would lie behind what a sink has confirmed
        db.execute("UPDATE records SET id = ? WHERE id = ?", (cursor + SKIPPED, newest))
        gap_book.set_cursor(db, cursor + SKIPPED)
