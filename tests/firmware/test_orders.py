"""Orders: only signed ones, whole or not at all, answered again and done once.

# heap: 512k  (orders as large as may be, beside the tracker that takes them)
"""

import json

from tracker import fence_file
from tracker.anchor_list import AnchorList
from tracker.fence import FenceSet
from tracker.fix import Fix
from tracker.order_changes import Homes
from tracker.order_keys import OrderKeys
from tracker.orders import ANSWERED, Orders
from tracker.settings import Settings
from tracker.signature import hmac_sha256, same
from trygg_wire import codec
from trygg_wire.layouts import (
    ALARM_CLOSED,
    ANCHORS,
    ANSWER,
    APPLIED,
    ARMED,
    BAD_BODY,
    BAD_SIGNATURE,
    COMMAND,
    EXPIRED,
    FENCES,
    NO_CLOCK,
    NO_FLASH,
    NO_ROOM,
    OLD_VERSION,
    ORDER,
    OUT_OF_RANGE,
    OUTSIDE,
    RECEIVED,
    REFUSED,
    REPORT_NOW,
    RESTART,
    SETTINGS,
    UNKNOWN_KIND,
)
from trygg_wire.layouts import KEY as KEY_ORDER

KEY = b"nokkel-til-astrid-32-bytes-lang!"
NOW_S = 217000000
CIRCLE = {
    "number": 1,
    "keep": 0,
    "shape": 0,
    "private": 1,
    "buffer_dm": 0,
    "lat_e6": 59913900,
    "lon_e6": 10745200,
    "radius_dm": 1500,
    "schedule": [],
    "rings": [],
}


def fence_set(fences):
    return {"utc_offset_min": 60, "dst": 1, "fences": fences}


RESTART_NOW = {"command": RESTART, "alarm_boot": 0, "alarm_seq": 0}


class Tracker:
    """The parts an order works on, and what lies in flash for the next start."""

    def __init__(self, flash=None, key=KEY, fences=FenceSet):
        self.flash = flash if flash is not None else {}
        self.refusing = ()
        self.settings = Settings()
        self.fences = fences(self.settings)
        self.keys = OrderKeys(key)
        self.anchors = AnchorList()
        homes = Homes(self.settings, self.fences, self.keys, self.anchors)
        self.orders = Orders("astrid", homes, self.keep)
        self.settings.load(self.flash.get("settings", b""))
        fence_file.restore(self.fences, self.flash.get("fences", b""))
        self.keys.load(self.flash.get("keys", b""))
        self.anchors.load(self.flash.get("anchors", b""))
        self.orders.load(self.flash.get("orders", b""))

    def keep(self, name, parts):
        if name in self.refusing:
            raise OSError(5)
        self.flash[name] = b"".join([bytes(part) for part in parts])

    def take(self, frame, time_s=NOW_S):
        return self.orders.take(frame, time_s)


def signed(order_kind, body, order_id=1, version=1, expires_s=0, key=KEY, device=b"astrid"):
    values = {"order_id": order_id, "version": version, "expires_s": expires_s}
    values["order_kind"] = order_kind
    values["body"] = body if isinstance(body, bytes) else codec.encode_body(order_kind, body)
    values["mac"] = bytes(32)
    frame = codec.encode(ORDER, values)
    mac = hmac_sha256(key, device + b"\0" + codec.order_signed_part(frame))
    return codec.order_with_mac(frame, mac)


def setting(number, value, **more):
    return signed(SETTINGS, {"settings": [{"number": number, "value": value}]}, **more)


def outcome(taken):
    assert len(taken.answers) == 1
    return taken.answers[0]["result"], taken.answers[0]["reason"]


