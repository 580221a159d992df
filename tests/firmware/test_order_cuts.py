"""The power goes at every byte and operation with which an order reaches the flash.

After each cut the tracker starts from what the flash holds: the old is in force or the new, whole,
and never a mixture; the same order, sent again by the gateway, is then applied or known.

# heap: 512k  (two trackers and the flash of every cut share the heap)
"""

from tracker import fence_file, fence_ready, order_file, state_files
from tracker.anchor_list import AnchorList
from tracker.fence import FenceSet
from tracker.order_changes import Homes
from tracker.order_keys import OrderKeys
from tracker.orders import Orders
from tracker.settings import Settings
from tracker.signature import hmac_sha256
from trygg_tools.rig.flash import Flash
from trygg_tools.rig.orders import signed_order
from trygg_tools.rig.power import PowerCut
from trygg_wire import codec, layouts
from trygg_wire.layouts import (
    ANCHORS,
    APPLIED,
    BAD_SIGNATURE,
    COMMAND,
    FENCES,
    KEY,
    REFUSED,
    REPORT_NOW,
    SETTINGS,
)

OLD_KEY = b"nokkel-til-astrid-32-bytes-lang!"
NEW_KEY = b"ny-nokkel-til-astrid-32-bytes-hi"
NEXT_KEY = b"enda-en-nokkel-til-astrid-32-byt"
TAILS = (b"", b"\xff", b"\x00\x00\x00\x00\x00\x00\x00\x00")


class Astrid:
    """Her tracker's orders over a flash: as after a start."""

    def __init__(self, flash):
        self.flash = flash
        self.settings, self.keys, self.anchors = Settings(), OrderKeys(OLD_KEY), AnchorList()
        self.fences = FenceSet(self.settings)
        homes = Homes(self.settings, self.fences, self.keys, self.anchors)
        self.orders = Orders("astrid", homes, self.keep)
        loads = {"settings": self.settings.load, "keys": self.keys.load, "orders": self.orders.load}
        loads["anchors"] = self.anchors.load
        loads["fences"] = self.load_fences
        for name in ("settings", "fences", "keys", "anchors", "orders"):
            data = state_files.load(flash, name)
            assert data == b"" or loads[name](data), name

    def keep(self, name, parts):
        state_files.save_parts(self.flash, name, parts)

    def load_fences(self, data):
        mark = fence_ready.mark_of((data,))
        self.was_ready = fence_ready.restore(self.fences, self.flash, mark)
        return self.was_ready or fence_file.restore(self.fences, data)

    def take(self, frame):
        answer = self.orders.take(frame, 0).answers[0]
        return answer["result"], answer["reason"]

    def knows(self):
        """What is in force, by kind."""
        data = state_files.load(self.flash, "fences")
        fences = bytes(order_file.unpack(data)[1]) if data else b""
        assert self.fences.version == (order_file.unpack(data)[0] if data else 0)
        computed = FenceSet(self.settings)
        assert not data or fence_file.restore(computed, data)
        assert definitions(self.fences) == definitions(computed)
        return {
            SETTINGS: (self.settings.version, self.settings.report_inside_s),
            FENCES: (self.fences.version, fences),
            ANCHORS: (self.anchors.version, tuple(self.anchors.known)),
            KEY: self.keys.save(),
        }


def definitions(fences):
    """All that was computed from the signed body."""
    return fences.zone, [
        (fence.number, fence.keep, fence.private, fence.buffer_dm, fence.mark, fence.windows)
        + tuple(fence.shape.data)
        for fence in fences.all()
    ]


def fence_set(count, radius_dm):
    fence = {"keep": 0, "shape": 0, "private": 1, "buffer_dm": 100, "radius_dm": radius_dm}
    fence.update({"lat_e6": 59913900, "lon_e6": 10745200, "schedule": [], "rings": []})
    fences = []
    for number in range(1, count + 1):
        fences.append(dict(fence))
        fences[-1]["number"] = number
        if number == 2:
            corners = ((59913900, 10745200), (59914900, 10745200), (59914900, 10747200))
            points = [{"lat_e6": lat, "lon_e6": lon} for lat, lon in corners]
            fences[-1].update({"shape": 1, "radius_dm": 0, "rings": [{"points": points}]})
            fences[-1]["schedule"] = [{"days": 127, "from_min": 480, "minutes": 60}]
    return {"utc_offset_min": 60, "dst": 1, "fences": fences}


def anchors(first):
    return {"anchors": [{"radio": 1, "id": bytes((first, 43, 176, 196, 213, 1))}]}


def key_values(old, new, version):
    mask = hmac_sha256(old, b"trygg key" + version.to_bytes(4, "big"))
    return {"wrapped": bytes([new[i] ^ mask[i] for i in range(32)])}


def frame(kind, values, version, key=OLD_KEY):
    return signed_order("astrid", key, 10 * kind + version, kind, values, version)


def with_old_in_force():
    """The files of a tracker that has had one order of each kind."""
    flash = Flash()
    order_old_ones(Astrid(flash))
    return dict(flash.files)


