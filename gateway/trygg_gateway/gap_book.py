"""Which numbers of a tracker's boot have not come: found, closed, given up by a stated rule.

A boot counts from 1, so whatever lies below its highest number and is not held is a gap. It is
asked for without further ado: an ack covers what was committed since the ack before it and calls
everything else missing (acks.py), so a tracker that still has a record sends it until it arrives.
The book says what is missing, for how long, and when nobody needs to wait any more:

    closed      the records came, however late, also after they were given up
    not_held    a health record made after the gap says that the tracker holds nothing unacked
    age         open for GIVE_UP_S; OLD_BOOT_S when the tracker is on a newer boot already
    journal     the journal had it and was damaged, or was restored from an older copy

The ranges of a boot are kept as its highest number and its gaps, so a run that follows on is one
comparison. Nothing is done for a record, and what comes while trackers pour in is folded after the
commit. Like the reader the book has a cursor: what it had folded and not saved at a crash it folds
again from the journal. Pure, but for the functions that take the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from trygg_gateway.database import Database
from trygg_gateway.values import CLASH_BOOT, Run

OPEN, GIVEN_UP = "open", "given_up"
NOT_HELD, AGE, JOURNAL = "not_held", "age", "journal"
SETTLE_S: Final = 10  # a gap younger than this is only something that was overtaken
GIVE_UP_S: Final = 30 * 86_400
OLD_BOOT_S: Final = 7 * 86_400
COUNTERS = ("gaps_found", "gaps_closed", "gaps_given_up", "gaps_closed_late")

Key = tuple[str, int]  # device, boot


@dataclass(slots=True)
class Gap:
    """Numbers `first` to `last` that have not come; `told` once it has been counted."""

    first: int
    last: int
    found_ms: int
    state: str = OPEN
    why: str = ""
    told: bool = False


@dataclass(slots=True)
class Boot:
    """One boot of a tracker: all of 1 to `upto` came but what is in `gaps`, which ascend."""

    upto: int = 0
    mended_upto: int | None = None
    gaps: list[Gap] = field(default_factory=list)


class Changed(NamedTuple):
    """What is to be written of one boot."""

    key: Key
    boot: Boot
    gaps: tuple[tuple[Any, ...], ...]


class GapBook:
    """The gaps of every tracker. `fold` runs, then `judge` with the time, then save `changed`."""

    def __init__(self) -> None:
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.boots: dict[Key, Boot] = {}
        self._newest: dict[str, int] = {}
        self._dirty: dict[Key, None] = {}
        self._unsettled: dict[Key, None] = {}  # boots with open gaps
        self._emptied: dict[str, tuple[int, int]] = {}  # device → (boot, seq) that said so

    @property
    def open(self) -> int:
        """How many gaps are open."""
        gaps = (gap for key in self._unsettled for gap in self.boots[key].gaps)
        return sum(gap.told and gap.state == OPEN for gap in gaps)

    def load(self, key: Key, boot: Boot) -> None:
        """A boot as it was saved."""
        self.boots[key] = boot
        self._newest[key[0]] = max(key[1], self._newest.get(key[0], 0))
        if any(gap.state == OPEN for gap in boot.gaps):
            self._unsettled[key] = None

    def fold(self, runs: Iterable[Run], now_ms: int) -> None:
        """These came, some perhaps again."""
        boots, dirty = self.boots, self._dirty
        for device, number, _, first, last in runs:
            key = device, number
            boot = boots.get(key)
            if boot is None:
                if number >= CLASH_BOOT:
                    continue  # numbers of the gateway's own have no order
                boot = boots[key] = Boot()
                self._newest[device] = max(number, self._newest.get(device, 0))
            dirty[key] = None
            if first > boot.upto + 1:
                boot.gaps.append(Gap(boot.upto + 1, first - 1, now_ms, *_why(boot)))
                self._unsettled[key] = None
            elif boot.gaps and first <= boot.gaps[-1].last:
                self._close(boot, first, last)
            if last > boot.upto:
                boot.upto = last

    def _close(self, boot: Boot, first: int, last: int) -> None:
        """Take what came out of the gaps: shorter, two, or none."""
        left: list[Gap] = []
        for gap in boot.gaps:
            if gap.last < first or gap.first > last:
                left.append(gap)
                continue
            if gap.first < first:
                left.append(Gap(gap.first, first - 1, gap.found_ms, gap.state, gap.why, gap.told))
            if gap.last > last:
                left.append(Gap(last + 1, gap.last, gap.found_ms, gap.state, gap.why, gap.told))
            if first <= gap.first and gap.last <= last and gap.told:
                late = gap.state == GIVEN_UP
                self.counters["gaps_closed_late" if late else "gaps_closed"] += 1
        boot.gaps = left

    def emptied(self, device: str, boot: int, seq: int) -> None:
        """The tracker said with record (boot, seq) that it held nothing else."""
        self._emptied[device] = max((boot, seq), self._emptied.get(device, (0, 0)))

    def judge(self, now_ms: int) -> None:
        """Count what has stayed missing, and give up what a rule gives up."""
        for key in list(self._unsettled):
            still_open = [gap for gap in self.boots[key].gaps if gap.state == OPEN]
            for gap in still_open:
                self._judge(key, gap, now_ms)
            told = [gap for gap in self.boots[key].gaps if not gap.told]
            if not any(gap.state == OPEN for gap in still_open) and not told:
                del self._unsettled[key]
        self._emptied.clear()

    def _judge(self, key: Key, gap: Gap, now_ms: int) -> None:
        age_ms = now_ms - gap.found_ms
        if age_ms < 0:  # the clock was set back: it is counted anew
            gap.found_ms, age_ms = now_ms, 0
            self._dirty[key] = None
        why = self._reason(key, gap, age_ms)
        if not gap.told and (why or age_ms >= SETTLE_S * 1000):
            gap.told = True
            self.counters["gaps_found"] += 1
            self._dirty[key] = None
        if why:
            gap.state, gap.why = GIVEN_UP, why
            self.counters["gaps_given_up"] += 1
            self._dirty[key] = None

    def _reason(self, key: Key, gap: Gap, age_ms: int) -> str:
        if gap.why == JOURNAL:
            return JOURNAL if age_ms >= SETTLE_S * 1000 else ""
        device, boot = key
        if (boot, gap.last) < self._emptied.get(device, (0, 0)):
            return NOT_HELD
        limit_s = OLD_BOOT_S if boot < self._newest[device] else GIVE_UP_S
        return AGE if age_ms >= limit_s * 1000 else ""

    def changed(self) -> list[Changed]:
        """What differs from what was handed out before; the caller saves it."""
        found = []
        for key in self._dirty:
            boot = self.boots[key]
            rows = tuple(
                (*key, gap.first, gap.last, gap.found_ms, gap.state, gap.why) for gap in boot.gaps
            )
            found.append(Changed(key, Boot(boot.upto, boot.mended_upto), rows))
        self._dirty.clear()
        return found


def _why(boot: Boot) -> tuple[str, str]:
    """What is missing right above where the journal was mended may have been lost by it."""
    return (OPEN, JOURNAL) if boot.mended_upto == boot.upto else (OPEN, "")


# -- in the database ---------------------------------------------------------------------------

_BOOTS = "SELECT device, boot, upto, mended_upto FROM boots"
_GAPS = "SELECT device, boot, first, last, found_ms, state, why FROM gaps ORDER BY 1, 2, 3"
_SAVE_BOOT = "INSERT OR REPLACE INTO boots (device, boot, upto, mended_upto) VALUES (?, ?, ?, ?)"
_SAVE_GAP = "INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?, ?)"
_CURSOR = "gap_book_id"  # meta: the row up to which all that is saved has been folded
_NEXT = "SELECT id, device, boot, seq FROM records WHERE id > ? ORDER BY id LIMIT ?"
_HELD = """
    SELECT device, boot, seq, before FROM (
        SELECT device, boot, seq, lag(seq, 1, 0) OVER (PARTITION BY device, boot ORDER BY seq)
        AS before FROM records WHERE boot < ?
    ) WHERE seq > before + 1