def test_hmac_agrees_with_rfc_4231():
    def hexed(key, message):
        return "".join(["%02x" % byte for byte in hmac_sha256(key, message)])

    assert hexed(b"\x0b" * 20, b"Hi There") == (
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert hexed(b"Jefe", b"what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )
    long_key = hexed(b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First")
    assert long_key == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"


def test_bytes_are_the_same_only_when_all_are():
    assert same(b"", b"")
    assert same(b"astrid", b"astrid")
    assert not same(b"astrid", b"bstrid")
    assert not same(b"astrid", b"astrie")
    assert not same(b"astrid", b"astri")


def test_the_signature_of_the_wire_vector_is_believed():
    path = "tests/vectors/wire/order_settings.json"
    with open(path) as file:
        vector = json.load(file)
    text = "".join([piece[0] for piece in vector["pieces"]])
    frame = bytes([int(text[i : i + 2], 16) for i in range(0, len(text), 2)])
    taken = Tracker().take(frame, NOW_S)
    assert outcome(taken) == (REFUSED, OUT_OF_RANGE)  # its values are past our limits


def test_a_signed_setting_is_applied_and_kept_over_a_start():
    tracker = Tracker()
    taken = tracker.take(setting(9, 1200, version=4))
    assert outcome(taken) == (APPLIED, 0)
    assert sorted(tracker.flash) == ["orders", "settings"]
    again = Tracker(tracker.flash)
    assert again.settings.report_inside_s == 1200
    assert again.settings.version == 4


def test_an_answer_is_what_the_wire_takes():
    answer = Tracker().take(setting(9, 1200)).answers[0]
    answer.update({"boot": 1, "seq": 1, "time_s": NOW_S, "time_is_uptime": 0})
    assert codec.decode(codec.encode(ANSWER, answer)) == (ANSWER, answer)


def test_any_flipped_bit_changes_nothing():
    tracker = Tracker()
    frame = setting(9, 1200)
    for i in range(len(frame)):
        damaged = bytearray(frame)
        damaged[i] ^= 1 << i % 8
        assert tracker.take(bytes(damaged)).answers == []
    assert tracker.orders.damaged == len(frame)
    assert tracker.settings.report_inside_s == 900
    assert tracker.flash == {}


def test_a_frame_that_was_changed_with_its_crc_is_refused_for_its_signature():
    tracker = Tracker()
    frame = setting(9, 1200)
    for i in range(len(frame) - 2):
        changed = bytearray(frame)
        changed[i] ^= 1
        forged = codec.order_with_mac(bytes(changed), bytes(changed[-34:-2]))
        taken = tracker.take(forged)
        assert taken.answers == [] or outcome(taken) == (REFUSED, BAD_SIGNATURE)
    assert tracker.flash == {}
    assert tracker.orders.refused + tracker.orders.damaged == len(frame) - 2
    assert tracker.orders.refused > 32
    assert tracker.settings.version == 0


def test_an_order_for_another_tracker_or_with_another_key_is_refused():
    tracker = Tracker()
    other = outcome(tracker.take(setting(9, 1200, device=b"bjorn")))
    wrong = outcome(tracker.take(setting(9, 1200, key=b"en annen nokkel, ogsaa 32 bytes!")))
    assert other == wrong == (REFUSED, BAD_SIGNATURE)
    assert tracker.settings.version == 0


def test_without_a_real_key_nothing_is_believed():
    for key in (b"", b"fifteen bytes !"):
        frame = setting(9, 1200, key=key)
        assert outcome(Tracker(key=key).take(frame)) == (REFUSED, BAD_SIGNATURE)


def test_other_kinds_of_frame_are_counted_and_not_answered():
    tracker = Tracker()
    answer = {"order_id": 1, "order_version": 1, "result": 1, "reason": 0}
    answer.update({"boot": 1, "seq": 1, "time_s": NOW_S, "time_is_uptime": 0})
    assert tracker.take(codec.encode(ANSWER, answer)).answers == []
    assert tracker.take(b"").answers == []
    assert tracker.take(b"\xff" * 5000).answers == []
    assert tracker.orders.damaged == 3


def test_an_old_version_is_refused_and_the_same_one_is_answered_again():
    tracker = Tracker()
    tracker.take(setting(9, 1200, order_id=5, version=7))
    assert outcome(tracker.take(setting(9, 600, order_id=4, version=6))) == (REFUSED, OLD_VERSION)
    assert outcome(tracker.take(setting(9, 600, order_id=6, version=7))) == (REFUSED, OLD_VERSION)
    again = tracker.take(setting(9, 1200, order_id=5, version=7))
    assert outcome(again) == (APPLIED, 0)
    assert not again.changed
    assert tracker.settings.report_inside_s == 1200


def test_versions_of_one_kind_do_not_touch_another():
    tracker = Tracker()
    assert outcome(tracker.take(setting(9, 1200, version=7))) == (APPLIED, 0)
    assert outcome(tracker.take(signed(FENCES, fence_set([CIRCLE]), version=2))) == (APPLIED, 0)
    assert outcome(tracker.take(signed(COMMAND, RESTART_NOW, version=1))) == (APPLIED, 0)


def test_expiry_is_by_the_clock_and_without_a_clock_it_is_not_guessed():
    tracker = Tracker()
    due = setting(9, 1200, expires_s=NOW_S)
    assert outcome(tracker.take(due, NOW_S)) == (REFUSED, EXPIRED)
    assert outcome(tracker.take(due, 0)) == (RECEIVED, NO_CLOCK)
    assert tracker.flash == {} and tracker.orders.refused == 1
    assert outcome(tracker.take(due, NOW_S - 1)) == (APPLIED, 0)
    assert outcome(tracker.take(due, NOW_S + 1)) == (APPLIED, 0)  # it was, before it expired
    never = setting(10, 600, order_id=2, version=2)
    assert outcome(tracker.take(never, 0)) == (APPLIED, 0)


def test_a_kind_this_firmware_does_not_know_is_refused():
    assert outcome(Tracker().take(signed(77, b"\x01"))) == (REFUSED, UNKNOWN_KIND)


def test_a_body_that_is_not_of_its_kind_is_refused_whole():
    tracker = Tracker()
    for kind in (SETTINGS, FENCES, COMMAND, KEY_ORDER, ANCHORS):
        assert outcome(tracker.take(signed(kind, b"\xff\xff"))) == (REFUSED, BAD_BODY)
    assert tracker.flash == {}


def test_one_bad_setting_or_fence_keeps_all_others_out():
    tracker = Tracker()
    changes = [{"number": 9, "value": 1200}, {"number": 1, "value": 9999}]
    frame = signed(SETTINGS, {"settings": changes})
    assert outcome(tracker.take(frame)) == (REFUSED, OUT_OF_RANGE)
    assert tracker.settings.report_inside_s == 900
    ring = [{"lat_e6": 59913900 + i, "lon_e6": 10745200 + i * i} for i in range(33)]
    second = dict(CIRCLE)
    second.update({"number": 2, "shape": 1, "radius_dm": 0, "rings": [{"points": ring}] * 2})
    frame = signed(FENCES, fence_set([CIRCLE, second]))
    assert outcome(tracker.take(frame)) == (REFUSED, NO_ROOM)
    assert tracker.fences.version == 0
    assert tracker.flash == {}


def test_fences_too_large_for_the_heap_are_refused_and_not_died_of():
    class FullHeap(FenceSet):
        def check(self, values):
            raise MemoryError

    tracker = Tracker(fences=FullHeap)
    assert outcome(tracker.take(signed(FENCES, fence_set([CIRCLE])))) == (REFUSED, NO_ROOM)
    assert tracker.flash == {}


def test_memory_that_fails_when_flash_has_the_new_fences_asks_for_a_start_that_has_them():
    class FullHeap(FenceSet):
        full = False

        def take(self, version, zone, fences):
            if self.full:
                raise MemoryError
            super().take(version, zone, fences)

    tracker = Tracker(fences=FullHeap)
    other = dict(CIRCLE, number=2, lat_e6=59923900)
    assert outcome(tracker.take(signed(FENCES, fence_set([CIRCLE, other])))) == (APPLIED, 0)
    for s in (0, 5):
        tracker.fences.judge(Fix(NOW_S + s, 59913900, 10745200, 40, 10, 90, 8, 1000 * s))
    before = tracker.fences.worst()
    tracker.fences.full = True
    order = signed(FENCES, fence_set([other]), order_id=2, version=2)
    taken = tracker.take(order)
    assert (taken.answers, taken.command, taken.changed, taken.restart) == ([], None, False, True)
    assert tracker.orders.refused == 0
    assert tracker.fences.version == 0 and tracker.fences.all() == ()
    known = tracker.fences.save()
    again = Tracker(tracker.flash)
    assert again.fences.version == 2
    assert again.fences.load(known)
    assert before == (2, OUTSIDE) and again.fences.worst() == before
    assert outcome(again.take(order)) == (APPLIED, 0)


def test_new_fences_are_built_when_the_old_ones_are_gone_and_never_two_sets_at_once():
    most = []

    class Counting(FenceSet):
        def check(self, values):
            return super().check(self.watched(values))

        def put_in_force(self, version, values):
            return super().put_in_force(version, self.watched(values))

        def watched(self, values):
            def rows():
                for row in values["fences"]:
                    most.append(len(self.all()))
                    yield row

            return dict(values, fences=rows())

    tracker = Tracker(fences=Counting)
    fences = [dict(CIRCLE, number=number) for number in range(1, 17)]
    assert outcome(tracker.take(signed(FENCES, fence_set(fences)))) == (APPLIED, 0)
    del most[:]
    order = signed(FENCES, fence_set(fences[1:]), order_id=2, version=2)
    assert outcome(tracker.take(order)) == (APPLIED, 0)
    assert most == [16] * 15 + [0] * 15  # looked through, and built


def test_a_file_that_finds_no_memory_is_a_file_that_flash_did_not_take_and_fences_have_no_room():
    def no_memory(name, parts):
        raise MemoryError

    tracker = Tracker()
    assert outcome(tracker.take(signed(FENCES, fence_set([CIRCLE])))) == (APPLIED, 0)
    tracker.orders._keep = no_memory
    order = signed(SETTINGS, {"settings": [{"number": 9, "value": 1200}]}, order_id=2, version=2)
    assert outcome(tracker.take(order)) == (REFUSED, NO_FLASH)
    assert (tracker.orders.flash_errors, tracker.settings.report_inside_s) == (1, 900)
    order = signed(FENCES, fence_set([]), order_id=3, version=3)
    assert outcome(tracker.take(order)) == (REFUSED, NO_ROOM)
    assert tracker.orders.flash_errors == 1
    assert len(tracker.fences.all()) == 1


def test_a_command_is_done_once_and_answered_each_time():
    tracker = Tracker()
    frame = signed(COMMAND, RESTART_NOW, order_id=3, version=3)
    taken = tracker.take(frame)
    assert taken.command == RESTART_NOW
    assert sorted(tracker.flash) == ["orders"]
    again = Tracker(tracker.flash).take(frame)
    assert again.command is None
    assert outcome(again) == (APPLIED, 0)


def test_closing_an_alarm_is_done_each_time_for_power_may_have_gone_before_it_was():
    closing = dict(RESTART_NOW, command=ALARM_CLOSED, alarm_boot=4, alarm_seq=19)
    tracker = Tracker()
    frame = signed(COMMAND, closing, order_id=3, version=3)
    for _ in range(3):
        taken = tracker.take(frame)
        assert taken.command == closing
        assert outcome(taken) == (APPLIED, 0)
        tracker = Tracker(tracker.flash)


def test_a_command_lost_on_the_way_back_is_answered_after_a_later_one():
    tracker = Tracker()
    frames = [signed(COMMAND, RESTART_NOW, order_id=i, version=i) for i in range(1, 22)]
    for frame in frames:
        assert tracker.take(frame).command == RESTART_NOW
    answers = [outcome(tracker.take(frame)) for frame in frames]
    assert answers[:5] == [(REFUSED, OLD_VERSION)] * 5
    assert answers[5:] == [(APPLIED, 0)] * ANSWERED


def test_fences_are_armed_by_the_first_good_fix_and_say_so_once():
    tracker = Tracker()
    assert tracker.orders.armed().answers == []
    frame = signed(FENCES, fence_set([CIRCLE]), order_id=8, version=2)
    tracker.take(frame)
    assert tracker.orders.armed().answers == []
    tracker.fences.judge(Fix(NOW_S, 59913900, 10745200, 40, 0, 360, 8, 1000))
    taken = tracker.orders.armed()
    assert outcome(taken) == (ARMED, 0)
    assert taken.answers[0]["order_id"] == 8
    assert tracker.orders.armed().answers == []
    assert outcome(tracker.take(frame)) == (ARMED, 0)


def test_a_power_cut_between_the_files_leaves_the_order_applied_and_answered():
    tracker = Tracker()
    frame = signed(FENCES, fence_set([CIRCLE]), version=2)
    tracker.take(frame)
    again = Tracker({"fences": tracker.flash["fences"]})
    assert again.fences.version == 2
    assert outcome(again.take(frame)) == (APPLIED, 0)
    again.fences.judge(Fix(NOW_S, 59913900, 10745200, 40, 0, 360, 8, 1000))
    assert outcome(again.orders.armed()) == (ARMED, 0)


def test_an_order_whose_file_was_lost_is_applied_anew():
    tracker = Tracker()
    frame = signed(FENCES, fence_set([CIRCLE]), version=2)
    tracker.take(frame)
    del tracker.flash["fences"]
    again = Tracker(tracker.flash)
    assert again.fences.version == 0
    taken = again.take(frame)
    assert outcome(taken) == (APPLIED, 0)
    assert again.fences.version == 2
    assert "fences" in again.flash


NEXT_KEY = b"ny-nokkel-til-astrid-32-bytes-hi"
THIRD_KEY = b"enda-en-nokkel-til-astrid-32-byt"
RADIOS = {"anchors": [{"radio": 1, "id": b"\xa4\x2b\xb0\xc4\xd5\x01"}]}


def hand_over(old, new, version=1, **more):
    mask = hmac_sha256(old, b"trygg key" + version.to_bytes(4, "big"))
    wrapped = bytes([one ^ other for one, other in zip(new, mask)])
    return signed(KEY_ORDER, {"wrapped": wrapped}, version=version, key=old, **more)


def test_the_key_of_the_wire_vector_is_the_one_it_names():
    with open("tests/vectors/wire/order_key.json") as file:
        wrapped = json.load(file)["order_body"]["wrapped"]
    wrapped = bytes([int(wrapped[i : i + 2], 16) for i in range(0, len(wrapped), 2)])
    assert OrderKeys(KEY).unwrapped(3, wrapped) == NEXT_KEY


def test_both_keys_are_believed_until_the_next_one_has_been_used():
    tracker = Tracker()
    assert outcome(tracker.take(hand_over(KEY, NEXT_KEY))) == (APPLIED, 0)
    assert outcome(tracker.take(setting(9, 600, version=1))) == (APPLIED, 0)
    assert outcome(tracker.take(hand_over(KEY, NEXT_KEY))) == (APPLIED, 0)  # its answer was lost
    assert outcome(tracker.take(setting(9, 700, version=2, key=NEXT_KEY))) == (APPLIED, 0)
    for here in (tracker, Tracker(tracker.flash)):
        assert outcome(here.take(setting(9, 800, version=3))) == (REFUSED, BAD_SIGNATURE)
    assert outcome(Tracker(tracker.flash).take(setting(9, 800, version=3, key=NEXT_KEY))) == (
        APPLIED,
        0,
    )


def test_keys_are_handed_over_again_and_again():
    tracker = Tracker()
    tracker.take(hand_over(KEY, NEXT_KEY))
    tracker.take(hand_over(NEXT_KEY, THIRD_KEY, version=2, order_id=2))
    again = Tracker(tracker.flash)
    assert outcome(again.take(setting(9, 600, key=NEXT_KEY))) == (APPLIED, 0)
    assert outcome(again.take(setting(9, 700, version=2, key=THIRD_KEY))) == (APPLIED, 0)
    assert outcome(again.take(setting(9, 800, version=3, key=KEY))) == (REFUSED, BAD_SIGNATURE)
    assert outcome(again.take(hand_over(THIRD_KEY, KEY, version=2, order_id=3))) == (
        REFUSED,
        OLD_VERSION,
    )


def test_a_key_order_by_somebody_else_is_refused():
    tracker = Tracker()
    stranger = hand_over(THIRD_KEY, NEXT_KEY)
    assert outcome(tracker.take(stranger)) == (REFUSED, BAD_SIGNATURE)
    assert tracker.flash == {}


def test_a_tracker_that_was_provisioned_anew_forgets_the_keys_of_before():
    tracker = Tracker()
    tracker.take(hand_over(KEY, NEXT_KEY))
    tracker.take(setting(9, 600, key=NEXT_KEY))
    anew = Tracker(tracker.flash, key=THIRD_KEY)
    assert outcome(anew.take(setting(9, 700, version=2, key=NEXT_KEY))) == (REFUSED, BAD_SIGNATURE)
    assert outcome(anew.take(setting(9, 700, version=2, key=THIRD_KEY))) == (APPLIED, 0)
    assert outcome(anew.take(hand_over(THIRD_KEY, NEXT_KEY, order_id=9))) == (APPLIED, 0)


def test_anchors_are_kept_over_a_start_and_replaced_whole():
    tracker = Tracker()
    assert outcome(tracker.take(signed(ANCHORS, RADIOS, version=3))) == (APPLIED, 0)
    again = Tracker(tracker.flash)
    assert again.anchors.known == [(1, b"\xa4\x2b\xb0\xc4\xd5\x01")]
    assert again.anchors.version == 3
    assert outcome(again.take(signed(ANCHORS, {"anchors": []}, order_id=2, version=3))) == (
        REFUSED,
        OLD_VERSION,
    )
    assert outcome(again.take(signed(ANCHORS, {"anchors": []}, version=4))) == (APPLIED, 0)
    assert Tracker(again.flash).anchors.known == []


def test_a_file_that_cannot_be_written_refuses_the_order_and_nothing_is_in_force():
    frames = {
        "settings": setting(9, 1200),
        "fences": signed(FENCES, fence_set([CIRCLE])),
        "keys": hand_over(KEY, NEXT_KEY),
        "anchors": signed(ANCHORS, RADIOS),
    }
    for name, frame in frames.items():
        tracker = Tracker()
        tracker.refusing = (name,)
        taken = tracker.take(frame)
        assert outcome(taken) == (REFUSED, NO_FLASH), name
        assert not taken.changed and tracker.flash == {}
        versions = (tracker.settings.version, tracker.fences.version, tracker.keys.version)
        assert versions == (0, 0, 0) and tracker.anchors.version == 0
        assert tracker.settings.report_inside_s == 900 and tracker.anchors.known == []
        assert not tracker.fences.worst()[0]
        by_next = tracker.take(setting(10, 600, order_id=9, version=9, key=NEXT_KEY))
        assert outcome(by_next) == (REFUSED, BAD_SIGNATURE)
        assert tracker.orders.flash_errors == 1
        tracker.refusing = ()  # and the same order is taken once the flash does
        assert outcome(tracker.take(frame)) == (APPLIED, 0), name
        assert name in tracker.flash


def test_settings_that_flash_refuses_leave_those_before_in_force():
    tracker = Tracker()
    tracker.take(setting(9, 1200, version=1))
    tracker.refusing = ("settings",)
    assert outcome(tracker.take(setting(9, 600, version=2))) == (REFUSED, NO_FLASH)
    assert (tracker.settings.report_inside_s, tracker.settings.version) == (1200, 1)


def test_flash_that_forgets_answers_stops_no_order_but_a_restart():
    tracker = Tracker()
    tracker.refusing = ("orders",)
    assert outcome(tracker.take(signed(COMMAND, RESTART_NOW))) == (REFUSED, NO_FLASH)
    report = {"command": REPORT_NOW, "alarm_boot": 0, "alarm_seq": 0}
    taken = tracker.take(signed(COMMAND, report, order_id=2))
    assert outcome(taken) == (APPLIED, 0) and taken.command == report
    assert tracker.take(signed(COMMAND, report, order_id=2)).command is None
    assert outcome(tracker.take(setting(9, 1200, order_id=3))) == (APPLIED, 0)
    again = Tracker(tracker.flash)
    assert outcome(again.take(setting(9, 1200, order_id=3))) == (APPLIED, 0)


def test_damaged_files_are_said_and_change_nothing():
    tracker = Tracker()
    tracker.take(signed(FENCES, fence_set([CIRCLE]), version=2))
    tracker.take(signed(ANCHORS, RADIOS))
    tracker.take(hand_over(KEY, NEXT_KEY))
    for name in ("orders", "fences", "anchors", "keys"):
        data = tracker.flash[name]
        for length in range(len(data)):
            assert not _loads(name, data[:length])
        for i in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[i // 8] ^= 1 << i % 8
            assert not _loads(name, bytes(flipped))
        assert _loads(name, data)


def _loads(name, data):
    fresh = Tracker()
    if name == "fences":
        return fence_file.restore(fresh.fences, data)
    return {"orders": fresh.orders, "anchors": fresh.anchors, "keys": fresh.keys}[name].load(data)
