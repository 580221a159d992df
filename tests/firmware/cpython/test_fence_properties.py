"""What holds of fences and orders for every walk and every body, not only for those thought of."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from tracker import fence_memory, ticks
from tracker.anchor_list import AnchorList
from tracker.fence import FenceSet
from tracker.fix import Fix
from tracker.order_changes import Homes
from tracker.order_keys import OrderKeys
from tracker.orders import Orders
from tracker.settings import Settings
from tracker.signature import hmac_sha256
from trygg_wire import codec
from trygg_wire.crc16 import crc16
from trygg_wire.layouts import (
    ANCHORS,
    BACK,
    COMMAND,
    FENCES,
    LEFT,
    ORDER,
    OUTSIDE,
    REFUSED,
    SETTINGS,
)
from trygg_wire.layouts import KEY as KEY_ORDER

KEY = b"nokkel-til-astrid-32-bytes-lang!"
LAT, LON = 59913900, 10745200
MANY = settings(max_examples=200, deadline=None)
ROWS = [
    {"number": number, "keep": keep, "shape": 0, "private": 0, "buffer_dm": 100,
     "lat_e6": LAT, "lon_e6": LON, "radius_dm": radius_dm, "rings": []}
    for number, keep, radius_dm in ((1, 0, 1500), (2, 1, 600), (16, 0, 4000))
]  # fmt: skip
step = st.tuples(
    st.integers(-500, 500),  # metres east
    st.integers(3, 900),  # seconds later
    st.sampled_from((20, 80, 400, 3000)),  # accuracy
    st.booleans(),  # the power is cut before it
)


def _fences() -> FenceSet:
    fences = FenceSet(Settings())
    assert fences.replace(1, {"fences": ROWS}) == 0
    return fences


def _walk(steps, cuts: bool):
    fences = _fences()
    at_s = 1000
    for metres, later_s, accuracy_dm, cut in steps:
        at_s += later_s
        if cut and cuts:
            data = fences.save()
            fences = _fences()
            assert fences.load(data)
        now = ticks.PERIOD - 1 & 1000 * at_s
        fix = Fix(at_s, LAT, LON + 18 * metres, accuracy_dm, 0, 360, 8, now)
        yield fences.judge(fix), fences.worst(), fences.needs_confirmation, fences.margin_cm()


def _is_walked(steps) -> bool:
    """No jump that physics doubts: how often it has doubted is forgotten by a cut of the power."""
    return all(
        10 * abs(after[0] - before[0]) <= Settings().speed_refused_dm_s * after[1]
        for before, after in zip(steps, steps[1:], strict=False)
    )


@MANY
@given(st.lists(step, max_size=40).filter(_is_walked))
def test_a_cut_of_power_before_any_fix_changes_nothing_that_is_said(steps):
    assert list(_walk(steps, cuts=True)) == list(_walk(steps, cuts=False))


@MANY
@given(st.lists(step, max_size=60))
def test_left_and_back_take_turns_and_the_state_agrees(steps):
    out: set[int] = set()
    for events, (number, state), _confirm, margin_cm in _walk(steps, cuts=False):
        for event in events:
            if event.what == LEFT:
                assert event.fence_number not in out
                out.add(event.fence_number)
            if event.what == BACK:
                out.remove(event.fence_number)
        assert (state == OUTSIDE) == bool(out)
        assert number in (out or {1, 2, 16})
        assert margin_cm is not None


@MANY
@given(st.lists(st.tuples(st.integers(1, 10000), st.integers(0, 255)), max_size=30))
def test_any_state_with_a_fitting_crc_is_taken_or_refused_and_never_raises(changes):
    fences = _fences()
    for i in range(3):
        fences.judge(Fix(1000 + 60 * i, LAT, LON, 40, 0, 360, 8, 60000 * i))
    data = bytearray(fences.save()[:-2])
    for at, byte in changes:
        data[at % (len(data) - 1) + 1] = byte
    again = _fences()
    again.load(bytes(data) + struct.pack(">H", crc16(data)))
    again.judge(Fix(1400, LAT, LON, 40, 0, 360, 8, 0))
    again.overdue(60000, 1500)
    assert len(again.save()) <= fence_memory.SIZE_MAX


@MANY
@given(
    st.sampled_from((SETTINGS, FENCES, COMMAND, KEY_ORDER, ANCHORS, 255)), st.binary(max_size=200)
)
def test_any_body_is_applied_whole_or_refused_with_nothing_changed(kind, body):
    values = {"order_id": 1, "version": 5, "expires_s": 0, "order_kind": kind}
    frame = codec.encode(ORDER, {**values, "body": body, "mac": bytes(32)})
    mac = hmac_sha256(KEY, b"astrid\0" + codec.order_signed_part(frame))
    homes, flash = _homes(), {}
    orders = Orders("astrid", homes, flash.__setitem__)
    before = _known(homes)
    taken = orders.take(codec.order_with_mac(frame, mac), 0)
    (answer,) = taken.answers
    if answer["result"] == REFUSED:
        assert answer["reason"]
        assert flash == {}
        assert taken.command is None
        assert _known(homes) == before
    else:
        assert "orders" in flash


def _homes():
    its_settings = Settings()
    return Homes(its_settings, FenceSet(its_settings), OrderKeys(KEY), AnchorList())


def _known(homes):
    kept = homes.settings.save(), homes.fences.save(), homes.keys.save()
    return kept, homes.anchors.version, homes.anchors.known


@MANY
@given(st.binary(max_size=120))
def test_any_frame_is_counted_or_refused_and_never_raises(frame):
    orders = Orders("astrid", _homes(), {}.__setitem__)
    orders.take(frame, 0)
    assert orders.damaged + orders.refused == 1
