"""When it is said that nobody can tell where the wearer is: at once when they may have walked out,
and not every evening in a room without reception. The whole tracker in simulated time.

# heap: 1024k  (the rig and its gateway share the heap with the firmware)
"""

from tracker.duty_rows import NEVER_S
from tracker.fence_rule import Event
from tracker.planner import AGAIN_S, VOUCHED_S
from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
START_S = 200000000
DARK_S = 3000  # from here on there is no reception
NEAR_MAX_S, NO_FIX_MAX_S = 1800, 7200
LATE_S = 700  # a check is made when the chip wakes


def in_the_dark(moves=None, radius_m=200):
    """A wearer at home whose sensor feels `moves` (seconds since the start); None: no sensor."""

    def place(world_s):
        return (HOME[0], HOME[1], 0, 0, 30) if world_s - START_S < DARK_S else None

    tracker = SimulatedTracker(place, world_s=START_S)
    if moves is not None:
        tracker.body.wear(lambda world_s: moves(world_s - START_S))
    values = circle(HOME[0], HOME[1], radius_m)
    frame = signed_order(tracker.device, ORDER_KEY, 1, layouts.FENCES, values)
    tracker.gateway.order(1, frame)
    return tracker


def said(tracker):
    """The seconds since the start of each alarm that it cannot tell."""
    found = []
    for key in sorted(tracker.gateway.records):
        kind, values = codec.decode(tracker.gateway.records[key])
        if kind == layouts.ALARM:
            assert values["what"] == layouts.CANT_TELL
            found.append(values["time_s"] - START_S)
    return found


def stands_from(tracker):
    """The second of the first report with that state; all after it have it too."""
    first = 0
    for key in sorted(tracker.gateway.records):
        kind, values = codec.decode(tracker.gateway.records[key])
        if kind == layouts.REPORT:
            cannot = values["fence_state"] == layouts.CANNOT_TELL
            assert cannot or not first
            first = first or (values["time_s"] - START_S if cannot else 0)
    return first


def asleep(tracker):
    """Let time pass until the chip is off."""
    while tracker.app is not None:
        tracker.run(1)


def awake(tracker):
    """Let time pass until it is on: the App."""
    while tracker.app is None:
        tracker.run(1)
    tracker.run(1)
    return tracker.app or awake(tracker)


def test_who_turns_in_bed_all_night_is_where_they_were_and_every_report_says_what_is_not_known():
    tracker = in_the_dark(lambda s: s % 400 == 17)
    tracker.run(DARK_S + VOUCHED_S - 600)
    assert not said(tracker)
    assert 0 <= stands_from(tracker) - DARK_S - NO_FIX_MAX_S <= 900
    tracker.run(2 * LATE_S)
    assert len(said(tracker)) == 1


def test_a_few_steps_to_another_room_are_no_way_out():
    tracker = in_the_dark(lambda s: s % 7200 < 15, radius_m=500)
    tracker.run(DARK_S + 8 * 3600)
    assert not said(tracker)


def test_who_walked_as_far_as_the_boundary_without_reception_is_told_of_soon():
    sets_off_s = DARK_S + 6000
    tracker = in_the_dark(lambda s: sets_off_s <= s < sets_off_s + 120 or s % 1800 == 17)
    tracker.run(sets_off_s + NEAR_MAX_S)
    assert not said(tracker)
    tracker.run(120 + LATE_S)
    assert len(said(tracker)) == 1
    tracker.run(6 * 3600)
    assert len(said(tracker)) == 1  # until it was over
    assert stands_from(tracker)


def test_a_walk_within_reception_uses_up_nothing():
    tracker = in_the_dark(lambda s: 1200 <= s < DARK_S - 700 or s % 900 == 5)
    tracker.run(DARK_S + 5 * 3600)
    assert not said(tracker)


def test_without_a_sensor_it_is_said_soon_but_not_all_day():
    tracker = in_the_dark()
    tracker.run(DARK_S + NEAR_MAX_S - 60)
    assert not said(tracker)
    tracker.run(60 + LATE_S)
    assert len(said(tracker)) == 1
    light = tracker.sky.place
    for _stay in range(5):  # found again, lost again
        tracker.sky.place = lambda _world_s: (HOME[0], HOME[1], 0, 0, 30)
        tracker.run(900)
        tracker.sky.place = light
        tracker.run(NEAR_MAX_S + LATE_S)
    assert len(said(tracker)) == 1
    tracker.run(AGAIN_S)
    assert len(said(tracker)) == 2


