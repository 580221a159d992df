"""The programs whose power is cut: each does its work below a folder and says what it has promised.

    python -m trygg_tools.crash.power.plays journal FOLDER SEED

Run under the tracer. A promise is a line of JSON written to FOLDER/promises at the moment it is
given (the journal's confirm, a sink's return), so that it stands in the trace at its true place
among the writes and syncs. The file is the oracle's and no part of the disk that is judged.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trygg_gateway import journal_backup
from trygg_gateway.delivery import delivery
from trygg_gateway.journal import Journal, Limits, set_cursor
from trygg_gateway.sinks.file import FileSink
from trygg_gateway.values import ALARM, BACKLOG, LIVE, Entry, Parcel, Row
from trygg_tools.crash import said

PROMISES = "promises"
NOW_S = 1_790_000_000
JOURNAL = "data/journal.sqlite"
COPY = "data/copy-{}.sqlite"
ARCHIVE = "data/archive.jsonl"
RECORDS = 160
BATCH = 40
PAGE = 4096

Promise = Callable[..., None]


def main() -> None:
    """Play what is asked for."""
    name, folder, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    fd = os.open(folder / PROMISES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def promise(**what: Any) -> None:
        os.write(fd, json.dumps(what).encode() + b"\n")

    PLAYS[name](folder, random.Random(seed), promise)  # noqa: S311 - a seed


def entry(number: int, dice: random.Random) -> Entry:
    """Record `number` of the play; some are long, so that pages turn over."""
    lane = dice.choice((ALARM, LIVE, LIVE, BACKLOG))
    payload = said.report(1, number, NOW_S, fixes=dice.choice((1, 10, 60)))
    return Entry("aase", 1, number, 1, lane, NOW_S, NOW_S * 1000 + number, payload)


def journal(folder: Path, dice: random.Random, promise: Promise) -> None:
    """Records in parcels, some of them twice, cursors moved, the journal reopened in between."""
    entries = [entry(number, dice) for number in range(1, RECORDS + 1)]
    at = 0
    while at < len(entries):
        kept = Journal.open(folder / JOURNAL, Limits(commit_rows=dice.choice((5, 50))))
        life = at + dice.randrange(20, 90)
        while at < min(life, len(entries)):
            size = dice.randrange(1, 12)
            again = dice.randrange(4) if at > 4 else 0
            _put(kept, entries[at - again : at + size], promise)
            at += size
            if dice.random() < 0.3:
                _move(kept, at, promise)
        kept.close()


def _put(kept: Journal, some: list[Entry], promise: Promise) -> None:
    def confirm(_token: int, _count: int) -> None:
        promise(kept=[one.seq for one in some])

    parcel = Parcel(confirm, 0, len(some))
    for one in some:
        (parcel.alarms if one.lane == ALARM else parcel.others).extend(one)
    assert kept.put(parcel), "the queue is never full here"


def _move(kept: Journal, at: int, promise: Promise) -> None:
    kept.write(lambda db: set_cursor(db, "centre", LIVE, at)).result(30)
    promise(cursor=at)


def backup(folder: Path, dice: random.Random, promise: Promise) -> None:
    """Records, a copy, more records, a second copy; then the first takes the journal's place."""
    entries = [entry(number, dice) for number in range(1, RECORDS + 1)]
    third = len(entries) // 3
    kept = Journal.open(folder / JOURNAL)
    for part in (1, 2):
        for one in entries[(part - 1) * third : part * third]:
            _put(kept, [one], promise)
        kept.write(lambda db: None).result(30)  # and so all before it
        copied = journal_backup.backup(folder / JOURNAL, folder / COPY.format(part), NOW_S * 1000)
        promise(copied=part, records=copied.records)
    for one in entries[2 * third :]:
        _put(kept, [one], promise)
    kept.close()
    promise(restoring=third)
    journal_backup.restore(folder / COPY.format(1), folder / JOURNAL)
    promise(restored=third)
    Journal.open(folder / JOURNAL).close()


def salvage(folder: Path, dice: random.Random, promise: Promise) -> None:
    """Records; the disk harms a page of them; the next start salvages the rest."""
    entries = [entry(number, dice) for number in range(1, RECORDS + 1)]
    kept = Journal.open(folder / JOURNAL)
    for one in entries:
        _put(kept, [one], promise)
    kept.close()
    fd = os.open(folder / JOURNAL, os.O_RDWR)
    at = (folder / JOURNAL).read_bytes().index(entries[RECORDS // 2].payload)
    os.pwrite(fd, dice.randbytes(PAGE), at - at % PAGE)
    os.fsync(fd)
    os.close(fd)
    promise(harmed=True)
    Journal.open(folder / JOURNAL).close()


def file_sink(folder: Path, dice: random.Random, promise: Promise) -> None:
    """Batches to the file sink, which is stopped and started again in between."""
    asyncio.run(_deliver_all(folder, dice, promise))


async def _deliver_all(folder: Path, dice: random.Random, promise: Promise) -> None:
    rows = [_row(number) for number in range(1, RECORDS + 1)]
    at = 0
    while at < len(rows):
        sink = FileSink(folder / ARCHIVE)
        await sink.start()
        for _ in range(dice.randrange(1, 8)):
            size = dice.randrange(1, BATCH)
            await sink.deliver([delivery(row, "nord") for row in rows[at : at + size]])
            at = min(at + size, len(rows))
            promise(delivered=at)
        await sink.stop()


def _row(number: int) -> Row:
    frame = said.report(1, number, NOW_S)
    return Row(number, "aase", 1, number, 1, LIVE, NOW_S, NOW_S * 1000, frame)


PLAYS: dict[str, Callable[[Path, random.Random, Promise], None]] = {
    "journal": journal,
    "backup": backup,
    "salvage": salvage,
    "file": file_sink,
}

if __name__ == "__main__":
    main()
