"""Orders: signed for one tracker, owed until settled, one of a kind at a time."""

import hashlib
import hmac
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway import order_book, order_keys, orders
from trygg_gateway.fence_shapes import fences_body, shown_fence
from trygg_gateway.journal import Journal
from trygg_gateway.local_time import LocalTime
from trygg_gateway.order_book import OrderBook
from trygg_gateway.registry import Registry
from trygg_gateway.values import EPOCH, Refused
from trygg_gateway.views import Views
from trygg_wire import codec, layouts

NOW_S = 1_790_000_000
HOME = {"number": 1, "name": "Hjemme", "keep": "in", "private": True, "shape": "circle",
        "lat": 59.913868, "lon": 10.752245, "radius_m": 150, "schedule": None}  # fmt: skip
OSLO = LocalTime(60, layouts.EU)
LAKE = {"number": 2, "name": "Vannet", "keep": "out", "private": False, "shape": "polygon",
        "schedule": "mon-fri 22:00-07:00; sun 00:00-24:00", "buffer_m": 5,
        "rings": [[[59.9, 10.7], [59.9, 10.71], [59.91, 10.7]]]}  # fmt: skip


class Clock:
    now_ms = NOW_S * 1000

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path, clock):
    journal = Journal.open(tmp_path / "journal.db")
    Registry(journal, clock).add("astrid", "nord", "Astrid")
    yield journal
    journal.close()


def queue(journal, clock, kind=layouts.COMMAND, body=None, expires_s=0, device="astrid"):
    body = orders.command_body(layouts.REPORT_NOW) if body is None else body
    return journal.write(
        lambda db: order_book.queue(db, device, kind, body, expires_s, "Kari", clock.now_ms)
    ).result()


def answer(journal, clock, order_id, version, result, reason=0):
    values = {"order_id": order_id, "order_version": version, "result": result, "reason": reason}
    return journal.write(
        lambda db: order_book.answered(db, "astrid", values, clock.now_ms)
    ).result()


def states(journal):
    return [state for (state,) in journal.query("SELECT state FROM orders ORDER BY id")]


def test_the_mac_covers_device_and_frame_with_the_trackers_own_key(journal, clock):
    queue(journal, clock, expires_s=NOW_S + 60)
    (key,) = journal.query("SELECT order_key FROM trackers")[0]
    (frame,) = journal.query("SELECT frame FROM orders")[0]
    kind, values = codec.decode(frame)
    assert kind == layouts.ORDER
    assert values["expires_s"] == NOW_S + 60 - EPOCH
    # spelled out from the contract, not by the signing function
    mac_at = len(frame) - 34
    mac = hmac.new(key, b"astrid\0" + frame[:mac_at], hashlib.sha256).digest()
    assert frame[mac_at : mac_at + 32] == values["mac"] == mac


def test_versions_rise_by_tracker_and_kind(journal, clock):
    for kind in (layouts.COMMAND, layouts.COMMAND, layouts.SETTINGS, layouts.COMMAND):
        body = orders.settings_body({3: 60}) if kind == layouts.SETTINGS else None
        queue(journal, clock, kind, body)
    assert journal.query("SELECT kind, version FROM orders ORDER BY id") == [
        (3, 1), (3, 2), (1, 1), (3, 3),
    ]  # fmt: skip


def test_nothing_is_ordered_of_a_tracker_nobody_registered(journal, clock):
    with pytest.raises(Refused, match="eve is not registered"):
        queue(journal, clock, device="eve")
    assert states(journal) == []


RADIO = bytes.fromhex("a42bb0c4d501")  # of a router in Tromsø
SETTLED = {
    "applied": layouts.APPLIED,
    "refused": layouts.REFUSED,
    "expired": None,
}


def lies_there(journal):
    """Whether the journal's file has the radio's address, once it is closed."""
    (path,) = [row[2] for row in journal.query("PRAGMA database_list") if row[1] == "main"]
    journal.close()
    return RADIO in Path(path).read_bytes()


@pytest.mark.parametrize("state", SETTLED)
def test_the_radios_of_a_home_lie_in_the_journal_only_while_the_order_is_owed(
    journal, clock, state, caplog
):
    body = orders.anchors_body([(layouts.WIFI, RADIO)])
    order_id = queue(journal, clock, layouts.ANCHORS, body, expires_s=NOW_S + 60)
    book = OrderBook(journal, clock)
    (order,) = book.due("astrid")
    assert RADIO in order.frame, "the tracker needs it as it is"
    book.sent(order)
    book.reload()
    if SETTLED[state]:
        answer(journal, clock, order_id, 1, SETTLED[state], layouts.BAD_BODY)
    else:
        clock.now_ms += 61_000
        book.reload()
    journal.write(lambda _db: None).result()  # all before it is written
    book.reload()
    assert states(journal) == [state]
    assert not book.due("astrid")
    assert journal.query("SELECT body, frame FROM orders") == [(b"", b"")]
    assert not lies_there(journal)
    assert RADIO.hex() not in caplog.text.lower()


