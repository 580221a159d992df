"""What of the tracker can be set from afar: one row a setting, each with its limits.

An order changes the settings it lists and leaves the others as they are, whole or not at all.
A value in flash that no longer fits its row (other limits in a newer firmware) goes back to the
default; a number this firmware does not know is passed over. Numbers are never used twice.
"""

import struct

from trygg_wire.crc16 import crc16, fits
from trygg_wire.layouts import OUT_OF_RANGE

# (number, name, default, low, high, unit, what it does)
ROWS = (
    (1, "v_max_dm_s", 20, 5, 400, "dm/s",
     "Speed the wearer is trusted not to exceed; the stated bound holds up to it."),
    (2, "fix_floor_s", 20, 5, 600, "s",
     "Shortest pause between two fixes, near a boundary."),
    (3, "fix_ceiling_s", 600, 30, 3600, "s",
     "Longest pause between two fixes, far inside or without reception."),
    (4, "fix_margin_dm", 100, 0, 2000, "dm",
     "Distance to a boundary that is kept in hand when the next fix is planned."),
    (5, "fix_timeout_s", 45, 10, 600, "s",
     "How long the receiver searches before the tracker gives up for now."),
    (6, "alarm_fix_s", 10, 1, 120, "s",
     "Pause between two fixes while the wearer is outside."),
    (7, "confirm_apart_s", 3, 1, 10, "s",
     "Least time between two fixes that both count towards leaving or coming back."),
    (8, "connect_s", 30, 5, 300, "s",
     "Time allowed for reaching the gateway, part of the stated bound."),
    (9, "report_inside_s", 900, 60, 86400, "s",
     "Pause between two reports while inside every fence."),
    (10, "report_live_s", 300, 30, 86400, "s",
     "Pause between two reports near a boundary, without a fence or unsure."),
    (11, "alarm_report_s", 30, 10, 600, "s",
     "Pause between two reports while outside or after an SOS."),
    (12, "health_s", 21600, 600, 86400, "s",
     "Pause between two health records."),
    (13, "fence_buffer_dm", 100, 0, 10000, "dm",
     "Distance beyond boundary and accuracy that counts as outside, for keep-in fences with none."),
    (14, "fence_hysteresis_dm", 300, 10, 5000, "dm",
     "So deep inside counts as inside however inaccurate the fix (less in a narrow fence)."),
    (15, "accuracy_clamp_dm", 500, 50, 5000, "dm",
     "Worst accuracy a fix is credited with, so that a bad one cannot hide an exit."),
    (16, "speed_refused_dm_s", 700, 100, 3000, "dm/s",
     "A fix that would take more than this speed is refused."),
    (17, "near_max_s", 1800, 60, 86400, "s",
     "Time near a boundary, neither inside nor outside, after which that is said."),
    (18, "no_fix_max_s", 7200, 300, 86400, "s",
     "Time without a good fix after which that is said."),
    (19, "battery_low_percent", 20, 5, 50, "%",
     "Charge at which the battery is reported low."),
    (20, "keepalive_s", 120, 10, 3600, "s",
     "MQTT keepalive: after one and a half of it unheard the link counts as gone."),
    (21, "deep_sleep_min_s", 30, 5, 3600, "s",
     "Shortest pause that is worth a deep sleep."),
)  # fmt: skip

_FORMAT = 1
_HEAD = ">BIB"
_ENTRY = ">Bi"


class Settings:
    """Every row of ROWS as an attribute of its name; `version` is that of the last order."""

    def __init__(self):
        self.version = 0
        for _number, name, default, _low, _high, _unit, _what in ROWS:
            setattr(self, name, default)

    def apply(self, version, changes):
        """Set all of `changes`, a list of {number, value}, and `version`; or nothing.

        0, or OUT_OF_RANGE: a number not in ROWS or twice, a value past its limits, or a floor
        above its ceiling.
        """
        wanted = {}
        for change in changes:
            row = _row(change["number"])
            if row is None or row[1] in wanted or not row[3] <= change["value"] <= row[4]:
                return OUT_OF_RANGE
            wanted[row[1]] = change["value"]
        floor_s = wanted.get("fix_floor_s", self.fix_floor_s)
        if floor_s > wanted.get("fix_ceiling_s", self.fix_ceiling_s):
            return OUT_OF_RANGE
        for name in wanted:
            setattr(self, name, wanted[name])
        self.version = version
        return 0

    def save(self):
        """All values as bytes for flash, at most 8 + 5 a row, with their own CRC."""
        parts = [struct.pack(_HEAD, _FORMAT, self.version, len(ROWS))]
        for row in ROWS:
            parts.append(struct.pack(_ENTRY, row[0], getattr(self, row[1])))
        data = b"".join(parts)
        return data + struct.pack(">H", crc16(data))

    def load(self, data):
        """Take over what `save` gave; False, and nothing changed, if `data` is damaged."""
        head = struct.calcsize(_HEAD)
        if len(data) < head + 2 or not fits(data) or data[0] != _FORMAT:
            return False
        _format, version, count = struct.unpack_from(_HEAD, data, 0)
        if len(data) != head + 5 * count + 2:
            return False
        known = []
        for at in range(head, head + 5 * count, 5):
            number, value = struct.unpack_from(_ENTRY, data, at)
            row = _row(number)
            if row is not None and row[3] <= value <= row[4]:
                known.append({"number": number, "value": value})
        return not self.apply(version, known)


def table():
    """ROWS as a Markdown table, for the documentation and `trygg settings`."""
    lines = ["| number | name | default | from | to | unit | what it does |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in ROWS:
        lines.append("| %d | `%s` | %d | %d | %d | %s | %s |" % row)
    return "\n".join(lines) + "\n"


def _row(number):
    for row in ROWS:
        if row[0] == number:
            return row
    return None
