"""What people asked of the sinks and how each stands, in the database: inside a transaction each.

The command line writes here, whether a gateway runs or not, and a running one looks every second.
So a pause, a replay half done and where a new sink begins survive a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from trygg_gateway.database import Database
from trygg_gateway.journal_rows import set_cursor
from trygg_gateway.replay_rows import Window
from trygg_gateway.values import LANES, Refused

Json = dict[str, Any]

WAITING, DONE, STOPPED = "waiting", "done", "stopped"
_REPLAY: Final = (
    "id, sink, device, from_ms, to_ms, at, upto, records, refused, state, asked_by, asked_ms"
)
_NEWEST: Final = "SELECT coalesce(max(id), 0) FROM records WHERE lane = ?"
_SAID: Final = """
    INSERT INTO sinks (sink, begun_ms, circuit, trouble, said_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (sink) DO UPDATE SET circuit = excluded.circuit, trouble = excluded.trouble,
        said_ms = excluded.said_ms
"""


class Replay(NamedTuple):
    """One window that goes to one sink again; `device` "" is every tracker."""

    id: int
    sink: str
    device: str
    from_ms: int
    to_ms: int
    at: int  # row up to which it is done
    upto: int  # the last row there was when it was asked for
    records: int  # confirmed so far
    refused: int
    state: str
    asked_by: str
    asked_ms: int


class Asked(NamedTuple):
    """What there is to do for the running gateway's sinks."""

    paused: frozenset[str]
    cursors: Mapping[tuple[str, int], int]  # (sink, lane) → row
    newest: Mapping[int, int]  # lane → its last row, whoever wrote it
    replays: Sequence[Replay]
    tests: Sequence[tuple[int, str, str]]  # id, sink, who asked


def asked(db: Database) -> Asked:
    """What is asked now."""
    paused = db.execute("SELECT sink FROM sinks WHERE paused_ms > 0").fetchall()
    cursors = db.execute("SELECT sink, lane, id FROM cursors").fetchall()
    tests = db.execute("SELECT id, sink, who FROM sink_tests WHERE answered_ms = 0").fetchall()
    return Asked(
        frozenset(sink for (sink,) in paused),
        {(sink, lane): id_ for sink, lane, id_ in cursors},
        {lane: db.execute(_NEWEST, (lane,)).fetchone()[0] for lane in LANES},
        replays(db, only_waiting=True),
        [(id_, sink, who) for id_, sink, who in tests],
    )


def begin(db: Database, sink: str, begin_ms: int | None, now_ms: int) -> bool:
    """The first time that a sink is configured: where it begins; False if it was known before.

    `begin_ms`: 0 at the beginning of the journal, None at its end, else with what was received
    from then on. A sink that has a cursor from an older Trygg goes on where it was.
    """
    known = db.execute("SELECT 1 FROM sinks WHERE sink = ? AND begun_ms > 0", (sink,)).fetchone()
    if known is not None:
        return False
    cursor = db.execute("SELECT 1 FROM cursors WHERE sink = ?", (sink,)).fetchone()
    db.execute(_SAID, (sink, now_ms, "closed", "", 0))
    db.execute("UPDATE sinks SET begun_ms = ? WHERE sink = ?", (now_ms, sink))
    if cursor is not None or begin_ms == 0:
        return True
    until_ms = (1 << 62) if begin_ms is None else begin_ms
    last = "SELECT coalesce(max(id), 0) FROM records WHERE lane = ? AND received_ms < ?"
    for lane in LANES:
        set_cursor(db, sink, lane, db.execute(last, (lane, until_ms)).fetchone()[0])
    return True


def say(db: Database, sink: str, circuit: str, trouble: str, now_ms: int) -> None:
    """How a sink stands."""
    db.execute(_SAID, (sink, 0, circuit, trouble, now_ms))


def pause(db: Database, sink: str, who: str, now_ms: int) -> None:
    """Nothing goes to it until `resume`. Raises Refused if it is paused already."""
    _known(db, sink)
    changed = db.execute(
        "UPDATE sinks SET paused_ms = ?, paused_by = ? WHERE sink = ? AND paused_ms = 0",
        (now_ms, who, sink),
    )
    if not changed.rowcount:
        raise Refused(f"Sink {sink} is paused already. `trygg gateway sinks resume {sink}`")


def resume(db: Database, sink: str) -> None:
    """It goes on where it was. Raises Refused if it is not paused."""
    _known(db, sink)
    changed = db.execute(
        "UPDATE sinks SET paused_ms = 0, paused_by = '' WHERE sink = ? AND paused_ms > 0", (sink,)
    )
    if not changed.rowcount:
        raise Refused(f"Sink {sink} is not paused.")


def _known(db: Database, sink: str) -> None:
    db.execute("INSERT OR IGNORE INTO sinks (sink, begun_ms) VALUES (?, 0)", (sink,))


def skip(db: Database, sink: str, lane: int, upto: int, who: str, now_ms: int) -> int:
    """Pass over what the lane holds up to row `upto`; how many records that are. It is kept who."""
    found = db.execute("SELECT id FROM cursors WHERE sink = ? AND lane = ?", (sink, lane))
    at = (found.fetchone() or (0,))[0]
    count = "SELECT count(*) FROM records WHERE lane = ? AND id > ? AND id <= ?"
    (records,) = db.execute(count, (lane, at, upto)).fetchone()
    if records:
        set_cursor(db, sink, lane, upto)
        db.execute(
            "INSERT INTO sink_skips (sink, lane, after, upto, records, who, at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sink, lane, at, upto, records, who, now_ms),
        )
    return int(records)


def skips(db: Database, sink: str) -> list[Json]:
    """What was passed over, newest first."""
    names = ("lane", "after", "upto", "records", "who", "at_ms")
    rows = db.execute(
        f"SELECT {', '.join(names)} FROM sink_skips WHERE sink = ? ORDER BY id DESC",  # noqa: S608
        (sink,),
    )
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


# -- replays ---------------------------------------------------------------------------


def ask_replay(db: Database, sink: str, window: Window, who: str, now_ms: int) -> int:
    """Order a replay of a window as far as it is there now; its number."""
    (upto,) = db.execute("SELECT coalesce(max(id), 0) FROM records").fetchone()
    made = db.execute(
        "INSERT INTO replays (sink, device, from_ms, to_ms, upto, asked_by, asked_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (sink, *window, upto, who, now_ms),
    )
    assert made.lastrowid is not None
    return made.lastrowid


def replays(db: Database, sink: str = "", only_waiting: bool = False) -> list[Replay]:
    """Replays in the order in which they were asked for; `sink` "" is of every sink."""
    rows = db.execute(
        f"SELECT {_REPLAY} FROM replays WHERE (? = '' OR sink = ?) AND (? = 0 OR state = ?)"  # noqa: S608
        " ORDER BY id",
        (sink, sink, int(only_waiting), WAITING),
    )
    return [Replay(*row) for row in rows.fetchall()]


def replay_of(db: Database, id_: int) -> Replay | None:
    """One replay."""
    row = db.execute(f"SELECT {_REPLAY} FROM replays WHERE id = ?", (id_,)).fetchone()  # noqa: S608
    return Replay(*row) if row else None


def replayed(db: Database, id_: int, at: int, records: int, refused: int) -> None:
    """A replay has come to row `at`, with so many more records confirmed and refused."""
    db.execute(
        "UPDATE replays SET at = ?, records = records + ?, refused = refused + ? WHERE id = ?",
        (at, records, refused, id_),
    )


def end_replay(db: Database, id_: int, state: str, now_ms: int) -> bool:
    """It is DONE or STOPPED; False if it was over already."""
    changed = db.execute(
        "UPDATE replays SET state = ?, done_ms = ? WHERE id = ? AND state = ?",
        (state, now_ms, id_, WAITING),
    )
    return bool(changed.rowcount)


# -- tests -----------------------------------------------------------------------------


def ask_test(db: Database, sink: str, who: str, now_ms: int) -> int:
    """Ask the running gateway to send a test event; its number."""
    made = db.execute(
        "INSERT INTO sink_tests (sink, who, asked_ms) VALUES (?, ?, ?)", (sink, who, now_ms)
    )
    assert made.lastrowid is not None
    return made.lastrowid


def answer_test(db: Database, id_: int, worked: bool, answer: str, now_ms: int) -> None:
    """What the peer said."""
    db.execute(
        "UPDATE sink_tests SET worked = ?, answer = ?, answered_ms = ? WHERE id = ?",
        (int(worked), answer, now_ms, id_),
    )


def answer_of(db: Database, id_: int) -> tuple[bool, str] | None:
    """(whether it worked, what the peer said), None while nobody knows."""
    found = db.execute(
        "SELECT worked, answer FROM sink_tests WHERE id = ? AND answered_ms > 0", (id_,)
    ).fetchone()
    return (bool(found[0]), found[1]) if found else None