"""
_TOPS = "SELECT device, boot, max(seq) FROM records WHERE boot < ? GROUP BY device, boot"


def load(db: Database) -> tuple[dict[Key, Boot], int]:
    """Every boot that was saved, and the row up to which they are whole; 0 if never saved."""
    boots = {(d, b): Boot(upto, mended) for d, b, upto, mended in db.execute(_BOOTS).fetchall()}
    for device, boot, first, last, found_ms, state, why in db.execute(_GAPS).fetchall():
        known = boots.setdefault((device, boot), Boot())
        known.upto = max(known.upto, last)  # a salvaged book may have lost its boot
        known.gaps.append(Gap(first, last, found_ms, state, why, told=True))
    found = db.execute("SELECT value FROM meta WHERE key = ?", (_CURSOR,)).fetchone()
    return boots, int(found[0]) if found else 0


def first_look(db: Database, now_ms: int) -> dict[Key, Boot]:
    """The boots of a journal that never had a book, by what it holds and what it let go."""
    tops = db.execute(_TOPS, (CLASH_BOOT,)).fetchall()
    boots = {(device, boot): Boot(upto) for device, boot, upto in tops}
    for device, boot, seq, before in db.execute(_HELD, (CLASH_BOOT,)).fetchall():
        boots[device, boot].gaps.append(Gap(before + 1, seq - 1, now_ms))
    return boots


def rows_after(db: Database, id_: int, limit: int) -> tuple[int, list[Run]]:
    """The last row's number, and what came in the rows after `id_`, as runs of one each."""
    rows = db.execute(_NEXT, (id_, limit)).fetchall()
    runs = [Run(device, boot, 0, seq, seq) for _, device, boot, seq in rows]
    return (rows[-1][0] if rows else id_), runs


