"""The pictures of docs/operator.md, taken again: `make console-pictures`, a minute and a half.

The gateway, its page and Chromium are the real ones; what five trackers say is written here, in the
wire's own frames. Ages and clocks are those of the day, so no test compares the pictures:
tests/tools/test_docs_for_people.py compares the words that the page quotes.
"""

import io
import json
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from PIL import Image

from gateway.browser import open_browser, size
from gateway.console_rig import until
from gateway.console_screen import Screen
from gateway.gateway_process import GatewayProcess, packets_until
from gateway.receiver import served
from gateway.records import PLACE, alarm, report
from trygg_wire import layouts

MIDDLE = (59.9140, 10.7520)
SETTINGS = """
[sinks.centre]
type = "http"
url = "{url}"
secret_file = "secrets/webhook"

[sinks.sms]
type = "file"
path = "data/sms.jsonl"
standby = true

[people.ingrid]
name = "Ingrid Bakke"
sinks = ["sms"]

[people.paal]
name = "Pål Aas"
sinks = ["sms"]

[on_call.always]
people = ["ingrid", "paal"]
"""
# device: name, its fence's name, how far north and east of the middle in 1e-4 degree
WEARERS = {
    "nord-17": ("Astrid Lie", "Solbakken", 0, 0),
    "nord-18": ("Odd Bjørnstad", "Elvebredden", -40, 60),
    "nord-19": ("Åse Lindqvist", "Dagsenteret", 30, 110),
    "nord-20": ("Bjørn Ødegård", "Åsgårdsveien 8", 60, -70),
    "nord-21": ("Solveig Nygård", "Parken", -30, -90),
}
CARDS = "#open-alarms > li"
SILENT_S = 90  # 30 s of patience for one whose battery is low, its promise, and two looks


def place(device, north_m=0, east_m=0, **values):
    """A fix so many metres from the middle of the fence."""
    _, _, north, east = WEARERS[device]
    lat = MIDDLE[0] + north / 1e4 + north_m / 111_200
    lon = MIDDLE[1] + east / 1e4 + east_m / 55_800
    return PLACE | {"lat_e6": round(lat * 1e6), "lon_e6": round(lon * 1e6), **values}


class Town:
    """Five trackers at the gateway's door."""

    def __init__(self, gateway, parts):
        self._gateway = gateway
        self._lines = {}
        self._seqs = dict.fromkeys(WEARERS, 0)
        for device, (name, _, _, _) in WEARERS.items():
            credentials = self._added(device, name)
            self._fence(device)
            self._lines[device] = parts.enter_context(gateway.tracker(credentials))

    def says(self, device, make=report, **values):
        """One record, committed when this returns."""
        self._seqs[device] += 1
        seq, line = self._seqs[device], self._lines[device]
        line.publish(make(1, seq, int(time.time()), **values), seq)
        packets_until(line, 0, {seq})

    def _added(self, device, name):
        out = self._gateway.folder / f"{device}.json"
        words = ("--group", "nord", "--name", name, "--out", out)
        self._command("tracker", "add", device, *words)
        return json.loads(out.read_text())

    def _fence(self, device):
        _, name, _, _ = WEARERS[device]
        middle = place(device)
        at = [middle["lon_e6"] / 1e6, middle["lat_e6"] / 1e6]
        home = {"number": 1, "name": name, "keep": "in", "radius_m": 150,
                "private": device == "nord-20"}  # fmt: skip
        feature = {"type": "Feature", "properties": home,
                   "geometry": {"type": "Point", "coordinates": at}}  # fmt: skip
        file = self._gateway.folder / f"{device}.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        self._command("fence", "set", device, file)

    def _command(self, *words):
        done = self._gateway.command(*words)
        assert done.returncode == 0, done.stderr


