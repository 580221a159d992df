"""An exit that a person has closed beyond its window stays closed, wherever the power goes."""

import pytest

from tracker.outbox import Outbox
from trygg_tools.rig.flash import MAKE, REMOVE, RENAME, WRITE
from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (63430000, 10390000)  # Trondheim
BEGAN_S = 217000000 - 217000000 % 86400 + 8 * 3600  # 09:00 there, in winter
LEAVES_S = 300
CLOSED_S = 1100  # the window ends at 900 s


def outward(world_s):
    """At home, then 500 m to the north within six minutes, and there."""
    out_s = min(360, max(0, world_s - BEGAN_S - LEAVES_S))
    return HOME[0] + 13 * out_s, HOME[1], 0, 0, 30


def send(tracker, order_id, kind, values):
    frame = signed_order(tracker.device, ORDER_KEY, order_id, kind, values, order_id)
    tracker.gateway.order(order_id, frame)


def awake(tracker):
    while tracker.app is None:
        tracker.run(1)
    return tracker.app


def out_beyond_the_window():
    """A tracker whose wearer has left in a window that is over; nobody has closed it yet."""
    tracker = SimulatedTracker(outward, world_s=BEGAN_S)
    values = circle(*HOME, 150)
    values["fences"][0]["schedule"] = [{"days": 127, "from_min": 8 * 60, "minutes": 75}]
    send(tracker, 1, layouts.FENCES, values)
    tracker.run(CLOSED_S)
    assert [fence.lingers for fence in awake(tracker).fences.all()] == [True]
    return tracker


def close_all(tracker):
    """A person closes the alarm of the exit."""
    left = [
        values
        for kind, values in map(codec.decode, tracker.gateway.records.values())
        if kind == layouts.ALARM and values["what"] == layouts.LEFT
    ]
    assert len(left) == 1
    values = command(layouts.ALARM_CLOSED, left[0]["boot"], left[0]["seq"])
    send(tracker, 2, layouts.COMMAND, values)


def cuts_of_closing():
    """The strokes from the order to the answer at which an operation on the flash begins."""
    tracker = out_beyond_the_window()
    flash = tracker.flash
    before, flash.log = flash.strokes, []
    close_all(tracker)
    while 2 not in [answer["order_id"] for answer in answers(tracker)]:
        tracker.run(1)
    tracker.run(5)
    cuts = []
    for operation, name, what in flash.log:
        cuts.append((before, operation + name))
        before += len(what) if operation == WRITE else operation in (MAKE, RENAME, REMOVE)
    assert before == flash.strokes
    assert {"/state/orders.bin.new", "/state/exits.bin.new"} <= {name for _, name, _ in flash.log}
    return dict(cuts)


def answers(tracker):
    frames = map(codec.decode, tracker.gateway.records.values())
    return [values for kind, values in frames if kind == layouts.ANSWER]


def test_a_power_cut_while_it_is_closed_leaves_no_exit_open():
    cuts = cuts_of_closing()
    assert len(cuts) >= 6
    for cut_at, what in cuts.items():
        tracker = out_beyond_the_window()
        tracker.flash.cut_at = cut_at
        close_all(tracker)
        tracker.run(120)
        assert 2 in [answer["order_id"] for answer in answers(tracker)], what
        assert not tracker.gateway.owed, what
        (fence,) = awake(tracker).fences.all()
        assert (fence.in_force, fence.lingers) == (False, False), what


def test_flash_knows_no_open_exit_any_more_when_the_answer_is_kept(monkeypatch):
    """For a gateway that hears the answer does not order it again."""
    tracker = out_beyond_the_window()
    append, held = Outbox.append, []

    def noted(self, lane, boot, seq, frame, now_s):
        if codec.kind_of(frame) == layouts.ANSWER:
            held.append(tracker.flash.files["/state/exits.bin"][5])  # how many are open
        return append(self, lane, boot, seq, frame, now_s)

    monkeypatch.setattr(Outbox, "append", noted)
    assert tracker.flash.files["/state/exits.bin"][5] == 1
    close_all(tracker)
    tracker.run(120)
    assert held == [0]


@pytest.mark.parametrize("strike", ["reset before the answer", "the next window"])
def test_the_next_window_says_an_exit_that_was_closed_in_the_one_before(strike):
    tracker = out_beyond_the_window()
    close_all(tracker)
    if strike == "reset before the answer":
        tracker.flash.cut_at = tracker.flash.strokes + 60
    tracker.run(120)
    told = len(alarms(tracker))
    tracker.run(23 * 3600)
    assert [(one["what"], one["reason"]) for one in alarms(tracker)[told:]] == [
        (layouts.LEFT, layouts.BEGAN)
    ]


def alarms(tracker):
    frames = [tracker.gateway.records[key] for key in sorted(tracker.gateway.records)]
    decoded = map(codec.decode, frames)
    return [values for kind, values in decoded if kind == layouts.ALARM]
