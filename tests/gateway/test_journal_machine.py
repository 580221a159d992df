"""The journal against a plain list, in any order of what can happen to it.

Parcels of records (all lanes, duplicates, clashes) and strays, cursors, writes that fail, a full
disk, a clock that jumps, a clean restart, a kill between commits, a power cut in one that tears
what it wrote, a copy made and one put in the journal's place, records let go. The model is a list
of what was put and a set of what was confirmed. At every rest:

- what was confirmed is there, with its own bytes, and nothing is there twice;
- nothing is there that nobody put, and without a crash all is there that was put;
- a lane stands in the order of arrival, and of one commit's records the alarms stand first;
- confirms come once, in the order of arrival; cursors stand where they were put.
"""

import random
import shutil
import tempfile
import threading
import time
from copy import copy
from functools import cache
from pathlib import Path
from typing import NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gateway.parcels import parcel
from gateway.records import PLACE, report
from gateway.tapped_disk import KINDS, TappedDisk
from trygg_gateway import journal as journal_module
from trygg_gateway import journal_backup, journal_file, let_go
from trygg_gateway.journal import Journal, Limits
from trygg_gateway.values import ALARM, BACKLOG, CLASH_BOOT, LANES, LIVE, Entry, Stray

WAIT_S = 20
NOW_MS = 1_790_000_000_000
LONG_AGO_S = 1  # records are made before the clock is wherever it jumps
SINKS = ("centre", "archive")


class Said(NamedTuple):
    """A record as a tracker says it: its identity, its bytes, its lane."""

    device: str
    boot: int
    seq: int
    payload: bytes
    lane: int


@cache
def frame(boot, seq, fixes):
    """A real frame, since a journal may be looked through for those that are none."""
    return report(boot, seq, fixes=[PLACE] * fixes)


IDENTITIES = st.tuples(
    st.sampled_from(["astrid", "bjørn"]), st.integers(1, 2), st.integers(1, 14),
    st.sampled_from([1, 1, 1, 60]), st.sampled_from([ALARM, LIVE, LIVE, BACKLOG]),
).map(lambda found: Said(*found[:3], frame(*found[1:4]), found[4]))  # fmt: skip
PARCELS = st.lists(IDENTITIES, min_size=1, max_size=6)