def test_a_sensor_that_feels_nothing_may_be_dead_and_vouches_for_nobody():
    tracker = in_the_dark(lambda _s: False)
    tracker.run(NO_FIX_MAX_S - 60)
    assert not said(tracker)
    tracker.run(60 + LATE_S)
    assert len(said(tracker)) == 1
    tracker.run(AGAIN_S - LATE_S)
    assert len(said(tracker)) == 1


def test_only_who_trusts_the_sensor_believes_one_that_feels_nothing():
    tracker = in_the_dark(lambda s: s == 17)
    tracker.run(600)
    app = awake(tracker)
    app._planner._now_s = app._image.moved_s + NO_FIX_MAX_S - 1
    assert app._planner.patience_s(0) == VOUCHED_S
    app._planner._now_s += 1
    assert app._planner.patience_s(0) == NEAR_MAX_S
    app._core.settings.sensors_trusted = 1
    assert app._planner.patience_s(0) == VOUCHED_S


def test_a_walk_that_begins_in_a_sleep_counts_from_there():
    sets_off = [1 << 29]
    tracker = in_the_dark(lambda s: 0 <= s - sets_off[0] < 900 or s % 1800 == 17, radius_m=1200)

    def place(world_s):
        gone_s = world_s - START_S - sets_off[0]
        north = 13 * max(0, min(gone_s, 900))  # 1.45 m/s: 105 m beyond the boundary
        return (HOME[0] + north, HOME[1], 0, 0, 30) if gone_s < 400 else None

    tracker.sky.place = place
    tracker.run(3600)
    asleep(tracker)
    sets_off[0] = tracker.seconds() + 5
    tracker.run(900 + NEAR_MAX_S + LATE_S)
    assert len(said(tracker)) == 1


def test_a_turn_in_a_sleep_is_no_walk_of_as_long_as_the_sleep():
    turn = [0]
    tracker = in_the_dark(lambda s: s == turn[0] or s % 1800 == 17)
    tracker.run(DARK_S - 600)
    asleep(tracker)
    turn[0] = tracker.seconds() + 5
    tracker.run(600)
    before = awake(tracker)._image.walked_s
    assert before < 10


def test_how_far_inside_is_said_of_the_fences_in_force():
    tracker = in_the_dark(lambda s: s % 400 == 17, radius_m=5000)

    def place(world_s):
        north = 13 * max(0, min(world_s - START_S - 1000, 400))  # 580 m away, then indoors
        return (HOME[0] + north, HOME[1], 0, 0, 30) if world_s - START_S < DARK_S else None

    tracker.sky.place = place
    tracker.run(DARK_S + 60)
    values = circle(HOME[0], HOME[1], 100)
    frame = signed_order(tracker.device, ORDER_KEY, 2, layouts.FENCES, values, 2)
    tracker.gateway.order(2, frame)
    tracker.run(2000 + NEAR_MAX_S + LATE_S)  # it comes with the next report
    assert len(said(tracker)) == 1


def test_what_was_said_of_one_fence_silences_no_other_and_no_other_reason():
    tracker = in_the_dark()
    tracker.run(600)
    app = awake(tracker)
    app._planner.told(Event(layouts.CANT_TELL, 0, layouts.NOT_WATCHED))
    patience_s = app._planner.patience_s
    assert [patience_s(number) for number in (0, 1, 2)] == [NEAR_MAX_S] * 3
    app._planner.told(Event(layouts.CANT_TELL, 1, layouts.NEAR_TOO_LONG))
    assert [patience_s(number) for number in (0, 1, 2)] == [NEAR_MAX_S, NEVER_S, NEAR_MAX_S]
    app._planner.told(Event(layouts.CANT_TELL, 0, layouts.NO_FIX_TOO_LONG))
    assert [patience_s(number) for number in (0, 1, 2)] == [NEVER_S, NEVER_S, NEAR_MAX_S]
    app._planner._now_s += AGAIN_S
    assert [patience_s(number) for number in (0, 1, 2)] == [NEAR_MAX_S] * 3


def test_near_for_too_long_does_not_silence_no_fix_for_too_long():
    tracker = in_the_dark()
    at_the_edge = (HOME[0] + 1800, HOME[1], 0, 0, 30)  # 200 m away
    tracker.sky.place = lambda world_s: at_the_edge if world_s - START_S < DARK_S else None
    tracker.run(DARK_S - 60)
    assert len(said(tracker)) == 1
    tracker.run(60 + NEAR_MAX_S + LATE_S)
    assert len(said(tracker)) == 2