def let_go_runs(db: Database) -> list[Run]:
    """What came and was deleted since (let_go.py)."""
    rows = db.execute("SELECT device, boot, first, last FROM let_go").fetchall()
    return [Run(device, boot, 0, first, last) for device, boot, first, last in rows]


def save(db: Database, changed: Iterable[Changed]) -> None:
    """Write what changed."""
    for key, boot, gaps in changed:
        db.execute(_SAVE_BOOT, (*key, boot.upto, boot.mended_upto))
        db.execute("DELETE FROM gaps WHERE device = ? AND boot = ?", key)
        db.executemany(_SAVE_GAP, gaps)


def set_cursor(db: Database, id_: int) -> int:
    """All rows up to `id_` are in what was saved. The newest row's number."""
    db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (_CURSOR, str(id_)))
    return int(db.execute("SELECT coalesce(max(id), 0) FROM records").fetchone()[0])


def told(db: Database, device: str) -> list[dict[str, Any]]:
    """Each boot of a tracker, JSON-ready: boot, upto, gaps (first, last, found_ms, state, why),
    and let_go, the (first, last) of what came and was deleted since."""
    boots, _ = load(db)  # of one tracker few, of all some thousands
    gone: dict[int, list[list[int]]] = {}
    for run in let_go_runs(db):
        if run.device == device:
            gone.setdefault(run.boot, []).append([run.first, run.last])
    return [
        {
            "boot": number,
            "upto": boot.upto,
            "mended_upto": boot.mended_upto,
            "gaps": [
                {"first": gap.first, "last": gap.last, "found_ms": gap.found_ms,
                 "state": gap.state, "why": gap.why}
                for gap in boot.gaps
            ],
            "let_go": gone.get(number, []),
        }
        for (whose, number), boot in sorted(boots.items())
        if whose == device
    ]  # fmt: skip