def test_an_order_for_radios_that_is_owed_keeps_them_through_a_restart(journal, clock):
    queue(journal, clock, layouts.ANCHORS, orders.anchors_body([(layouts.WIFI, RADIO)]))
    assert OrderBook(journal, clock).due("astrid")
    (again,) = OrderBook(journal, clock).due("astrid")
    assert RADIO in again.frame
    assert lies_there(journal)


def test_the_radios_that_an_older_gateway_left_are_wiped_at_the_start(journal, clock):
    body = orders.anchors_body([(layouts.WIFI, RADIO)])
    order_id = queue(journal, clock, layouts.ANCHORS, body)
    sql = "UPDATE orders SET state = 'applied' WHERE id = ?"
    journal.write(lambda db: db.execute(sql, (order_id,))).result()
    OrderBook(journal, clock).reload()
    assert not lies_there(journal)


def test_an_order_is_sent_again_until_it_is_settled(journal, clock):
    order_id = queue(journal, clock)
    book = OrderBook(journal, clock)
    (order,) = book.due("astrid")
    book.sent(order)
    assert book.due("astrid") == [], "not every moment"
    clock.now_ms += orders.RESEND_MS
    assert [again.frame for again in book.due("astrid")] == [order.frame]
    answer(journal, clock, order_id, 1, layouts.RECEIVED)
    book.reload()
    assert [again.state for again in book.due("astrid")] == ["received"], "still owed"
    answer(journal, clock, order_id, 1, layouts.APPLIED)
    book.reload()
    assert book.due("astrid") == []
    assert states(journal) == ["applied"]


def test_an_order_that_waits_for_the_trackers_clock_stays_owed_with_the_reason(journal, clock):
    order_id = queue(journal, clock, expires_s=NOW_S + 3600)
    answer(journal, clock, order_id, 1, layouts.RECEIVED, layouts.NO_CLOCK)
    shown = Views(journal, clock).orders()[0]
    assert (shown["state"], shown["reason"]) == ("received", "no_clock")
    assert [order.id for order in OrderBook(journal, clock).due("astrid")] == [order_id]
    answer(journal, clock, order_id, 1, layouts.APPLIED)
    shown = Views(journal, clock).orders()[0]
    assert (shown["state"], shown["reason"]) == ("applied", "")


def test_an_order_whose_signature_did_not_fit_is_sent_more_rarely_until_a_key_fits(journal, clock):
    order_id = queue(journal, clock)
    book = OrderBook(journal, clock)
    book.sent(*book.due("astrid"))
    answer(journal, clock, order_id, 1, layouts.REFUSED, layouts.BAD_SIGNATURE)
    book.reload()
    shown = Views(journal, clock).orders()[0]
    assert (shown["state"], shown["reason"]) == ("sent", "bad_signature"), "a person sees why"
    clock.now_ms += orders.RESEND_MS
    assert book.due("astrid") == []
    clock.now_ms += orders.KEY_PAUSE_MS - orders.RESEND_MS
    book.sent(*book.due("astrid"))
    clock.now_ms += orders.RESEND_MS
    journal.write(lambda db: order_keys.sign_anew(db, "astrid", bytes(32))).result()
    book.reload()
    assert [order.id for order in book.due("astrid")] == [order_id], "at once with a new key"
    answer(journal, clock, order_id, 1, layouts.APPLIED)
    assert states(journal) == ["applied"]


def test_of_a_kind_the_next_order_waits_for_the_one_before(journal, clock):
    first, second = queue(journal, clock), queue(journal, clock)
    settings = queue(journal, clock, layouts.SETTINGS, orders.settings_body({3: 60}))
    book = OrderBook(journal, clock)
    assert [order.id for order in book.due("astrid")] == [first, settings]
    answer(journal, clock, first, 1, layouts.REFUSED, layouts.NO_ROOM)
    book.reload()
    assert [order.id for order in book.due("astrid")] == [second, settings]
    assert states(journal)[0] == "refused"
    assert journal.query("SELECT reason FROM orders")[0] == (layouts.NO_ROOM,)


