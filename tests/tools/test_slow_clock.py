"""A chip whose clock loses or gains one second in twenty asleep: what was stated still holds."""

from itertools import pairwise

import pytest

from tracker.settings import ROWS
from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (69650000, 18950000)  # Tromsø
MIDNIGHT_S = 217033200  # 2026-11-17 there
NUMBERS = {row[1]: row[0] for row in ROWS}


def worn_by(place, world_s, slow_percent, radius_m, **settings):
    tracker = SimulatedTracker(place, world_s=world_s)
    tracker.slow_percent = slow_percent
    rows = [{"number": NUMBERS[name], "value": value} for name, value in settings.items()]
    for order_id, kind, values in (
        (1, layouts.SETTINGS, {"settings": rows}),
        (2, layouts.FENCES, circle(*HOME, radius_m)),
    ):
        frame = signed_order(tracker.device, ORDER_KEY, order_id, kind, values)
        tracker.gateway.order(order_id, frame)
    return tracker


def came(tracker, kind):
    """(true seconds when it came, values) of the records of this kind."""
    found = []
    for boot, seq, ms in tracker.gateway.arrivals:
        got, values = codec.decode(tracker.gateway.records[(boot, seq)])
        if got == kind:
            found.append((ms // 1000, values))
    return found


@pytest.mark.parametrize("slow_percent", [5, 0, -5])
def test_each_report_comes_as_the_one_before_has_promised_also_at_night(slow_percent):
    began_s = MIDNIGHT_S - 4 * 3600
    tracker = worn_by(
        lambda _s: (*HOME, 0, 0, 30), began_s, slow_percent, 300, report_night_s=28800
    )
    tracker.run(14 * 3600)
    reports = came(tracker, layouts.REPORT)
    pauses = []
    for (before_s, before), (after_s, _) in pairwise(reports):
        assert after_s - before_s <= before["next_report_by_s"] + 1
        pauses.append(after_s - before_s)
    assert max(pauses) > 6 * 3600, "a long night"
    by_day = [came_s for came_s, _ in reports if came_s >= 10 * 3600]
    assert by_day[0] <= 10 * 3600 + 1.05 * 900 + 60, "at six, or a day's pause later"


@pytest.mark.parametrize("slow_percent", [5, 0, -5])
@pytest.mark.parametrize("radius_m", [400, 1500, 3000])
def test_who_bolts_at_v_max_right_after_a_fix_is_found_within_the_bound(slow_percent, radius_m):
    """From the middle, so that the pause is the way; each search takes nearly all its time."""
    world_s, goes = 217000000, []

    def place(now_s):
        out_cm = 200 * 99 // 100 * max(0, now_s - goes[0]) if goes else 0
        return HOME[0] + out_cm * 100 // 1115, HOME[1], 0, 0, 30

    tracker = worn_by(place, world_s, slow_percent, radius_m, fix_ceiling_s=3600)
    tracker.sky.search_s = 41
    tracker.run(2 * 3600)
    while not tracker.power.rails.get("gnss"):
        tracker.run(1)
    while tracker.power.rails.get("gnss"):
        tracker.run(1)
    goes.append(tracker.clock.world_s())
    line_s = tracker.seconds() + (radius_m * 100 + 1000 + 600) // 198 + 1
    stated_s = came(tracker, layouts.REPORT)[-1][1]["bound_s"]
    tracker.run(line_s - tracker.seconds() + 600)
    left = [s for s, alarm in came(tracker, layouts.ALARM) if alarm["what"] == layouts.LEFT]
    assert stated_s == 125
    assert left[0] - line_s <= stated_s
