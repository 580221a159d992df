"""Battery: voltage and cold to per cent, hours from the last days' use, the charger's habits."""

from tracker import hours_left
from tracker.battery import UNKNOWN, Battery
from tracker.battery_curves import CHARGE, COLD, rows
from tracker.charger import NOTHING, PUT_ON, TAKEN_OFF, Charger
from tracker.hours_left import HoursLeft
from trygg_tools.rig.power import Power


def percent(mv, temperature_c=127, chemistry="li_ion"):
    power = Power(mv)
    power.set_temperature(temperature_c)
    battery = Battery(chemistry)
    battery.read(power, 20, False)
    return battery.percent


def test_every_curve_falls_and_every_row_is_met():
    for chemistry in sorted(CHARGE):
        last = 101
        for mv in range(4400, 2400, -1):
            now = percent(mv, 127, chemistry)
            assert 0 <= now <= last
            last = now
        table = rows(CHARGE[chemistry])
        for row in range(0, len(table), 2):
            assert percent(table[row], 127, chemistry) == table[row + 1] // 10


def test_the_same_voltage_is_another_charge_in_another_chemistry():
    assert percent(3300, 127, "lifepo4") > 70
    assert percent(3300, 127, "li_ion") < 5
    assert percent(4200, 127, "li_ion_4v35") < percent(4200, 127, "li_ion") == 100
    assert percent(3900, 127, "lead") == percent(3900)  # unknown: as lithium-ion


def test_no_voltage_is_unknown_and_not_empty():
    assert percent(0) == UNKNOWN
    assert percent(-5, -20) == UNKNOWN


def test_the_cold_takes_what_cannot_be_used_and_gives_it_back():
    for chemistry in sorted(COLD):
        mv = rows(CHARGE[chemistry])[8]
        warm, last = percent(mv, 20, chemistry), 101
        for degrees in range(30, -41, -1):
            now = percent(mv, degrees, chemistry)
            assert now <= warm and now <= last + 2  # the sag taken off, rounded
            last = now
        assert percent(mv, 127, chemistry) == warm == percent(mv, 60, chemistry)
        assert percent(mv, -18, chemistry) < warm - 30
    assert percent(4180, -18) == 50  # Battery University BU-502


def test_low_is_said_once_until_it_has_recovered():
    power, battery = Power(3740), Battery()
    assert battery.read(power, 20, False)
    assert not battery.read(power, 20, False)
    power.set_battery(3760)
    assert not battery.read(power, 20, False)
    power.set_battery(3740)
    assert not battery.read(power, 20, False)  # 28 % was not enough
    assert not battery.read(power, 20, True)
    assert battery.read(power, 20, False)  # the charger was


# -- hours left ------------------------------------------------------------------------------


