"""A gateway for the console's tests: fake views of the port's shape, and a server in a thread.

`FakeViews` keeps trackers and alarms as the dicts that views.py would give; a test changes them and
calls `tell`, as the gateway does after a commit. `served` runs the real uvicorn on a free port.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from trygg_gateway.values import Refused
from trygg_gateway.web.app import create_app
from trygg_gateway.web.server import ConsoleServer

HOME = (59.91273, 10.74609)
DEADLINE_S = 40


def circle(number, name, lat, lon, radius_m, *, keep="in", private=False):
    return {
        "number": number,
        "name": name,
        "keep": keep,
        "private": private,
        "shape": "circle",
        "lat": lat,
        "lon": lon,
        "radius_m": radius_m,
    }


def polygon(number, name, ring, *, keep="in", private=False):
    return {
        "number": number,
        "name": name,
        "keep": keep,
        "private": private,
        "shape": "polygon",
        "rings": [ring],
    }


def position(lat, lon, age_s=5, accuracy_m=6.5):
    return {
        "lat": lat,
        "lon": lon,
        "accuracy_m": accuracy_m,
        "time_s": int(time.time()) - age_s,
        "speed_m_s": 1.1,
        "course_deg": 45,
    }


def tracker(device, name, **changes):
    now = int(time.time())
    row = {
        "device": device,
        "group": "solbakken",
        "name": name,
        "status": "fine",
        "status_text": "Everything is as it should be.",
        "last_contact_s": now - 12,
        "next_report_by_s": now + 300,
        "battery_percent": 82,
        "battery_mv": 4010,
        "charging": False,
        "signal_dbm": -79,
        "fence_state": "inside",
        "bound_s": 45,
        "fix_age_s": 5,
        "position": None,
        "position_withheld": False,
        "fences": [],
    }
    return {**row, **changes}


def alarm(id_, device, name, **changes):
    now = int(time.time())
    row = {
        "id": id_,
        "device": device,
        "name": name,
        "what": "left",
        "reason": "crossed",
        "fence_number": 1,
        "fence_name": "Solbakken",
        "test": False,
        "state": "raised",
        "raised_s": now - 4,
        "stored_s": now - 3,
        "late_by_s": 1,
        "position": position(HOME[0] + 0.0021, HOME[1] + 0.0012, 6, 7.4),
        "fix_age_s": 2,
        "taken_by": None,
        "closed_cause": None,
        "timeline": [
            {"at_ms": (now - 4) * 1000, "event": "raised", "who": "", "text": "crossed"},
            {"at_ms": (now - 3) * 1000, "event": "stored", "who": "", "text": ""},
        ],
        "delivered": [],
    }
    return {**row, **changes}


class FakeViews:
    """The Views port over plain lists; `reads` is the log of reads."""

    def __init__(self, trackers=(), alarms=()):
        self.rows = list(trackers)
        self.alarm_rows = list(alarms)
        self.tracks = {}
        self.reads = []
        self.ordered = []  # (device, fences, who)
        self.set_aside = []
        self.figures = {"records_committed": 0}
        self.listeners = set()
        self.broken = None
        self._loop = None

    def trackers(self):
        if self.broken:
            raise self.broken
        return list(self.rows)

    def track(self, device, since_s):
        return [p for p in self.tracks.get(device, []) if p["time_s"] >= since_s]

    def alarms(self, open_only=False, limit=200):
        rows = [a for a in self.alarm_rows if not open_only or a["state"] != "closed"]
        return rows[:limit]

    def take(self, alarm_id, who):
        row = self._find(alarm_id)
        if row["state"] != "raised":
            raise Refused(f"Alarm {alarm_id} was already taken by {row['taken_by']}.")
        row.update(state="taken", taken_by=who)
        self._write(row, "taken", who, "")
        return row

    def set_fences(self, device, fences, who):
        if not fences:
            raise Refused("With no fence the tracker raises no alarm when its wearer leaves.")
        self.ordered.append((device, fences, who))
        return {"order": len(self.ordered)}

    def on_the_way(self, alarm_id, who):
        return self._move(alarm_id, who, "on_the_way")

    def at_the_person(self, alarm_id, who):
        return self._move(alarm_id, who, "at_the_person")

    def _move(self, alarm_id, who, state):
        row = self._find(alarm_id)
        row.update(state=state, taken_by=row["taken_by"] or who)
        self._write(row, state, who, "")
        return row

    def pass_on(self, alarm_id, who):
        row = self._find(alarm_id)
        row.update(state="raised", taken_by=None, next_call=None)
        row["called"] = [*row.get("called", []), {"who": "Pål", "at_ms": time.time_ns() // 10**6}]
        self._write(row, "passed_on", who, "")
        return row

    def reopen(self, alarm_id, who, cause):
        row = self._find(alarm_id)
        row.update(state="raised", taken_by=None, closed_cause=None)
        self._write(row, "reopened", who, cause)
        return row

    def close(self, alarm_id, who, cause):
        row = self._find(alarm_id)
        if row["state"] == "closed":
            raise Refused(f"Alarm {alarm_id} is closed: {row['closed_cause']}.")
        row.update(state="closed", closed_cause=cause)
        self._write(row, "closed", who, cause)
        return row

    def quarantine(self, limit):
        return self.set_aside[:limit]

    def counters(self):
        return self.figures

    def log_read(self, who, what):
        self.reads.append((who, what))

    async def subscribe(self):
        self._loop = asyncio.get_running_loop()
        queue = asyncio.Queue()
        self.listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.listeners.discard(queue)

    def tell(self, *names):
        """From any thread: something changed."""
        if self._loop is None:
            return
        for queue in list(self.listeners):
            for name in names:
                self._loop.call_soon_threadsafe(queue.put_nowait, {"changed": name})

    def _find(self, alarm_id):
        for row in self.alarm_rows:
            if row["id"] == alarm_id:
                return row
        raise Refused(f"There is no alarm {alarm_id}.")

    def _write(self, row, event, who, text):
        at_ms = time.time_ns() // 1_000_000
        row["timeline"] = [
            *row["timeline"],
            {"at_ms": at_ms, "event": event, "who": who, "text": text},
        ]
        self.tell("alarms", "trackers")


class Served:
    """A running console: its URL, and the way to stop and start it on the same port."""

    def __init__(self, app_of, port=0):
        self._app_of = app_of
        self.port = port
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self._up = threading.Event()
        self._failed = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(DEADLINE_S), "the console did not start"
        if self._failed:
            raise self._failed

    def stop(self):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive(), "the console hangs at its end"

    def _run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self.app = self._app_of()
        server = ConsoleServer(self.app, "127.0.0.1", self.port)
        try:
            await server.start()
            self.port = server.port
        except Exception as error:
            self._failed = error
            return
        finally:
            self._up.set()
        await self._end.wait()
        await server.stop()


@contextmanager
def served(views, **options) -> Iterator[Served]:
    """The console over `views` on a free port; `options` go to create_app."""
    options = {
        "metrics": None,
        "password": None,
        "tiles": None,
        "allowed_hosts": ["127.0.0.1"],
        **options,
    }
    console = Served(lambda: create_app(views, **options))
    try:
        yield console
    finally:
        console.stop()


def client(console, **options):
    """An HTTP client whose changes come from the console's own page."""
    headers = {"origin": console.url}
    return httpx.Client(base_url=console.url, headers=headers, timeout=DEADLINE_S, **options)


