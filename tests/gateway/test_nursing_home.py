"""Norway 2022 (Helsetilsynet 2023, "Svikt ved bruk av GPS"): nobody was told. Here somebody is.

14:19 low battery, onto the charger; 15:04 off it, below what the day needs; 15:33 the last
position, indoors, 12 %; nothing more. Wanted: a warning within a minute of 15:04, a silence by
15:48. The fence is not left while the tracker lives: what must speak is its supply, and then its
silence.
"""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.records import PLACE, report
from gateway.watch_rig import WatchRig
from staff_day import MIDNIGHT, nursing_home_2022
from tracker.settings import Settings
from trygg_gateway.own_delivery import Address
from trygg_gateway.values import EPOCH
from trygg_gateway.watched import Rules
from trygg_wire import codec

OSLO = ZoneInfo("Europe/Oslo")
DAY = datetime(2026, 5, 12, tzinfo=OSLO)
REPORT_S = Settings().report_low_s
SLACK_S = REPORT_S // 20 + 75  # the firmware's: a twentieth, fix_timeout_s and connect_s


def at_ms(clock):
    hour, minute = map(int, clock.split(":"))
    return int(DAY.timestamp() * 1000) + (60 * hour + minute) * 60_000


def clock(ms):
    return datetime.fromtimestamp(ms / 1000, OSLO).strftime("%H:%M:%S")


@pytest.fixture
def rig(tmp_path):
    rig = WatchRig(tmp_path / "journal.sqlite", at_ms("0:00"), Rules(zone=OSLO))
    rig.registry.add("gerd", "solbakken", "Gerd")
    yield rig
    rig.close()


