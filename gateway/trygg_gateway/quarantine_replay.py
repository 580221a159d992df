"""What was set aside, tried again after a fix: the same bytes, through ingest, once.

What a stray is follows from its topic:

    a tracker's topic     a message that ingest could not take: unreadable, or of nobody. It goes
                          through ingest again, as received when it was, and is late by now
    device:boot:seq       a record that could not be decoded. If it can be now, it is put at the
                          end of the journal, where the reader and every sink find it: they had
                          passed it
    the same, refused     a record that a sink would not take: a replay of it, to that sink
    the same, clashing    it is a record already, under another number: nothing is to be done

What is taken leaves the table in the same transaction; what is still unreadable stays as it is. A
record that is there already is not stored again, so the same bytes may come as often as they like.
Nor is one that was let go (let_go.py), and nothing of who was forgotten: those strays are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from trygg_gateway import sink_book, stray_topics
from trygg_gateway.database import Database
from trygg_gateway.decoder import decode
from trygg_gateway.forgetting import dropped
from trygg_gateway.ingest import Ingest, Registered
from trygg_gateway.journal_rows import COUNTED, runs_of, store_but
from trygg_gateway.let_go import LetGo
from trygg_gateway.replay_rows import Window
from trygg_gateway.values import BACKLOG, LIVE, Entry, Incoming, Parcel, Run, Stray, lane_of
from trygg_wire import codec, layouts

TAKEN, SENT, KEPT, STILL = "taken", "sent again", "kept already", "still"
GONE = "let go"  # it was deleted, and stays so
_IDENTITY: Final = re.compile(r"^([^:/]+):(\d+):(\d+)$")
_REFUSED: Final = re.compile(r"^refused by sink ([a-z0-9-]+): ")
_CLASH: Final = "identity of another record"
_IS_THERE: Final = "SELECT 1 FROM quarantine WHERE id = ?"
_RECORD: Final = "SELECT received_ms FROM records WHERE device = ? AND boot = ? AND seq = ?"


class Found(NamedTuple):
    """One stray of the table."""

    id: int
    stray: Stray


class Verdict(NamedTuple):
    """What would become of one: TAKEN, SENT, KEPT or STILL, and why."""

    what: str
    why: str
    rows: Sequence[Any] = ()  # flat, of the records it is
    sink: str = ""


class Which(NamedTuple):
    """Which strays are meant; an empty field means all."""

    ids: tuple[int, ...] = ()
    reason: str = ""  # a part of it
    tracker: str = ""
    from_ms: int = 0
    to_ms: int = 1 << 62


def select(db: Database, which: Which, most: int = 1 << 30) -> list[Found]:
    """Those of the table, oldest first."""
    marks = ", ".join("?" * len(which.ids))
    by_id = f" AND id IN ({marks})" if which.ids else ""
    rows = db.execute(
        "SELECT id, topic, payload, reason, received_ms, device"  # noqa: S608 - our marks
        " FROM quarantine"
        " WHERE instr(reason, ?) > 0 AND received_ms >= ? AND received_ms < ?"
        f" AND (? = '' OR device = ? OR topic LIKE ? OR topic LIKE ?){by_id} ORDER BY id",
        (
            *(which.reason, which.from_ms, which.to_ms, which.tracker, which.tracker),
            *(*stray_topics.likes(which.tracker), *which.ids),
        ),
    )
    found = [Found(row[0], Stray(*row[1:])) for row in rows.fetchall()]
    return [one for one in found if _is_of(one.stray, which.tracker)][:most]


def _is_of(stray: Stray, tracker: str) -> bool:
    return tracker in ("", stray.device) or stray_topics.names(stray.topic, tracker)


def verdict(stray: Stray, registry: Registered, now_ms: int) -> Verdict:
    """What would become of a stray now."""
    identity = _IDENTITY.match(stray.topic)
    if identity is None:
        return _message(stray, registry, now_ms)
    if stray.reason.startswith(_CLASH):
        return Verdict(KEPT, stray.reason)
    refused = _REFUSED.match(stray.reason)
    if refused is not None:
        return Verdict(SENT, f"to sink {refused[1]}", sink=refused[1])
    return _record(stray, identity[1], now_ms)


def _message(stray: Stray, registry: Registered, now_ms: int) -> Verdict:
    """As a door hands it in, with the time at which one did."""
    came: list[Parcel] = []

    def put(parcel: Parcel) -> bool:
        came.append(parcel)
        return True

    ingest = Ingest(put, registry, lambda: stray.received_ms)
    ingest.deliver(Incoming([(stray.topic, stray.payload)], lambda token, count: None, 0))
    if came[0].strays:
        return Verdict(STILL, came[0].strays[0].reason)
    entry = Entry(*(came[0].alarms or came[0].others))
    return Verdict(TAKEN, "", list(_by_now(entry, now_ms)))


def _record(stray: Stray, device: str, now_ms: int) -> Verdict:
    try:
        kind, boot, seq, wire_s, is_uptime = codec.peek(stray.payload)
        decode(stray.payload)
    except codec.WireError as error:
        return Verdict(STILL, str(error))
    time_s = wire_s + layouts.EPOCH if wire_s and not is_uptime else 0
    lane = lane_of(kind == layouts.ALARM, time_s, stray.received_ms)
    entry = Entry(device, boot, seq, kind, lane, time_s, stray.received_ms, stray.payload)
    if stray.topic != f"{device}:{boot}:{seq}":
        return Verdict(STILL, f"the frame says {boot}:{seq}, it was kept as {stray.topic}")
    return Verdict(TAKEN, "", list(_by_now(entry, now_ms)))


def _by_now(entry: Entry, now_ms: int) -> Entry:
    """In the lane that it belongs to now: what was news then is history."""
    if entry.lane != LIVE:
        return entry
    lane = lane_of(False, entry.time_s or entry.received_ms // 1000, now_ms)
    return entry._replace(lane=BACKLOG if lane == BACKLOG else LIVE)


def replay(
    db: Database,
    found: Sequence[Found],
    registry: Registered,
    who: str,
    now_ms: int,
    known: LetGo,
) -> tuple[list[tuple[int, Verdict]], list[Run]]:
    """Take what can be taken; what became of each, and the runs that were committed with it.

    `known` is the journal's own. What has left the table since it was found is passed over.
    """
    said, rows = [], list[Any]()
    forgotten = dropped(db)
    for id_, stray in found:
        if not db.execute(_IS_THERE, (id_,)).fetchone():
            continue
        verdict_ = _kept_from(verdict(stray, registry, now_ms), known, forgotten)
        said.append((id_, verdict_))
        if verdict_.what == STILL:
            continue
        if verdict_.rows:
            if _IDENTITY.match(stray.topic):
                _to_the_end(db, verdict_.rows)
            rows += verdict_.rows
        if verdict_.sink:
            _send_again(db, stray, verdict_.sink, who, now_ms)
        db.execute("DELETE FROM quarantine WHERE id = ?", (id_,))
    count = dict.fromkeys(COUNTED, 0)
    apart = store_but(db, rows, known, forgotten, runs_of(rows), count)
    return said, runs_of(apart + rows)


def _kept_from(said: Verdict, known: LetGo, forgotten: frozenset[str]) -> Verdict:
    """The verdict, but nothing is stored again that was deleted."""
    if not said.rows:
        return said
    entry = Entry(*said.rows)
    if entry.device in forgotten:
        return Verdict(GONE, f"{entry.device} was forgotten")
    was_let_go = known.has(entry.device, entry.boot, entry.seq)
    if was_let_go and not known.is_other(entry.device, entry.boot, entry.time_s):
        return Verdict(GONE, "that record was let go")
    return said


def _to_the_end(db: Database, rows: Sequence[Any]) -> None:
    """Its row, which everybody has passed, goes to the end of the journal, where it is read.

    Only where the bytes are the same: any other record of that number stays.
    """
    device, boot, seq, lane, payload = rows[0], rows[1], rows[2], rows[4], rows[-1]
    db.execute(
        "UPDATE records SET id = (SELECT max(id) + 1 FROM records), lane = ?"
        " WHERE device = ? AND boot = ? AND seq = ? AND payload = ?",
        (lane, device, boot, seq, payload),
    )


def _send_again(db: Database, stray: Stray, sink: str, who: str, now_ms: int) -> None:
    device, boot, seq = stray.topic.rsplit(":", 2)
    found = db.execute(_RECORD, (device, int(boot), int(seq))).fetchone()
    if found is not None:
        window = Window(device, found[0], found[0] + 1)
        sink_book.ask_replay(db, sink, window, who, now_ms)


def drop(db: Database, found: Sequence[Found]) -> int:
    """Let them go for good; how many went."""
    db.executemany("DELETE FROM quarantine WHERE id = ?", [(id_,) for id_, _ in found])
    return len(found)


def mark(db: Database, found: Sequence[Found], now_ms: int) -> None:
    """Ask the running gateway to replay them."""
    values = [(now_ms, id_) for id_, _ in found]
    db.executemany("UPDATE quarantine SET again_ms = ? WHERE id = ?", values)


def marked(db: Database, most: int) -> list[Found]:
    """What a person wants replayed."""
    rows = db.execute(
        "SELECT id, topic, payload, reason, received_ms FROM quarantine WHERE again_ms > 0"
        " ORDER BY id LIMIT ?",
        (most,),
    )
    return [Found(row[0], Stray(*row[1:])) for row in rows.fetchall()]


def unmark(db: Database, ids: Sequence[int]) -> None:
    """They were tried and are as they were."""
    db.executemany("UPDATE quarantine SET again_ms = 0 WHERE id = ?", [(id_,) for id_ in ids])


def still_there(db: Database, ids: Sequence[int]) -> dict[int, bool]:
    """Of these the ones that are in the table, and whether each is marked."""
    rows = db.execute("SELECT id, again_ms > 0 FROM quarantine").fetchall()
    return {id_: bool(marked_) for id_, marked_ in rows if id_ in ids}
