"""Days with battery and charger in simulated time: what is learned, counted and said."""

from itertools import pairwise

import pytest

from staff_day import DAY_S, ENERGY, HOUR_S, MIDNIGHT, MIN_S, Day, at_home, nursing_home_2022
from trygg_tools.rig.power import PowerCut
from trygg_wire import codec, layouts


@pytest.mark.parametrize("energy", [ENERGY, None])
def test_the_norwegian_case_with_learned_use_and_with_nothing_known(energy):
    day = nursing_home_2022(energy, begins_h=10)
    day.until(15, 45)
    said = day.alarms()
    assert said[0][:2] == (layouts.BATTERY_LOW, layouts.LEVEL)
    assert said[0][2] <= 14 * 60 + 19 + 10  # the low battery, before anybody charged it
    off = [one for one in said if one[0] == layouts.OFF_CHARGER]
    assert off == [(layouts.OFF_CHARGER, layouts.LEVEL, 15 * 60 + 4)]
    off_ms = (15 * HOUR_S + 4 * MIN_S - day.begins_s) * 1000
    arrived = [
        ms
        for boot, seq, ms in day.gateway.arrivals
        if codec.decode(day.gateway.records[(boot, seq)])[1].get("what") == layouts.OFF_CHARGER
    ]
    assert 0 < arrived[0] - off_ms <= 60000  # at the gateway


def test_a_full_tracker_off_its_charger_in_the_morning_is_no_alarm():
    day = Day()
    day.battery(4200, charging=True)()
    day.at(7 * HOUR_S, day.battery(4170))
    day.run(9 * HOUR_S)
    assert day.alarms() == []
    assert day.board.signals[0] == "charger"


def test_a_cell_that_stands_high_off_the_charger_is_judged_again_at_rest():
    day = Day(energy=None)
    day.battery(4100, charging=True)()
    day.at(HOUR_S, day.battery(3900))  # 66 %
    day.at(HOUR_S + 300, day.battery(3800))  # in truth 43 %
    day.run(2 * HOUR_S)
    assert [what for what, _, _ in day.alarms()] == [layouts.OFF_CHARGER]
    assert 70 <= day.alarms()[0][2] <= 72


def test_while_it_is_charged_it_does_not_sleep_and_says_so():
    day = Day()
    day.run(600)
    assert day.power.sleeps
    day.battery(4000, charging=True)()
    day.run(1000)
    sleeps = day.power.sleeps
    day.run(4 * HOUR_S)
    assert day.power.sleeps == sleeps
    assert day.last(layouts.REPORT)["charging"] == 1
    assert day.health()["hours_left"] == layouts.HOURS_UNKNOWN


def test_the_usual_time_of_charging_decides_what_the_day_needs():
    """Charged each night at 22: off the charger at 14 it needs 8 hours and 2 to spare. What was
    learned outlives a power loss."""
    day = Day(energy=None)
    for night in range(2):
        at_s = night * DAY_S
        for hour in range(15):
            permille_gone = hour * 21
            day.at(at_s + 7 * HOUR_S + hour * HOUR_S, day.battery(4180 - permille_gone))
        day.at(at_s + 22 * HOUR_S, day.battery(4200, charging=True))
    day.run(2 * DAY_S)
    supply = day.app._core.supply
    assert 22 * 60 - 1 <= supply.charger.usual_min <= 22 * 60 + 12
    minutes, drop = supply.hours.learned()
    assert minutes > 600
    for hours, enough in ((9, False), (11, True)):
        supply.battery.permille, supply.battery.charging = 1 + hours * 60 * drop // minutes, False
        assert supply.hours_left() == hours
        assert supply.too_little(MIDNIGHT + 14 * HOUR_S) is not enough

    def cut(_step):
        day.at_step = lambda _step: None
        raise PowerCut

    day.at_step = cut
    day.run(60)
    supply = day.app._core.supply
    assert 22 * 60 - 1 <= supply.charger.usual_min <= 22 * 60 + 12
    assert supply.hours.learned()[0] > 300
    assert not day.alarms()


def test_hours_left_are_said_and_end_near_the_truth():
    """Evenly from full to empty in 50 hours; after a day 26 are left."""
    day = Day(energy=None)
    curve = ((0, 4180), (5, 4060), (10, 3980), (15, 3920), (20, 3870), (25, 3820), (30, 3790))
    for (hour, mv), (later, lower) in pairwise(curve):
        for minute in range(0, (later - hour) * 60, 10):
            now_mv = mv - (mv - lower) * minute // ((later - hour) * 60)
            day.at(hour * HOUR_S + minute * MIN_S, day.battery(now_mv))
    day.run(24 * HOUR_S)
    assert 23 <= day.health()["hours_left"] <= 28


def test_the_ledger_is_in_every_health_and_goes_through_sleeps():
    day = Day()
    day.run(6 * HOUR_S)
    charge = {one["activity"]: one["uah"] for one in day.health()["charge"]}
    assert charge[layouts.SLEEP] in range(700, 1000)  # 6.3 h of 150 uA, less what it was awake
    awake_s = charge[layouts.AWAKE] * 3600 // 25000
    assert awake_s in range(60, 6 * HOUR_S // 4)
    assert charge[layouts.RECEIVER] * 3600 // 11300 <= awake_s
    assert layouts.RADIO in charge
    assert day.health()["charge"] != []
    assert Day(energy=None).health()["charge"] == []


def test_a_record_without_a_time_is_dated_by_the_health_that_follows_the_clock():
    """In a cellar without a gateway; then the sky, then the gateway."""
    day = Day()
    day.sky.place = lambda world_s: at_home(world_s) if world_s > MIDNIGHT + HOUR_S else None
    day.link.unreachable = True
    day.run(2 * HOUR_S)
    day.link.unreachable = False
    day.run(HOUR_S)
    frames = [codec.decode(day.gateway.records[key]) for key in sorted(day.gateway.records)]
    undated = [values for _, values in frames if values["time_is_uptime"]]
    assert len(undated) >= 2
    dated = [
        values for kind, values in frames if kind == layouts.HEALTH and not values["time_is_uptime"]
    ]
    began_s = dated[0]["time_s"] - dated[0]["uptime_s"]
    # every record of this boot can be dated by it; each sleep without a clock is a second off
    assert abs(began_s - MIDNIGHT) <= 30
    assert all(began_s + one["time_s"] <= dated[0]["time_s"] for one in undated)
