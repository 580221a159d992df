"""What is let go: by age and by person, only what every sink has, and known for ever after."""

import asyncio
import json
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parcels import parcel
from gateway.records import NOW_MS, NOW_S, PLACE, alarm, entry, health, report
from gateway.upkeep_rig import DAY_MS, Rig
from trygg_gateway import forgetting, let_go, quarantine, upkeep
from trygg_gateway.disk_guard import MAKING_ROOM
from trygg_gateway.forgetting import FILE, ask, ask_again, write_down, written_down
from trygg_gateway.journal import Journal
from trygg_gateway.journal_check import Look
from trygg_gateway.let_go import LetGo
from trygg_gateway.own_records import GATEWAY, JOURNAL_UNCHECKED, OWN_BOOT
from trygg_gateway.reader import Reader
from trygg_gateway.values import ALARM, BACKLOG, CLASH_BOOT, READER, Refused, Row, Run, Stray

DAY_S = 86_400
OLD_S = NOW_S - 31 * DAY_S


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(upkeep, "PAUSE_S", 0)


@pytest.fixture
def rig(tmp_path):
    with Rig(tmp_path / "journal.sqlite") as rig:
        rig.register("astrid", "bodil")
        yield rig


def old(seq, days=31, device="astrid", boot=1, make=report):
    made_s = NOW_S - days * DAY_S
    return entry(make(boot, seq, made_s), device, received_ms=made_s * 1000 + 250)


def read_all(rig):
    """Let the gateway's own reader understand what is there."""
    nothing = lambda *_: None  # noqa: E731
    reader = Reader(rig.journal, lambda: rig.now_ms, nothing, nothing)

    async def steps():
        while await reader.step():
            pass

    asyncio.run(steps())


def test_records_and_places_older_than_the_retention_go_and_the_rest_stays(rig):
    rig.keep(*(old(seq) for seq in range(1, 251)), *(old(seq, 29) for seq in range(251, 261)))
    read_all(rig)
    rig.confirm()
    rig.lap()
    assert rig.held() == list(range(251, 261))
    assert rig.upkeep.counters["deleted_by_age"] == 250
    ((oldest_s,),) = rig.journal.query("SELECT min(time_s) FROM positions")
    assert oldest_s >= NOW_S - 30 * DAY_S
    assert rig.journal.query("SELECT first, last FROM let_go") == [(1, 250)]


def test_each_tracker_can_have_a_retention_of_its_own(rig):
    rig.keep(old(1, 10), old(1, 10, "bodil"), old(2, 100), old(2, 100, "bodil"), old(9, 0))
    rig.confirm()
    put = lambda db: let_go.set_retention(db, "astrid", 7, "Kari", NOW_MS)  # noqa: E731
    rig.journal.write(put).result(20)
    rig.journal.write(lambda db: let_go.set_retention(db, "bodil", 365, "Kari", 1)).result(20)
    rig.lap()
    assert (rig.held(), rig.held("bodil")) == ([9], [1, 2])
    rig.journal.write(lambda db: let_go.set_retention(db, "bodil", 0, "Kari", 1)).result(20)
    rig.lap()
    assert rig.held("bodil") == [1], "100 days are more than the settings' 30"


def test_what_a_sink_has_not_confirmed_stays_until_it_is_much_older(rig):
    rig.keep(old(1), old(2, 59), old(3, 61), old(4, 0))
    rig.confirm(READER)
    rig.lap()
    assert rig.held() == [1, 2, 4], "30 days and another 30 is the rule"
    rig.confirm("centre")
    rig.lap()
    assert rig.held() == [4]


def test_a_lane_that_a_sink_does_not_take_waits_for_no_sink(tmp_path):
    with Rig(tmp_path / "journal.sqlite") as rig:
        rig.sinks = {READER: (0, 1, 2), "centre": (ALARM,)}
        rig.keep(old(1), old(2, make=alarm), old(3, 0))
        rig.confirm(READER)
        rig.lap()
        assert rig.held() == [2, 3]


