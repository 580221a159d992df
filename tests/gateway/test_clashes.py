"""A board flashed anew under its old name: nothing of either life is lost.

The first life's records are in the journal; the second uses their numbers for others.
"""

import json
import time
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.gateway_process import GatewayProcess, packets_until, until
from gateway.mosquitto import Mosquitto
from gateway.parcels import put_one
from gateway.records import alarm, entry, report
from gateway.whole_lines import events_in
from trygg_gateway.acks import DEBOUNCE_MS, SPACING_MS, Acks
from trygg_gateway.journal import Journal
from trygg_gateway.journal_rows import APART
from trygg_gateway.values import CLASH_BOOT, LIVE, Run
from trygg_wire import codec

FILE = """
[sinks.archive]
type = "file"
path = "data/events.jsonl"
"""
NOW_MS = 1_790_000_000_000


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.db")
    yield journal
    journal.close()


def put(journal, *frames):
    """Commit the frames."""
    done = []
    for frame in frames:
        assert put_one(journal, entry(frame), done.append)
    until(lambda: len(done) == len(frames))


def identities(journal):
    return [tuple(row) for row in journal.query("SELECT boot, seq FROM records ORDER BY id")]


def said(frame):
    values = codec.decode(frame)[1]
    return values["boot"], values["upto"], [tuple(r.values()) for r in values["missing"]]


def book_of(journal):
    """Acks that hear of the journal's commits; their due frames, told apart."""
    acks = Acks(journal.highest_boot)
    journal.on_commit.append(lambda runs: acks.committed(runs, NOW_MS))
    return acks


def due(acks):
    return sorted(said(frame) for _, frame in acks.due(NOW_MS + DEBOUNCE_MS + SPACING_MS))


def test_a_clash_is_kept_apart_once_however_often_it_comes(journal):
    first, second = report(1, 3, battery_mv=3900), report(1, 3, battery_mv=4100)
    for frame in (first, second, second, first, second):
        put(journal, frame)
    (_, (boot, seq)) = identities(journal)
    assert boot == CLASH_BOOT + 1
    assert 1 <= seq < 1 << 30
    assert journal.counters["clashes"] == 1
    assert journal.counters["records"] == 2
    ((name, payload, reason),) = journal.query("SELECT topic, payload, reason FROM quarantine")
    assert (name, payload) == ("astrid:1:3", second)
    assert f"kept as astrid:{boot}:{seq}" in reason


def test_two_clashes_with_one_number_are_two_records(journal):
    put(journal, *(report(1, 3, battery_mv=mv) for mv in (3900, 4000, 4100)))
    assert len(set(identities(journal))) == 3


def test_two_clashes_whose_bytes_have_one_checksum_are_two_records(journal, monkeypatch):
    monkeypatch.setattr("trygg_gateway.journal_rows.crc32", lambda _payload: APART - 1)
    frames = [report(1, seq, battery_mv=mv) for mv in (3900, 4000) for seq in (3, 4)]
    for frame in [*frames, *frames]:
        put(journal, frame)
    assert set(identities(journal)) == {
        (1, 3), (1, 4), (CLASH_BOOT + 1, APART), (CLASH_BOOT + 1, 1),
    }  # fmt: skip
    held = [row[0] for row in journal.query("SELECT payload FROM records ORDER BY id")]
    assert held == frames
    assert (journal.counters["clashes"], journal.counters["records"]) == (2, 4)


def test_of_a_boot_with_clashes_only_what_came_since_is_acked(journal):
    acks = book_of(journal)
    put(journal, *(report(1, seq, battery_mv=3900) for seq in range(1, 8)))
    put(journal, report(1, 2, battery_mv=4100))  # before an ack of the first life went out
    assert due(acks) == [(1, 2, [(1, 1)]), (2, 0, [])]
    put(journal, report(1, 5, battery_mv=4100), report(1, 9))
    assert due(acks) == [(1, 9, [(1, 4), (6, 3)]), (2, 0, [])]


@pytest.mark.parametrize("restarted", [False, True])
def test_what_is_held_of_another_life_is_not_acked_to_one_whose_numbers_begin_beyond(
    journal, restarted
):
    acks = book_of(journal)
    put(journal, *(report(1, seq) for seq in range(1, 6)))
    assert due(acks) == [(1, 5, [])]
    acks = book_of(journal) if restarted else acks
    put(journal, alarm(1, 6))  # flashed anew: an alarm goes first, and no number has clashed yet
    assert due(acks) == [(1, 6, [(1, 5)])]


