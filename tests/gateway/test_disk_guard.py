"""A disk that fills up: what goes first, what stays with the trackers, and alarms to the last."""

import asyncio
import os
import shutil
import subprocess
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.parcels import entries, parcel
from gateway.records import NOW_S, alarm, entry, report
from gateway.test_let_go import old
from gateway.upkeep_rig import Rig
from trygg_gateway import upkeep
from trygg_gateway.disk_guard import (
    ALARMS_ONLY,
    LAST,
    MAKING_ROOM,
    NO_BACKLOG,
    RESERVE,
    WELL,
    DiskGuard,
    Room,
)
from trygg_gateway.own_records import GATEWAY, JOURNAL_FULL
from trygg_gateway.values import BACKLOG, LIVE, Entry, Stray

R = 1 << 20


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(upkeep, "PAUSE_S", 0)


class Guarded:
    """A guard before a list."""

    def __init__(self, path, max_bytes=0):
        self.put, self.confirmed = [], []
        self.guard = DiskGuard(self._put, path / "journal.sqlite", max_bytes, R)

    def _put(self, parcel):
        self.put.append(parcel)
        return True

    def give(self, *kept):
        confirm = lambda token, count: self.confirmed.append((token, count))  # noqa: E731
        assert self.guard.put(parcel(*kept, confirm=confirm, token=7))

    def at(self, quarters, full=False):
        self.guard.look(Room(quarters * R // 4, 0, 0), full)
        return self.guard.level


@pytest.mark.parametrize(
    ("quarters", "level"),
    [(99, WELL), (12, WELL), (11, MAKING_ROOM), (7, NO_BACKLOG), (3, ALARMS_ONLY), (0, LAST)],
)
def test_the_less_room_the_more_stays_with_the_trackers(tmp_path, quarters, level):
    assert Guarded(tmp_path).at(quarters) == level


@given(st.lists(st.integers(0, 20), min_size=1))
def test_a_level_is_left_with_a_quarter_more_room_and_never_flutters(tmp_path_factory, course):
    guarded = Guarded(tmp_path_factory.mktemp("course"))
    for quarters in course:
        before = guarded.guard.level
        level = guarded.at(quarters)
        floor = sum(quarters < begins for begins in (12, 8, 4, 1))
        calm = sum(4 * quarters < 5 * begins for begins in (12, 8, 4, 1))
        assert floor <= level <= calm
        assert level == floor or level <= before, "what it left it has not come back to"


def test_the_bound_of_the_settings_counts_as_the_disk_does(tmp_path):
    guarded = Guarded(tmp_path, max_bytes=10 * R)
    guarded.guard.look(Room(100 * R, 9 * R - 1, 0), False)
    assert guarded.guard.level == NO_BACKLOG
    guarded.guard.look(Room(100 * R, 9 * R - 1, 4 * R), False)
    assert guarded.guard.level == WELL, "pages that are free in the file are room"


def mixed():
    late = entry(report(1, 1), lane=BACKLOG)
    return late, entry(report(1, 2), lane=LIVE), entry(alarm(1, 3)), Stray("odd", b"x", "odd", 1)


def test_alarms_are_taken_at_every_level_and_all_is_confirmed_to_who_carried_it(tmp_path):
    guarded = Guarded(tmp_path)
    for quarters, others, strays in ((99, [1, 2], 1), (7, [2], 0), (3, [], 0), (0, [], 0)):
        guarded.at(quarters)
        guarded.give(*mixed())
        taken = guarded.put.pop()
        assert [one.seq for one in entries(taken.alarms)] == [3]
        assert [one.seq for one in entries(taken.others)] == others
        assert (len(taken.strays), taken.count) == (strays, 4)
    said = guarded.guard.counters
    assert (said["backlog_not_taken"], said["live_not_taken"], said["strays_not_taken"]) == (
        1,
        4,
        3,
    )


def test_what_holds_nothing_that_is_taken_is_confirmed_at_once(tmp_path):
    guarded = Guarded(tmp_path)
    guarded.at(7)
    guarded.give(mixed()[0])
    assert (guarded.put, guarded.confirmed) == ([], [(7, 1)])
    guarded.give(mixed()[1])
    assert len(guarded.put) == 1


def test_the_reserve_is_real_given_back_once_and_taken_again(tmp_path):
    guarded = Guarded(tmp_path)
    file = tmp_path / ("journal.sqlite" + RESERVE)
    guarded.guard.begin()
    assert file.stat().st_blocks * 512 >= R, "the disk has set it aside"
    guarded.at(99, full=True)
    assert guarded.guard.level == LAST
    assert not file.exists()
    guarded.at(0)
    assert guarded.guard.counters["reserve_given"] == 1
    guarded.at(99)
    assert file.stat().st_size == R


def test_room_is_made_of_the_oldest_that_every_sink_has_and_they_stay_known(tmp_path):
    with Rig(tmp_path / "journal.sqlite", max_bytes=12 * R, reserve=4 * R) as rig:
        rig.keep(*(old(seq, 1) for seq in range(1, 501)))
        rig.confirm()
        rig.keep(*(old(seq, 0) for seq in range(501, 601)))
        rig.guard.look(Room(1 << 40, 11 * R // 10, 0), False)
        assert rig.guard.level == MAKING_ROOM

        async def all_of_it():
            while await rig.upkeep.make_room():
                pass

        asyncio.run(all_of_it())
        assert rig.held() == list(range(501, 601))
        assert rig.upkeep.counters["deleted_for_room"] == 500
        assert rig.journal.query("SELECT first, last FROM let_go") == [(1, 500)]


# -- a file system that is really full ---------------------------------------------------------

DISK_MB = 24


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own, for root, as CI is; who may not mount is told so, and has the
    test below in which SQLite itself says full."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid():
        pytest.skip("mounting a small file system takes root; the limit's test runs instead")
    mount = [shutil.which("mount"), "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(
            f"no right to mount here ({done.stderr.strip()}); the limit's test runs instead"
        )
    yield place
    subprocess.run([shutil.which("umount"), "-l", str(place)], check=True)


def pour(rig, seconds=60):
    """Reports until the guard takes alarms alone; (those confirmed and told, how far it came)."""
    told = set()
    rig.journal.on_commit.append(
        lambda runs: told.update((r.boot, n) for r in runs for n in range(r.first, r.last + 1))
    )
    seq, until = 0, time.monotonic() + seconds
    while rig.guard.level < ALARMS_ONLY:
        assert time.monotonic() < until, "the disk never became full"
        frame = bytes(range(200)) * 2
        lanes = (BACKLOG, LIVE) * 250
        rig.guard.put(parcel(*(
            Entry("astrid", 1, seq + n, 1, lane, NOW_S, NOW_S * 1000, frame)
            for n, lane in enumerate(lanes, 1)
        )))  # fmt: skip
        seq += 500
        rig.journal.write(lambda db: None).result(20)
        asyncio.run(rig.upkeep.look())
    return told, seq


def fill_up(place):
    """Full to the last byte."""
    with place.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 12)):
            pass


def test_on_a_full_file_system_alarms_are_taken_to_the_last_of_the_reserve(disk):
    with Rig(disk / "journal.sqlite", reserve=5 * R) as rig:
        rig.guard.begin()
        told, last = pour(rig)
        counters = rig.guard.counters
        assert counters["backlog_not_taken"] > 0, "backlog went first"
        held = {(boot, seq) for boot, seq in rig.journal.query("SELECT boot, seq FROM records")}
        assert told <= held, "what was told to be committed is there"
        assert last > 1000
        fill = disk / "somebody-elses-file"
        fill_up(fill)
        for seq in range(1, 151):
            taken, until = threading.Event(), time.monotonic() + 60
            rig.guard.put(parcel(entry(alarm(9, seq)), confirm=lambda *_, t=taken: t.set()))
            while not taken.wait(0.1):
                assert time.monotonic() < until, f"alarm {seq} was not taken"
                asyncio.run(rig.upkeep.look())
        assert counters["reserve_given"] == 1
        alarms = rig.journal.query("SELECT seq FROM records WHERE boot = 9 ORDER BY seq")
        assert [seq for (seq,) in alarms] == list(range(1, 151))
        rig.guard.put(parcel(entry(report(8, 1))))
        assert counters["live_not_taken"] > 0
        fill.unlink()
        rig.confirm()
        for _ in range(400):
            asyncio.run(rig.upkeep.look())
            if not asyncio.run(rig.upkeep.make_room()) and rig.guard.level < NO_BACKLOG:
                break
        assert rig.guard.level < NO_BACKLOG, "what the sinks have makes room again"
        said = rig.journal.query("SELECT device, what FROM alarms")
        assert (GATEWAY, JOURNAL_FULL) in said
        assert rig.journal.query("PRAGMA integrity_check") == [("ok",)]


def test_a_journal_never_grows_beyond_its_bound_and_takes_alarms_up_to_it(tmp_path):
    """Without any right to mount: SQLite itself says full, as it does of a full disk."""
    path = tmp_path / "journal.sqlite"
    with Rig(path, max_bytes=7 * R, reserve=1 * R) as rig:
        rig.guard.begin()
        rig.journal.bound(7 * R)
        pour(rig)
        confirmed = []
        taken = lambda *_: confirmed.append(1)  # noqa: E731
        for seq in range(1, 201):
            rig.guard.put(parcel(entry(alarm(9, seq)), confirm=taken))
        rig.journal.write(lambda db: None).result(20)
        assert len(confirmed) == 200
        rig.journal.bound(path.stat().st_size)  # now there is no page left, not even for alarms
        for seq in range(201, 1201):
            rig.guard.put(parcel(entry(alarm(9, seq)), confirm=taken))
        until = time.monotonic() + 60
        while not rig.journal.disk_full:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert len(confirmed) < 1200, "none is confirmed that is not on disk"
        rig.guard.look(rig.upkeep.room(), rig.journal.disk_full)
        assert (rig.guard.level, rig.guard.counters["reserve_given"]) == (LAST, 1)
        rig.journal._db.execute("PRAGMA max_page_count = 100000")  # somebody makes room
        while len(confirmed) < 1200:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert rig.journal.query("SELECT count(*) FROM records WHERE boot = 9") == [(1200,)]


def test_a_disk_that_fills_up_while_room_is_made_is_still_looked_at(tmp_path, monkeypatch):
    """Making room waits for a commit that a full disk refuses; the look at the disk does not."""
    monkeypatch.setattr(upkeep, "LOOK_S", 0.02)
    with Rig(tmp_path / "journal.sqlite") as rig:
        rig.guard.begin()
        rig.keep(*(old(seq, 1) for seq in range(1, 2001)))
        rig.confirm()
        free = [5 * R // 2]
        rig.upkeep.room = lambda: Room(free[0], 0, 0)

        async def fill_up():
            running = asyncio.create_task(rig.upkeep.run())
            while rig.guard.level < MAKING_ROOM:  # noqa: ASYNC110 - nobody says when
                await asyncio.sleep(0.01)
            free[0] = 0
            ((pages,),) = rig.journal.query("PRAGMA page_count")
            await asyncio.to_thread(rig.journal.bound, pages * 4096)
            rig.guard.put(parcel(*(entry(alarm(9, seq)) for seq in range(1, 2001))))
            async with asyncio.timeout(60):
                while not rig.guard.counters["reserve_given"]:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

        asyncio.run(fill_up())
        rig.journal._db.execute("PRAGMA max_page_count = 100000")