def order_old_ones(tracker):
    assert tracker.take(frame(SETTINGS, {"settings": [{"number": 9, "value": 600}]}, 1))[0] == 2
    assert tracker.take(frame(FENCES, fence_set(1, 1500), 1))[0] == APPLIED
    assert tracker.take(frame(ANCHORS, anchors(164), 1))[0] == APPLIED
    assert tracker.take(frame(KEY, key_values(OLD_KEY, NEW_KEY, 1), 1))[0] == APPLIED


def flash_with(files):
    flash = Flash()
    flash.files = dict(files)
    return flash


ORDERS = (
    (SETTINGS, frame(SETTINGS, {"settings": [{"number": 9, "value": 1200}]}, 2)),
    (FENCES, frame(FENCES, fence_set(3, 900), 2)),
    (FENCES, frame(FENCES, fence_set(0, 0), 2)),
    (ANCHORS, frame(ANCHORS, anchors(200), 2)),
    (KEY, frame(KEY, key_values(OLD_KEY, NEXT_KEY, 2), 2)),
    (COMMAND, frame(COMMAND, {"command": REPORT_NOW, "alarm_boot": 0, "alarm_seq": 0}, 2)),
)


def test_the_power_may_go_at_any_stroke_of_any_order():
    before = with_old_in_force()
    old = Astrid(flash_with(before)).knows()
    for kind, order in ORDERS:
        whole = flash_with(before)
        tracker = Astrid(whole)
        assert tracker.take(order)[0] == APPLIED
        new = tracker.knows()
        assert Astrid(whole).knows() == new
        seen = set()
        for stroke in range(whole.strokes):
            again = after_a_cut(before, order, stroke)
            known = again.knows()
            for other in old:
                assert known[other] in (
                    (old[other], new[other]) if other == kind else (old[other],)
                )
            if kind != COMMAND:
                seen.add(known[kind] == new[kind])
            assert again.take(order) == (APPLIED, 0), (kind, stroke)
            assert again.knows() == new, (kind, stroke)
        assert kind == COMMAND or seen == {False, True}


def test_after_an_order_of_fences_a_start_computes_nothing():
    for kind, order in ORDERS:
        flash = flash_with(with_old_in_force())
        tracker = Astrid(flash)
        assert tracker.was_ready
        assert tracker.take(order)[0] == APPLIED
        assert Astrid(flash).was_ready, kind


def after_a_cut(before, order, stroke):
    """The tracker as it starts after the power went at that stroke of the order."""
    flash = flash_with(before)
    flash.tail = TAILS[stroke % len(TAILS)]
    tracker = Astrid(flash)
    flash.cut_at = stroke
    try:
        tracker.take(order)
        raise AssertionError("the power was to go")
    except PowerCut:
        flash.power_on()
    return Astrid(flash)


def test_a_hand_over_of_keys_may_be_cut_off_at_any_stroke():
    """The gateway signs with the old key until it has heard APPLIED, then with the new one."""
    before = with_old_in_force()  # both keys are there, the old one signs
    setting = {"settings": [{"number": 9, "value": 1800}]}
    by_old, by_new = frame(SETTINGS, setting, 3), frame(SETTINGS, setting, 4, NEW_KEY)
    whole = flash_with(before)
    assert Astrid(whole).take(by_new)[0] == APPLIED
    for stroke in range(whole.strokes):
        again = after_a_cut(before, by_new, stroke)
        old_counts = again.take(by_old) != (REFUSED, BAD_SIGNATURE)
        assert old_counts or stroke > 0
        assert again.take(by_new) == (APPLIED, 0), stroke
        assert again.take(by_old) == (REFUSED, BAD_SIGNATURE), stroke
    assert Astrid(whole).take(by_old) == (REFUSED, BAD_SIGNATURE)


def test_flash_that_fails_at_any_operation_refuses_whole_or_takes_whole():
    before = with_old_in_force()
    old = Astrid(flash_with(before)).knows()
    for kind, order in ORDERS:
        for operation in range(6):
            flash = FailsOnce(before, operation)
            tracker = Astrid(flash)
            result = tracker.take(order)[0]
            if kind != COMMAND:
                assert (tracker.knows()[kind] != old[kind]) == (result == APPLIED), (
                    kind,
                    operation,
                )
            assert Astrid(flash).knows() == tracker.knows()
            assert tracker.take(order) == (APPLIED, 0)
            assert Astrid(flash).take(order) == (APPLIED, 0)


class FailsOnce(Flash):
    """A flash that refuses the n-th open for writing or rename from now."""

    def __init__(self, files, left):
        super().__init__()
        self.files = dict(files)
        self.left = left

    def open(self, name, mode):
        if mode != "rb":
            self._maybe_fail()
        return super().open(name, mode)

    def rename(self, a, b):
        self._maybe_fail()
        super().rename(a, b)

    def _maybe_fail(self):
        self.left -= 1
        if self.left == -1:
            raise OSError(5)


def test_the_frames_of_this_file_are_what_the_wire_takes():
    for _, order in ORDERS:
        assert codec.decode(order)[0] == layouts.ORDER