def calm(town):
    """A quiet evening: everybody inside, one sharing no position."""
    for device in WEARERS:
        hidden = device == "nord-20"
        low = {"battery_percent": 14, "battery_mv": 3560} if device == "nord-18" else {}
        promise = {"next_report_by_s": 5} if device == "nord-18" else {"next_report_by_s": 900}
        fixes = [] if hidden else [place(device, 20, 30)]
        town.says(device, fixes=fixes, coordinates_withheld=int(hidden), **low, **promise)


def night(town):
    """One has left, of one nobody can tell, one is about to fall silent."""
    away = [place("nord-17", 260, 90)]
    evidence = [away[0] | {"satellites": 9, "distance_dm": 1050}]
    town.says("nord-17", alarm, evidence=evidence, fence_version=1)
    town.says("nord-17", fixes=away, fence_state=layouts.OUTSIDE, next_report_by_s=60)
    old = [place("nord-19", 60, 80, age_s=5400, accuracy_dm=220)]
    unsure = {"fence_state": layouts.CANNOT_TELL, "fix_age_s": 5400, "bound_s": 0}
    told = [old[0] | {"satellites": 5, "distance_dm": -500}]
    town.says("nord-19", alarm, what=layouts.CANT_TELL, reason=layouts.NO_FIX_TOO_LONG,
              evidence=told, fence_version=1, **unsure)  # fmt: skip
    town.says("nord-19", fixes=old, **unsure)


@contextmanager
def staged(scratch):
    """(the gateway, its town) with a centre that confirms and two people on call."""
    with ExitStack() as parts:
        hook = parts.enter_context(served(scratch / "received.jsonl"))
        watch = {"grace_seconds": 30, "grace_most_seconds": 60}
        gateway = GatewayProcess(scratch / "nord", SETTINGS.format(url=hook.url), watch=watch)
        gateway.start()
        parts.callback(gateway.end)
        yield gateway, Town(gateway, parts)


def opens(screen, gateway, town):
    """The page on a quiet evening."""
    screen.driver.get(f"http://127.0.0.1:{gateway.ports['console']}/")
    screen.says("#contact-word", "Live")
    calm(town)
    until(lambda: len(screen.all("[data-device][data-status=fine]")) == 4, "four are well")


def card_of(screen, begins):
    """The card of the alarm whose title begins so, confirmed by the centre."""
    (node,) = (one for one in screen.all(CARDS) if f"\n{begins}" in one.text)
    until(lambda: "to centre" in node.text, "it is delivered")
    return node


def take_pictures(folder, gateway, town, screen):
    """Each picture as soon as the page says what it is to show."""

    def shot(name, taken):
        png = Image.open(io.BytesIO(taken.screenshot_as_png))
        few = png.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        few.save(folder / f"{name}.png", optimize=True)

    opens(screen, gateway, town)
    shot("calm", screen.one("body"))
    night(town)
    until(lambda: len(screen.all(CARDS)) == 3, "three alarms", SILENT_S)
    until(lambda: screen.all("[data-device='nord-18'][data-status=silent]"), "Odd is silent", 30)
    size(screen.driver, 1400, 1700)  # no card is cut off
    for name, begins in (("left", "Left"), ("cannot_tell", "Cannot tell"), ("silent", "Silent")):
        shot(name, card_of(screen, begins))
    shot("old", screen.one("[data-device='nord-18']"))
    size(screen.driver, 1400, 850)
    gateway.kill()
    screen.says("#banner", "No contact with the gateway")
    screen.driver.execute_script("document.getElementById('open-alarms').parentNode.scrollTo(0, 0)")
    shot("no_contact", screen.one("body"))


def main(folder):
    """Take them into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="trygg-pictures-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        with staged(scratch) as (gateway, town):
            driver = open_browser(scratch / "chromium", 1400, 850)
            try:
                take_pictures(folder, gateway, town, Screen(driver))
            finally:
                driver.quit()
    print(f"{folder}: {len(list(folder.glob('*.png')))} pictures")


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["docs/console"]))