class JournalMachine(RuleBasedStateMachine):
    """Puts gather while the writer is held; `rest` lets it go, waits, and compares."""

    @initialize(rows=st.sampled_from([1, 7, 2000]))
    def begin(self, rows):
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "data"
        self.folder.mkdir()
        self.rows = rows
        self.now_ms = NOW_MS
        self.life = 0
        self.put_count = 0
        self.arrived = {}  # Said → its place of arrival, of what was not lost in a crash
        self.confirmed = set()
        self.cursors = {}
        self.gone = set()  # (device, boot, seq) let go: not taken as new when they come again
        self.copy, self.copies = None, 0
        self._connect, self._retry = journal_file.connect, journal_module.RETRY_MIN_S
        journal_module.RETRY_MIN_S = 0.001
        self._open()

    def _open(self):
        self.disk = TappedDisk(self.folder)
        self.disk.tap()
        self.journal = Journal.open(self.folder / "journal.sqlite", Limits(commit_rows=self.rows))
        self.life += 1
        self.waiting = []  # (token, parcel) in their order
        self.confirms = []
        self.gathered = []  # what was put since the last rest and was not there
        self._hold()

    def _hold(self):
        inside, self.go = threading.Event(), threading.Event()
        go = self.go
        self.held = self.journal.write(lambda db: (inside.set(), go.wait(WAIT_S)))
        assert inside.wait(WAIT_S)

    # -- what can happen -------------------------------------------------------------------

    @rule(said=PARCELS)
    def put(self, said):
        """A door hands in a parcel."""
        self._put(said, [])

    @rule(number=st.integers(1, 3))
    def put_strays(self, number):
        """What belongs to nobody."""
        strays = [Stray("odd", b"%d" % n, "nobody knows it", self.now_ms) for n in range(number)]
        self._put([], strays)

    @precondition(lambda self: self.arrived)
    @rule(data=st.data())
    def put_again(self, data):
        """A tracker that has not heard its ack says some of it again."""
        known = list(self.arrived)
        self._put(data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=5)), [])

    def _put(self, said, strays):
        self.put_count += 1
        token, life = self.put_count, self.life
        entries = [
            Entry(one.device, one.boot, one.seq, 1, one.lane, LONG_AGO_S, self.now_ms, one.payload)
            for one in said
        ]

        def confirm(got, count):
            if life == self.life:  # a process that died tells nobody
                self.confirms.append((got, count))

        assert self.journal.put(parcel(*entries, *strays, confirm=confirm, token=token))
        self.waiting.append((token, said, len(strays)))
        stored = {(one.device, one.boot, one.seq, one.payload) for one in self.arrived}
        for one in said:
            if one[:3] in self.gone:
                continue
            if (one.device, one.boot, one.seq, one.payload) not in stored:
                self.arrived[one] = len(self.arrived) + 1000 * self.put_count
                self.gathered.append(one)
                stored.add((one.device, one.boot, one.seq, one.payload))

    @rule(sink=st.sampled_from(SINKS), lane=st.sampled_from(LANES), id_=st.integers(1, 99))
    def move_cursor(self, sink, lane, id_):
        """A sink has confirmed so far; it never goes back."""
        id_ = max(id_, self.cursors.get((sink, lane), 0))
        self.rest()
        self._hold()
        done = self.journal.move_cursor(sink, lane, id_)
        self.go.set()
        done.result(WAIT_S)
        self.cursors[(sink, lane)] = id_
        self._hold()

    @rule()
    def fail_alone(self):
        """Somebody's write goes wrong in the middle of everybody's commit."""

        def act(db):
            db.execute("INSERT INTO cursors VALUES ('wrong', 0, 1)")
            raise ValueError("changed my mind")

        failed = self.journal.write(act)
        self.go.set()
        assert isinstance(failed.exception(WAIT_S), ValueError)
        self.rest()
        assert self.journal.cursor("wrong", 0) == 0
        self._hold()

    @rule(commits=st.integers(1, 3))
    def fill_the_disk(self, commits):
        """The next commits find it full."""
        self.disk.refuse(commits)

    @rule(seconds=st.integers(-10_000_000, 10_000_000))
    def jump(self, seconds):
        """The gateway's clock is set."""
        self.now_ms = max(0, self.now_ms + 1000 * seconds)

    @rule()
    def settle(self):
        """A rest, and the comparison."""
        self.rest()
        self._hold()

    @rule()
    def reopen(self):
        """A clean stop and start."""
        self.rest()
        self.journal.close()
        self._open()

    @rule(data=st.data())
    def let_go(self, data):
        """Records are deleted by age or for a person; not the newest row, as upkeep has it."""
        self.rest()
        self._rows_before = self._rows()
        rows = self.journal.read(lambda db: let_go.oldest(db, 0, 100))[:-1]
        rows = [row for row in rows if row.boot < CLASH_BOOT]
        if rows:
            some = data.draw(st.lists(st.sampled_from(rows), unique=True, max_size=4))
            known = self.journal.let_go
            self.journal.write(lambda db: let_go.delete(db, some, known)).result(WAIT_S)
            self._forget({(row.device, row.boot, row.seq) for row in some})
        self._compare()
        self._hold()

    def _forget(self, gone):
        """What clashed with them stays, under its own number."""
        held = {row[1:4]: row[4] for row in self._rows_before}
        self.gone |= gone
        lost = {(*key, held[key]) for key in gone}
        self.confirmed -= lost
        self.arrived = {
            one: place
            for one, place in self.arrived.items()
            if (one.device, one.boot, one.seq, one.payload) not in lost
        }

    @rule()
    def back_up(self):
        """A copy is made beside the running journal, while records wait for a commit."""
        self.rest()
        self.copies += 1
        self.copy = self.root / f"copy-{self.copies}.sqlite"
        journal_backup.backup(self.journal.path, self.copy, self.now_ms)
        self.copied = [*map(copy, (self.arrived, self.confirmed, self.cursors, self.gone))]
        self._hold()

    @precondition(lambda self: self.copy is not None)
    @rule()
    def restore(self):
        """The copy takes the journal's place: what came later is for trackers to say again."""
        self.rest()
        self.journal.close()
        journal_backup.restore(self.copy, self.folder / "journal.sqlite")
        self.arrived, self.confirmed, self.cursors, self.gone = map(copy, self.copied)
        self._open()
        self._compare()

    @rule()
    def kill(self):
        """kill -9 between two commits: the parcels that wait die with it."""
        self._die(self.disk.cut_now())

    @rule(kind=st.sampled_from(KINDS), after=st.integers(1, 3), seed=st.integers(0, 9999))
    def cut_power(self, kind, after, seed):
        """The power goes in one of the next commits, or after them."""
        had = []
        self.disk.cut(after, kind, random.Random(seed), lambda: had.extend(self.confirms))
        before = set(self.confirmed)
        self._come_to_rest()
        if self.disk.left is None:
            had = self.confirms
        self.confirmed = before | self._confirmed_of(had)
        self._die(self.disk.left or self.disk.cut_now())

    def _confirmed_of(self, confirms):
        tokens = {token for token, _ in confirms}
        return {
            (one.device, one.boot, one.seq, one.payload)
            for token, said, _ in self.waiting
            if token in tokens
            for one in said
            if one[:3] not in self.gone
        }

    def _die(self, left):
        self.life += 1
        self.go.set()
        self.journal.close()
        shutil.rmtree(self.folder)
        left.rename(self.folder)
        self._open()
        self.arrived = self._survived()
        self._compare()

    def _survived(self):
        """The model without what died unconfirmed."""
        there = self._there()
        return {
            one: place
            for one, place in self.arrived.items()
            if (one.device, one.boot, one.seq, one.payload) in there
        }

    # -- what must be so -------------------------------------------------------------------

    def rest(self):
        """Let the writer go; wait until all is committed; compare."""
        self._come_to_rest()
        self.confirmed |= self._confirmed_of(self.confirms)
        self._alarms_stand_first()
        self.waiting, self.confirms, self.gathered = [], [], []
        self._compare()

    def _come_to_rest(self):
        self.go.set()
        until = time.monotonic() + WAIT_S
        while (
            not self.held.done() or self.journal.waiting or len(self.confirms) < len(self.waiting)
        ):
            assert time.monotonic() < until, "the journal does not come to rest"
            time.sleep(0.0005)
        assert self.confirms == [(token, len(said) + n) for token, said, n in self.waiting]

    def _rows(self):
        return self.journal.query(
            "SELECT id, device, boot, seq, payload, lane FROM records ORDER BY id"
        )

    def _there(self):
        """(device, boot, seq, payload) of every record, clashes under the boot they came with."""
        found = [row[1:5] for row in self._rows() if row[2] < CLASH_BOOT]
        first = {row[:3]: row[3] for row in found}
        put = {(one.device, one.boot, one.seq, one.payload) for one in self.arrived}
        for _, device, boot, _, payload, _ in self._rows():
            if boot >= CLASH_BOOT:
                mine = [
                    key for key in put
                    if (key[0], key[1] + CLASH_BOOT, key[3]) == (device, boot, payload)
                    and (first.get(key[:3], payload) != payload or key[:3] in self.gone)
                ]  # fmt: skip
                found += mine
        return set(found)

    def _compare(self):
        rows = self._rows()
        there = self._there()
        put = {(one.device, one.boot, one.seq, one.payload) for one in self.arrived}
        assert not self.confirmed - there, f"confirmed and lost: {self.confirmed - there}"
        assert there == put, f"not put: {there - put}, not there: {put - there}"
        identities = [row[1:4] for row in rows]
        assert len(identities) == len(set(identities))
        self._lanes_stand_in_order(rows)
        for (sink, lane), id_ in self.cursors.items():
            assert self.journal.cursor(sink, lane) == id_

    def _lanes_stand_in_order(self, rows):
        place = {(*one[:4], one.lane): at for one, at in self.arrived.items()}
        for lane in LANES:
            places = [
                place[(*row[1:5], lane)]
                for row in rows
                if row[5] == lane and row[2] < CLASH_BOOT and (*row[1:5], lane) in place
            ]
            assert places == sorted(places), f"lane {lane} is not in the order of arrival"

    def _alarms_stand_first(self):
        """All that had gathered was put before the first commit began."""
        ids = {(*row[1:5], row[5]): row[0] for row in self._rows() if row[2] < CLASH_BOOT}
        mine = [(one.lane, ids.get((*one[:4], one.lane))) for one in self.gathered]
        alarms = [id_ for lane, id_ in mine if lane == ALARM and id_]
        others = [id_ for lane, id_ in mine if lane != ALARM and id_]
        if alarms and others:
            assert max(alarms) < min(others), "a report stands before an alarm that waited with it"

    def teardown(self):
        if hasattr(self, "journal"):
            self.go.set()
            self.journal.close()
            journal_file.connect, journal_module.RETRY_MIN_S = self._connect, self._retry
            shutil.rmtree(self.root)


JournalMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# for a machine that has much else to do, or whose disk takes its time
TestJournalMachine = pytest.mark.timeout(280)(JournalMachine.TestCase)