def used(hours, permille_a_day, days, start_s=0, first=1000):
    """Let the battery fall evenly, read every ten minutes."""
    for minute in range(0, days * 1440, 10):
        hours.note(start_s + 60 * minute, first - permille_a_day * minute // 1440, False)
    return start_s + days * 86400


def test_the_hours_are_those_of_the_last_days_use():
    hours = HoursLeft()
    used(hours, 240, 3)  # 10 per mille an hour
    assert 49 <= hours.hours(500, False, 0, 0) <= 51
    assert hours.hours(0, False, 0, 0) == 0


def test_without_enough_use_it_is_unknown_and_so_it_is_while_charging():
    hours = HoursLeft()
    assert hours.hours(500, False, 0, 0) == hours_left.UNKNOWN
    for minute in range(0, 170, 10):
        hours.note(60 * minute, 1000 - minute, False)
    assert hours.hours(500, False, 0, 0) == hours_left.UNKNOWN
    used(hours, 240, 3)
    assert hours.hours(500, True, 0, 0) == hours_left.UNKNOWN
    assert hours.hours(1010, False, 0, 0) == hours_left.UNKNOWN


def test_before_anything_was_learned_the_ledger_says_it():
    hours = HoursLeft(battery_mah=1000)
    assert hours.hours(500, False, 4000, 20) == hours_left.UNKNOWN  # twenty minutes are too few
    assert hours.hours(500, False, 10000, 60) == 50  # 10 mAh an hour, 500 mAh there
    assert 49 <= hours.hours(500, False, 720000000, 72000 * 60) <= 51  # a sum near 31 bits
    assert HoursLeft(0).hours(500, False, 10000, 60) == hours_left.UNKNOWN


def test_a_voltage_that_goes_up_and_down_is_no_use():
    hours = HoursLeft()
    for minute in range(0, 3 * 1440, 10):
        level = 1000 - 240 * minute // 1440
        hours.note(60 * minute, level + (minute // 10) % 2 * 15, False)
    assert 48 <= hours.hours(500, False, 0, 0) <= 51


def test_a_first_reading_that_was_too_low_costs_nothing_and_a_single_bad_one_neither():
    hours = HoursLeft()
    hours.note(0, 400, False)
    end_s = used(hours, 240, 2)
    hours.note(end_s, 100, False)
    hours.note(end_s + 60, 520, False)
    assert 49 <= hours.hours(500, False, 0, 0) <= 51


def test_a_night_on_the_charger_and_the_fall_right_after_it_do_not_count():
    hours = HoursLeft()
    end_s = used(hours, 240, 2)
    hours.note(end_s, 1000, True)
    for minute in range(9):
        hours.note(end_s + 60 * minute, 1000 - 5 * minute, False)
    used(hours, 240, 2, start_s=end_s + 600, first=950)
    assert 49 <= hours.hours(500, False, 0, 0) <= 51


def test_a_new_habit_counts_more_than_an_old_one():
    hours = HoursLeft()
    end_s = used(hours, 48, 8)
    hours.note(end_s, 1000, True)
    used(hours, 240, 4, start_s=end_s + 600)
    assert hours.hours(480, False, 0, 0) < 75  # the mean of all twelve days would be 102


def test_what_was_learned_goes_through_a_sleep_and_a_reset():
    hours = HoursLeft()
    end_s = used(hours, 240, 3)
    again = HoursLeft()
    again.load(hours.save())
    again.note(end_s + 3600, 270, False)
    assert 49 <= again.hours(500, False, 0, 0) <= 51


# -- the charger -----------------------------------------------------------------------------


def days_on_charger(charger, minute, days, lasts_min=480, start_day=0):
    """Put on at that minute of each day."""
    said = []
    for day in range(start_day, start_day + days):
        on_s = day * 86400 + minute * 60
        for s in list(range(on_s, on_s + 10)) + list(range(on_s + 60, on_s + 60 * lasts_min, 60)):
            said.append(charger.poll(s, True, s))
        off_s = on_s + 60 * lasts_min
        for s in range(off_s, off_s + 30):
            said.append(charger.poll(s, False, s))
    return [what for what in said if what]


def test_on_and_off_are_said_once_each():
    charger = Charger()
    assert days_on_charger(charger, 22 * 60, 3) == [PUT_ON, TAKEN_OFF] * 3
    assert charger.on_s == 0


def test_a_contact_that_wobbles_is_neither():
    charger = Charger()
    for s in range(1, 300):
        assert charger.poll(s, s % 4 != 0, s) == NOTHING
    for s in range(300, 310):
        charger.poll(s, True, s)
    assert charger.on_s == 297  # 296 was the end of the last wobble
    for s in range(310, 900):
        assert charger.poll(s, s % 15 == 0, s) == NOTHING  # off for 14 s at a time


def test_the_usual_time_is_learned_and_follows_slowly():
    charger = Charger()
    assert charger.hours_to_usual(1000) == -1
    days_on_charger(charger, 22 * 60, 1)
    assert charger.usual_min == 22 * 60
    assert charger.hours_to_usual(10 * 86400 + 7 * 3600) == 15
    days_on_charger(charger, 23 * 60, 1, start_day=2)
    assert 22 * 60 < charger.usual_min < 22 * 60 + 30
    days_on_charger(charger, 23 * 60 + 50, 12, start_day=4)
    assert abs(charger.usual_min - (23 * 60 + 50)) < 10


def test_a_usual_time_around_midnight_is_not_taken_for_noon():
    charger = Charger()
    days_on_charger(charger, 23 * 60 + 50, 1)
    days_on_charger(charger, 10, 4, start_day=3)
    assert charger.usual_min > 23 * 60 + 50 or charger.usual_min < 20


def test_a_short_charge_in_the_day_teaches_nothing():
    charger = Charger()
    days_on_charger(charger, 22 * 60, 1)
    days_on_charger(charger, 14 * 60, 5, lasts_min=45, start_day=2)
    assert charger.usual_min == 22 * 60


def test_without_a_clock_nothing_is_learned():
    charger = Charger()
    for s in range(1, 20):
        charger.poll(s, True, 0)
    for s in range(7200, 7230):
        charger.poll(s, False, 0)
    assert charger.usual_min == -1