def until(wanted, what, deadline_s=DEADLINE_S):
    """Wait for `wanted()` to be true; fails naming `what` at the deadline."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        got = wanted()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError(f"not within {deadline_s} s: {what}")


def small_town():
    """Six trackers of a home, in every state the list knows, worst first."""
    now = int(time.time())
    home = circle(1, "Solbakken", *HOME, 160)
    rail = polygon(
        2,
        "Jernbanen",
        [
            [HOME[0] - 0.0016, HOME[1] + 0.0052],
            [HOME[0] + 0.0030, HOME[1] + 0.0062],
            [HOME[0] + 0.0030, HOME[1] + 0.0074],
            [HOME[0] - 0.0016, HOME[1] + 0.0064],
        ],
        keep="out",
    )
    garden = polygon(
        1,
        "Hagen",
        [
            [HOME[0] - 0.0034, HOME[1] - 0.0058],
            [HOME[0] - 0.0016, HOME[1] - 0.0062],
            [HOME[0] - 0.0012, HOME[1] - 0.0030],
            [HOME[0] - 0.0030, HOME[1] - 0.0026],
        ],
        private=True,
    )
    villa = circle(1, "Åsgårdsveien 8", HOME[0] + 0.0026, HOME[1] - 0.0052, 110, private=True)
    berit = tracker(
        "berit-01",
        "Berit Sørensen",
        status="alarm",
        status_text="Left Solbakken 4 s ago",
        fence_state="outside",
        battery_percent=64,
        position=position(HOME[0] + 0.0023, HOME[1] + 0.0014),
        fences=[home, rail],
    )
    return [
        berit,
        tracker(
            "odd-02",
            "Odd Bjørnstad",
            status="silent",
            status_text="No report for 42 min; promised one 27 min ago",
            last_contact_s=now - 2520,
            next_report_by_s=now - 1620,
            battery_percent=12,
            signal_dbm=-109,
            fence_state="unknown",
            bound_s=0,
            position=position(HOME[0] - 0.0019, HOME[1] + 0.0022, 2540, 38),
            fences=[circle(1, "Nattsone", HOME[0] - 0.0016, HOME[1] + 0.0022, 90)],
        ),
        tracker(
            "aase-03",
            "Åse Lindqvist",
            status="late",
            status_text="The report promised is overdue",
            last_contact_s=now - 395,
            next_report_by_s=now - 35,
            signal_dbm=-95,
            fence_state="near",
            position=position(HOME[0] + 0.0006, HOME[1] + 0.0036, 400, 12),
            fences=[circle(1, "Dagsenteret", HOME[0] + 0.0006, HOME[1] + 0.0030, 60)],
        ),
        tracker(
            "inger-04",
            "Inger Høiby",
            status="low_battery",
            status_text="Battery 17 %, about 3 h left",
            battery_percent=17,
            battery_mv=3610,
            position_withheld=True,
            fences=[garden],
        ),
        tracker(
            "kare-05",
            "Kåre Ødegård",
            charging=True,
            position_withheld=True,
            fences=[villa],
        ),
        tracker(
            "tove-06",
            "Tove Nygård",
            status="waiting",
            status_text="Registered, not heard yet",
            last_contact_s=None,
            next_report_by_s=None,
            battery_percent=None,
            battery_mv=None,
            signal_dbm=None,
            fence_state="unknown",
            bound_s=0,
        ),
    ]


def walk_of(berit, steps=30):
    """A track that ends at the tracker's last position."""
    end, now = berit["position"], int(time.time())
    points = []
    for i in range(steps):
        back = steps - 1 - i
        point = position(end["lat"] - back * 0.00008, end["lon"] - back * 0.00005, 0, 6)
        points.append({**point, "time_s": now - 5 - back * 12})
    return points
