"""What the tracker keeps in RTC memory: its identity in time, its plan, its counts, its track.

The image survives deep sleep, watchdog and every reset but a power loss; a start that finds none,
or a damaged one, is a new boot. It is written before the record that it numbers, so that no number
is ever used twice. At most SIZE_MAX bytes: layout, the numbers of FIELDS, the counters, the track's
fixes, the energy ledger, what is known of the modem, what the fences know, crc32.
"""

import struct
from binascii import crc32

from tracker.fix import Fix
from tracker.ledger import SAVED_BYTES

SIZE_MAX = 2043  # five of the 2,048 bytes are recovery.py's
TRACK_MAX = 32
MODEM_BYTES = 43  # modem/modem.py's

FIELDS = (
    "boot",
    "seq",
    "now_s",  # seconds since the start of this boot
    "time_s",  # UTC of now_s, 0 unknown
    "sleep_s",  # planned sleep, 0 when none was meant
    "next_fix_s",  # these on the same count as now_s
    "next_report_s",
    "next_health_s",
    "listen_until_s",
    "time_to_fix_s",
    "fix_failures",
    "link_failures",
    "next_try_s",
    "floor_boot",  # before it every record is acked
    "floor_seq",
    "battery_said",  # bit 0 low, bit 1 off the charger too early
    "sos_open",  # bit 0 open, bit 1 the countdown runs
    "boot_unkept",  # 1: flash has not taken the number of this boot yet
    "charger_on_s",  # since when on the charger, 0 not; on the count of now_s, as the next two
    "judge_s",
    "use_at_s",
    "usual_min",  # 1 more than Charger.usual_min, 0 unknown
    "use_minutes",
    "use_drop",
    "use_stretch",
    "use_last",
    "worn_owed",
    "crashed_s",  # when the last crash, or fault in safe mode, was
    "due_fix_s",  # when the next fix would be due if nothing let it be left out
    "stated_s",  # Duty.stated_s, slack_s
    "slack_s",
    "stated_at_s",  # the last report
    "upkept_s",  # Search.upkept_s
    "moved_s",  # Motion.moved_s
    "anchor_state",  # Anchor.save
    "anchor_north",
    "anchor_east",
    "held",  # records that RAM alone holds: a start counts them as dropped
    "exit_boot",  # the newest alarm LEFT
    "exit_seq",
    "walked_s",  # Motion.walked_s, and as it was at the last good fix
    "fixed_walked_s",
    "fixed_s",  # when that was
    "inside_dm",  # how far inside the wearer then was at least
    "lost_s",  # since when they may have walked out, 0 they cannot
    "told_s",  # when "cannot tell" was last said for no fix, 0 never
    "near_told_s",  # the same for near, and of which fence
    "near_told",
    "unwatched",  # that nobody looks at the fences was said: recorder.py's SAID, KEPT; 0 not
    "heap_least",  # bytes free at the worst moment since the last health record, 0 unknown
)
COUNTERS = (
    "nmea_sentences",
    "nmea_bad",
    "nmea_overrun",
    "fixes_good",
    "fixes_refused",
    "publishes_repeated",
    "connects",
    "frames_refused",
    "orders_refused",
    "flash_errors",
    "starts_by_watchdog",
    "records_dropped",
    "sectors_written",
    "setup_refused",
    "setup_unanswered",
    "anchor_faults",
    "searches_given_up",
)
_NUMBERS = "<%dI" % (len(FIELDS) + len(COUNTERS))
_HEAD = "<HBH"  # layout, fixes, bytes of the fences
_FIX = "<IiiIHHB"
_HEAD_SIZE = struct.calcsize(_HEAD)
_FIXES_AT = _HEAD_SIZE + struct.calcsize(_NUMBERS)
_FIX_SIZE = struct.calcsize(_FIX)
_FIXED = SAVED_BYTES + MODEM_BYTES
_MASK = 0x3FFFFFFF
# of another firmware's image nothing is taken, and nobody has to think of a version number
_LAYOUT = crc32((" ".join(FIELDS + COUNTERS) + _FIX + str(_FIXED)).encode()) & 0xFFFF


class Image:
    """Every name of FIELDS as an attribute; `counts` a list after COUNTERS; track; fences."""

    def __init__(self):
        for name in FIELDS:
            setattr(self, name, 0)
        self.counts = [0] * len(COUNTERS)
        self.track = []  # Fix, newest first
        self.ledger = bytes(SAVED_BYTES)  # Ledger.save()
        self.modem = bytes(MODEM_BYTES)  # Modem.save()
        self.fences = b""  # FenceSet.save()


def pack(image):
    """The image as bytes, at most SIZE_MAX; of a track that is too long the oldest fixes stay."""
    numbers = [int(getattr(image, name)) & _MASK for name in FIELDS]
    numbers += [count & _MASK for count in image.counts]
    room = SIZE_MAX - _FIXES_AT - _FIXED - len(image.fences) - 4
    track = image.track[: max(0, min(TRACK_MAX, room // _FIX_SIZE))]
    parts = [struct.pack(_HEAD, _LAYOUT, len(track), len(image.fences))]
    parts.append(struct.pack(_NUMBERS, *numbers))
    for fix in track:
        place = (fix.time_s, fix.lat_e6, fix.lon_e6, fix.accuracy_dm)
        parts.append(struct.pack(_FIX, *place, fix.speed_dm_s, fix.course_deg, fix.satellites))
    parts.append(image.ledger)
    parts.append(image.modem)
    parts.append(image.fences)
    data = b"".join(parts)
    return data + struct.pack("<I", crc32(data) & 0xFFFFFFFF)


def unpack(data):
    """The Image in `data`, None when there is none or it is damaged."""
    if len(data) < _FIXES_AT + _FIXED + 4:
        return None
    layout, fixes, fence_bytes = struct.unpack_from(_HEAD, data, 0)
    if layout != _LAYOUT:
        return None
    fixes_end = _FIXES_AT + fixes * _FIX_SIZE
    fences_at = fixes_end + _FIXED
    end = fences_at + fence_bytes
    if len(data) != end + 4:
        return None
    if struct.unpack_from("<I", data, end)[0] != crc32(data[:end]) & 0xFFFFFFFF:
        return None
    image = Image()
    numbers = struct.unpack_from(_NUMBERS, data, _HEAD_SIZE)
    for name, number in zip(FIELDS, numbers):
        setattr(image, name, number)
    image.counts = list(numbers[len(FIELDS) :])
    for at in range(_FIXES_AT, fixes_end, _FIX_SIZE):
        image.track.append(Fix(*struct.unpack_from(_FIX, data, at), 0))
    image.ledger = data[fixes_end : fixes_end + SAVED_BYTES]
    image.modem = data[fixes_end + SAVED_BYTES : fences_at]
    image.fences = data[fences_at:end]
    return image
