"""Records for the tests of the gateway's outgoing side: frames, rows, deliveries, entries."""

from trygg_gateway import own_records
from trygg_gateway.delivery import delivery
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.values import ALARM, LIVE, Entry, Row
from trygg_wire import codec, layouts

NOW_S = 1_790_000_000  # a moment in 2026
NOW_MS = NOW_S * 1000
PLACE = {"age_s": 4, "lat_e6": 59_913_868, "lon_e6": 10_752_245, "accuracy_dm": 45,
         "speed_dm_s": 12, "course_deg": 84}  # fmt: skip
LATER_PLACE = PLACE | {"age_s": 60, "lat_e6": 59_913_000, "course_deg": 360}

_HEAD = {"time_is_uptime": 0, "charging": 0, "signal": 20, "battery_mv": 3900,
         "battery_percent": 81, "next_report_by_s": 600}  # fmt: skip
_FENCE = {"fence_number": 1, "bound_s": 95, "fix_age_s": 4}


def report(boot, seq, time_s=NOW_S, **values):
    """A report's frame with two fixes."""
    filled = {
        **_HEAD, **_FENCE, "coordinates_withheld": 0, "fence_state": layouts.INSIDE,
        "fixes_refused": 3, "publishes_repeated": 2, "bounds": [], "fixes": [PLACE, LATER_PLACE],
        "boot": boot, "seq": seq, "time_s": time_s - layouts.EPOCH, **values,
    }  # fmt: skip
    return codec.encode(layouts.REPORT, filled)


def alarm(boot, seq, time_s=NOW_S, **values):
    """The frame of an alarm: the wearer has left."""
    place = PLACE | {"satellites": 9, "distance_dm": 231}
    filled = {
        **_HEAD, **_FENCE, "test": 0, "what": layouts.LEFT, "reason": layouts.CROSSED,
        "fence_state": layouts.OUTSIDE, "fence_version": 7, "evidence": [place],
        "boot": boot, "seq": seq, "time_s": time_s - layouts.EPOCH, **values,
    }  # fmt: skip
    return codec.encode(layouts.ALARM, filled)


def health(boot, seq, time_s=NOW_S):
    """A health report's frame, every counter at 5."""
    counters = {name: 5 for name, form, *_ in layouts.ROWS[layouts.HEALTH] if form == "var"}
    filled = {
        **counters, **_HEAD, "safe_mode": 0, "reset_cause": 1, "firmware": "0.1.0",
        "worn": 1, "moved": 1, "temperature_c": 21, "last_stage": 0,
        "charge": [{"activity": layouts.RECEIVER, "uah": 900}],
        "recoveries": [{"step": 6, "tried": 3, "helped": 2}],
        "boot": boot, "seq": seq, "time_s": time_s - layouts.EPOCH,
    }  # fmt: skip
    return codec.encode(layouts.HEALTH, filled)


def answer(boot, seq, time_s=NOW_S):
    """The frame of a refused order's answer."""
    filled = {
        "boot": boot, "seq": seq, "time_s": time_s - layouts.EPOCH, "time_is_uptime": 0,
        "order_id": 12, "order_version": 3, "result": layouts.REFUSED,
        "reason": layouts.EXPIRED,
    }  # fmt: skip
    return codec.encode(layouts.ANSWER, filled)


def entry(payload, device="astrid", received_ms=NOW_MS + 250, lane=None):
    """The journal's entry of a frame."""
    kind, boot, seq, time_s, _ = codec.peek(payload)
    if lane is None:
        lane = ALARM if kind == layouts.ALARM else LIVE
    return Entry(device, boot, seq, kind, lane, time_s + layouts.EPOCH, received_ms, payload)


def row(payload, id_=1, **values):
    """The journal's row of a frame."""
    return Row(id_, *entry(payload, **values))


def deliveries(number, first=1, device="astrid", lane=LIVE):
    """Deliveries of `number` reports in a row."""
    return [
        delivery(row(report(1, seq), id_=seq, device=device, lane=lane), "nord")
        for seq in range(first, first + number)
    ]


def forgotten(device="astrid", seq=1, said_ms=NOW_MS + 60_000):
    """The delivery of the gateway's word, said then, that all of a device is to be deleted."""
    data = {"text": f"all that was held of {device} was deleted", "todo": "", "device": device}
    payload = own_records.payload_of(own_records.ABOUT_GATEWAY, "forgotten", data)
    own = own_records.entry_of(own_records.GATEWAY, seq, payload, said_ms)
    return delivery_for(Row(seq, *own), "nord", Address("any"))
