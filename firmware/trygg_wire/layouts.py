"""Every message as rows of data; codec.py is the only reader, WIRE.md the same in words.

A row is a line: name, type, low, high, step. A value travels as value / step, rounded up to the
next step, so that an accuracy, a bound or a promise is never stated better than it is.
low and high are limits of the value itself; one past either is refused in both directions.

Types
  b1..b7  bits, from the top of a byte down; neighbours fill whole bytes
  u8 u32  unsigned, fixed length, most significant byte first
  var     unsigned, seven bits a byte, least significant group first, shortest form only
  zig     signed, as var of (n << 1) ^ (n >> 31): 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
  lat lon signed 32 bit in the first entry of a list (or outside one), in later entries the
          difference to the entry before as zig; a longitude's difference goes the short way
          round, over the 180th meridian where that is nearer
  after   not on the wire in a list's first entry, where it is the record's fix_age_s; var
  text    var length, then that many bytes of ASCII; high is the longest length
  bytes   var length, then that many bytes; high is the longest length
  raw     exactly `high` bytes
  list    var count, then that many entries of the rows in LISTS[name]; high is the most

Every frame is one byte version << 4 | kind, the rows of its kind, and a CRC-16/GENIBUS of
all bytes before it, most significant byte first. Times are seconds since 2020-01-01 UTC:
they fit a 31-bit integer until 2054, which the seconds since 1970 do not on the tracker.
"""

VERSION = 1
EPOCH = 1577836800  # 2020-01-01T00:00:00Z in unix seconds
FRAME_MAX = 7168  # bytes, the longest frame either side takes: an order of 16 fences of 64 points

REPORT, ALARM, HEALTH, ANSWER = 1, 2, 3, 4  # up
ACK, ORDER = 8, 9  # down
KINDS = ((REPORT, "report"), (ALARM, "alarm"), (HEALTH, "health"), (ANSWER, "answer"),
         (ACK, "ack"), (ORDER, "order"))  # fmt: skip

# report.fence_state
UNKNOWN, INSIDE, NEAR, OUTSIDE, CANNOT_TELL = 0, 1, 2, 3, 4
# alarm.what
LEFT, BACK, SOS, BATTERY_LOW, CANT_TELL, TEST = 1, 2, 3, 4, 5, 6
OFF_CHARGER, TAKEN_OFF = 7, 8
# alarm.reason
CROSSED, BOOT, NEAR_TOO_LONG, NO_FIX_TOO_LONG, BUTTON, LEVEL, ORDERED = 1, 2, 3, 4, 5, 6, 7
BEGAN, SENSOR, NOT_WATCHED = 8, 9, 10
# answer.result
RECEIVED, APPLIED, ARMED, REFUSED = 1, 2, 3, 4
# answer.reason
NONE, BAD_SIGNATURE, OLD_VERSION, EXPIRED, UNKNOWN_KIND = 0, 1, 2, 3, 4
BAD_BODY, OUT_OF_RANGE, NO_CLOCK, NO_ROOM, NO_FLASH = 5, 6, 7, 8, 9
# order.order_kind
SETTINGS, FENCES, COMMAND, KEY, ANCHORS = 1, 2, 3, 4, 5
# command.command
REPORT_NOW, ALARM_TAKEN, ALARM_CLOSED, RESTART, TEST_ALARM = 1, 2, 3, 4, 5
# fence.keep, fence.shape
KEEP_IN, KEEP_OUT = 0, 1
CIRCLE, POLYGON = 0, 1
# fences.dst: how the local time of a schedule changes over the year
NO_DST, EU, US = 0, 1, 2
# anchors.radio: whose id it is, a BSSID or an address
WIFI, BLE = 1, 2
# health.worn
NO_SENSOR, WORN, NOT_WORN = 0, 1, 2
# charge.activity
SLEEP, AWAKE, RECEIVER, RADIO, SIGNALS, ANCHOR, EDRX, PSM = 1, 2, 3, 4, 5, 6, 7, 8
# lanes of the outbox and the journal
LANE_ALARM, LANE_LIVE, LANE_BACKLOG = 0, 1, 2
LATE_S = 120  # a record sent later than this after its time is backlog

PERCENT_UNKNOWN = 101
COURSE_UNKNOWN = 360
AGE_NEVER = 604800  # a week or more, or never
TEMPERATURE_UNKNOWN = 127
HOURS_UNKNOWN = 9999  # or on the charger
SEQ_MAX = (1 << 30) - 1


class Tables:
    """Rows (name, type, low, high, step) by the key of their table, read from its text.

    With `keep` a table that was read stays in memory. The tracker goes without: as text the rows
    lie in flash, as tuples they take 12 KB of the heap that a virtual board has.
    """

    keep = True

    def __init__(self, texts):
        self._texts = texts
        self._kept = {}

    def __getitem__(self, key):
        rows = self._kept.get(key)
        if rows is None:
            rows = _rows_of(self._texts[key])
            if Tables.keep:
                self._kept[key] = rows
        return rows

    def __contains__(self, key):
        return key in self._texts

    def __iter__(self):
        return iter(self._texts)

    def __len__(self):
        return len(self._texts)

    def items(self):
        """(key, rows) of every table."""
        return [(key, self[key]) for key in self._texts]


def _rows_of(texts):
    rows = []
    for text in texts:
        for line in text.split("\n"):
            if line:
                name, form, low, high, step = line.split()
                rows.append((name, form, int(low), int(high), int(step)))
    return tuple(rows)


