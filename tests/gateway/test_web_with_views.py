"""The console over the real journal, reader and views: what a tracker's frames become on it."""

import asyncio
import threading
import time
from contextlib import contextmanager

import pytest

from gateway.browser import browser, picture  # noqa: F401 (fixture)
from gateway.console_rig import circle, client, served, until
from gateway.console_screen import Screen
from gateway.parcels import put_one
from gateway.records import PLACE, alarm, entry, report
from trygg_gateway import order_book
from trygg_gateway.journal import Journal
from trygg_gateway.reader import Reader
from trygg_gateway.registry import Registry
from trygg_gateway.values import Stray
from trygg_gateway.views import Views
from trygg_wire import layouts

HOME = circle(1, "Solbakken", 59.913868, 10.752245, 160)
VILLA = circle(1, "Åsgårdsveien 8", 59.916, 10.747, 90, private=True)


def now_ms():
    return time.time_ns() // 1_000_000


class Gateway:
    """Journal, reader and views as the service wires them, without doors and sinks."""

    def __init__(self, folder):
        self.journal = Journal.open(folder / "journal.db")
        self.views = Views(self.journal, now_ms, counters=lambda: {"journal": {"committed": 1}})
        registry = Registry(self.journal, now_ms)
        for device, name, fence in (
            ("berit-01", "Berit Sørensen", HOME),
            ("kare-05", "Kåre Ødegård", VILLA),
        ):
            registry.add(device, "solbakken", name)
            self.journal.write(
                lambda db, device=device, fence=fence: order_book.queue_fences(
                    db, device, [fence], 0, "test", now_ms()
                )
            ).result()

    def hears(self, device, frame):
        """A record has come from that tracker."""
        assert put_one(self.journal, entry(frame, device, now_ms()))

    def read(self):
        """Run the reader until the thread is told to end."""
        asyncio.run(self._read())

    async def _read(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        reader = Reader(self.journal, now_ms, self.views.changed, lambda device: None)
        reading = asyncio.create_task(reader.run())
        await self._end.wait()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    def end(self):
        self._loop.call_soon_threadsafe(self._end.set)


@contextmanager
def running(folder):
    gateway = Gateway(folder)
    reading = threading.Thread(target=gateway.read, daemon=True)
    reading.start()
    try:
        with served(gateway.views, name="Solbakken") as console:
            yield gateway, console
    finally:
        gateway.end()
        reading.join(10)
        gateway.journal.close()


@pytest.fixture
def both(tmp_path):
    with running(tmp_path) as parts:
        yield parts


def leave(gateway, seq=2):
    """Berit's tracker has said that she left."""
    now = int(time.time())
    gateway.hears("berit-01", alarm(1, seq, now, fence_version=1, next_report_by_s=60))


def test_a_tracker_shows_what_it_last_said(both):
    gateway, console = both
    now = int(time.time())
    gateway.hears("berit-01", report(1, 1, now))
    gateway.hears("kare-05", report(1, 1, now, coordinates_withheld=1, fixes=[]))
    with client(console) as http:

        def shown():
            rows = {t["device"]: t for t in http.get("/api/trackers").json()["trackers"]}
            return rows if all(t["last_contact_s"] for t in rows.values()) else None

        rows = until(shown, "both were heard")
        assert rows["berit-01"]["position"]["lat"] == pytest.approx(59.913868)
        assert rows["berit-01"]["fences"][0]["name"] == "Solbakken"
        assert rows["kare-05"]["position"] is None
        assert rows["kare-05"]["position_withheld"] is True
        track = http.get(f"/api/track/berit-01?since={now - 600}").json()["track"]
        assert len(track) == 2
    reads = until(lambda: gateway.journal.query("SELECT who, what FROM reads"), "reads are kept")
    assert ("operator not named (127.0.0.1)", "last position of berit-01") in reads


def test_an_alarm_is_taken_once_and_the_wearers_tracker_is_owed_the_news(both):
    gateway, console = both
    leave(gateway)
    with client(console) as http:
        rows = until(lambda: http.get("/api/alarms").json()["alarms"], "the alarm is shown")
        path = f"/api/alarms/{rows[0]['id']}"
        taken = http.post(f"{path}/take", json={"who": "Ingrid"}).json()["alarm"]
        assert (taken["state"], taken["taken_by"]) == ("taken", "Ingrid")
        again = http.post(f"{path}/take", json={"who": "Pål"})
        assert again.status_code == 409
        assert "Ingrid" in again.json()["error"]
        assert http.post("/api/alarms/999/take", json={"who": "Pål"}).status_code == 409
        huge = http.post(f"/api/alarms/{10**20}/take", json={"who": "Pål"})
        assert huge.status_code == 400
        closed = http.post(f"{path}/close", json={"who": "Ingrid", "cause": "Fetched home"})
        assert closed.json()["alarm"]["closed_cause"] == "Fetched home"
    owed = gateway.journal.query("SELECT kind FROM orders WHERE device = 'berit-01'")
    assert [kind for (kind,) in owed].count(layouts.COMMAND) == 2


def test_what_was_set_aside_is_shown(both):
    gateway, console = both
    put_one(
        gateway.journal, Stray("trygg/v1/x/ukjent/up", b"\x10" * 40, "no such tracker", now_ms())
    )
    with client(console) as http:
        rows = until(lambda: http.get("/api/health").json()["quarantine"], "it is shown")
        assert rows[0]["reason"] == "no such tracker"
        assert rows[0]["payload_hex"] == "10" * 12


def test_an_operator_sees_frames_become_an_alarm_and_closes_it(both, browser):  # noqa: F811
    gateway, console = both
    now = int(time.time())
    gateway.hears("kare-05", report(1, 1, now, coordinates_withheld=1, fixes=[]))
    gateway.hears("berit-01", report(1, 1, now - 20))
    screen = Screen(browser)
    screen.loads(console)
    screen.says(".map-label.private", "inside, position not shared")
    screen.says("[data-device='berit-01']", "Fine")
    out = PLACE | {"lat_e6": PLACE["lat_e6"] + 2100, "satellites": 9, "distance_dm": 700}
    gateway.hears("berit-01", alarm(1, 2, now, fence_version=1, evidence=[out]))
    screen.says("[data-alarm]", "Left Solbakken")
    screen.says("[data-alarm]", "Position 4 s old, ± 5 m")
    screen.says("[data-device='berit-01']", "Alarm")
    screen.click("[data-alarm] .take")
    screen.write("#name", "Ingrid\n")
    screen.says("[data-alarm] [data-truth=taken]", "by Ingrid")
    screen.click("[data-alarm] details summary")
    screen.says("[data-alarm] .timeline", "First position outside: 70 m outside, ± 5 m")
    screen.says("[data-alarm] .timeline", "Taken by Ingrid")
    gateway.hears("berit-01", alarm(1, 3, now + 1, what=layouts.BACK, fence_version=1))
    screen.says("[data-alarm]", "Back inside since")
    picture(browser, "console-real-views")
    screen.click("[data-alarm] .close")
    screen.click("input[value='Came back alone']")
    screen.click("#ask-cause .primary")
    screen.gone("#open-alarms [data-alarm]")
    assert screen.complaints() == []
