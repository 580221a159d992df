"""App: the whole tracker in simulated time, the same story under both interpreters.

# heap: 768k  (the rig and its gateway share the heap with the firmware)
"""

from tracker.fence import FenceSet
from tracker.outbox import Outbox
from trygg_tools.rig import power as pw
from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.power import PowerCut
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
START_S = 200000000


def at_home(world_s):
    return HOME + (0, 0, 30)


def leaving(world_s):
    """At home for ten minutes, then north at 1.4 m/s."""
    gone_s = max(0, world_s - START_S - 600)
    return (HOME[0] + gone_s * 14 * 9 // 10, HOME[1], 14 if gone_s else 0, 0, 30)


def fenced(place):
    tracker = SimulatedTracker(place, world_s=START_S)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    return tracker


def order(tracker, order_id, kind, values):
    tracker.gateway.order(order_id, signed_order(tracker.device, ORDER_KEY, order_id, kind, values))


def records(tracker, kind):
    found = []
    for key in sorted(tracker.gateway.records):
        got, values = codec.decode(tracker.gateway.records[key])
        if got == kind:
            found.append(values)
    return found


def test_a_start_a_fence_and_a_private_hour():
    tracker = fenced(at_home)
    tracker.run(3600)
    assert [answer["result"] for answer in tracker.gateway.answers] == [
        layouts.APPLIED,
        layouts.ARMED,
    ]
    reports = records(tracker, layouts.REPORT)
    assert len(reports) >= 4
    assert reports[-1]["fence_state"] == layouts.INSIDE
    assert reports[-1]["coordinates_withheld"] == 1
    assert reports[-1]["fixes"] == []
    assert tracker.power.sleeps > 3
    assert {boot for boot, _ in tracker.gateway.records} == {1}
    assert tracker.gateway.conflicts == tracker.gateway.repeats == 0


def test_leaving_is_an_alarm_with_evidence_and_the_wearer_is_told_who_took_it():
    tracker = fenced(leaving)
    tracker.run(1000)
    (alarm,) = records(tracker, layouts.ALARM)
    assert (alarm["what"], alarm["reason"]) == (layouts.LEFT, layouts.CROSSED)
    assert alarm["evidence"][0]["distance_dm"] > 100
    assert tracker.board.signals == ["sent", "stored"]
    taken = command(layouts.ALARM_TAKEN, alarm["boot"], alarm["seq"])
    order(tracker, 9, layouts.COMMAND, taken)
    tracker.run(5)
    assert tracker.board.signals[-1] == "taken"
    told = "wearer told: alarm %d/%d taken" % (alarm["boot"], alarm["seq"])
    assert [line for line in tracker.lines[-3:] if line.endswith(told)]


def test_the_numbers_go_on_through_sleep_and_watchdog_and_a_power_cut_begins_a_new_boot():
    tracker = fenced(at_home)
    tracker.run(1000)
    tracker.bite()
    tracker.run(1000)
    assert {boot for boot, _ in tracker.gateway.records} == {1}

    def cut(_step):
        tracker.at_step = lambda _step: None
        raise PowerCut

    tracker.at_step = cut
    tracker.run(1500)
    assert {boot for boot, _ in tracker.gateway.records} == {1, 2}
    health = records(tracker, layouts.HEALTH)
    assert [(one["boot"], one["crashes"]) for one in health] == [(1, 0), (1, 1), (2, 0)]
    assert health[2]["fence_version"] == 1
    assert tracker.gateway.conflicts == 0
    for boot in (1, 2):
        seqs = sorted([seq for of_boot, seq in tracker.gateway.records if of_boot == boot])
        assert seqs == list(range(1, len(seqs) + 1))


def test_without_a_gateway_it_goes_on_and_says_it_all_later():
    tracker = fenced(leaving)
    tracker.run(300)
    tracker.link.unreachable = True
    tracker.run(1200)
    assert not records(tracker, layouts.ALARM)
    assert "stored" not in tracker.board.signals
    tracker.link.unreachable = False
    tracker.run(300)
    assert records(tracker, layouts.ALARM)
    assert tracker.app.outbox.waiting() == 0
    kinds = [tracker.gateway.records[(boot, seq)][0] & 15 for boot, seq, ms in
             tracker.gateway.arrivals if ms > 1500000]  # fmt: skip
    assert kinds[0] == layouts.ALARM


def test_a_bound_is_stated_only_while_there_is_a_fence_and_a_fix():
    tracker = fenced(lambda world_s: at_home(world_s) if world_s < START_S + 1300 else None)
    tracker.run(60)
    tracker.run(1200)
    assert records(tracker, layouts.REPORT)[-1]["bound_s"] > 0
    tracker.run(3600)
    assert records(tracker, layouts.REPORT)[-1]["bound_s"] == 0


def test_new_fences_cause_a_fix_at_once_however_far_off_the_next_one_was():
    tracker = SimulatedTracker(at_home, world_s=START_S)
    tracker.run(200)
    assert tracker.app is None  # asleep, and its next fix is ten minutes from the first
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    tracker.run(400)
    applied, armed = records(tracker, layouts.ANSWER)
    assert (applied["result"], armed["result"]) == (layouts.APPLIED, layouts.ARMED)
    assert armed["time_s"] - applied["time_s"] <= tracker.sky.search_s + 2
    assert armed["time_s"] - START_S < 500  # by itself it would have looked after 600 s


def test_every_course_that_is_known_is_told_as_one():
    def northwards(world_s):
        return leaving(world_s)[:3] + (359, 30)

    tracker = fenced(northwards)
    tracker.run(1000)
    (alarm,) = records(tracker, layouts.ALARM)
    assert {one["course_deg"] for one in alarm["evidence"] if one["speed_dm_s"]} == {358}
    told = [fix for one in records(tracker, layouts.REPORT) for fix in one["fixes"]]
    assert {fix["course_deg"] for fix in told if fix["speed_dm_s"]} == {358}


def test_a_fix_that_physics_refuses_does_not_set_the_clock():
    """A damaged epoch puts the wearer a degree away and 40 s later, once in ten of them."""
    tracker = fenced(leaving)
    tracker.run(700)
    damaged = []
    off_s = set()
    said = tracker.sky.said

    def odd(world_s, on_for_s):
        if world_s % 10 or on_for_s < 10:
            return said(world_s, on_for_s)
        damaged.append(world_s)
        tracker.sky.place = lambda then: (HOME[0] + 1000000,) + leaving(then)[1:]
        epoch = said(world_s + 40, on_for_s)
        tracker.sky.place = leaving
        return epoch

    tracker.sky.said = odd
    tracker.at_step = lambda _step: off_s.add(tracker.clock.utc() - tracker.clock.world_s())
    tracker.run(300)
    assert damaged
    assert tracker.app.fences.refused
    assert off_s <= {-1, 0}


def test_without_reception_outside_it_goes_on_looking_every_few_seconds():
    tracker = fenced(lambda world_s: leaving(world_s) if world_s < START_S + 1100 else None)
    tracker.run(1100)
    assert records(tracker, layouts.ALARM)
    pauses = set()

    def look(_step):
        search = tracker.app._search
        if not search.on:
            pauses.add(search.wait_s(tracker.app._now_s))

    tracker.at_step = look
    tracker.run(250)
    assert tracker.app._core.duty.failures > 3
    assert max(pauses) <= tracker.app._core.settings.alarm_fix_s


def outside_for_ten_minutes():
    tracker = fenced(leaving)
    tracker.run(1450)  # over the line after 790 s
    return tracker


def test_who_has_been_outside_for_a_while_is_followed_with_the_chip_asleep_between():
    tracker = outside_for_ten_minutes()
    sleeps, before = tracker.power.sleeps, len(tracker.gateway.arrivals)
    tracker.run(1200)
    assert tracker.power.sleeps - sleeps >= 18
    came = []
    for boot, seq, ms in tracker.gateway.arrivals[before:]:
        kind, values = codec.decode(tracker.gateway.records[(boot, seq)])
        if kind == layouts.REPORT:
            assert values["fence_state"] == layouts.OUTSIDE
            fix_s = values["time_s"] - values["fixes"][0]["age_s"] - START_S
            came.append((ms // 1000, fix_s))
    assert len(came) >= 18
    for i in range(1, len(came)):
        assert came[i][0] - came[i - 1][1] <= 60  # so old did the one before become


def test_a_called_or_unheard_alarm_keeps_the_receiver_and_the_link_on():
    tracker = outside_for_ten_minutes()
    tracker.board.pressed = True
    tracker.run(20)
    tracker.board.pressed = False
    tracker.run(700)
    sleeps = tracker.power.sleeps
    tracker.run(300)
    assert tracker.power.sleeps == sleeps
    assert tracker.app._search.on
    unheard = fenced(leaving)
    unheard.run(600)
    unheard.link.unreachable = True
    unheard.run(1000)
    assert unheard.app._search.on


def test_who_is_followed_feels_within_a_minute_that_somebody_comes():
    tracker = outside_for_ten_minutes()
    (alarm,) = records(tracker, layouts.ALARM)
    order(tracker, 9, layouts.COMMAND, command(layouts.ALARM_TAKEN, alarm["boot"], alarm["seq"]))
    tracker.run(65)
    assert tracker.board.signals[-1] == "taken"


def test_a_fence_not_left_yet_keeps_its_bound_while_its_wearer_is_followed():
    bolts_s = START_S + 2400

    def place(world_s):
        metres = min(300, max(0, world_s - START_S - 600)) + 2 * max(0, world_s - bolts_s)
        return (HOME[0] + metres * 9, HOME[1], 20, 0, 30)

    tracker = SimulatedTracker(place, world_s=START_S)
    inner, outer = circle(HOME[0], HOME[1], 200), circle(HOME[0], HOME[1], 500)
    outer["fences"][0]["number"] = 2
    inner["fences"] += outer["fences"]
    order(tracker, 7, layouts.FENCES, inner)
    tracker.run(2390)
    stated_s = records(tracker, layouts.REPORT)[-1]["bound_s"]
    assert 0 < stated_s <= 125
    line_s = 2400 + (500 - 300 + 10 + 3 + 3) // 2
    tracker.run(line_s + stated_s - 2390)
    left = [alarm for alarm in records(tracker, layouts.ALARM) if alarm["fence_number"] == 2]
    assert [alarm["what"] for alarm in left] == [layouts.LEFT]


def test_back_inside_ends_the_following():
    there_and_back = fenced(
        lambda world_s: leaving(min(world_s, 2 * START_S + 3200 - world_s))
    )  # turns at 1600 s
    there_and_back.run(2800)
    whats = [alarm["what"] for alarm in records(there_and_back, layouts.ALARM)]
    assert whats == [layouts.LEFT, layouts.BACK]
    assert records(there_and_back, layouts.REPORT)[-1]["fence_state"] == layouts.INSIDE


def test_health_states_the_least_heap_since_the_health_before_through_sleep_and_order():
    tracker = fenced(at_home)
    free = [50000]
    tracker.power.heap_free = lambda: free[0]
    tracker.run(60)
    free[0] = 20000
    tracker.run(600)
    free[0] = 40000
    sleeps = tracker.power.sleeps
    tracker.run(600)
    assert tracker.power.sleeps > sleeps
    for order_id in (8, 9):
        now = command(layouts.REPORT_NOW)
        frame = signed_order(tracker.device, ORDER_KEY, order_id, layouts.COMMAND, now, order_id)
        tracker.gateway.order(order_id, frame)
        tracker.run(1000)
    assert [one["heap_free"] for one in records(tracker, layouts.HEALTH)] == [50000, 20000, 40000]


def test_the_link_lingers_for_orders_after_the_ack_that_empties_the_outbox():
    tracker = SimulatedTracker(at_home, world_s=START_S)
    gateway = tracker.gateway

    def a_little_late(_step):
        acked_ms = gateway.arrivals[-1][2] if gateway.arrivals else tracker.clock.now_ms
        if not gateway.owed and not gateway.answers and tracker.clock.now_ms >= acked_ms + 3000:
            order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))

    tracker.at_step = a_little_late
    tracker.run(25)
    results = [answer["result"] for answer in gateway.answers]
    assert results[0] == layouts.APPLIED  # and again when the gateway repeats its order
    assert results[-1] == layouts.ARMED
    assert gateway.connects == 1


def test_a_reset_before_an_alarm_is_in_flash_does_not_swallow_it():
    tracker = fenced(leaving)
    append = Outbox.append
    struck = []

    def reset_once(self, lane, *rest):
        if lane == layouts.LANE_ALARM and not struck:
            struck.append(lane)
            raise pw.Reset
        return append(self, lane, *rest)

    Outbox.append = reset_once
    try:
        tracker.run(2500)
    finally:
        Outbox.append = append
    assert struck
    said = [(alarm["what"], alarm["fence_number"]) for alarm in records(tracker, layouts.ALARM)]
    assert said == [(layouts.LEFT, 1)], said


def test_what_receiver_anchor_and_search_count_is_told_in_health_and_outlives_sleep():
    tracker = SimulatedTracker(at_home)
    tracker.run(5)
    app = tracker.app
    app._search.setup.refused, app._search.setup.unanswered = 3, 4
    app._search.given_up, app._made.anchor.faults = 5, 6
    tracker.run(7 * 3600)
    told = records(tracker, layouts.HEALTH)[-1]
    assert tracker.starts > 2
    assert (told["setup_refused"], told["setup_unanswered"]) == (3, 4)
    assert (told["searches_given_up"], told["anchor_faults"]) == (5, 6)


def test_without_fences_safe_mode_says_once_that_nobody_looks_and_with_them_it_finds_an_exit():
    judge = FenceSet.judge

    def planted(fences, fix):
        if fences.version:
            raise ValueError("planted")
        return judge(fences, fix)

    tracker = fenced(at_home)
    tracker.survives_faults = True
    tracker.run(900)
    FenceSet.judge = planted
    tracker.run(1200)
    FenceSet.judge = judge
    said = [(alarm["what"], alarm["reason"]) for alarm in records(tracker, layouts.ALARM)]
    assert said == [(layouts.CANT_TELL, layouts.NOT_WATCHED)]
    assert records(tracker, layouts.REPORT)[-1]["bound_s"] == 0

    tracker = fenced(leaving)
    for _ in range(3):
        tracker.run(30)
        tracker.bite()
    tracker.run(1000)
    assert tracker.recovery.safe
    (left,) = records(tracker, layouts.ALARM)
    assert left["what"] == layouts.LEFT
    assert left["time_s"] - START_S < 600 + 260 * 10 // 14 + left["bound_s"]


def test_fences_that_cannot_be_read_are_said_at_once_and_taken_back():
    tracker = fenced(at_home)
    tracker.run(900)
    while tracker.app is not None:
        tracker.run(1)
    name = "/state/fences.bin"
    with tracker.flash.open(name, "rb") as file:
        data = bytearray(file.read())
    data[len(data) // 2] ^= 64
    with tracker.flash.open(name, "wb") as file:
        file.write(bytes(data))
    healths = len(records(tracker, layouts.HEALTH))
    tracker.run(700)
    said = [(alarm["what"], alarm["reason"]) for alarm in records(tracker, layouts.ALARM)]
    assert said == [(layouts.CANT_TELL, layouts.NOT_WATCHED)]
    assert records(tracker, layouts.ALARM)[0]["bound_s"] == 0
    told = records(tracker, layouts.HEALTH)
    assert len(told) == healths + 1
    assert told[-1]["fence_version"] == 0
    values = circle(HOME[0], HOME[1], 200)  # as the gateway gives them back
    frame = signed_order(tracker.device, ORDER_KEY, 8, layouts.FENCES, values, 8)
    tracker.gateway.order(8, frame)
    tracker.run(1200)
    last = records(tracker, layouts.REPORT)[-1]
    assert last["fence_state"] == layouts.INSIDE
    assert last["bound_s"] > 0
    assert len(records(tracker, layouts.ALARM)) == 1
