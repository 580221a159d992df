"""What must be there after a power cut, asked of the real code: it opens what is left.

A judge gets the folder as the cut left it, what had been promised before the cut, and the play's
seed; it raises Broken with what is wrong.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from trygg_gateway.delivery import delivery
from trygg_gateway.journal import Journal, JournalError
from trygg_gateway.sinks.file import FileSink
from trygg_gateway.values import LIVE
from trygg_tools.crash.power import plays

_ROWS = "SELECT seq, payload FROM records WHERE boot = 1 ORDER BY id"
PAGE_HOLDS = 70  # records: 4096 bytes, each some 60 and more
Promises = Sequence[dict[str, Any]]


class Broken(Exception):
    """A promise that a power cut broke; the text says which."""


def journal(folder: Path, promises: Promises, seed: int) -> None:
    """Every record that was confirmed is there, whole and once; cursors stand where they stood."""
    kept = {seq for promise in promises for seq in promise.get("kept", ())}
    cursor = max((promise["cursor"] for promise in promises if "cursor" in promise), default=0)
    opened = _opened(folder / plays.JOURNAL)
    try:
        rows = opened.query(_ROWS)
        stands = opened.cursor("centre", LIVE)
        sound = opened.query("PRAGMA quick_check")
        trouble = opened.look.trouble if promises else ""
    finally:
        opened.close()
    _demand_records(rows, kept, seed)
    if stands < cursor:
        raise Broken(f"a cursor stands at {stands}, was at {cursor}")
    if trouble:
        raise Broken(f"the journal is said to be damaged: {trouble}")
    if sound != [("ok",)]:
        raise Broken(f"the journal is damaged: {sound[:3]}")


def _opened(path: Path) -> Journal:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return Journal.open(path)
    except JournalError as error:
        raise Broken(f"the journal does not open: {error}") from error


def backup(folder: Path, promises: Promises, seed: int) -> None:
    """Copies under their name are whole; the journal has all, or what its copy has."""
    made = {one["copied"]: one["records"] for one in promises if "copied" in one}
    for part in (1, 2):
        copy = folder / plays.COPY.format(part)
        if copy.exists():
            _demand_copy(copy, made.get(part, 0), seed)
        elif part in made:
            raise Broken(f"copy {part} was made and is not there")
    kept = {seq for promise in promises for seq in promise.get("kept", ())}
    upto = next((one["restoring"] for one in promises if "restoring" in one), None)
    opened = _opened(folder / plays.JOURNAL)
    try:
        rows = opened.query(_ROWS)
        trouble = opened.look.trouble if promises else ""
    finally:
        opened.close()
    _demand_records(rows, kept if upto is None else set(range(1, upto + 1)), seed)
    if trouble:
        raise Broken(f"the journal is said to be damaged: {trouble}")


def salvage(folder: Path, promises: Promises, seed: int) -> None:
    """Of a harmed journal all but a page's records are there, wherever its salvage was cut."""
    if not any("harmed" in one for one in promises):
        return  # that is the journal's play
    opened = _opened(folder / plays.JOURNAL)
    try:
        rows = opened.query(_ROWS)
    finally:
        opened.close()
    _demand_records(rows, set(), seed)
    if len(rows) < plays.RECORDS - PAGE_HOLDS:
        raise Broken(f"{plays.RECORDS - len(rows)} records are gone, a page holds {PAGE_HOLDS}")


def _demand_copy(copy: Path, records: int, seed: int) -> None:
    """A file of that name is always whole."""
    with closing(sqlite3.connect(copy)) as db:
        try:
            sound = db.execute("PRAGMA quick_check").fetchall()
            rows = db.execute(_ROWS).fetchall()
        except sqlite3.Error as error:
            raise Broken(f"{copy.name} is no journal: {error}") from error
    if sound != [("ok",)]:
        raise Broken(f"{copy.name} is damaged: {sound[:3]}")
    _demand_records(rows, set(range(1, records + 1)), seed)


def _demand_records(rows: list[Any], kept: set[int], seed: int) -> None:
    made = _entries(seed)
    held = [seq for seq, _ in rows]
    if lost := sorted(kept - set(held)):
        raise Broken(f"confirmed and lost: {lost[:8]}, {len(lost)} in all")
    if double := [seq for seq, times in Counter(held).items() if times > 1]:
        raise Broken(f"double: {double[:8]}")
    if other := [seq for seq, payload in rows if made.get(seq) != payload]:
        raise Broken(f"other bytes than were kept: {other[:8]}")


def _entries(seed: int) -> dict[int, bytes]:
    """The payload of each record of that play."""
    dice = random.Random(seed)  # noqa: S311 - the play's
    return {n: plays.entry(n, dice).payload for n in range(1, plays.RECORDS + 1)}


def file_sink(folder: Path, promises: Promises, _seed: int) -> None:
    """What was delivered is there; after what comes again is delivered, everything is, once."""
    delivered = max((promise["delivered"] for promise in promises), default=0)
    archive = folder / plays.ARCHIVE
    archive.parent.mkdir(parents=True, exist_ok=True)
    _demand_lines(archive, set(range(1, delivered + 1)), whole=False)
    asyncio.run(_deliver_again(archive, max(0, delivered - 2 * plays.BATCH)))
    _demand_lines(archive, set(range(1, plays.RECORDS + 1)), whole=True)


async def _deliver_again(archive: Path, after: int) -> None:
    """As a forwarder does whose cursor stood two batches back."""
    sink = FileSink(archive)
    await sink.start()
    rows = [plays._row(number) for number in range(after + 1, plays.RECORDS + 1)]
    await sink.deliver([delivery(row, "nord") for row in rows])
    await sink.stop()


def _demand_lines(archive: Path, wanted: set[int], *, whole: bool) -> None:
    """Every wanted number is in the file, none twice, and if `whole` no line is anything else."""
    lines = archive.read_bytes().split(b"\n") if archive.exists() else []
    seqs, odd = [], []
    for line in filter(bytes.strip, lines):
        try:
            seqs.append(json.loads(line)["data"]["seq"])
        except (ValueError, KeyError):
            odd.append(line)
    if lost := sorted(wanted - set(seqs)):
        raise Broken(f"confirmed and lost: {lost[:8]}, {len(lost)} in all")
    if double := [seq for seq, times in Counter(seqs).items() if times > 1]:
        raise Broken(f"double: {double[:8]}")
    if whole and odd:
        raise Broken(f"{len(odd)} lines that are none, such as {odd[0][:60]!r}")


JUDGES: dict[str, Callable[[Path, Promises, int], None]] = {
    "journal": journal,
    "backup": backup,
    "salvage": salvage,
    "file": file_sink,
}
