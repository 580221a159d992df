"""What is said of what the watch has noticed: what is known, and the next thing to do. Pure."""

from typing import Any, Final

from trygg_gateway import own_records
from trygg_gateway.delivery import FENCE_STATES
from trygg_gateway.devices import Device
from trygg_gateway.own_book import Finding, Place
from trygg_gateway.watched import LOW_PERCENT, Notice, long_words
from trygg_wire import layouts

Json = dict[str, Any]

WEAK_DBM: Final = -105

_TODO: Final = {
    own_records.FLAT_EARLY: "Put the tracker on its charger, or see that the wearer is not alone.",
    own_records.WEAK_LINK: "See where the wearer is at these times; a radio anchor or another"
    " network may help. Until then an alarm may come late.",
    own_records.RESTARTING: "Give the wearer another tracker and look at this one: alarms may not"
    " come.",
    own_records.CLOCK_WRONG: "Take the tracker outdoors once for a fix. Its times cannot be"
    " trusted, schedules of its fences neither.",
    own_records.NOT_ARMED: "The fences ordered do not guard yet. Order them again, or bring the"
    " tracker where it has reception and a view of the sky.",
    own_records.SINK_BEHIND: "See whether the receiver runs and can be reached.",
    own_records.ALARM_UNCONFIRMED: "Take the alarm here: no receiver has confirmed it.",
    own_records.SLOW_DISK: "Look at the disk of gateway.data: acknowledgements wait for it.",
    own_records.DISK_FILLING: "Make room on the disk of gateway.data, or nothing can be kept.",
    own_records.CLOCK_JUMPED: "See that the machine's clock is kept by NTP.",
    own_records.READER_BEHIND: "The gateway reads records later than they come: look at its load."
    " Nobody is said to be silent meanwhile.",
    own_records.DEAF: "Trackers cannot be heard: look at the broker and at the network.",
}


def finding_of(notice: Notice, state: Device | None, hours_left: float | None) -> Finding:
    """What is to be raised or ended for a notice; `state`: what is known of that tracker."""
    hours = None if hours_left is None else round(hours_left, 1)
    if notice.what != own_records.SILENT or state is None:
        data: Json = {"text": notice.text}
        if not notice.over:
            data["todo"] = _TODO.get(notice.what, "")
        if state is not None:
            data |= {"battery_percent": state.battery_percent, "hours_left": hours}
        return Finding(notice.device, notice.what, notice.over, notice.at_s, data)
    if notice.over:
        data = {"text": notice.text}
        return Finding(notice.device, notice.what, True, notice.at_s, data)
    return _silence(notice, state, hours)


def _silence(notice: Notice, state: Device, hours: float | None) -> Finding:
    data: Json = {
        "text": notice.text,
        "todo": _silence_todo(state),
        "last_heard_s": state.heard_ms // 1000,
        "promised_s": state.next_report_by_s,
        "battery_percent": state.battery_percent,
        "hours_left": hours,
        "charging": bool(state.charging),
        "signal_dbm": 2 * state.signal - 115 if state.signal else None,
        "fence_state": FENCE_STATES[state.fence_state],
        "position_withheld": bool(state.position_withheld),
    }
    place = place_of(state)
    if place is not None:
        age = long_words(max(0, notice.at_s - place.time_s))
        data["text"] += f"; last position {age} old"
    elif state.position_withheld:
        data["text"] += "; last said to be inside, where its position is not shared"
    return Finding(notice.device, notice.what, False, notice.at_s, data, place)


def _silence_todo(state: Device) -> str:
    percent = state.battery_percent
    if state.fence_state == layouts.OUTSIDE:
        return "Go to the last position now: the wearer was outside when last heard."
    if state.charging:
        return "See whether the tracker lies on its charger and the wearer is there."
    if percent is not None and percent <= LOW_PERCENT:
        return (
            f"See to the wearer now: the battery was at {percent} %, so the tracker is probably"
            " flat and no alarm will come."
        )
    if state.signal and 2 * state.signal - 115 <= WEAK_DBM:
        return "See to the wearer: the signal was weak, so the tracker may be out of coverage."
    return "See to the wearer: the tracker may be off, broken or out of coverage."


def place_of(state: Device) -> Place | None:
    """The last position, if it was told: one that is withheld is not there."""
    if state.lat_e6 is None or state.lon_e6 is None or state.position_withheld:
        return None
    course = layouts.COURSE_UNKNOWN if state.course_deg is None else state.course_deg
    return Place(
        state.position_time_s, state.lat_e6, state.lon_e6, state.accuracy_dm or 0,
        state.speed_dm_s or 0, course,
    )  # fmt: skip