def test_a_board_in_anothers_place_is_owed_all_settings_the_last_word_on_each(journal, clock):
    def again(device="astrid"):
        who, at_ms = "Kari", clock.now_ms
        return journal.write(lambda db: order_book.repeat_settings(db, device, who, at_ms)).result()

    assert again() is None
    said = [{3: 60, 5: 10}, {3: 90}, {5: 7}, {4: 1}]
    ids = [queue(journal, clock, layouts.SETTINGS, orders.settings_body(one)) for one in said]
    answer(journal, clock, ids[0], 1, layouts.APPLIED)
    answer(journal, clock, ids[1], 2, layouts.APPLIED)
    answer(journal, clock, ids[3], 4, layouts.REFUSED, layouts.NO_ROOM)
    order_id = again()  # the third is owed still, and goes before it
    ((version, body),) = journal.query("SELECT version, body FROM orders WHERE id = ?", (order_id,))
    rows = codec.decode_body(layouts.SETTINGS, body)["settings"]
    assert version == 5
    assert {row["number"]: row["value"] for row in rows} == {3: 90, 5: 7}
    with pytest.raises(Refused, match="not registered"):
        again("bjorn")


def test_an_expired_order_is_not_sent_and_blocks_no_other(journal, clock):
    queue(journal, clock, expires_s=NOW_S + 10)
    second = queue(journal, clock)
    clock.now_ms += 11_000
    book = OrderBook(journal, clock)
    assert [order.id for order in book.due("astrid")] == [second]
    journal.write(lambda db: None).result()
    assert states(journal) == ["expired", "queued"]
    assert book.counters["orders_expired"] == 1


def test_a_newer_fence_set_supersedes_one_still_owed(journal, clock):
    def fences(wanted):
        return journal.write(
            lambda db: order_book.queue_fences(
                db, "astrid", wanted, 0, "Kari", clock.now_ms, "Europe/Oslo"
            )
        ).result()

    fences([HOME])
    second = fences([HOME, LAKE])
    assert states(journal) == ["superseded", "queued"]
    assert [order.id for order in OrderBook(journal, clock).due("astrid")] == [second]
    assert journal.query("SELECT version, number, name FROM fences ORDER BY version, number") == [
        (1, 1, "Hjemme"), (2, 1, "Hjemme"), (2, 2, "Vannet"),
    ]  # fmt: skip


def test_another_trackers_answer_changes_nothing(journal, clock):
    order_id = queue(journal, clock)
    assert answer(journal, clock, order_id, 2, layouts.APPLIED) is None
    assert answer(journal, clock, order_id + 1, 1, layouts.APPLIED) is None
    assert states(journal) == ["queued"]


@given(st.lists(st.sampled_from([1, 2, 3, 4]), max_size=6))
def test_answers_in_any_order_never_lead_back(results):
    seen = ["sent"]
    for result in results:
        seen.append(orders.state_after(seen[-1], result))
    settled = [state for state in seen if state not in orders.OWED]
    assert set(settled) <= {"applied", "armed"} or set(settled) == {"refused"}
    assert settled == seen[len(seen) - len(settled) :]
    if "armed" in settled:
        assert settled[settled.index("armed") :] == ["armed"] * (
            len(settled) - settled.index("armed")
        )


def test_a_fence_as_people_write_it_comes_back_from_the_wire_the_same():
    body = codec.decode_body(layouts.FENCES, fences_body([HOME, LAKE], OSLO))
    assert (body["utc_offset_min"], body["dst"]) == (60, layouts.EU)
    wire = body["fences"]
    shown = [shown_fence(fence["name"], body) for fence, body in zip((HOME, LAKE), wire)]
    assert shown == [HOME | {"buffer_m": 0.0}, LAKE | {"buffer_m": 5.0}]


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 17}, {"lat": 91}, {"radius_m": -1}, {"shape": "star"}, {"keep": "near"},
        {"lat": "north"}, {"shape": "polygon"}, {"shape": "polygon", "rings": [[[59.9, 10.7]]]},
    ],
)  # fmt: skip
def test_a_fence_that_is_none_is_refused_with_a_sentence(wrong):
    with pytest.raises(Refused, match=r"[Ff]ence"):
        fences_body([HOME | wrong])


def test_two_fences_of_one_number_or_too_many_points_are_refused():
    with pytest.raises(Refused, match="same number"):
        fences_body([HOME, HOME])
    ring = [[59.9 + n / 1000, 10.7] for n in range(65)]
    with pytest.raises(Refused, match="65 points"):
        fences_body([LAKE | {"rings": [ring]}])


def test_an_order_that_expires_is_said_in_the_log_and_counted(journal, clock):
    order_id = queue(journal, clock, expires_s=NOW_S + 60)
    book = OrderBook(journal, clock)
    clock.now_ms += 61_000
    with structlog.testing.capture_logs() as said:
        book.reload()
    journal.write(lambda _db: None).result()
    assert states(journal) == ["expired"]
    assert book.counters["orders_expired"] == 1
    (line,) = said
    assert (line["event"], line["orders"]) == ("orders_expired", [order_id])
    book.reload()
    assert book.counters["orders_expired"] == 1, "once"