_IDENTITY = """
boot var 1 1073741823 1
seq var 1 1073741823 1
time_s u32 0 1073741823 1
time_is_uptime b1 0 1 1
"""
_PLACE = """
age_s after 0 604800 1
lat_e6 lat -90000000 90000000 1
lon_e6 lon -180000000 180000000 1
accuracy_dm var 0 100000 5
speed_dm_s var 0 3000 1
course_deg u8 0 360 2
"""

ROWS = Tables({
    REPORT: (_IDENTITY, """
coordinates_withheld b1 0 1 1
charging b1 0 1 1
fence_number b5 0 16 1
signal b5 0 31 1
fence_state b3 0 4 1
battery_mv u8 0 5100 20
battery_percent u8 0 101 1
fixes_refused var 0 1073741823 1
publishes_repeated var 0 1073741823 1
bound_s var 0 86400 5
next_report_by_s var 0 172800 10
fix_age_s var 0 604800 1
bounds list 0 16 1
fixes list 0 60 1
"""),
    ALARM: (_IDENTITY, """
test b1 0 1 1
charging b1 0 1 1
fence_number b5 0 16 1
what u8 1 8 1
reason u8 1 10 1
signal b5 0 31 1
fence_state b3 0 4 1
battery_mv u8 0 5100 20
battery_percent u8 0 101 1
fence_version var 0 1073741823 1
bound_s var 0 86400 5
next_report_by_s var 0 172800 10
fix_age_s var 0 604800 1
evidence list 0 8 1
"""),
    HEALTH: (_IDENTITY, """
charging b1 0 1 1
safe_mode b1 0 1 1
reset_cause b5 0 31 1
worn b2 0 2 1
moved b1 0 1 1
signal b5 0 31 1
uptime_s var 0 1073741823 1
battery_mv u8 0 5100 20
battery_percent u8 0 101 1
next_report_by_s var 0 172800 10
settings_version var 0 1073741823 1
fence_version var 0 1073741823 1
records_waiting var 0 1073741823 1
records_dropped var 0 1073741823 1
nmea_sentences var 0 1073741823 1
nmea_bad var 0 1073741823 1
nmea_overrun var 0 1073741823 1
fixes_good var 0 1073741823 1
fixes_refused var 0 1073741823 1
publishes_repeated var 0 1073741823 1
reconnects var 0 1073741823 1
frames_refused var 0 1073741823 1
orders_refused var 0 1073741823 1
flash_errors var 0 1073741823 1
starts_by_watchdog var 0 1073741823 1
heap_free var 0 1073741823 1
temperature_c zig -60 127 1
hours_left var 0 9999 1
crashes var 0 1073741823 1
last_stage u8 0 15 1
sectors_written var 0 1073741823 1
setup_refused var 0 1073741823 1
setup_unanswered var 0 1073741823 1
anchor_faults var 0 1073741823 1
searches_given_up var 0 1073741823 1
charge list 0 8 1
recoveries list 0 8 1
firmware text 0 32 1
"""),
    ANSWER: (_IDENTITY, """
spare b7 0 0 1
order_id var 1 1073741823 1
order_version var 0 1073741823 1
result u8 1 4 1
reason u8 0 9 1
"""),
    ACK: ("""
boot var 1 1073741823 1
upto var 0 1073741823 1
time_s u32 0 1073741823 1
missing list 0 32 1
""",),
    ORDER: ("""
order_id var 1 1073741823 1
version var 1 1073741823 1
expires_s u32 0 1073741823 1
order_kind u8 1 255 1
body bytes 0 6656 1
mac raw 32 32 1
""",),
})  # fmt: skip

BODIES = Tables({
    SETTINGS: ("settings list 1 64 1",),
    FENCES: ("""
utc_offset_min zig -720 840 1
dst u8 0 2 1
fences list 0 16 1
""",),
    COMMAND: ("""
command u8 1 5 1
alarm_boot var 0 1073741823 1
alarm_seq var 0 1073741823 1
""",),
    KEY: ("wrapped raw 32 32 1",),
    ANCHORS: ("anchors list 0 4 1",),
})  # fmt: skip

LISTS = Tables({
    "fixes": (_PLACE,),
    "evidence": (_PLACE, """
satellites u8 0 99 1
distance_dm zig -100000000 100000000 1
"""),
    "bounds": ("""
number u8 1 16 1
bound_s var 0 86400 5
""",),
    "charge": ("""
activity u8 1 15 1
uah var 0 1073741823 1
""",),
    "recoveries": ("""
step u8 1 8 1
tried var 1 65535 1
helped var 0 65535 1
""",),
    "missing": ("""
first var 1 1073741823 1
count var 1 1073741823 1
""",),
    "settings": ("""
number u8 1 255 1
value zig -536870912 536870911 1
""",),
    "fences": ("""
number u8 1 16 1
keep b1 0 1 1
shape b1 0 1 1
private b1 0 1 1
spare b5 0 0 1
buffer_dm var 0 10000 1
lat_e6 lat -90000000 90000000 1
lon_e6 lon -180000000 180000000 1
radius_dm var 0 1000000 1
schedule list 0 14 1
rings list 0 8 1
""",),
    "schedule": ("""
days b7 1 127 1
spare b1 0 0 1
from_min var 0 1439 1
minutes var 1 1440 1
""",),
    "rings": ("points list 3 64 1",),
    "points": ("""
lat_e6 lat -90000000 90000000 1
lon_e6 lon -180000000 180000000 1
""",),
    "anchors": ("""
radio u8 1 2 1
id raw 6 6 1
""",),
})  # fmt: skip