def test_beside_an_ack_of_an_older_boot_goes_one_of_the_newest_which_covers_nothing(journal):
    put(journal, report(57, 1))
    acks = book_of(journal)
    put(journal, report(1, 1))
    assert due(acks) == [(1, 1, []), (57, 0, [])]
    put(journal, report(57, 2))
    assert due(acks) == [(57, 2, [(1, 1)])]
    assert acks.counters["boots_taught"] == 1


def test_who_has_gone_on_beyond_is_not_taught_again(journal):
    put(journal, report(1, 1, battery_mv=3900))
    acks = book_of(journal)
    put(journal, report(1, 1, battery_mv=4100))
    assert due(acks)[-1] == (2, 0, [])
    put(journal, report(3, 1), report(1, 2))
    assert due(acks) == [(1, 2, [(1, 1)]), (3, 0, []), (3, 1, [])]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 30), unique=True),
    st.booleans(),
    st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=40),
)
def test_an_ack_never_covers_what_this_life_has_not_delivered(old, heard_here, came):
    """`old`: what the other life delivered, to this gateway or to one before it was started anew.

    `came`: numbers of this life in their order of arrival, and whether an ack goes out.
    """
    acks, now_ms, delivered = Acks(lambda _: 1), NOW_MS, set()
    if heard_here:
        acks.committed([Run("astrid", 1, LIVE, seq, seq) for seq in old], now_ms)
        acks.due(now_ms + DEBOUNCE_MS)
    for seq, acking in came:
        runs = [Run("astrid", 1, LIVE, seq, seq)]
        if seq in old:
            runs.insert(0, Run("astrid", CLASH_BOOT + 1, LIVE, seq + 1000, seq + 1000))
        delivered.add(seq)
        acks.committed(runs, now_ms)
        now_ms += DEBOUNCE_MS + SPACING_MS
        for _, frame in acks.due(now_ms) if acking else ():
            boot, upto, missing = said(frame)
            holes = {n for first, count in missing for n in range(first, first + count)}
            assert boot == 2 or set(range(1, upto + 1)) - holes <= delivered


@contextmanager
def own_door(folder):
    with GatewayProcess(folder / "nord", FILE) as gateway:
        yield gateway


@contextmanager
def through_broker(folder):
    with Mosquitto(folder) as broker:
        tables = {"listener": {"enabled": False}, "broker": {"url": broker.url, "client_id": "t"}}
        with GatewayProcess(folder / "nord", FILE, **tables) as gateway:
            yield gateway


def archived(gateway):
    return events_in(gateway.folder / "data/events.jsonl")


@pytest.mark.parametrize("door", [own_door, through_broker])
def test_a_clashing_alarm_is_raised_and_delivered_and_its_tracker_taught(tmp_path, door):
    now = int(time.time())
    with door(tmp_path) as gateway:
        credentials = gateway.add()
        assert credentials["boot_floor"] == 0
        with gateway.tracker(credentials) as line:
            line.publish(report(4, 1, time_s=now - 60), 1)
            packets_until(line, 1, {1})
        with gateway.tracker(credentials) as line:  # flashed anew, with the old credentials
            line.publish(alarm(4, 1, time_s=now), 1)
            acks = {said(frame)[:2] for frame in packets_until(line, 2, {1})}
            assert acks == {(4, 1), (5, 0)}
            line.publish(alarm(4, 1, time_s=now), 2)  # that ack was lost on the way
            packets_until(line, 2, {2})
        until(lambda: len(archived(gateway)) == 2, "the file")
        (clash,) = [one for one in archived(gateway) if one["data"]["boot"] > CLASH_BOOT]
        assert clash["data"]["boot"] == CLASH_BOOT + 4
        (shown,) = until(lambda: gateway.ask("/api/alarms").json()["alarms"], "the alarm")
        assert shown["what"] == "left"
        (state,) = gateway.ask("/api/trackers").json()["trackers"]
        assert state["fence_state"] == "inside", "what nobody can tell apart changes no state"
        taken = gateway.command("alarms", "take", shown["id"], "--who", "Ingrid")
        assert taken.returncode == 0, taken.stderr
        status = json.loads(gateway.command("status", "--json").stdout)
        assert status["clashes"] == [{"device": "astrid", "boot": 4, "records": 1}]
        assert [one["boot"] for one in status["held"]] == [4]
        rotated = gateway.folder / "new.json"
        assert gateway.command("tracker", "rotate", "astrid", "--out", rotated).returncode == 0
        assert json.loads(rotated.read_text())["boot_floor"] == 4
