"""Supply and strap in the whole tracker: what the wearer and the staff do, and what is said of it.

# heap: 1024k  (the rig and its gateway share the heap with the firmware)
"""

from staff_day import HOUR_S, MIDNIGHT, Day, nursing_home_2022
from trygg_wire import codec, layouts


def test_the_norwegian_case_is_an_alarm_within_a_minute_of_the_charger():
    day = nursing_home_2022(None, begins_h=14)
    day.until(15, 10)
    said = day.alarms()
    assert said[0][:2] == (layouts.BATTERY_LOW, layouts.LEVEL)
    assert said[0][2] <= 14 * 60 + 19
    assert said[1:] == [(layouts.OFF_CHARGER, layouts.LEVEL, 15 * 60 + 4)]
    felt = day.board.signals
    assert "charger" in felt and "charge_me" in felt and "stored" in felt


SHORT_S = 650  # report_low_s, a twentieth, 30 s to connect, 45 s to search, in tens of seconds


def promises(day, since_min):
    """[(seconds since midnight, when the next was promised)] of what was said from then on."""
    found = []
    for key in sorted(day.gateway.records):
        _, values = codec.decode(day.gateway.records[key])
        at_s = values["time_s"] - MIDNIGHT
        if at_s >= 60 * since_min and "next_report_by_s" in values:
            found.append((at_s, values["next_report_by_s"]))
    return found


def test_from_off_the_charger_too_early_on_reports_are_often_enough_to_be_missed():
    """By default: 15:33, what is promised then and two minutes' patience are before 15:48."""
    day = nursing_home_2022(None, begins_h=14)
    day.until(15, 20)
    day.bite()  # a reset forgets nothing of it
    day.until(16)
    said = promises(day, 15 * 60 + 4)
    assert len(said) >= 6
    assert all(promised_s <= SHORT_S for _, promised_s in said), said
    for at in range(1, len(said)):
        assert said[at][0] - said[at - 1][0] <= 600, said


def test_a_tracker_that_is_charged_reports_as_rarely_as_before():
    day = Day(energy=None)
    day.battery(3900, charging=True)()
    day.at(600, day.battery(3700))  # too little
    day.at(3600, day.battery(4100, charging=True))
    day.at(5000, day.battery(4150))
    day.run(2 * HOUR_S)
    assert [what for what, _, _ in day.alarms()] == [layouts.OFF_CHARGER]
    while_short = [s for at_s, s in promises(day, 0) if 700 < at_s < 3600]
    assert max(while_short) <= SHORT_S
    assert max(promised_s for _, promised_s in promises(day, 90)) > 900


def test_a_reset_between_charger_and_judgement_loses_nothing():
    day = Day(energy=None)
    day.battery(3900, charging=True)()
    day.at(HOUR_S, day.battery(3700))
    day.at(HOUR_S + 5, day.bite)
    day.run(HOUR_S + 120)
    assert [what for what, _, _ in day.alarms()] == [layouts.OFF_CHARGER]


def test_cold_is_said_and_takes_what_cannot_be_used():
    day = Day()
    day.power.set_temperature(-18)
    day.power.set_battery(3900)
    health = day.health()
    assert health["temperature_c"] == -18
    assert health["battery_percent"] <= 30


def test_a_strap_that_is_opened_is_an_alarm_with_the_sensor_as_reason():
    day = Day()
    day.board.strap = 1
    day.run(900)
    assert day.board.signals[0] == "worn"
    assert day.health()["worn"] == layouts.WORN

    def opened():
        day.board.strap = 2

    day.at(1200, opened)
    day.run(1500)
    assert [(what, reason) for what, reason, _ in day.alarms()] == [
        (layouts.TAKEN_OFF, layouts.SENSOR)
    ]
    assert day.health()["worn"] == layouts.NOT_WORN


def test_a_strap_that_opens_in_a_sleep_wakes_the_chip():
    day = Day()
    day.board.strap = 1
    day.run(900)
    while day.app is not None:
        day.run(1)

    def opened():
        assert day.app is None  # asleep
        day.board.strap = 2
        day.opened_s = day.clock.world_s()

    day.at(day.seconds() + 5, opened)
    day.run(400)
    assert [what for what, _, _ in day.alarms()] == [layouts.TAKEN_OFF]
    assert 120 <= day.last(layouts.ALARM)["time_s"] - day.opened_s <= 122


def test_a_call_that_a_reset_cut_short_in_its_countdown_is_sent():
    day = Day()
    day.run(60)
    day.board.pressed = True
    day.run(4)
    day.board.pressed = False
    day.bite()
    day.run(20)
    assert [what for what, _, _ in day.alarms()] == [layouts.SOS]


def test_a_call_that_is_cancelled_is_none_even_after_a_reset():
    day = Day()
    day.run(60)
    for pressed, seconds in ((True, 3), (False, 1), (True, 1), (False, 4)):
        day.board.pressed = pressed
        day.run(seconds)
    assert "cancel" in day.board.signals
    day.bite()
    day.run(60)
    assert day.alarms() == []
