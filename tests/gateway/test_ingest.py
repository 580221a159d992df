"""Ingest: every message becomes a record or a stray, and both are confirmed by the journal."""

import pytest

from gateway.parcels import entries
from gateway.records import NOW_MS, NOW_S, alarm, health, report
from trygg_gateway.ingest import Ingest, JournalFull
from trygg_gateway.values import ALARM, BACKLOG, CLASH_BOOT, LIVE, Entry, Incoming, Tracker

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
    def take(parcel):
        put.append(parcel)
        return True

    return Ingest(take, Trackers(), lambda: NOW_MS)


def confirm(token, count):
    raise AssertionError("only the journal confirms")


def one(topic, payload, token=1):
    return Incoming([(topic, payload)], confirm, token)


@pytest.mark.parametrize("topic", [TOPIC, "trygg/v1/nord/nobody/up"])
def test_what_a_full_journal_does_not_take_is_said_to_the_door(topic):
    ingest = Ingest(lambda parcel: False, Trackers(), lambda: NOW_MS)
    with pytest.raises(JournalFull):
        ingest.deliver(one(topic, report(1, 1, NOW_S)))


def test_a_report_becomes_an_entry_with_its_confirm(ingest, put):
    payload = report(3, 14, NOW_S - 5)
    ingest.deliver(one(TOPIC, payload, 77))
    (parcel,) = put
    made = Entry("astrid", 3, 14, 1, LIVE, NOW_S - 5, NOW_MS, payload)
    assert entries(parcel.others) == [made]
    assert parcel.alarms == parcel.strays == []
    assert (parcel.confirm, parcel.token, parcel.count) == (confirm, 77, 1)


def test_what_comes_together_is_one_parcel_with_every_message_in_its_place(ingest, put):
    odd = ("trygg/v1/nord/eve/up", report(1, 1))
    good = [(TOPIC, report(3, seq, NOW_S)) for seq in (1, 2)]
    late, shout = (TOPIC, report(3, 3, NOW_S - 900)), (TOPIC, alarm(3, 4))
    ingest.deliver(Incoming([good[0], odd, late, shout, (TOPIC, b"?"), good[1]], confirm, 40))
    (parcel,) = put
    assert [(e.seq, e.lane) for e in entries(parcel.others)] == [(1, LIVE), (3, BACKLOG), (2, LIVE)]
    assert [(e.seq, e.lane) for e in entries(parcel.alarms)] == [(4, ALARM)]
    assert [stray.payload for stray in parcel.strays] == [odd[1], b"?"]
    assert (parcel.token, parcel.count) == (40, 6)


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
    ingest.deliver(one(TOPIC, payload))
    (made,) = entries(put[0].alarms + put[0].others)
    assert made.lane == lane
    assert bool(put[0].alarms) == (lane == ALARM)


def test_a_tracker_without_a_clock_is_live_and_its_time_unknown(ingest, put):
    payload = report(1, 1, 1_577_836_800 + 90, time_is_uptime=1)
    ingest.deliver(one(TOPIC, payload))
    (made,) = entries(put[0].others)
    assert (made.lane, made.time_s) == (LIVE, 0)


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
    ingest.deliver(one(topic, payload, 9))
    (parcel,) = put
    (stray,) = parcel.strays
    assert (stray.topic, stray.payload, stray.received_ms) == (topic, payload, NOW_MS)
    assert reason in stray.reason
    assert (parcel.confirm, parcel.token, parcel.count) == (confirm, 9, 1)
    assert ingest.counters[counter] == 1


def test_a_tracker_registered_a_moment_ago_is_found(ingest, put):
    ingest.deliver(one("trygg/v1/nord/late/up", report(1, 1)))
    assert entries(put[0].others)[0].device == "late"


def test_a_boot_that_is_the_gateways_own_number_is_set_aside_with_the_reason(ingest, put):
    frames = [make(CLASH_BOOT + 3, 1) for make in (report, alarm)]
    for frame in [*frames, report(CLASH_BOOT - 1, 1)]:
        ingest.deliver(one(TOPIC, frame))
    assert [len(parcel.strays) for parcel in put] == [1, 1, 0]
    assert "boot 536870915" in put[0].strays[0].reason
    assert not any(parcel.alarms or parcel.others for parcel in put[:2])
    assert ingest.counters["unreadable"] == 2


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
        ingest.deliver(one(TOPIC, payload))
    strays = [stray for parcel in put for stray in parcel.strays]
    assert [stray.payload for stray in strays] == damaged
    assert all(stray.reason for stray in strays)
    assert not any(parcel.alarms or parcel.others for parcel in put)
    assert ingest.counters["unreadable"] == len(damaged)
