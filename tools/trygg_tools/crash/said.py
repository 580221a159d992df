"""What the campaign's light trackers say: real frames of the wire, made by its own codec."""

from __future__ import annotations

from typing import NamedTuple

from trygg_wire import codec, layouts

LATE_S = 3600  # how old a record of the backlog is
_HEAD = {"time_is_uptime": 0, "charging": 0, "signal": 20, "battery_mv": 3900,
         "battery_percent": 81, "next_report_by_s": 86_400, "fence_number": 1, "bound_s": 95,
         "fix_age_s": 4}  # fmt: skip
_PLACE = {"age_s": 4, "lat_e6": 59_913_868, "lon_e6": 10_752_245, "accuracy_dm": 45,
          "speed_dm_s": 12, "course_deg": 84}  # fmt: skip


class Identity(NamedTuple):
    """Which record it is, over all trackers."""

    device: str
    boot: int
    seq: int

    @property
    def id(self) -> str:
        """As sinks are told it: device:boot:seq."""
        return f"{self.device}:{self.boot}:{self.seq}"


def report(boot: int, seq: int, unix_s: int, fixes: int = 1) -> bytes:
    """A report's frame."""
    body = {"coordinates_withheld": 0, "fence_state": layouts.INSIDE, "fixes_refused": 3,
            "publishes_repeated": 2, "bounds": [], "fixes": [_PLACE] * fixes}  # fmt: skip
    return _frame(layouts.REPORT, boot, seq, unix_s, body)


def alarm(boot: int, seq: int, unix_s: int) -> bytes:
    """An alarm's frame: the wearer pressed the button."""
    evidence = [_PLACE | {"satellites": 9, "distance_dm": 231}]
    body = {"test": 0, "what": layouts.SOS, "reason": layouts.BUTTON, "fence_version": 1,
            "fence_state": layouts.INSIDE, "evidence": evidence}  # fmt: skip
    return _frame(layouts.ALARM, boot, seq, unix_s, body)


def _frame(kind: int, boot: int, seq: int, unix_s: int, body: dict[str, object]) -> bytes:
    identity = {"boot": boot, "seq": seq, "time_s": unix_s - layouts.EPOCH}
    frame: bytes = codec.encode(kind, {**_HEAD, **body, **identity})
    return frame
