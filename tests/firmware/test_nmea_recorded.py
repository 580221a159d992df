"""Recorded receivers: the tracker has exactly the fixes that independent parsers see in their logs.

tests/vectors/nmea/recorded holds the logs and, beside each, what pynmea2, pynmeagps and gpsdecode
agree on (`trygg vectors`). What the tracker withholds is written there with its reason. Every log
is read by both readers, a line, a byte and 64 bytes at a time.
"""

import json
import os

from tracker import nmea, nmea_plain
from tracker.fix import COURSE_UNKNOWN, QUIET_MS

HERE = __file__.rsplit("/", 1)[0]
FOLDER = HERE + "/../vectors/nmea/recorded/"
READERS = (nmea_plain.scan, nmea.scan)  # the same one twice on CPython
WEEK_S = 7 * 86400


def names():
    return [name[:-5] for name in sorted(os.listdir(FOLDER)) if name.endswith(".nmea")]


def lines_of(name):
    with open(FOLDER + name + ".nmea", "rb") as file:
        for line in file:
            if not line.startswith(b"#"):
                yield line


def expected_of(name):
    """The fixes that are not withheld, their dates as the tracker corrects them."""
    with open(FOLDER + name + ".json") as file:
        said = json.load(file)
    added_s = said["tracker"]["adds_weeks"] * WEEK_S
    withheld = said["tracker"]["withholds"]
    assert not withheld or said["tracker"]["because"]
    rows = [row for at, row in enumerate(said["fixes"]) if at not in withheld]
    return [[row[0] + added_s] + row[1:] for row in rows]


def fixes_of(scan, pieces):
    receiver = nmea.Receiver(scan)
    found = []
    for piece in pieces:
        receiver.feed(piece, 0)
        fix = receiver.take()
        if fix:
            found.append(fix)
    receiver.feed(b"", QUIET_MS)
    fix = receiver.take()
    return found + [fix] if fix else found


def pieces_of(name, size):
    data = b"".join(lines_of(name))
    for at in range(0, len(data), size):
        yield data[at : at + size]


def assert_same(fixes, rows, name):
    assert len(fixes) == len(rows), (name, len(fixes), len(rows))
    for fix, row in zip(fixes, rows):
        time_s, lat_e6, lon_e6, speed_dm_s, course_deg, satellites = row
        assert (fix.time_s, fix.lat_e6, fix.lon_e6) == (time_s, lat_e6, lon_e6), (name, row, fix)
        assert fix.satellites == satellites, (name, row, fix)
        assert -1 <= fix.speed_dm_s - speed_dm_s <= 1, (name, row, fix)  # hundredths of a knot
        assert fix.course_deg in (course_deg, COURSE_UNKNOWN), (name, row, fix)
        assert fix.accuracy_dm > 0, (name, fix)


def test_every_recorded_receiver_gives_the_expected_fixes_line_by_line():
    assert len(names()) >= 20
    for name in names():
        rows = expected_of(name)
        for scan in READERS:
            assert_same(fixes_of(scan, lines_of(name)), rows, name)


def test_the_same_fixes_come_from_single_bytes():
    for name in names()[::5]:
        rows = expected_of(name)
        for scan in READERS:
            assert_same(fixes_of(scan, pieces_of(name, 1)), rows, name)


def test_the_same_fixes_come_from_what_a_uart_has_each_time():
    for name in names():
        rows = expected_of(name)
        for scan in READERS:
            assert_same(fixes_of(scan, pieces_of(name, 64)), rows, name)


def test_course_is_known_where_the_wearer_moves():
    """Else a course that is always unknown would pass."""
    known = 0
    for name in names():
        for fix in fixes_of(nmea.scan, lines_of(name)):
            assert fix.course_deg == COURSE_UNKNOWN or fix.speed_dm_s >= 5
            known += fix.course_deg != COURSE_UNKNOWN
    assert known > 15, known