def test_the_record_of_an_alarm_that_is_not_closed_stays_and_its_place_with_it(rig):
    rig.keep(old(1, make=alarm), old(2, 0))
    read_all(rig)
    rig.confirm()
    rig.lap()
    assert rig.held() == [1, 2]
    assert rig.journal.query("SELECT lat_e6 IS NULL FROM alarms") == [(0,)]
    rig.journal.write(lambda db: db.execute("UPDATE alarms SET state = 'closed'").rowcount).result()
    rig.lap()
    assert rig.held() == [2]
    blank = rig.journal.query("SELECT lat_e6, lon_e6, accuracy_dm FROM alarms")
    assert blank == [(None, None, None)], "that there was an alarm stays"


def test_the_newest_row_of_all_stays_so_that_row_numbers_only_rise(rig):
    rig.keep(old(1), old(2))
    rig.confirm()
    rig.lap()
    assert rig.held() == [2]
    rig.keep(old(3, 0))
    ((newest,),) = rig.journal.query("SELECT max(id) FROM records")
    assert newest == 3


def test_clashes_and_what_the_gateway_said_itself_go_too(rig):
    frame = report(1, 1, OLD_S, battery_mv=3333)
    rig.keep(old(1), entry(frame, received_ms=OLD_S * 1000))
    own = (OWN_BOOT, 5, 64, ALARM, OLD_S, OLD_S * 1000, b'{"form":"call","data":{}}')
    insert = "INSERT INTO records VALUES (NULL, 'astrid', ?, ?, ?, ?, ?, ?, ?)"
    rig.journal.write(lambda db: db.execute(insert, own).rowcount).result(20)
    rig.keep(old(2, 0))
    assert len(rig.journal.query("SELECT 1 FROM records WHERE boot >= ?", (CLASH_BOOT,))) == 2
    rig.confirm()
    rig.lap()
    assert rig.held() == [2]


def test_a_record_that_was_deleted_is_confirmed_again_and_not_taken_as_new(rig):
    again = [old(seq) for seq in range(1, 6)]
    rig.keep(*again, old(9, 0))
    rig.confirm()
    rig.lap()
    told, confirmed = [], []
    rig.journal.on_commit.append(told.extend)
    rig.journal.put(parcel(*again, confirm=lambda *said: confirmed.append(said)))
    rig.journal.write(lambda db: None).result(20)
    rig.journal.write(lambda db: None).result(20)
    assert confirmed == [(0, 5)]
    assert told == [Run("astrid", 1, again[0].lane, 1, 5)], "so it is acked"
    assert rig.held() == [9]
    assert rig.journal.counters["let_go_again"] == 5


def test_it_is_known_after_a_restart_too(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Rig(path) as rig:
        rig.keep(old(1), old(9, 0))
        rig.confirm()
        rig.lap()
    with Rig(path) as rig:
        rig.keep(old(1))
        assert rig.held() == [9]
        assert rig.journal.highest_boot("astrid") == 1


def test_a_newer_record_under_a_deleted_number_is_another_life_and_kept_apart(rig):
    rig.keep(old(1), old(2, make=alarm), old(9, 0))
    rig.confirm()
    rig.lap()
    uptime = entry(alarm(1, 2, 1_577_836_800 + 60, time_is_uptime=1))._replace(time_s=0)
    rig.keep(old(1, 0), uptime, entry(report(1, 1, 1_577_836_900))._replace(time_s=0))
    apart = rig.journal.query("SELECT boot, kind FROM records WHERE boot >= ?", (CLASH_BOOT,))
    assert len(apart) == 3, "the newer report, and what was said nobody knows when"
    assert rig.journal.counters["clashes"] == 3


def test_highest_boot_is_of_what_was_deleted_too(rig):
    rig.keep(old(1, boot=7), old(1, 0, boot=3))
    rig.confirm()
    rig.lap()
    assert rig.held() == [1]
    assert rig.journal.highest_boot("astrid") == 7


@pytest.mark.parametrize("jump_days", [-400, 400])
def test_a_clock_that_jumps_changes_no_order_and_no_number(rig, jump_days):
    """received_ms is only ever shown and aged by: rows are in order of their numbers."""
    rig.keep(old(1, 0))
    there_ms = NOW_MS + jump_days * DAY_MS
    rig.keep(entry(report(1, 2), received_ms=there_ms))
    rig.keep(old(3, 0))
    rows = rig.journal.rows_after(0, 1, 10)
    assert [(row.id, row.seq) for row in rows] == [(1, 1), (2, 2), (3, 3)]
    rig.confirm()
    rig.lap()
    assert rig.held() == ([1, 3] if jump_days < 0 else [1, 2, 3]), "never younger than it came"


IDENTITIES = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 30)), max_size=40)


