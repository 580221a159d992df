"""What the watch (watch.py) knows of one tracker, and what it says. Pure."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, tzinfo
from typing import Final, NamedTuple

from trygg_gateway import own_records
from trygg_gateway.battery_course import BatteryCourse, Needs
from trygg_gateway.link_quality import LinkQuality
from trygg_gateway.rhythm import Rhythm
from trygg_gateway.tracker_starts import Starts, TrackerClock
from trygg_wire import layouts

LOW_PERCENT: Final = 20
LOW_HOURS: Final = 2
ARMED_S: Final = 7200  # for applied fences to be in force: some fix
TOLD_S: Final = 60  # so soon after it may say what was before: made earlier, or a fast clock
# a tracker's pauses between two tries (firmware/tracker/uplink.py), with its chance and a connect
PAUSE_MOST_S: Final = 480
PAUSE_LEAST_S: Final = 60


class Rules(NamedTuple):
    """What the settings say."""

    least_s: int = 120
    most_s: int = 900
    needs: Needs = Needs(16, 50)
    not_armed_s: int = 900
    zone: tzinfo = UTC


class FenceOrder(NamedTuple):
    """The newest order for fences of a tracker."""

    version: int
    state: str
    ordered_s: int
    changed_s: int


class Notice(NamedTuple):
    """Something about a tracker begins, or is over; `text` says what, in words."""

    device: str
    what: int
    over: bool
    at_s: int
    text: str


@dataclass
class Watched:
    """What is known of one tracker; every field is JSON."""

    heard_s: int = 0
    boot: int = 0
    seq: int = 0
    promise_s: int = 0
    fence_state: int = 0
    fence_version: int = -1
    fence_told_s: int = 0  # when it said so, by its clock
    off_charger_told: bool = False  # by the tracker itself, since it was last charged
    said: dict[str, int] = field(default_factory=dict)  # what → since when
    rhythm: Rhythm = field(default_factory=Rhythm)
    battery: BatteryCourse = field(default_factory=BatteryCourse)
    link: LinkQuality = field(default_factory=LinkQuality)
    starts: Starts = field(default_factory=Starts)
    clock: TrackerClock = field(default_factory=TrackerClock)


def at_risk(tracker: Watched) -> bool:
    """Whether a silence of this tracker cannot wait for its usual delays."""
    if tracker.fence_state == layouts.OUTSIDE or tracker.off_charger_told:
        return True
    if str(own_records.FLAT_EARLY) in tracker.said:
        return True
    battery = tracker.battery
    hours_left = battery.hours_left(tracker.heard_s)
    is_low = battery.percent is not None and battery.percent <= LOW_PERCENT
    ends_soon = hours_left is not None and hours_left < LOW_HOURS
    return not battery.charging and (is_low or ends_soon)


def text_of(tracker: Watched) -> str:
    """All of it as JSON."""
    return json.dumps(asdict(tracker), separators=(",", ":"))


def watched_of(text: str) -> Watched | None:
    """What `text_of` gave; None for what cannot be read, as after an update: it is learned anew."""
    parts = {"rhythm": Rhythm, "battery": BatteryCourse, "link": LinkQuality,
             "starts": Starts, "clock": TrackerClock}  # fmt: skip
    try:
        known = json.loads(text)
        made = {name: part(**known.pop(name)) for name, part in parts.items()}
        return Watched(**known, **made)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def long_words(seconds: int) -> str:
    """A length of time in words."""
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
