"""A journal as the first Trygg wrote it, with records in it that no sink has had."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import trygg_gateway
from trygg_gateway.values import ALARM, LIVE
from trygg_tools.crash import said
from trygg_tools.crash.said import Identity
from trygg_wire import codec

OLD_BOOT = 1_000  # above what the round's trackers reach
_SCHEMA = Path(trygg_gateway.__file__).with_name("schema.sql")
_TRACKERS = "device, grp, name, password_hash, order_key, added_ms, revoked"


def make_old(data: Path, device: str, records: int) -> dict[Identity, bool]:
    """Put a journal of version 1 in the place of today's, with its trackers and so many records
    of `device`; what they are, True for an alarm."""
    new = data / "journal.sqlite"
    with closing(sqlite3.connect(new)) as db:
        trackers = db.execute(f"SELECT {_TRACKERS} FROM trackers").fetchall()  # noqa: S608 - ours
    for file in data.glob("journal.sqlite*"):
        file.unlink()
    with closing(sqlite3.connect(new)) as db:
        db.executescript(_SCHEMA.read_text("utf-8"))
        db.execute("INSERT INTO meta VALUES ('schema', '1')")
        db.executemany("INSERT INTO trackers VALUES (?, ?, ?, ?, ?, ?, ?)", trackers)
        db.executemany(
            "INSERT INTO records (device, boot, seq, kind, lane, time_s, received_ms, payload)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(device, seq) for seq in range(1, records + 1)],
        )
        db.commit()
    return {Identity(device, OLD_BOOT, seq): _is_alarm(seq) for seq in range(1, records + 1)}


def _is_alarm(seq: int) -> bool:
    return seq % 20 == 0


def _row(device: str, seq: int) -> tuple[object, ...]:
    now_s = int(time.time())
    frame = (said.alarm if _is_alarm(seq) else said.report)(OLD_BOOT, seq, now_s)
    kind = codec.peek(frame)[0]
    lane = ALARM if _is_alarm(seq) else LIVE
    return device, OLD_BOOT, seq, kind, lane, now_s, now_s * 1000, frame
