"""Bytes a fix in the real frames of a recorded walk: payload, no MQTT header."""

from pathlib import Path
from typing import Any

import pynmea2

from trygg_tools.bench import report
from trygg_wire import codec, layouts

WALK = Path(__file__).parents[1] / "walks" / "astrid.nmea"


def fixes_of(walk: Path) -> list[dict[str, int]]:
    """The fixes of a walk, one a second, as an independent parser reads them, oldest first."""
    fixes: list[dict[str, int]] = []
    accuracy_m = 5.0
    for text in walk.read_text(encoding="ascii", errors="ignore").splitlines():
        try:
            sentence = pynmea2.parse(text, check=True)
        except pynmea2.ParseError:
            continue
        if sentence.sentence_type == "GST" and sentence.std_dev_latitude:
            accuracy_m = float(sentence.std_dev_latitude)
        if sentence.sentence_type == "RMC" and sentence.status == "A":
            fixes.append(_fix(sentence, accuracy_m))
    return fixes


def _fix(rmc: Any, accuracy_m: float) -> dict[str, int]:
    course = rmc.true_course
    return {
        "time_s": int(rmc.datetime.timestamp()) - layouts.EPOCH,
        "lat_e6": round(rmc.latitude * 1e6),
        "lon_e6": round(rmc.longitude * 1e6),
        "accuracy_dm": round(accuracy_m * 10),
        "speed_dm_s": round(float(rmc.spd_over_grnd or 0) * 5.14444),
        "course_deg": 360 if course in (None, "") else int(float(course)) % 360,
    }


def frame_of(fixes: list[dict[str, int]]) -> bytes:
    """A report of these fixes (oldest first), with a status as on an ordinary day."""
    newest = fixes[-1]["time_s"]
    entries = []
    before = newest
    for fix in reversed(fixes):
        entry = dict(fix, age_s=before - fix["time_s"])
        before = entry.pop("time_s")
        entries.append(entry)
    entries[0]["age_s"] = 2
    frame: bytes = codec.encode(
        layouts.REPORT,
        {
            "boot": 3, "seq": 500, "time_s": newest + 2, "time_is_uptime": 0,
            "coordinates_withheld": 0, "charging": 0, "fence_number": 1, "signal": 17,
            "fence_state": layouts.OUTSIDE, "battery_mv": 3920, "battery_percent": 71,
            "fixes_refused": 2, "publishes_repeated": 0, "bound_s": 120, "next_report_by_s": 960,
            "fix_age_s": 2, "bounds": [], "fixes": entries,
        },
    )  # fmt: skip
    return frame


def run() -> dict[str, Any]:
    """The worst of the walk: bytes of a report with one fix, bytes a fix with ten and sixty."""
    seconds = fixes_of(WALK)
    tens = [seconds[first : first + 600 : 60] for first in range(len(seconds) - 540)]
    sixties = [seconds[first : first + 60] for first in range(len(seconds) - 59)]
    return {
        "walk": WALK.name,
        "one_fix_bytes": max(len(frame_of([fix])) for fix in seconds),
        "ten_fixes_60_s_apart_bytes_a_fix": max(len(frame_of(ten)) for ten in tens) / 10,
        "sixty_fixes_1_s_apart_bytes_a_fix": round(
            max(len(frame_of(sixty)) for sixty in sixties) / 60, 2
        ),
    }


if __name__ == "__main__":
    report.say("wire", run())
