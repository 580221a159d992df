"""Whoever fills the quarantine pushes out only what is his own, and what goes is counted."""

from collections import Counter

import pytest

from gateway.records import NOW_MS, NOW_S, report
from gateway.test_ingest import Trackers
from trygg_gateway import quarantine
from trygg_gateway.ingest import Ingest
from trygg_gateway.journal import Journal
from trygg_gateway.quarantine import Bound
from trygg_gateway.settlement import stray_of
from trygg_gateway.values import LIVE, STRANGERS, Incoming, Row, Stray


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setattr(quarantine, "OF_ONE", Bound(10, 5_000))
    monkeypatch.setattr(quarantine, "OF_STRANGERS", Bound(20, 10_000))
    monkeypatch.setattr(quarantine, "OF_REFUSED", Bound(15, 10_000))
    monkeypatch.setattr(quarantine, "WHOLE", Bound(40, 1_000_000))
    journal = Journal.open(tmp_path / "journal.db")
    yield journal
    journal.close()


def put(journal, device, count, size=10):
    """So many strays of somebody; how many were dropped for them."""
    strays = [Stray("t", bytes(size), f"{device} {n}", n, device) for n in range(count)]
    return journal.write(lambda db: quarantine.set_aside(db, strays)).result()


def kept(journal):
    return Counter(row[0] for row in journal.query("SELECT device FROM quarantine"))


def test_one_tracker_keeps_its_newest_and_pushes_out_nobody(journal):
    assert put(journal, "aase", 3) == 0
    assert put(journal, "bodil", 1_000) == 990
    assert put(journal, "bodil", 4) == 4
    assert kept(journal) == {"aase": 3, "bodil": 10}
    sql = "SELECT reason FROM quarantine WHERE device = 'bodil' ORDER BY id DESC LIMIT 4"
    reasons = [row[0] for row in journal.query(sql)]
    assert reasons == ["bodil 3", "bodil 2", "bodil 1", "bodil 0"], "the oldest went"


def test_bytes_are_bounded_like_rows(journal):
    assert put(journal, "aase", 8, size=1_000) == 3
    assert kept(journal) == {"aase": 5}


def test_strangers_have_one_bound_together_and_leave_our_own_findings(journal):
    assert put(journal, "", 5) == 0
    put(journal, STRANGERS, 500)
    assert kept(journal) == {"": 5, STRANGERS: 20}


def test_the_whole_is_bounded_however_many_there_are(journal):
    for number in range(10):
        put(journal, f"tracker-{number}", 10)
    assert sum(kept(journal).values()) == 40


def test_what_sinks_refuse_pushes_out_only_what_sinks_refused(journal):
    put(journal, "aase", 8)
    put(journal, STRANGERS, 10)
    for number in range(20):
        row = Row(1, f"tracker-{number % 4}", 1, number, 1, LIVE, 0, NOW_MS, b"frame")
        strays = [stray_of(row, "traccar", "no such device", NOW_MS)] * 6
        journal.write(lambda db, strays=strays: quarantine.set_aside(db, strays)).result()
    row = row._replace(device="aase")
    strays = [stray_of(row, "traccar", "no such device", NOW_MS)] * 30
    assert journal.write(lambda db: quarantine.set_aside(db, strays)).result() == 20 + 10
    found = kept(journal)
    assert (found["aase"], found[STRANGERS]) == (8 + 10, 10)
    assert sum(found.values()) == 8 + 10 + 15


def test_what_goes_is_counted_by_the_journal(journal):
    ingest = Ingest(journal.put, Trackers(), lambda: NOW_MS)
    for number in range(50):
        topic = f"trygg/v1/nord/eve-{number}/up"
        ingest.deliver(Incoming([(topic, b"x")], lambda token, count: None, number))
    journal.write(lambda db: None).result()
    assert journal.counters["strays"] == 50
    assert journal.counters["strays_dropped"] == 30


@pytest.mark.parametrize(
    ("topic", "payload", "whose"),
    [
        ("trygg/v1/nord/astrid/up", b"garbage", "astrid"),
        ("trygg/v1/nord/astrid/up", report(1 << 29, 1, NOW_S), "astrid"),
        ("trygg/v1/nord/nobody/up", b"garbage", STRANGERS),
        ("trygg/v1/syd/astrid/up", b"garbage", STRANGERS),
        ("trygg/v1/nord/old/up", b"garbage", STRANGERS),
        ("not-own/astrid/trygg/v1/nord/late/up", b"garbage", "astrid"),
        ("not-own/nobody/x", b"garbage", STRANGERS),
        ("too-large/100000/trygg/v1/nord/astrid/up", b"garbage", "astrid"),
        ("too-large/100000/trygg/v1/nord/nobody/up", b"garbage", STRANGERS),
        ("too-large/trygg/v1/nord/astrid/up", b"garbage", STRANGERS),
        ("weather", b"garbage", STRANGERS),
    ],
)
def test_ingest_says_whose_doing_it_is(topic, payload, whose):
    parcels = []
    ingest = Ingest(lambda parcel: parcels.append(parcel) or True, Trackers(), lambda: NOW_MS)
    ingest.deliver(Incoming([(topic, payload)], lambda token, count: None, 1))
    assert [stray.device for stray in parcels[0].strays] == [whose]
