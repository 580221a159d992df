"""Ingest: every message becomes a record or a stray, and both are confirmed by the journal."""

import pytest

from gateway.records import NOW_MS, NOW_S, alarm, health, report
from trygg_gateway.ingest import Ingest, JournalFull
from trygg_gateway.values import ALARM, BACKLOG, LIVE, Entry, Incoming, Stray, Tracker

TOPIC = "trygg/v1/nord/astrid/up"


class Trackers:
    def __init__(self):
        self.known = {
            "astrid": Tracker("astrid", "nord", "Astrid", "", b"", 0, False),
            "old": Tracker("old", "nord", "Old", "", b"", 0, True),
            "late": Tracker("late", "nord", "Late", "", b"", 0, False),
        }
        self.by_topic = {TOPIC: "astrid"}

    def find(self, device):
        return self.known.get(device)


@pytest.fixture
def put():
    return []


@pytest.fixture
def ingest(put):
    def take(entry, confirm, token):
        put.append((entry, confirm, token))
        return True

    return Ingest(take, Trackers(), lambda: NOW_MS)


def confirm(token):
    raise AssertionError("only the journal confirms")


@pytest.mark.parametrize("topic", [TOPIC, "trygg/v1/nord/nobody/up"])
def test_what_a_full_journal_does_not_take_is_said_to_the_door(topic):
    ingest = Ingest(lambda entry, confirm, token: False, Trackers(), lambda: NOW_MS)
    with pytest.raises(JournalFull):
        ingest.deliver(Incoming(topic, report(1, 1, NOW_S), confirm, 1))


def test_a_report_becomes_an_entry_with_its_confirm(ingest, put):
    payload = report(3, 14, NOW_S - 5)
    ingest.deliver(Incoming(TOPIC, payload, confirm, 77))
    assert put == [(Entry("astrid", 3, 14, 1, LIVE, NOW_S - 5, NOW_MS, payload), confirm, 77)]


@pytest.mark.parametrize(
    ("payload", "lane"),
    [
        (report(1, 1, NOW_S - 120), LIVE),
        (report(1, 1, NOW_S - 121), BACKLOG),
        (health(1, 1, NOW_S - 5000), BACKLOG),
        (alarm(1, 1, NOW_S - 5000), ALARM),
        (report(1, 1, NOW_S + 5000), LIVE),
    ],
)
def test_a_late_record_is_backlog_but_an_alarm_is_an_alarm(ingest, put, payload, lane):
    ingest.deliver(Incoming(TOPIC, payload, confirm, 1))
    assert put[0][0].lane == lane


def test_a_tracker_without_a_clock_is_live_and_its_time_unknown(ingest, put):
    payload = report(1, 1, 1_577_836_800 + 90, time_is_uptime=1)
    ingest.deliver(Incoming(TOPIC, payload, confirm, 1))
    assert (put[0][0].lane, put[0][0].time_s) == (LIVE, 0)


@pytest.mark.parametrize(
    ("topic", "reason", "counter"),
    [
        ("trygg/v1/nord/eve/up", "nobody registered eve", "unknown_device"),
        ("trygg/v1/nord/old/up", "old is revoked", "unknown_device"),
        ("trygg/v1/syd/astrid/up", "astrid is not of group syd", "unknown_device"),
        ("trygg/v1/nord/astrid/down", "not a topic", "not_ours"),
        ("trygg/v2/nord/astrid/up", "not a topic", "not_ours"),
        ("not-own/astrid/trygg/v1/nord/bjarne/up", "not a topic", "not_ours"),
        ("", "not a topic", "not_ours"),
    ],
)
def test_what_belongs_to_nobody_is_a_stray_with_the_reason(ingest, put, topic, reason, counter):
    payload = report(1, 1)
    ingest.deliver(Incoming(topic, payload, confirm, 9))
    ((stray, got_confirm, token),) = put
    assert (stray.topic, stray.payload, stray.received_ms) == (topic, payload, NOW_MS)
    assert reason in stray.reason
    assert (got_confirm, token) == (confirm, 9)
    assert ingest.counters[counter] == 1


def test_a_tracker_registered_a_moment_ago_is_found(ingest, put):
    ingest.deliver(Incoming("trygg/v1/nord/late/up", report(1, 1), confirm, 9))
    assert put[0][0].device == "late"


def flipped(payload, bit):
    data = bytearray(payload)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def test_every_damaged_frame_is_a_stray_and_nothing_is_raised(ingest, put):
    whole = report(1, 1)
    damaged = [whole[:length] for length in range(len(whole))]
    damaged += [flipped(whole, bit) for bit in range(8 * len(whole))]
    damaged += [whole + b"\1", bytes(1_000_000), bytes([0x2F]) + whole[1:]]
    for payload in damaged:
        ingest.deliver(Incoming(TOPIC, payload, confirm, 1))
    assert len(put) == len(damaged)
    assert all(type(found) is Stray and found.reason for found, _, _ in put)
    assert ingest.counters["unreadable"] == len(damaged)
