"""What of the tracker can be set from afar: one row a setting, each with its limits.

An order changes the settings it lists and leaves the others as they are, whole or not at all.
A value in flash that no longer fits its row (other limits in a newer firmware) goes back to the
default; a number this firmware does not know is passed over. Numbers are never used twice.
"""

import struct

from trygg_wire.crc16 import crc16, fits
from trygg_wire.layouts import OUT_OF_RANGE

# number, name, default, low, high; units and what each does: settings_text.py
_TEXT = """
1 v_max_dm_s 20 5 400
2 fix_floor_s 20 5 600
3 fix_ceiling_s 600 30 3600
4 fix_margin_dm 100 0 2000
5 fix_timeout_s 45 10 600
6 alarm_fix_s 10 1 120
7 confirm_apart_s 3 1 10
8 connect_s 30 5 300
9 report_inside_s 900 60 86400
10 report_live_s 300 30 86400
11 alarm_report_s 30 10 600
12 health_s 21600 600 86400
13 fence_buffer_dm 100 0 10000
14 fence_hysteresis_dm 300 10 5000
15 accuracy_clamp_dm 500 50 5000
16 speed_refused_dm_s 700 100 3000
17 near_max_s 1800 60 86400
18 no_fix_max_s 7200 300 86400
19 battery_low_percent 20 5 50
20 keepalive_s 120 10 3600
21 deep_sleep_min_s 8 5 3600
22 battery_low_fix_s 60 5 3600
23 motion_max_age_s 600 30 7200
24 anchor_max_age_s 600 30 7200
25 sensors_trusted 0 0 1
26 charging_fix_s 60 5 3600
27 report_night_s 900 60 86400
28 night_from_min 1320 0 1439
29 night_to_min 360 0 1439
30 upkeep_s 5400 0 14400
31 give_up_s 15 5 600
35 sos_hold_s 2 1 10
36 sos_cancel_s 5 0 30
37 day_needs_h 16 1 240
38 day_spare_h 2 0 48
39 off_charger_percent 50 0 100
40 taken_off_s 120 5 3600
46 doubt_s 20 0 120
47 follow_s 60 10 600
48 report_low_s 540 60 86400
"""


class Rows:
    """The rows (number, name, default, low, high) of a text, read one at a time when asked for:
    as text they lie in flash, as tuples they would take 4 KB of a virtual board's heap."""

    def __init__(self, text):
        self._text = text

    def __iter__(self):
        at = 1
        while at < len(self._text):
            yield self._row_at(at)
            at = self._text.find("\n", at) + 1

    def __len__(self):
        return self._text.count("\n") - 1

    def numbered(self, number):
        """The row of a number, None if there is none."""
        at = self._text.find("\n%d " % number)
        return self._row_at(at + 1) if at >= 0 else None

    def _row_at(self, at):
        number, name, default, low, high = self._text[at : self._text.find("\n", at)].split()
        return int(number), name, int(default), int(low), int(high)


ROWS = Rows(_TEXT)

_FORMAT = 1
_LOST = 2  # the same, and `lost`
_HEAD = ">BIB"
_ENTRY = ">Bi"


class Settings:
    """Every row of ROWS as an attribute of its name; `version` is that of the last order; `lost`:
    those of flash could not be read, so nothing can be stated by these, until an order gives all
    of them."""

    def __init__(self):
        self.version = 0
        self.lost = False
        for _number, name, default, _low, _high in ROWS:
            setattr(self, name, default)

    def apply(self, version, changes):
        """Set all of `changes`, a list of {number, value}, and `version`; or nothing.

        0, or OUT_OF_RANGE: a number not in ROWS or twice, a value past its limits, or a floor
        above its ceiling.
        """
        wanted = {}
        for change in changes:
            row = ROWS.numbered(change["number"])
            if row is None or row[1] in wanted or not row[3] <= change["value"] <= row[4]:
                return OUT_OF_RANGE
            wanted[row[1]] = change["value"]
        floor_s = wanted.get("fix_floor_s", self.fix_floor_s)
        if floor_s > wanted.get("fix_ceiling_s", self.fix_ceiling_s):
            return OUT_OF_RANGE
        for name in wanted:
            setattr(self, name, wanted[name])
        self.version = version
        self.lost = self.lost and len(wanted) < len(ROWS)
        return 0

    def save(self):
        """All values as bytes for flash, at most 8 + 5 a row, with their own CRC."""
        parts = [struct.pack(_HEAD, _LOST if self.lost else _FORMAT, self.version, len(ROWS))]
        for row in ROWS:
            parts.append(struct.pack(_ENTRY, row[0], getattr(self, row[1])))
        data = b"".join(parts)
        return data + struct.pack(">H", crc16(data))

    def load(self, data):
        """Take over what `save` gave; False, and nothing changed, if `data` is damaged."""
        head = struct.calcsize(_HEAD)
        if len(data) < head + 2 or not fits(data) or data[0] not in (_FORMAT, _LOST):
            return False
        form, version, count = struct.unpack_from(_HEAD, data, 0)
        if len(data) != head + 5 * count + 2:
            return False
        known = []
        for at in range(head, head + 5 * count, 5):
            number, value = struct.unpack_from(_ENTRY, data, at)
            row = ROWS.numbered(number)
            if row is not None and row[3] <= value <= row[4]:
                known.append({"number": number, "value": value})
        if self.apply(version, known):
            return False
        self.lost = form == _LOST
        return True
