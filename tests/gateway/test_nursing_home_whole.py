"""The nursing home of 2022 through the whole gateway: its own door, its disk, its sinks.

The gateway's clock is the test's own, moved on twenty seconds at a time; everything else is as it
runs: listener, journal, reader, watch, alarm engine, forwarder, files.
"""

import asyncio

import pytest

from gateway.gateway_process import packets_until
from gateway.raw_tracker import RawTracker
from gateway.records import PLACE, alarm, report
from gateway.test_nursing_home import REPORT_S, SLACK_S, at_ms, clock
from gateway.whole_lines import events_in
from trygg_gateway import service as service_module
from trygg_gateway import watcher as watcher_module
from trygg_gateway.config import parse
from trygg_gateway.service import Service
from trygg_wire import layouts

SETTINGS = """
[listener]
port = 0
[console]
enabled = false
[sinks.centre]
type = "file"
path = "centre.jsonl"
lanes = ["alarm"]
[sinks.sms]
type = "file"
path = "sms.jsonl"
standby = true
[people.ingrid]
name = "Ingrid"
sinks = ["sms"]
[on_call.always]
people = ["ingrid"]
"""
STEP_S = 20
LOOK_S = 0.03


class Afternoon:
    """The gateway, and Gerd's tracker at its door."""

    def __init__(self, folder):
        self.folder, self.now_ms, self.seq = folder, at_ms("14:50"), 0

    async def begin(self):
        config = parse(SETTINGS, self.folder / "gateway.toml")
        self.service = Service(config)
        await self.service.start()
        issued = await asyncio.to_thread(self.service.registry.add, "gerd", "solbakken", "Gerd")
        self.line = await asyncio.to_thread(self._log_in, issued.password)

    def _log_in(self, password):
        line = RawTracker(self.service.doors["listener"].port, "gerd", "solbakken")
        assert line.log_in(password.encode()) == (False, 0)
        return line

    async def until(self, text):
        """Let the time pass, slowly enough for everybody to look."""
        while self.now_ms < at_ms(text):
            self.now_ms = min(at_ms(text), self.now_ms + STEP_S * 1000)
            looks = self.service.watcher.counters["looks"]
            while self.service.watcher.counters["looks"] < looks + 2:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S / 3)  # it tells nobody when it looks

    async def says(self, text, percent, make=report, **values):
        await self.until(text)
        self.seq += 1
        told = {"next_report_by_s": REPORT_S + SLACK_S, "battery_percent": percent, **values}
        frame = make(1, self.seq, self.now_ms // 1000, **told)
        await asyncio.to_thread(self._publish, frame)

    def _publish(self, frame):
        self.line.publish(frame, self.seq)
        packets_until(self.line, 0, {self.seq})

    async def end(self):
        self.line.close()
        await self.service.stop()

    def is_told(self):
        """The silence is with the centre, and somebody has been called for it."""
        shown = {one["what"]: one for one in self.service.views.alarms()}
        called = {event["data"].get("alarm_what") for event in self.events("sms.jsonl")}
        return shown["silent"]["delivered"] == ["centre"] and "silent" in called

    def events(self, name):
        return events_in(self.folder / name)


@pytest.fixture
def afternoon(tmp_path, monkeypatch):
    made = Afternoon(tmp_path)
    monkeypatch.setattr(service_module, "now_ms", lambda: made.now_ms)
    monkeypatch.setattr(watcher_module, "LOOK_S", LOOK_S)
    return made


async def story(day):
    await day.begin()
    try:
        await day.says("14:50", 25, charging=1)
        await day.says("15:04", 24, make=alarm, what=layouts.OFF_CHARGER, reason=layouts.LEVEL,
                       evidence=[], fence_state=layouts.INSIDE)  # fmt: skip
        await day.says("15:14", 21)
        await day.says("15:23", 17)
        await day.says("15:33", 12, fixes=[PLACE])
        await day.until("15:48")
        async with asyncio.timeout(30):
            while not day.is_told():  # noqa: ASYNC110 - nobody says when
                await asyncio.sleep(LOOK_S)
        return day.service.views.alarms()
    finally:
        await day.end()


def test_somebody_is_told_and_called_from_the_door_to_the_sinks(afternoon):
    shown = {one["what"]: one for one in asyncio.run(asyncio.wait_for(story(afternoon), 90))}
    off, silent = shown["off_charger"], shown["silent"]
    assert at_ms("15:04") <= off["stored_s"] * 1000 <= at_ms("15:05")
    assert "flat_early" not in shown, "the tracker has said it"
    assert silent["stored_s"] * 1000 <= at_ms("15:48"), clock(silent["stored_s"] * 1000)
    assert silent["stored_s"] * 1000 >= at_ms("15:33") + (REPORT_S + SLACK_S + 120) * 1000
    assert silent["delivered"] == ["centre"]
    types = [event["type"] for event in afternoon.events("centre.jsonl")]
    assert [type_ for type_ in types if type_.startswith("no.trygg.alarm")] == [
        "no.trygg.alarm.off_charger", "no.trygg.alarm.silent",
    ]  # fmt: skip
    calls = [event["data"] for event in afternoon.events("sms.jsonl")]
    told = [(call["alarm_what"], call["person"]) for call in calls if call["kind"] == "call"]
    assert ("off_charger", "Ingrid") in told
    assert ("silent", "Ingrid") in told
