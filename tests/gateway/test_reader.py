"""The reader over a real journal: folded once, alarms first, nothing bad in its way."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from gateway.parcels import put_one
from gateway.records import NOW_MS, NOW_S, PLACE, alarm, answer, entry, health, report
from trygg_gateway import (
    alarm_book,
    alarms,
    forgetting,
    order_book,
    orders,
    pace,
    understood,
    understood_book,
)
from trygg_gateway import reader as reader_module
from trygg_gateway.journal import Journal
from trygg_gateway.let_go import LetGo
from trygg_gateway.pace import Pace
from trygg_gateway.reader import Reader
from trygg_gateway.registry import Registry
from trygg_gateway.values import ALARM, BACKLOG, LIVE
from trygg_gateway.views import Views
from trygg_wire import codec, layouts

WAIT_S = 20


class Rig:
    """A journal with a registered tracker, and what a reader told."""

    def __init__(self, path):
        self.journal = Journal.open(path)
        self.changed, self.answered = [], []
        registry = Registry(self.journal, lambda: NOW_MS)
        if registry.find("astrid") is None:
            registry.add("astrid", "nord", "Astrid")
        self.views = Views(self.journal, lambda: NOW_MS + 1000)

    def put(self, *frames, **values):
        for frame in frames:
            put_one(self.journal, entry(frame, **values))
        self.journal.write(lambda db: None).result()

    def new_reader(self):
        return Reader(self.journal, lambda: NOW_MS + 500, self.changed.append,
                      self.answered.append)  # fmt: skip

    def fold(self):
        """Everything there is, by a reader that knows nothing but the journal."""

        async def all_of_it():
            reader = self.new_reader()
            while await reader.step():
                pass
            return reader

        return asyncio.run(all_of_it())

    def count(self, table):
        return self.journal.query(f"SELECT count(*) FROM {table}")[0][0]

    def events(self):
        return [event for (event,) in self.journal.query(
            "SELECT event FROM alarm_events ORDER BY alarm_id, at_ms, id")]  # fmt: skip


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path / "journal.db")
    yield rig
    rig.journal.close()


def test_records_become_state_positions_and_alarms(rig):
    rig.put(report(1, 1), alarm(1, 2), health(1, 3))
    reader = rig.fold()
    (tracker,) = rig.views.trackers()
    assert (tracker["status"], tracker["firmware"]) == ("alarm", "0.1.0")
    assert len(rig.views.track("astrid", 0)) == 2, "the alarm's fix is one of the report's"
    assert rig.events() == ["outside", "raised", "stored"]
    assert set(rig.changed) == {"trackers", "alarms"}
    assert reader.counters["alarms_raised"] == 1


def test_folding_goes_on_after_a_restart_and_folds_nothing_twice(tmp_path):
    for run in range(1, 4):
        rig = Rig(tmp_path / "journal.db")
        rig.put(alarm(1, 10 * run), report(1, 10 * run + 1, NOW_S + run))
        reader = rig.fold()
        assert reader.counters["folded"] == 2
        assert rig.count("alarms") == run
        rig.journal.close()


def test_alarms_are_folded_before_older_reports_and_those_before_backlog(rig):
    rig.put(*(report(1, seq) for seq in range(1, 3)), lane=BACKLOG)
    rig.put(*(report(1, seq) for seq in range(3, 5)), lane=LIVE)
    rig.put(alarm(1, 5))
    lanes = []

    async def steps():
        reader = rig.new_reader()
        while await reader.step():
            lanes.append([rig.journal.cursor("reader", lane) > 0 for lane in (0, 1, 2)])

    asyncio.run(steps())
    assert lanes == [[True, False, False], [True, True, False], [True, True, True]]


def test_backlog_that_comes_late_overwrites_no_newer_state(rig):
    rig.put(report(1, 9, battery_percent=30))
    rig.put(report(1, 2, NOW_S - 5000, battery_percent=90), lane=BACKLOG)
    rig.fold()
    (tracker,) = rig.views.trackers()
    assert tracker["battery_percent"] == 30
    assert len(rig.views.track("astrid", 0)) == 4, "but it fills the track"


UNDECODABLE = report(1, 7)[:-2] + b"\x01"  # a byte too many, under a CRC that fits


def with_crc(data):
    from trygg_wire.crc16 import crc16

    return data + crc16(data).to_bytes(2, "big")


def test_what_cannot_be_decoded_is_set_aside_and_passed(rig):
    bad = with_crc(UNDECODABLE)
    rig.put(report(1, 6), bad, report(1, 8, battery_percent=12))
    reader = rig.fold()
    assert (reader.counters["folded"], reader.counters["undecodable"]) == (2, 1)
    (stray,) = rig.views.quarantine()
    assert (stray["topic"], stray["payload_hex"]) == ("astrid:1:7", bad.hex())
    assert "too many" in stray["reason"]
    assert rig.views.trackers()[0]["battery_percent"] == 12


def test_a_record_that_cannot_be_folded_stops_only_itself(rig, monkeypatch):
    def fold(state, records):
        if any(row.seq == 3 for row, _, _ in records):
            raise ZeroDivisionError("a fault of ours")
        return real_fold(state, records)

    real_fold = understood.fold
    monkeypatch.setattr(understood, "fold", fold)
    rig.put(*(report(1, seq, battery_percent=seq) for seq in range(1, 6)))
    reader = rig.fold()
    assert (reader.counters["folded"], reader.counters["unfoldable"]) == (4, 1)
    assert rig.views.trackers()[0]["battery_percent"] == 5
    assert rig.views.quarantine()[0]["reason"] == "cannot be folded: ZeroDivisionError"


def left(seq, number=1):
    return alarm(1, seq, fence_number=number)


def back(seq, number=1):
    return alarm(1, seq, what=layouts.BACK, fence_number=number, fence_state=layouts.INSIDE)


def test_coming_back_is_an_event_of_the_open_alarm_of_that_fence(rig):
    rig.put(left(1, number=1), left(2, number=2), back(3, number=1))
    rig.fold()
    first, second = rig.journal.query("SELECT id FROM alarms ORDER BY seq")
    shown = {one["id"]: one for one in rig.views.alarms()}
    assert [e["event"] for e in shown[first[0]]["timeline"]].count("back") == 1
    assert "back" not in [e["event"] for e in shown[second[0]]["timeline"]]
    assert {one["state"] for one in shown.values()} == {"raised"}, "a person closes it"


def test_a_return_that_overtook_its_alarm_finds_it(rig):
    rig.put(back(5))
    rig.fold()
    assert [one["state"] for one in rig.views.alarms()] == ["closed"]
    rig.put(left(4))
    rig.fold()
    (shown,) = rig.views.alarms()
    assert shown["state"] == "raised"
    assert sorted(e["event"] for e in shown["timeline"]) == ["back", "outside", "raised", "stored"]


def clashing(rig):
    """The alarms of a life whose numbers another had before."""
    return [shown for shown in rig.views.alarms() if shown["closed_cause"] == alarms.BACK_ALONE]


def test_a_return_of_another_life_ends_nothing_of_this_one(rig):
    rig.put(left(1), left(2))
    rig.put(back(2))  # its number is another's
    rig.fold()
    assert len(clashing(rig)) == 1
    opened = [shown for shown in rig.views.alarms() if shown["state"] == "raised"]
    assert [[event["event"] for event in shown["timeline"]] for shown in opened] == [
        ["outside", "raised", "stored"]
    ] * 2


def test_an_exit_of_this_life_takes_no_return_of_another(rig):
    rig.put(report(1, 2))
    rig.put(back(2))  # its number is another's
    rig.fold()
    rig.put(left(3))
    rig.fold()
    assert len(clashing(rig)) == 1, "it stands alone"
    assert "back" not in [event["event"] for shown in rig.views.alarms()
                          for event in shown["timeline"] if shown["state"] == "raised"]  # fmt: skip


def test_the_news_of_an_alarm_of_another_life_goes_by_the_number_its_tracker_knows(rig):
    rig.put(alarm(1, 1))
    rig.put(alarm(1, 1, what=layouts.SOS))  # its number is another's
    rig.fold()
    (shown,) = [one for one in rig.views.alarms() if one["what"] == "sos"]
    rig.views.take(shown["id"], "Kari")
    ((order_id, version, body),) = rig.journal.query("SELECT id, version, body FROM orders")
    assert codec.decode_body(layouts.COMMAND, body) == {
        "command": layouts.ALARM_TAKEN, "alarm_boot": 1, "alarm_seq": 1,
    }  # fmt: skip
    rig.put(answer_to(5, order_id, version, layouts.APPLIED))
    rig.fold()
    said = {one["what"]: [event["event"] for event in one["timeline"]]
            for one in rig.views.alarms()}  # fmt: skip
    assert "told" in said["sos"]
    assert "told" not in said["left"]


def test_an_older_return_belongs_to_no_newer_alarm(rig):
    rig.put(back(3), left(4))
    rig.fold()
    assert sorted(one["state"] for one in rig.views.alarms()) == ["closed", "raised"]


def answer_to(seq, order_id, version, result):
    values = {"boot": 1, "seq": seq, "time_s": NOW_S - layouts.EPOCH, "time_is_uptime": 0,
              "order_id": order_id, "order_version": version, "result": result,
              "reason": 0}  # fmt: skip
    return codec.encode(layouts.ANSWER, values)


def test_when_the_tracker_applied_the_news_the_timeline_says_that_the_wearer_knows(rig):
    rig.put(alarm(1, 1))
    rig.fold()
    taken = rig.views.take(rig.views.alarms()[0]["id"], "Kari")
    assert taken["state"] == "taken"
    ((order_id, version),) = rig.journal.query("SELECT id, version FROM orders")
    for seq, result in enumerate((layouts.RECEIVED, layouts.APPLIED, layouts.APPLIED), 2):
        rig.put(answer_to(seq, order_id, version, result))
    rig.fold()
    assert rig.events() == ["outside", "raised", "stored", "told", "taken"]
    assert rig.answered == ["astrid"]
    assert rig.views.orders()[0]["state"] == "applied"


HOME = {"number": 1, "name": "Home", "shape": "circle", "lat": 59.9, "lon": 10.7, "radius_m": 150}


def with_fences(seq, version, time_s=NOW_S):
    values = codec.decode(health(1, seq, time_s))[1] | {"fence_version": version}
    return codec.encode(layouts.HEALTH, values)


def fence_orders(rig):
    return rig.journal.query("SELECT version, state FROM orders WHERE kind = 2 ORDER BY version")


def applied_fences(rig):
    """Fences ordered and applied at version 1; record 2 was the answer."""
    order_id = rig.journal.write(
        lambda db: order_book.queue_fences(db, "astrid", [HOME], 0, "Kari", NOW_MS)
    ).result()
    rig.put(answer_to(2, order_id, 1, layouts.APPLIED))
    rig.fold()
    assert fence_orders(rig) == [(1, "applied")]


def test_a_tracker_that_lost_its_fences_is_ordered_them_again_once(rig):
    applied_fences(rig)
    rig.put(with_fences(3, 0))
    rig.fold()
    assert fence_orders(rig) == [(1, "applied"), (2, "queued")]
    assert rig.answered[-1] == "astrid", "and they are sent at once"
    bodies = rig.journal.query("SELECT DISTINCT body FROM orders WHERE kind = 2")
    assert len(bodies) == 1, "the same fences"
    names = rig.journal.query("SELECT version, name FROM fences ORDER BY version")
    assert names == [(1, "Home"), (2, "Home")]
    rig.put(with_fences(4, 0))
    rig.fold()
    assert fence_orders(rig) == [(1, "applied"), (2, "queued")], "not again while it is owed"


def test_a_tracker_that_refuses_its_lost_fences_is_asked_again_after_a_day(rig):
    applied_fences(rig)

    def lost():
        return rig.journal.write(
            lambda db: order_book.restore_fences(db, "astrid", 0, rig_now[0])
        ).result()

    rig_now = [NOW_MS]
    order_id = lost()
    refused = {"order_id": order_id, "order_version": 2, "result": layouts.REFUSED,
               "reason": layouts.NO_FLASH}  # fmt: skip
    rig.journal.write(lambda db: order_book.answered(db, "astrid", refused, NOW_MS)).result()
    assert [lost() for _ in range(50)] == [None] * 50
    assert fence_orders(rig) == [(1, "applied"), (2, "refused")]
    (newest, _) = rig.views.orders()
    assert (newest["state"], newest["reason"]) == ("refused", "no_flash")
    assert newest["ordered_by"] == order_book.RESTORED_BY
    rig_now[0] += order_book.RESTORE_PAUSE_MS
    assert lost() is not None
    assert fence_orders(rig)[2] == (3, "queued")


def test_fences_in_force_or_a_health_record_of_long_ago_order_nothing(rig):
    rig.put(with_fences(1, 0))
    rig.fold()
    assert fence_orders(rig) == [], "there never were any"
    applied_fences(rig)
    rig.put(with_fences(3, 1))
    rig.put(with_fences(4, 0, NOW_S - 5000), lane=BACKLOG)
    rig.fold()
    assert fence_orders(rig) == [(1, "applied")]


def test_an_answer_to_no_order_of_ours_is_passed(rig):
    rig.put(answer(1, 1), report(1, 2))
    assert rig.fold().counters["folded"] == 2


class Said:
    """What the forwarder says of a record (its Outcome)."""

    def __init__(self, row_id, seq, event="delivered"):
        self.row_id, self.seq, self.event = row_id, seq, event
        self.device, self.boot, self.sink, self.text, self.at_ms = "astrid", 1, "centre", "", NOW_MS


def test_a_sinks_word_waits_for_the_reader_and_is_written_once(rig):
    def say(outcome):
        return rig.journal.write(lambda db: alarm_book.sink_said(db, outcome)).result()

    rig.put(left(1), back(2))
    rows = {row.seq: row.id for row in rig.journal.rows_after(0, ALARM, 10)}
    assert say(Said(rows[1], 1)) is False
    rig.fold()
    assert [say(Said(rows[1], 1)), say(Said(rows[1], 1)), say(Said(rows[2], 2))] == [True] * 3
    assert rig.views.alarms()[0]["delivered"] == ["centre"]
    assert rig.events().count("delivered") == 1


@asynccontextmanager
async def running(rig):
    reader = rig.new_reader()
    task = asyncio.create_task(reader.run())
    await asyncio.sleep(0)
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(what):
    end = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


def test_a_running_reader_folds_what_comes(rig):
    async def story():
        async with running(rig) as reader:
            for seq in range(1, 301):
                put_one(rig.journal, entry(report(1, seq, NOW_S + seq)))
            await until(lambda: reader.counters["folded"] == 300)
            put_one(rig.journal, entry(alarm(1, 301)))
            await until(lambda: reader.counters["alarms_raised"] == 1)
            assert reader.behind == {"alarm": 0, "live": 0, "backlog": 0}

    asyncio.run(story())


def test_in_a_rush_an_alarm_is_folded_while_reports_wait(rig, monkeypatch):
    async def story():
        reader = rig.new_reader()
        monkeypatch.setattr(reader, "_must_yield", lambda: True)
        monkeypatch.setattr(Pace, "batch", 25)
        rig.put(*(report(1, seq, NOW_S + seq) for seq in range(1, 1001)))
        task = asyncio.create_task(reader.run())
        await asyncio.sleep(0)
        put_one(rig.journal, entry(alarm(1, 2000)))
        await until(lambda: reader.counters["alarms_raised"] == 1)
        waiting = reader.behind["live"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return waiting

    assert asyncio.run(story()) > 500


def test_far_behind_the_reader_keeps_up_with_a_rush(rig, monkeypatch):
    monkeypatch.setattr(reader_module, "BUSY_PAUSE_S", 3600)
    monkeypatch.setattr(pace, "BEHIND_MOST", 200)
    monkeypatch.setattr(pace, "BUSY_RATE", -1)  # whatever comes is a rush

    async def story():
        reader = rig.new_reader()
        rig.put(*(report(1, seq, NOW_S + seq) for seq in range(1, 501)))
        while reader.behind["live"] > 100:
            assert await reader.step()
        return reader.counters["folded"]

    assert asyncio.run(story()) >= 400


def test_an_alarm_waits_for_a_slice_and_not_for_a_batch(rig, monkeypatch):
    monkeypatch.setattr(reader_module, "SLICE", 10)
    rig.put(*(report(1, seq, NOW_S + seq) for seq in range(1, 1001)))
    seen = []

    async def story():
        reader = rig.new_reader()
        give_way = reader._give_way

        async def with_an_alarm(lane):
            if not seen:
                rig.put(alarm(1, 2000))
                reader._wake(alarm=True)
            await give_way(lane)
            seen.append((reader.counters["alarms_raised"], reader.counters["folded"]))

        monkeypatch.setattr(reader, "_give_way", with_an_alarm)
        while await reader.step():
            pass
        return reader

    reader = asyncio.run(story())
    assert seen[0] == (1, 1), "the alarm, and of the reports none"
    assert reader.counters["folded"] == 1001
    assert rig.views.trackers()[0]["status"] == "alarm"


def test_whole_batches_are_written_while_the_next_one_is_read(rig, monkeypatch):
    monkeypatch.setattr(Pace, "batch", 100)
    monkeypatch.setattr(reader_module, "SLICE", 10)
    rig.put(*(report(1, seq, NOW_S + seq, battery_percent=seq % 100) for seq in range(1, 351)))
    steps = []

    async def story():
        reader = rig.new_reader()
        while count := await reader.step():
            steps.append((count, reader.counters["folded"]))
        return reader

    reader = asyncio.run(story())
    assert steps == [(100, 0), (100, 100), (100, 200), (50, 350)]
    assert rig.journal.cursor("reader", LIVE) == 350
    assert reader.behind == {"alarm": 0, "live": 0, "backlog": 0}
    assert rig.views.trackers()[0]["battery_percent"] == 50


def test_who_is_forgotten_while_the_reader_reads_is_not_written_down_again(rig):
    registry = Registry(rig.journal, lambda: NOW_MS)
    registry.add("bjorn", "nord", "Bjorn")
    rig.put(report(1, 1), alarm(1, 2), health(1, 3), report(1, 4), answer(1, 5))
    rig.put(report(1, 1), device="bjorn")

    async def story():
        reader = rig.new_reader()
        rows, read = [], understood.Understood()
        await reader._read(LIVE, 100, rows, read)
        forget(rig.journal, "astrid")
        reader.forget("astrid")
        reader._begin(LIVE, rows, read)
        await reader._finish()
        return reader

    reader = asyncio.run(story())
    kept = {table: rig.journal.query(f"SELECT DISTINCT device FROM {table}")
            for table in ("positions", "devices", "alarms")}  # fmt: skip
    assert kept == {"positions": [("bjorn",)], "devices": [("bjorn",)], "alarms": []}
    assert set(reader._states) == {"bjorn"}


def test_many_places_are_written_in_pieces_ahead_of_the_batch(rig, monkeypatch):
    monkeypatch.setattr(pace, "PIECE", 10)
    rig.put(*(report(1, seq, NOW_S - 2 * seq, fixes=[PLACE]) for seq in range(1, 36)))
    pieces = []
    ahead = understood_book.write_positions

    def counted(db, positions):
        pieces.append((len(positions), rig.journal.cursor("reader", LIVE)))
        ahead(db, positions)

    monkeypatch.setattr(understood_book, "write_positions", counted)
    reader = rig.fold()
    assert pieces == [(10, 0), (10, 0), (10, 0)]
    assert rig.count("positions") == reader.counters["folded"] == 35
    assert rig.journal.cursor("reader", LIVE) == 35


def test_who_is_forgotten_between_two_pieces_is_not_written_down_again(rig, monkeypatch):
    monkeypatch.setattr(pace, "PIECE", 10)
    rig.put(*(report(1, seq, NOW_S - 2 * seq, fixes=[PLACE]) for seq in range(1, 36)))
    ahead = understood_book.write_positions
    pieces = []

    def then_forgets(db, positions):
        ahead(db, positions)
        pieces.append(len(positions))
        if len(pieces) == 1:
            forget_in(db, "astrid")

    monkeypatch.setattr(understood_book, "write_positions", then_forgets)
    rig.fold()
    assert len(pieces) == 3
    assert rig.count("positions") == rig.count("devices") == 0


def forget(journal, device):
    """All that is held of a tracker goes."""

    journal.write(lambda db: forget_in(db, device)).result()


def forget_in(db, device):
    forgetting.ask(db, device, "Kari", NOW_MS)
    (one,) = forgetting.asked(db)
    known = LetGo()
    while forgetting.asked(db):
        one, _ = forgetting.step(db, one, known, NOW_MS)


def test_a_record_that_cannot_be_written_stops_only_itself(rig, monkeypatch):
    monkeypatch.setattr(Pace, "batch", 4)

    def write(db, read, now_ms):
        if any(row.seq == 3 for one in read.by_tracker.values() for row, _, _ in one):
            raise ZeroDivisionError("a fault of ours")
        return real_write(db, read, now_ms)

    real_write = understood_book.write
    monkeypatch.setattr(understood_book, "write", write)
    rig.put(*(report(1, seq, NOW_S + seq, battery_percent=seq) for seq in range(1, 11)))
    reader = rig.fold()
    assert (reader.counters["folded"], reader.counters["unfoldable"]) == (9, 1)
    assert rig.views.trackers()[0]["battery_percent"] == 10
    assert rig.views.quarantine()[0]["reason"] == "cannot be folded: ZeroDivisionError"


def test_an_order_settled_by_its_answer_lets_the_next_one_go(rig):
    body = orders.command_body(layouts.REPORT_NOW)
    ids = [
        rig.journal.write(
            lambda db: order_book.queue(db, "astrid", layouts.COMMAND, body, 0, "Kari", NOW_MS)
        ).result()
        for _ in range(2)
    ]
    rig.put(answer_to(1, ids[0], 1, layouts.APPLIED))
    rig.fold()
    book = order_book.OrderBook(rig.journal, lambda: NOW_MS)
    assert [order.id for order in book.due("astrid")] == [ids[1]]


def test_a_fix_told_twice_is_one_position(rig):
    rig.put(report(1, 1, fixes=[PLACE]), report(1, 2, fixes=[PLACE]))
    rig.fold()
    assert rig.count("positions") == 1


UNDATED = {"what": layouts.SOS, "reason": layouts.BUTTON, "time_is_uptime": 1, "evidence": []}


def sos(seq, uptime_s, boot=1):
    return alarm(boot, seq, layouts.EPOCH + uptime_s, **UNDATED)


def health_of(seq, time_s, uptime_s, boot=1, is_uptime=0):
    kind, values = codec.decode(health(boot, seq, time_s))
    return codec.encode(kind, values | {"uptime_s": uptime_s, "time_is_uptime": is_uptime})


def raised(rig):
    """(raised_s, late_by_s, the line of its raising) of every alarm."""
    return rig.journal.query(
        "SELECT a.raised_s, a.late_by_s, e.at_ms / 1000, e.text FROM alarms AS a"
        " JOIN alarm_events AS e ON e.alarm_id = a.id WHERE e.event = 'raised' ORDER BY a.id"
    )


def test_an_alarm_without_a_clock_is_dated_by_a_later_record_of_its_boot(rig):
    rig.put(sos(1, 30), sos(2, 90), sos(1, 30, boot=2))
    rig.put(health_of(3, layouts.EPOCH + 95, 95, is_uptime=1))
    rig.fold()
    came = NOW_S
    text = "the tracker had no clock: this is when it came"
    assert [one[0] for one in raised(rig)] == [came] * 3, "as it came, and said so"
    assert {one[3] for one in raised(rig)} == {text}
    rig.put(health_of(4, NOW_S - 400, 100))
    rig.fold()
    first, second, other_boot = raised(rig)
    assert first == (NOW_S - 470, first[1], NOW_S - 470, "")
    assert first[1] - second[1] == 60, "and how late it came"
    assert second[0] == second[2] == NOW_S - 410
    assert (other_boot[0], other_boot[3]) == (came, text)


def test_an_alarm_that_comes_after_the_record_that_dates_it_is_dated_at_once(rig):
    rig.put(health_of(4, NOW_S - 400, 100))
    rig.fold()
    rig.put(sos(1, 30))
    rig.fold()
    assert raised(rig)[0][0] == NOW_S - 470
    assert raised(rig)[0][3] == ""


def test_a_record_cannot_have_been_made_after_it_came(rig):
    rig.put(sos(1, 30), health_of(4, NOW_S + 5000, 100))
    rig.fold()
    assert raised(rig)[0][0] == NOW_S