class Tracker:
    """One that says no more than any tracker: where, when next, battery, charger."""

    def __init__(self, rig):
        self.rig, self.seq = rig, 0

    def says(self, clock_or_ms, percent, charging=0, **values):
        ms = at_ms(clock_or_ms) if isinstance(clock_or_ms, str) else clock_or_ms
        if ms - self.rig.now_ms > 660_000:
            self.rig.now_ms = ms - 10_000  # nobody looks for hours: no more than a stall
        self.rig.go_to(ms, look_s=10)
        self.seq += 1
        told = {"next_report_by_s": REPORT_S + SLACK_S, "battery_percent": percent, **values}
        self.rig.say("gerd", report(1, self.seq, ms // 1000, charging=charging, **told))


def test_a_tracker_that_says_nothing_itself_is_watched_and_missed(rig):
    tracker = Tracker(rig)
    for hour in range(8):
        tracker.says(f"{6 + hour}:00", 60 - 5 * hour, next_report_by_s=3600 + SLACK_S)
    tracker.says("14:19", 18)
    tracker.says("14:20", 19, charging=1)
    tracker.says("14:50", 25, charging=1)
    tracker.says("15:04", 27)
    rig.go(60)
    (warned,) = [one for one in rig.views.alarms() if one["what"] == "flat_early"]
    assert at_ms("15:04") <= warned["stored_s"] * 1000 <= at_ms("15:05"), clock(
        warned["stored_s"] * 1000
    )
    assert "warning.flat_early" in rig.types()
    assert warned["battery_percent"] == 27
    assert "charger" in warned["todo"]

    tracker.says("15:14", 23)
    tracker.says("15:23", 17)
    tracker.says("15:33", 12, fixes=[PLACE])
    rig.go_to(at_ms("15:48"), 10)
    silent = rig.alarms()["silent"]
    assert silent["stored_s"] * 1000 <= at_ms("15:48"), clock(silent["stored_s"] * 1000)
    assert silent["stored_s"] * 1000 >= at_ms("15:33") + (REPORT_S + SLACK_S) * 1000
    the_alarm_says_all_that_somebody_needs(rig, silent)


def the_alarm_says_all_that_somebody_needs(rig, silent):
    assert (silent["form"], silent["state"], silent["test"]) == ("alarm", "raised", False)
    assert silent["battery_percent"] == 12
    assert "12 %" in silent["todo"]
    assert "flat" in silent["todo"]
    assert silent["position"]["time_s"] == at_ms("15:33") // 1000 - PLACE["age_s"]
    assert silent["called"][0]["who"] == "Ingrid", "somebody is called for it at once"
    ((_, data),) = [one for one in rig.events() if one[0] == "no.trygg.alarm.silent"]
    assert data["position"]["lat"] == PLACE["lat_e6"] / 1e6
    assert data["last_heard_s"] == at_ms("15:33") // 1000
    calls = rig.events(Address("sms", standby=True))
    called = {data["alarm_what"] for type_, data in calls if type_ == "no.trygg.call"}
    assert called == {"silent"}, "a warning calls nobody"


def test_a_position_that_is_not_shared_is_not_in_the_alarm(rig):
    tracker = Tracker(rig)
    tracker.says("15:20", 14)
    tracker.says("15:33", 12, coordinates_withheld=1, fixes=[])
    rig.go_to(at_ms("15:48"), 10)
    silent = rig.alarms()["silent"]
    assert silent["position"] is None
    assert "not shared" in silent["text"]
    assert all('"lat"' not in json.dumps(data) for _, data in rig.events())


@pytest.mark.parametrize("killed_at", ["15:04", "15:40", "15:46"])
def test_a_kill_at_any_moment_of_it_changes_less_than_its_rule_says(rig, killed_at):
    tracker = Tracker(rig)
    tracker.says("14:50", 25, charging=1)
    tracker.says("15:04", 27)
    for text, percent in (("15:14", 23), ("15:23", 17), ("15:33", 12)):
        if at_ms(killed_at) < at_ms(text) and rig.now_ms <= at_ms(killed_at):
            rig.crash()
        tracker.says(text, percent)
    if rig.now_ms < at_ms(killed_at):
        rig.go_to(at_ms(killed_at), 10)
        rig.crash()
    rig.go_to(at_ms("15:48"), 10)
    (silent,) = [one for one in rig.views.alarms() if one["what"] == "silent"]
    assert silent["stored_s"] * 1000 <= at_ms("15:48")
    assert len([one for one in rig.views.alarms() if one["what"] == "flat_early"]) == 1


def frames_of_that_day():
    """What our own tracker says on that day, with the settings it comes with: (ms, frame)."""
    day = nursing_home_2022(None, begins_h=12)
    day.until(15, 33)
    day.run(20)
    found = []
    for key in sorted(day.gateway.records):
        frame = day.gateway.records[key]
        values = codec.decode(frame)[1]
        if not values["time_is_uptime"]:
            found.append(((values["time_s"] + EPOCH) * 1000, frame))
    return found, (MIDNIGHT + EPOCH) * 1000


def test_our_own_tracker_on_that_day(tmp_path):
    frames, midnight_ms = frames_of_that_day()

    def by_the_wall(clock):
        hour, minute = map(int, clock.split(":"))
        return midnight_ms + (60 * hour + minute) * 60_000

    rig = WatchRig(tmp_path / "journal.sqlite", frames[0][0], Rules())
    rig.registry.add("gerd", "solbakken", "Gerd")
    for ms, frame in frames:
        rig.go_to(ms, look_s=25)
        rig.say("gerd", frame)
    rig.go_to(by_the_wall("15:50"), 10)
    found = rig.alarms()
    lows = [one for one in rig.views.alarms() if one["what"] == "battery_low"]
    assert min(one["raised_s"] for one in lows) * 1000 <= by_the_wall("14:19")
    off = found["off_charger"]
    assert by_the_wall("15:04") <= off["stored_s"] * 1000 <= by_the_wall("15:05")
    assert off["called"][0]["who"] == "Ingrid"
    assert "flat_early" not in found, "the tracker has said it itself"
    silent = found["silent"]
    assert frames[-1][0] <= by_the_wall("15:34") + 20_000
    assert silent["stored_s"] * 1000 <= by_the_wall("15:48")
    rig.close()