@given(IDENTITIES, IDENTITIES)
def test_what_was_let_go_is_known_and_nothing_else(gone, asked):
    known = LetGo()
    for boot, seq in gone:
        known.add("astrid", boot, seq, seq, NOW_S)
    for boot, seq in asked:
        assert known.has("astrid", boot, seq) == ((boot, seq) in gone)
        run = Run("astrid", boot, 1, seq, seq)
        assert not known.has("astrid", boot, seq) or known.meets([run])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 25)), max_size=40))
def test_a_number_is_held_or_let_go_or_missing_and_never_two(tmp_path_factory, acts):
    with Rig(tmp_path_factory.mktemp("go") / "journal.sqlite") as rig:
        came = set()
        for lap, seq in acts:
            if lap and came:
                rig.confirm()
                rig.lap()
            rig.keep(old(seq))
            came.add(seq)
        held = set(rig.held())
        gone = {n for a, b in rig.journal.query("SELECT first, last FROM let_go")
                for n in range(a, b + 1)}  # fmt: skip
        assert held | gone == came
        assert not held & gone


def test_free_pages_go_back_to_the_file_system_some_at_a_time(rig, monkeypatch):
    monkeypatch.setattr(upkeep, "FREE_PAGES", 10)
    rig.keep(*(old(seq) for seq in range(1, 3001)), old(4000, 0))
    rig.confirm()
    rig.lap()
    ((before,),) = rig.journal.query("PRAGMA page_count")

    async def all_of_it():
        rounds = 0
        while await rig.upkeep.give_back():
            rounds += 1
        return rounds

    assert asyncio.run(all_of_it()) > 1
    ((after,),) = rig.journal.query("PRAGMA page_count")
    assert after < before / 2
    assert rig.upkeep.counters["pages_given_back"] >= before - after - 5
    assert rig.journal.query("PRAGMA integrity_check") == [("ok",)]


# -- forgetting a person -----------------------------------------------------------------------


def bytes_of(folder):
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


def secret_place(seq):
    return PLACE | {"lat_e6": 59_123_457 + 1000 * seq, "lon_e6": 10_654_321 + 1000 * seq}


def whole_life(rig, device, shift):
    """Records of every kind, alarms, a fence, an order, something set aside."""
    for first in range(1, 400, 100):
        frames = [
            alarm(1, seq, evidence=[secret_place(seq + shift) | {"satellites": 9,
                  "distance_dm": 231}]) if seq % 50 == 0
            else health(1, seq) if seq % 25 == 0
            else report(1, seq, NOW_S - 9 * seq, fixes=[secret_place(seq + shift)])
            for seq in range(first, first + 100)
        ]  # fmt: skip
        rig.keep(*(entry(frame, device) for frame in frames))
    read_all(rig)
    body = json.dumps({"centre": [59_123_457 + shift, 10_654_321 + shift]})
    rig.journal.write(lambda db: (
        db.execute("INSERT INTO fences VALUES (?, 1, 1, 'hjemme', ?)", (device, body)),
        db.execute("INSERT INTO quarantine (topic, payload, reason, received_ms)"
                   " VALUES (?, ?, 'odd', 1)", (f"trygg/nord/{device}/up", b"odd" + body.encode())),
        db.execute("INSERT INTO watch VALUES (?, 1, 1, '{}', 1)", (device,)),
    )).result(20)  # fmt: skip


