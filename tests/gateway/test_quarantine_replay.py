"""What is replayed after a fix: nothing that was deleted, and nothing of anybody else."""

import asyncio

import pytest

from gateway.parcels import put_one
from gateway.records import NOW_MS, NOW_S, entry, report
from trygg_gateway import forgetting, let_go, quarantine, quarantine_replay
from trygg_gateway.journal import Journal
from trygg_gateway.quarantine_desk import QuarantineDesk
from trygg_gateway.quarantine_replay import Which
from trygg_gateway.registry import Registry
from trygg_gateway.stray_topics import names
from trygg_gateway.values import STRANGERS, Stray


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def registry(journal):
    registry = Registry(journal, lambda: NOW_MS)
    for device, group in (("astrid", "nord"), ("birk", "astrid"), ("kari", "nord")):
        registry.add(device, group, device.title())
    return registry


def put(journal, topic, frame, device=STRANGERS):
    stray = Stray(topic, frame, "nobody registered it", NOW_MS, device)
    journal.write(lambda db: quarantine.set_aside(db, [stray])).result()


def kept(journal):
    return [topic for (topic,) in journal.query("SELECT topic FROM quarantine ORDER BY id")]


def found(journal, tracker=""):
    return journal.read(lambda db: quarantine_replay.select(db, Which(tracker=tracker)))


def replayed(journal, registry, strays):
    said, _ = journal.write(
        lambda db: quarantine_replay.replay(db, strays, registry, "me", NOW_MS, journal.let_go)
    ).result()
    return [verdict.what for _, verdict in said]


def records_of(journal, device):
    return journal.query("SELECT seq FROM records WHERE device = ? ORDER BY seq", (device,))


def test_a_record_that_was_let_go_is_not_stored_again(journal, registry):
    topic = "trygg/v1/nord/astrid/up"
    for seq in (1, 2):
        put(journal, topic, report(1, seq, NOW_S))
    for device, seq in (("astrid", 1), ("kari", 1)):
        frame = report(1, seq, NOW_S)
        assert put_one(journal, entry(frame, device=device, received_ms=NOW_MS))
    journal.write(
        lambda db: let_go.delete(db, let_go.old_of(db, "astrid", (0, 0), 9), journal.let_go)
    ).result()
    assert replayed(journal, registry, found(journal)) == ["let go", "taken"]
    assert records_of(journal, "astrid") == [(2,)]
    assert kept(journal) == []


def test_of_who_was_forgotten_nothing_is_stored_again(journal, registry):
    put(journal, "astrid:1:1", report(1, 1, NOW_S), device="")
    put(journal, "kari:1:1", report(1, 1, NOW_S), device="")
    strays = found(journal)
    journal.write(lambda db: forgetting.ask(db, "astrid", "me", NOW_MS)).result()
    assert replayed(journal, registry, strays) == ["let go", "taken"]
    assert records_of(journal, "astrid") == []


def test_what_was_dropped_after_it_was_found_stays_dropped(journal, registry):
    put(journal, "trygg/v1/nord/astrid/up", report(1, 1, NOW_S))
    strays = found(journal)
    journal.write(lambda db: quarantine_replay.drop(db, strays)).result()
    assert replayed(journal, registry, strays) == []
    assert records_of(journal, "astrid") == []


def test_the_running_gateway_counts_what_it_replayed(journal, registry):
    put(journal, "trygg/v1/nord/astrid/up", report(1, 1, NOW_S))
    put(journal, "trygg/v1/nord/astrid/up", b"garbage")
    journal.write(lambda db: quarantine_replay.mark(db, found_in(db), NOW_MS)).result()
    told = []
    desk = QuarantineDesk(journal, registry, lambda: NOW_MS, told.extend)
    assert asyncio.run(desk.step()) == 2
    assert desk.counters == {"replayed": 1, "still_unreadable": 1}
    assert [run.device for run in told] == ["astrid"]
    assert asyncio.run(desk.step()) == 0


def found_in(db):
    return quarantine_replay.select(db, Which())


def test_a_group_with_a_trackers_name_is_not_that_tracker(journal, registry):
    put(journal, "trygg/v1/astrid/birk/up", b"garbage", device="birk")
    put(journal, "trygg/v1/nord/astrid/up", b"garbage", device="astrid")
    assert [one.stray.topic for one in found(journal, "astrid")] == ["trygg/v1/nord/astrid/up"]
    journal.write(lambda db: forgetting.ask(db, "astrid", "me", NOW_MS)).result()
    while asked := journal.read(forgetting.asked):
        journal.write(
            lambda db, one=asked[0]: forgetting.step(db, one, journal.let_go, NOW_MS)
        ).result()
    assert kept(journal) == ["trygg/v1/astrid/birk/up"]


@pytest.mark.parametrize(
    ("topic", "named"),
    [
        ("astrid:1:2", {"astrid"}),
        ("trygg/v1/nord/astrid/up", {"astrid"}),
        ("trygg/v1/astrid/birk/up", {"birk"}),
        ("trygg/v1/nord/astrid/up/more", {"astrid"}),
        ("too-large/100000/trygg/v1/birk/astrid/up", {"astrid"}),
        ("not-own/astrid/trygg/v1/nord/birk/up", {"astrid", "birk"}),
        ("not-own/astrid/x", {"astrid"}),
        ("weather", set()),
    ],
)
def test_whom_a_topic_names(topic, named):
    devices = ("astrid", "birk", "nord", "not-own", "trygg", "weather")
    assert {device for device in devices if names(topic, device)} == named
