"""The watch: who is silent, and who is only late; what it warns of, once, and when that is over."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.records import NOW_MS, NOW_S, alarm, health, report, row
from gateway.silence_life import PLACES, a_month
from trygg_gateway import own_records
from trygg_gateway.battery_course import Needs
from trygg_gateway.devices import Device
from trygg_gateway.watch import Watch
from trygg_gateway.watch_heard import Heard, at_once, heard_of
from trygg_gateway.watched import FenceOrder, Rules
from trygg_wire import codec, layouts

OSLO = ZoneInfo("Europe/Oslo")
HOUR_S, DAY_S = 3600, 86_400
MIDNIGHT_S = 1_789_941_600  # in Oslo, before NOW_S
REPORT = Heard("astrid", layouts.REPORT, 1, 1, 0, 0, 600, 80, False, -80, layouts.INSIDE, 0, 0)


class Night:
    """A watch, and a tracker `astrid` that says what a test wants."""

    def __init__(self, rules=None, now_s=NOW_S, deaf_s=0):
        self.watch = Watch(rules or Rules(zone=OSLO), now_s, deaf_s)
        self.now_s = now_s
        self.seq = 0

    def says(self, after_s=0, **changes):
        self.now_s += after_s
        self.seq += 1
        filled = {"seq": self.seq, "received_s": self.now_s, "made_s": self.now_s, **changes}
        return self.words(self.watch.heard(REPORT._replace(**filled)))

    def wait(self, seconds):
        self.now_s += seconds
        return self.words(self.watch.poll(self.now_s))

    def words(self, notices):
        name = own_records.NAMES
        return [("over " if one.over else "") + name[one.what] for one in notices]

    def seasoned(self):
        """Five weeks without a delay: the patience is the least."""
        for _ in range(5):
            self.says(600)
            self.now_s += 7 * DAY_S
            self.watch.trackers["astrid"].promise_s = self.now_s
            self.watch.trackers["astrid"].heard_s = self.now_s
            self.says(1)
        assert self.watch.patience_s("astrid") == 120
        return self


def test_a_tracker_is_silent_when_its_promise_and_its_patience_have_passed():
    night = Night().seasoned()
    assert night.wait(600 + 119) == []
    assert night.wait(1) == ["silent"]
    assert night.wait(DAY_S) == [], "said once"
    assert night.says(5) == ["over silent"]
    assert night.wait(719) == []
    assert night.wait(1) == ["silent"]


def test_any_record_ends_it_also_an_old_one():
    night = Night().seasoned()
    assert night.wait(720) == ["silent"]
    night.seq = 0
    assert night.says(60, made_s=night.now_s - 9000) == ["over silent"]
    assert night.wait(119) == [], "who was heard just now is not silent"
    assert night.wait(1) == ["silent"], "and what it said is no promise"


def test_a_tracker_earns_patience_by_being_late_and_well():
    night = Night()
    assert night.says() == []
    assert night.watch.patience_s("astrid") == 480 + 120 + 30, "nobody knows it yet"
    night.seasoned()
    night.says(600 + 100)
    assert night.watch.patience_s("astrid") == 100 + 25 + 30
    night.says(600 + 400)
    assert night.watch.patience_s("astrid") == 400 + 100 + 30
    for _ in range(10):
        night.now_s += 7 * DAY_S
        night.watch.trackers["astrid"].promise_s = night.now_s
        night.says(0)
    assert night.watch.patience_s("astrid") == 120, "two months later it is forgotten"


def test_patience_has_a_most_and_what_is_longer_is_not_learned():
    night = Night().seasoned()
    night.says(600 + 899)
    assert night.watch.patience_s("astrid") == 900
    night = Night().seasoned()
    night.says(600 + 901)
    assert night.watch.patience_s("astrid") == 120


@pytest.mark.parametrize(
    "changes",
    [{"percent": 20}, {"fence_state": layouts.OUTSIDE},
     {"kind": layouts.ALARM, "what": layouts.OFF_CHARGER, "repeated": None}],
)  # fmt: skip
def test_one_at_risk_has_no_patience_to_spend(changes):
    night = Night()
    night.says()
    night.says(60, **changes)
    assert night.watch.patience_s("astrid") == 120
    assert night.wait(600 + 120) == ["silent"]


def test_on_the_charger_a_low_battery_is_no_risk():
    night = Night()
    night.says(percent=10, charging=True)
    assert night.watch.patience_s("astrid") > 120


def test_one_that_was_never_heard_is_not_waited_for():
    assert Night().wait(10 * DAY_S) == []


def test_an_answer_is_a_sign_of_life_and_no_promise():
    night = Night().seasoned()
    night.now_s += 700
    night.says(0, kind=layouts.ANSWER, next_s=0, percent=None)
    assert night.wait(119) == []
    assert night.wait(1) == ["silent"]


# -- what could not be heard -----------------------------------------------------------------


def test_a_gateway_that_was_down_waits_for_the_trackers_own_pauses():
    night = Night().seasoned()
    told = night.watch.dump("astrid")
    night.now_s += 4000  # down meanwhile
    night.watch = Watch(Rules(zone=OSLO), night.now_s, 4000)
    night.watch.load("astrid", told)
    assert night.watch.recover_s == 480
    assert night.wait(479) == []
    assert night.wait(1) == ["silent"]


def test_after_a_short_stop_it_waits_for_a_short_pause():
    night = Night().seasoned()
    told = night.watch.dump("astrid")
    night.now_s += 1000
    night.watch = Watch(Rules(zone=OSLO), night.now_s, 4)
    night.watch.load("astrid", told)
    assert night.wait(65) == []
    assert night.wait(1) == ["silent"]


def test_who_was_heard_since_is_judged_by_its_promise_alone():
    night = Night(deaf_s=9999)
    night.says(10, percent=15)
    assert night.wait(719) == []
    assert night.wait(1) == ["silent"]


def test_while_a_door_is_lost_only_those_who_came_by_another_are_judged():
    night = Night()
    night.says(percent=15)
    night.watch.deaf(night.now_s + 1)
    assert night.wait(5000) == []
    night.says(5, percent=15)
    assert night.wait(720) == ["silent"], "it came while the door was lost, and no more"
    night.watch.hears(night.now_s)
    night.says(5, percent=15)
    night.watch.deaf(night.now_s)
    assert night.wait(2000) == []
    night.watch.hears(night.now_s)
    assert night.wait(479) == []
    assert night.wait(1) == ["silent"]


def test_a_delay_across_a_stop_teaches_nothing():
    night = Night().seasoned()
    night.watch.deaf(night.now_s + 10)
    night.now_s += 1100
    night.watch.hears(night.now_s)
    night.says(100)
    assert night.watch.patience_s("astrid") == 120


def test_a_clock_that_is_set_back_delays_no_silence():
    night = Night().seasoned()
    night.wait(300)
    night.now_s -= 7200
    night.watch.stepped_back(7200)
    assert night.wait(419) == []
    assert night.wait(1) == ["silent"]


def test_what_was_learned_outlives_a_restart_and_what_cannot_be_read_is_learned_anew():
    night = Night().seasoned()
    night.says(600 + 300)
    told = night.watch.dump("astrid")
    again = Watch(Rules(zone=OSLO), night.now_s, 0)
    again.load("astrid", told)
    assert again.trackers == night.watch.trackers
    assert again.patience_s("astrid") == night.watch.patience_s("astrid")
    for broken in ("", "[]", "{}", told[:-1], told.replace("promise_s", "promised_s")):
        again = Watch(Rules(zone=OSLO), night.now_s, 0)
        again.load("astrid", broken)
        assert again.trackers == {}


def test_a_promise_that_only_the_reader_has_kept_is_taken_up():
    watch = Watch(Rules(zone=OSLO), NOW_S, 0)
    watch.adopt(Device("astrid", NOW_MS - 5000, 1, 4, NOW_S - 5, NOW_S + 595, 3700, 15, 0, 20))
    assert watch.poll(NOW_S + 595 + 119) == []
    assert [one.what for one in watch.poll(NOW_S + 595 + 120)] == [own_records.SILENT]


def test_who_was_revoked_is_not_waited_for():
    night = Night()
    night.says()
    night.watch.keep_only(["bjarne"])
    assert night.wait(DAY_S) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_false_silence_comes_less_than_once_a_month(place):
    first, _ = a_month(PLACES[place], 10, 1)
    later, _ = a_month(PLACES[place], 2, 4)
    assert first <= 1.0, "already in the first month, when nobody knows the tracker"
    assert later <= 0.6


# -- warnings --------------------------------------------------------------------------------


def days_of_use(night, days, drop_an_hour=5):
    """Charged from 21 to 6, used by day."""
    night.now_s = MIDNIGHT_S - days * DAY_S
    percent = 100
    for hour in range(24 * days):
        charging = hour % 24 < 6 or hour % 24 >= 21
        percent = min(100, percent + 12) if charging else percent - drop_an_hour
        night.says(HOUR_S, percent=percent, charging=charging, next_s=HOUR_S)
    return percent


def test_a_battery_that_will_not_last_until_it_is_charged_is_said_off_the_charger():
    night = Night()
    days_of_use(night, 10)
    night.says(9 * HOUR_S, percent=60)
    battery = night.watch.trackers["astrid"].battery
    assert battery.hours_to_charging(night.now_s, OSLO) == pytest.approx(13.0, abs=0.1)
    night.says(5 * HOUR_S, percent=22, charging=True)  # 14 o'clock
    assert night.says(2700, percent=30) == ["flat_early"], "off it at 14:45"
    assert night.watch.patience_s("astrid") == 120
    assert night.says(600, percent=29) == [], "said once"
    assert night.says(600, charging=True, percent=31) == ["over flat_early"]


def test_a_battery_that_lasts_is_nobodys_business():
    night = Night()
    days_of_use(night, 10)
    night.says(9 * HOUR_S, percent=90, charging=True)
    assert night.says(HOUR_S, percent=95) == []
    assert night.says(5 * HOUR_S, percent=70) == []


def test_what_the_tracker_says_itself_is_not_said_again():
    night = Night()
    days_of_use(night, 10)
    night.says(14 * HOUR_S, percent=22, charging=True)
    off = {"kind": layouts.ALARM, "what": layouts.OFF_CHARGER, "repeated": None}
    assert night.says(2700, percent=30, **off) == []
    assert night.says(600, percent=29) == []


def test_of_a_tracker_that_nobody_knows_its_charge_alone_is_judged():
    night = Night()
    night.says(percent=30, charging=True)
    assert night.says(2700, percent=45) == ["flat_early"]
    night = Night()
    night.says(percent=30, charging=True)
    assert night.says(2700, percent=55) == []


def test_the_trackers_own_estimate_counts_where_it_is_lower():
    night = Night(Rules(needs=Needs(16, 50), zone=OSLO))
    night.says(percent=80)
    night.says(60, percent=80, kind=layouts.HEALTH, repeated=None, watchdog=0, hours_left=5,
               fence_state=None, fence_version=1)  # fmt: skip
    assert night.watch.hours_left("astrid", night.now_s + HOUR_S) == pytest.approx(4.0)
    assert night.says(3 * HOUR_S, percent=75) == ["flat_early"], "two hours left, and no habit"


def test_records_that_stay_missing_are_a_weak_link_until_they_are_there():
    night = Night()
    for _ in range(12):
        night.says(300)
    night.seq += 3
    for _ in range(12):
        assert night.says(300) == []
    assert night.says(300) == ["weak_link"]
    missing = night.seq - 13 - 2
    for seq in range(missing, missing + 3):
        night.watch.heard(REPORT._replace(seq=seq, received_s=night.now_s, made_s=1))
    said = [night.says(300) for _ in range(6)]
    assert ["over weak_link"] in said


def test_repeats_are_a_weak_link():
    night = Night()
    said = []
    for count in range(30):
        said += night.says(300, repeated=2 * count)
    assert said == ["weak_link"]


def test_a_signal_is_weak_by_what_this_tracker_is_used_to():
    night = Night()
    for _ in range(100):
        assert night.says(300, signal_dbm=-85) == []
    said = [word for _ in range(25) for word in night.says(300, signal_dbm=-109)]
    assert said == ["weak_link"]
    night = Night()
    assert [word for _ in range(200) for word in night.says(300, signal_dbm=-109)] == []


def test_a_tracker_that_starts_again_and_again_is_said_and_so_is_its_rest():
    night = Night()
    assert [night.says(300, boot=boot) for boot in range(1, 5)] == [[]] * 4
    assert night.says(300, boot=5) == ["restarting"]
    assert night.says(300, boot=6) == []
    night.seq = 0
    assert night.says(3700, boot=6) == ["over restarting"]


def test_safe_mode_is_said_at_once():
    night = Night()
    healthy = {"kind": layouts.HEALTH, "watchdog": 0, "repeated": None, "fence_state": None,
               "fence_version": 1}  # fmt: skip
    assert night.says(**healthy, safe_mode=True) == ["restarting"]
    assert night.says(60, **healthy, safe_mode=False) == ["over restarting"]


def test_a_clock_that_is_wrong_is_said():
    night = Night()
    assert night.says(made_s=night.now_s + 600) == ["clock_wrong"]
    said = [word for _ in range(4) for word in night.says(300)]
    assert said == ["over clock_wrong"]
    slow = [word for _ in range(10) for word in night.says(300, made_s=night.now_s - 7200)]
    assert slow == ["clock_wrong"]


def test_backlog_is_no_slow_clock():
    night = Night()
    night.says()
    night.says(4 * HOUR_S)
    said = []
    for at in range(200):
        said += night.watch.heard(
            REPORT._replace(seq=2 + at, received_s=night.now_s, made_s=night.now_s - 9000 + at)
        )
    assert [one for one in said if one.what == own_records.CLOCK_WRONG] == []


def test_a_slow_clock_is_no_silence():
    night = Night().seasoned()
    for _ in range(20):
        said = night.says(600, made_s=night.now_s - 7200)
        assert "silent" not in said
        assert night.wait(0) == []


def test_fences_that_are_not_in_force_are_said():
    night = Night()
    night.says()

    def ordered(state, version=3, changed_s=NOW_S):
        order = FenceOrder(version, state, NOW_S, changed_s)
        return night.words(night.watch.fences("astrid", order, night.now_s))

    assert ordered("sent") == []
    night.says(800)
    assert ordered("sent") == [], "heard, and there is time left"
    night.says(150)
    assert ordered("sent") == ["fence_not_armed"]
    assert ordered("sent") == []
    assert ordered("armed") == ["over fence_not_armed"]
    assert ordered("refused", 4) == ["fence_not_armed"]
    assert ordered("applied", 5) == ["over fence_not_armed"]
    night.says(7200)
    assert ordered("applied", 5) == ["fence_not_armed"], "no fix has armed it"


def test_fences_count_as_lost_only_by_what_is_said_after_they_were_armed():
    night = Night()
    healthy = {"kind": layouts.HEALTH, "watchdog": 0, "repeated": None, "fence_state": None}
    night.says(**healthy, fence_version=0)
    armed = FenceOrder(1, "armed", night.now_s, night.now_s + 20)
    night.says(40)
    assert night.watch.fences("astrid", armed, night.now_s) == [], "from before they came"
    night.says(60, **healthy, fence_version=0)
    said = night.words(night.watch.fences("astrid", armed, night.now_s))
    assert said == ["fence_not_armed"]
    night.says(60, **healthy, fence_version=1)
    said = night.words(night.watch.fences("astrid", armed, night.now_s))
    assert said == ["over fence_not_armed"]


def test_a_tracker_that_nobody_hears_does_not_owe_its_fences():
    night = Night()
    night.says()
    order = FenceOrder(3, "queued", NOW_S + 60, NOW_S + 60)
    assert night.watch.fences("astrid", order, NOW_S + 9 * DAY_S) == []
    assert night.watch.fences("eva", order, NOW_S) == []


# -- of the wire -----------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [report(1, 7), alarm(1, 7), health(1, 7)])
def test_every_record_that_promises_is_heard(frame):
    kind, values = codec.decode(frame)
    heard = heard_of(row(frame), kind, values)
    assert (heard.device, heard.boot, heard.seq, heard.next_s) == ("astrid", 1, 7, 600)
    assert (heard.made_s, heard.received_s) == (NOW_S, NOW_S)
    assert (heard.percent, heard.charging, heard.signal_dbm) == (81, False, -75)


def came(seq, made=report, boot=1, **values):
    """What the reader tells of a record that came at NOW_S."""
    frame = made(boot, seq, **values)
    return (row(frame, received_ms=NOW_S * 1000), *codec.decode(frame))


CAME = st.builds(
    came,
    st.integers(1, 30),
    boot=st.integers(1, 2),
    made=st.sampled_from([report, report, report, alarm]),
    charging=st.integers(0, 1),
    battery_percent=st.integers(1, 100),
    next_report_by_s=st.sampled_from([600, 1200]),
)


def known(watch):
    """What the watch has learned of a tracker, but for what counts how often it was judged."""
    tracker = watch.trackers["astrid"]
    battery, link = tracker.battery, tracker.link
    return (
        *(tracker.heard_s, tracker.boot, tracker.seq, tracker.promise_s, tracker.fence_state),
        *(battery.percent, battery.charging, tracker.starts, link.boot, link.missing),
    )


def identity(record):
    return record[0].boot, record[0].seq


@given(st.lists(CAME, min_size=1, max_size=12, unique_by=identity))
@settings(max_examples=200, deadline=None)
def test_what_came_at_once_is_known_as_if_one_came_after_the_other(records):
    together, single = Watch(Rules(), NOW_S, 0), Watch(Rules(), NOW_S, 0)
    for record in records:
        single.heard(heard_of(*record))
    (same_second,) = at_once(records)
    together.heard_at_once(same_second)
    assert known(together) == known(single)


def test_coming_off_the_charger_is_heard_among_many_reports():
    reports = [came(seq, charging=seq < 30, battery_percent=20) for seq in range(1, 60)]
    watch = Watch(Rules(), NOW_S, 0)
    found = watch.heard_at_once(reports)
    assert [one.what for one in found] == [own_records.FLAT_EARLY]


def test_records_of_different_seconds_and_trackers_are_heard_apart():
    def at(second, device="astrid"):
        return (came(1)[0]._replace(received_ms=second * 1000 + 250, device=device), 1, {})

    told = [at(5), at(5, "bjorn"), at(5), at(6), at(6, "bjorn")]
    heard = [[(row.device, row.received_ms // 1000) for row, _, _ in one] for one in at_once(told)]
    assert sorted(heard) == [
        [("astrid", 5)] * 2, [("astrid", 6)], [("bjorn", 5)], [("bjorn", 6)]
    ]  # fmt: skip
