"""Orders of every kind through the whole tracker: keys, anchors, and a flash that refuses."""

import hmac

import pytest

from trygg_tools.rig.flash import EIO
from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.power import PowerCut
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
NEW_KEY = b"ny-nokkel-til-kari-av-32-bytes!!"
RADIOS = {"anchors": [{"radio": layouts.WIFI, "id": b"\xa4\x2b\xb0\xc4\xd5\x01"}]}
APPLIED, REFUSED = (layouts.APPLIED, 0), layouts.REFUSED


def at_home(_world_s):
    return (*HOME, 0, 0, 30)


def order(tracker, order_id, kind, values, version=1, key=ORDER_KEY):
    """The gateway owes an order, and the tracker is given time to hear and answer it."""
    tracker.gateway.order(
        order_id, signed_order(tracker.device, key, order_id, kind, values, version)
    )
    tracker.run(1000)
    answers = [one for one in tracker.gateway.answers if one["order_id"] == order_id]
    return (answers[0]["result"], answers[0]["reason"]) if answers else None


def setting(seconds):
    return {"settings": [{"number": 9, "value": seconds}]}


def wrapped(version=1):
    mask = hmac.digest(ORDER_KEY, b"trygg key" + version.to_bytes(4, "big"), "sha256")
    return {"wrapped": bytes(a ^ b for a, b in zip(NEW_KEY, mask, strict=True))}


def power_cut(tracker):
    def cut(_step):
        tracker.at_step = lambda _step: None
        raise PowerCut

    tracker.at_step = cut
    tracker.run(60)


@pytest.mark.parametrize("harm", ["lost", "torn", "flipped"])
@pytest.mark.parametrize("harmed", ["keys", "keys2"])
def test_one_copy_of_the_keys_may_be_lost_or_damaged(harmed, harm):
    tracker = SimulatedTracker(at_home)
    assert order(tracker, 1, layouts.KEY, wrapped()) == APPLIED
    assert order(tracker, 2, layouts.SETTINGS, setting(600), 1, NEW_KEY) == APPLIED
    name = "/state/" + harmed + ".bin"
    data = tracker.flash.files.pop(name)
    if harm == "torn":
        tracker.flash.files[name] = data[:-5]
    elif harm == "flipped":
        tracker.flash.files[name] = data[:20] + bytes([data[20] ^ 4]) + data[21:]
    power_cut(tracker)
    assert order(tracker, 3, layouts.SETTINGS, setting(700), 2, NEW_KEY) == APPLIED
    refused = order(tracker, 4, layouts.SETTINGS, setting(800), 3)
    assert refused == (REFUSED, layouts.BAD_SIGNATURE)


def test_without_either_copy_orders_are_refused_and_counted_and_records_go_on():
    tracker = SimulatedTracker(at_home)
    assert order(tracker, 1, layouts.KEY, wrapped()) == APPLIED
    assert order(tracker, 2, layouts.SETTINGS, setting(600), 1, NEW_KEY) == APPLIED
    for name in ("keys", "keys2"):
        tracker.flash.files["/state/" + name + ".bin"] = b"damaged"
    power_cut(tracker)
    refused = order(tracker, 3, layouts.SETTINGS, setting(700), 2, NEW_KEY)
    assert refused == (REFUSED, layouts.BAD_SIGNATURE)
    again = order(tracker, 4, layouts.COMMAND, command(layouts.REPORT_NOW))
    assert again == APPLIED  # by the key of provisioning
    told = [codec.decode(frame) for frame in tracker.gateway.records.values()]
    assert [v for k, v in told if k == layouts.HEALTH][-1]["orders_refused"] == 1


def test_a_new_key_counts_from_its_first_order_on_and_through_a_power_cut():
    tracker = SimulatedTracker(at_home)
    assert order(tracker, 1, layouts.KEY, wrapped()) == APPLIED
    power_cut(tracker)
    assert order(tracker, 2, layouts.SETTINGS, setting(600), 1) == APPLIED, "the old one still"
    assert order(tracker, 3, layouts.SETTINGS, setting(700), 2, NEW_KEY) == APPLIED
    power_cut(tracker)
    refused = order(tracker, 4, layouts.SETTINGS, setting(800), 3)
    assert refused == (REFUSED, layouts.BAD_SIGNATURE)
    assert order(tracker, 5, layouts.SETTINGS, setting(800), 3, NEW_KEY) == APPLIED


def test_the_radios_of_the_home_are_known_after_a_power_cut():
    tracker = SimulatedTracker(at_home)
    assert order(tracker, 1, layouts.ANCHORS, RADIOS) == APPLIED
    power_cut(tracker)
    tracker.board.pressed = True  # awake, to look into it
    tracker.app = None
    tracker.run(1)
    known = tracker.app._made.orders._homes.anchors.known
    assert known == [(layouts.WIFI, b"\xa4\x2b\xb0\xc4\xd5\x01")]


def test_a_flash_that_refuses_refuses_the_order_and_the_next_one_is_taken():
    tracker = SimulatedTracker(at_home)
    tracker.run(60)
    tracker.flash.failing = EIO
    tracker.gateway.order(
        1, signed_order(tracker.device, ORDER_KEY, 1, layouts.FENCES, circle(*HOME, 200))
    )
    tracker.run(1000)
    tracker.flash.failing = 0
    tracker.run(1000)
    answer = next(one for one in tracker.gateway.answers if one["order_id"] == 1)
    assert (answer["result"], answer["reason"]) == (REFUSED, layouts.NO_FLASH)
    tracker.gateway.order(2, signed_order(tracker.device, ORDER_KEY, 2, layouts.COMMAND,
                                          command(layouts.REPORT_NOW)))  # fmt: skip
    assert order(tracker, 3, layouts.FENCES, circle(*HOME, 200), 2) == APPLIED
    frames = map(codec.decode, tracker.gateway.records.values())
    counted = [values for kind, values in frames if kind == layouts.HEALTH]
    assert any(one["flash_errors"] for one in counted)