def found_of(device, shift, data):
    """What of a person's whereabouts the bytes have: places as columns and as records."""
    places = [secret_place(seq + shift) for seq in range(1, 401)]
    columns = [p["lat_e6"].to_bytes(4, "big") + p["lon_e6"].to_bytes(4, "big") for p in places]
    frames = [
        report(1, seq, NOW_S - 9 * seq, fixes=[secret_place(seq + shift)]) for seq in range(1, 401)
    ]
    return (
        sum(column in data for column in columns),
        sum(frame in data for frame in frames),
        f"{59_123_457 + shift}".encode() in data,
        f"{device.title()}".encode() in data,
    )


def test_a_person_is_forgotten_to_the_last_byte_and_nobody_else(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Rig(path) as rig:
        rig.register("astrid", "bodil")
        whole_life(rig, "astrid", 0)
        whole_life(rig, "bodil", 500)
        before = found_of("astrid", 0, bytes_of(tmp_path))
        other = found_of("bodil", 500, bytes_of(tmp_path))
        assert before[1] > 300, "else the search would find nothing in any case"
        assert before[0] > 300
        rig.journal.write(lambda db: ask(db, "astrid", "Kari", NOW_MS)).result(20)
        rig.forget()
        after = found_of("astrid", 0, bytes_of(tmp_path))
        assert after == (0, 0, False, False), "in the file and in its log"
        assert found_of("bodil", 500, bytes_of(tmp_path))[1:] == other[1:]
        ((who, state, deleted),) = rig.journal.query("SELECT who, state, deleted FROM forgotten")
        counts = json.loads(deleted)
        assert (who, state) == ("Kari", "done")
        assert counts["records"] == 400
        assert counts["positions"] > 300
        assert counts["alarms"] == 8
        for table in forgetting.tables(rig.journal._db):
            assert not rig.journal.query(f"SELECT 1 FROM {table} WHERE device = 'astrid'"), table
        assert rig.journal.query("SELECT first, last FROM let_go") == [(1, 400)]
        assert [run.device for run in rig.said] == [GATEWAY], "the sinks are told"


def test_what_comes_of_a_forgotten_person_is_dropped_until_registered_anew(rig):
    rig.keep(old(1, 0), old(1, 0, "bodil"))
    rig.journal.write(lambda db: ask(db, "astrid", "Kari", NOW_MS)).result(20)
    rig.forget()
    assert rig.journal.read(forgetting.dropped) == {"astrid"}
    stray = Stray("trygg/nord/astrid/up", report(1, 5), "nobody registered astrid", 1)
    rig.keep(old(1, 0), stray, stray._replace(topic="trygg/nord/sigrid/up"))
    assert rig.held() == []
    assert rig.journal.query("SELECT topic FROM quarantine") == [("trygg/nord/sigrid/up",)]
    assert rig.journal.counters["strays_of_forgotten"] == 1
    rig.register("astrid")
    assert rig.journal.read(forgetting.dropped) == frozenset()
    rig.keep(old(2, 0))  # before the look of every second has found that out
    assert rig.held() == [2]
    asyncio.run(rig.upkeep.look())
    rig.keep(old(3, 0))
    assert rig.held() == [2, 3]


def test_nobody_unknown_is_forgotten_and_nobody_twice_at_once(rig):
    with pytest.raises(Refused, match="not registered"):
        rig.journal.write(lambda db: ask(db, "sigrid", "Kari", 1)).result(20)
    first = rig.journal.write(lambda db: ask(db, "astrid", "Kari", 1)).result(20)
    assert rig.journal.write(lambda db: ask(db, "astrid", "Ola", 2)).result(20) == first


def test_a_restored_journal_forgets_again_who_was_forgotten_after_it(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Rig(path) as rig:
        rig.register("astrid", "bodil", "ingrid")
        rig.keep(old(1, 0), old(1, 0, "bodil"))
        write_down(tmp_path, "astrid", "Kari", NOW_MS + 5)
        write_down(tmp_path, "ingrid", "Kari", NOW_MS - 5)  # and registered anew after that
        with (tmp_path / FILE).open("a") as file:
            file.write('{"device": "bod')  # torn
        written = written_down(tmp_path)
        again = rig.journal.write(lambda db: ask_again(db, written)).result(20)
        assert again == ["astrid"]
        rig.forget()
        assert (rig.held(), rig.held("bodil")) == ([], [1])
        assert rig.journal.write(lambda db: ask_again(db, written)).result(20) == []


def test_an_alarm_waits_for_one_slice_at_most(rig):
    rig.keep(*(old(seq) for seq in range(1, 4001)), old(5000, 0))
    rig.confirm()
    slices, waits, over = [], [], threading.Event()
    step = rig.journal.write

    def counted(act):
        slices.append(act)
        return step(act)

    rig.upkeep._journal.write = counted

    def alarms():
        seq = 0
        while not over.is_set():
            seq += 1
            done, asked = threading.Event(), []

            def confirmed(*_, done=done, asked=asked):  # in the writer's own turn
                asked.append(len(slices))
                done.set()

            rig.journal.put(parcel(entry(alarm(2, seq)), confirm=confirmed))
            begun = len(slices)
            assert done.wait(20)
            waits.append(asked[0] - begun)

    sender = threading.Thread(target=alarms)
    sender.start()
    rig.lap()
    over.set()
    sender.join()
    assert len(slices) >= 40
    assert max(waits) <= 3, "slices that were asked for while an alarm waited"


def test_rows_let_go_are_never_given_to_a_sink(rig):
    rig.keep(*(old(seq) for seq in range(1, 20)), old(30, 0))
    rig.confirm()
    rig.lap()
    rows = [row for lane in (ALARM, 1, BACKLOG) for row in rig.journal.rows_after(0, lane, 99)]
    assert [row.seq for row in rows] == [30]
    assert all(isinstance(row, Row) for row in rows)


def test_the_command_line_sees_the_same_journal(tmp_path):
    path = tmp_path / "journal.sqlite"
    with Rig(path) as rig:
        rig.register("astrid")
        visitor = Journal.visit(path)
        visitor.write(lambda db: ask(db, "astrid", "Kari", NOW_MS)).result(20)
        visitor.close()
        rig.forget()
        assert rig.journal.query("SELECT 1 FROM trackers") == []


@pytest.mark.parametrize("to_the_end", [True, False])
def test_a_journal_that_was_not_looked_at_whole_is_said_until_it_was(rig, to_the_end):
    async def start():
        running = asyncio.create_task(rig.upkeep.run())
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    for whole in (False, to_the_end):
        rig.journal.look = Look(to_the_end=whole)
        asyncio.run(start())
        rig.journal.write(lambda db: None).result(20)
    ((state,),) = rig.journal.query("SELECT state FROM alarms WHERE what = ?", (JOURNAL_UNCHECKED,))
    assert state == ("closed" if to_the_end else "raised")


def test_what_a_tracker_with_a_wrong_clock_said_and_no_sink_has_stays(rig):
    weeks_back = [old(1, 2000), old(2, 2000, make=alarm)]  # a receiver whose weeks rolled over
    rig.keep(*(one._replace(received_ms=NOW_MS) for one in weeks_back), old(3, 0))
    rig.confirm(READER)
    rig.lap()
    assert rig.held() == [1, 2, 3]
    assert rig.upkeep.counters["deleted_unsent"] == 0


def test_what_the_gateway_has_not_read_never_goes(rig):
    rig.keep(old(1, 400), old(2, 400, make=alarm), old(3, 0))
    rig.confirm("centre")
    rig.lap()
    assert rig.held() == [1, 2, 3]


def test_what_goes_unsent_is_counted(rig):
    rig.keep(old(1, 61), old(2, 0))
    rig.confirm(READER)
    rig.lap()
    assert rig.held() == [2]
    assert rig.upkeep.counters["deleted_unsent"] == 1


def test_a_clock_that_leaps_ahead_deletes_nothing_until_it_has_stayed_there(rig, monkeypatch):
    counter = [1000.0]
    monkeypatch.setattr(upkeep.time, "monotonic", lambda: counter[0])
    rig.keep(old(1, 1), old(2, 0))
    rig.confirm()
    rig.lap()
    rig.now_ms = NOW_MS + 120 * DAY_MS
    for _ in range(3):
        counter[0] += 3600
        rig.lap()
    assert (rig.held(), rig.upkeep.counters["laps_put_off"]) == ([1, 2], 3)
    rig.now_ms = NOW_MS + 3_600_000  # set right again
    rig.lap()
    assert rig.held() == [1, 2]
    rig.now_ms = NOW_MS + 120 * DAY_MS  # it is so: the gateway was off for months
    rig.lap()
    counter[0] += upkeep.BELIEVED_S
    rig.lap()
    assert rig.held() == [2]


def test_a_gateway_whose_clock_was_behind_knows_the_deleted_record_again(rig):
    behind_ms = NOW_MS - 400 * DAY_MS
    ahead = entry(report(1, 1, NOW_S - 40 * DAY_S), received_ms=behind_ms)
    rig.keep(ahead, old(2, 0))
    rig.confirm()
    rig.lap()
    assert rig.held() == [2]
    rig.keep(ahead)
    assert rig.held() == [2]
    assert rig.journal.counters["clashes"] == 0


def test_what_stood_in_the_queue_of_who_was_forgotten_is_not_kept(rig):
    rig.keep(old(1, 0))
    rig.journal.write(lambda db: ask(db, "astrid", "Kari", NOW_MS)).result(20)
    rig.forget()
    rig.keep(old(2, 0), old(3, 0, make=alarm), old(1, 0, "bodil"))
    assert (rig.held(), rig.held("bodil")) == ([], [1])
    assert rig.journal.counters["records_of_forgotten"] == 2


def test_set_aside_journals_go_at_the_age_of_records(rig):
    old_one = rig.journal.path.with_name("journal.sqlite.damaged-1")
    new_one = rig.journal.path.with_name("journal.sqlite.replaced-1")
    for file, days in ((old_one, 31), (new_one, 29)):
        file.write_bytes(b"whereabouts")
        os.utime(file, (NOW_S - days * DAY_S,) * 2)
    rig.lap()
    assert (old_one.exists(), new_one.exists()) == (False, True)


def test_room_is_made_behind_what_a_dead_sink_is_owed(rig):
    rig.keep(*(old(seq, 1)._replace(lane=BACKLOG) for seq in range(1, 151)))
    rig.keep(*(old(seq, 1) for seq in range(151, 301)), old(400, 0))
    rig.confirm(READER)
    for lane in (ALARM, 1):
        rig.journal.move_cursor("centre", lane, 300).result(20)
    rig.guard.level = MAKING_ROOM

    async def all_of_it():
        while await rig.upkeep.make_room():
            pass

    asyncio.run(all_of_it())
    assert rig.held() == [*range(1, 151), 400]


def test_what_was_being_written_while_somebody_was_forgotten_goes_as_well(rig, monkeypatch):
    monkeypatch.setattr(upkeep, "SWEEP_S", 0)
    rig.keep(old(1, 0))
    rig.journal.write(lambda db: ask(db, "astrid", "Kari", NOW_MS)).result(20)
    rig.forget()
    insert = "INSERT INTO positions VALUES ('astrid', 5, 59123456, 10654321, 1, 1, 1, 1, 1)"
    rig.journal.write(lambda db: db.execute(insert).rowcount).result(20)
    asyncio.run(rig.upkeep.sweep())
    assert rig.journal.query("SELECT 1 FROM positions") == []


def test_a_refused_record_of_who_was_forgotten_is_not_set_aside(rig):
    rig.keep(old(1, 0), old(1, 0, "bodil"))
    rig.journal.write(lambda db: ask(db, "astrid", "Kari", NOW_MS)).result(20)
    rig.forget()
    strays = [Stray(f"{who}:1:1", b"whereabouts", "refused by sink centre", 1)
              for who in ("astrid", "bodil")]  # fmt: skip
    rig.journal.write(lambda db: quarantine.set_aside(db, strays)).result(20)
    assert rig.journal.query("SELECT topic FROM quarantine") == [("bodil:1:1",)]
