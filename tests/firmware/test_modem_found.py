"""A modem's own position: the examples of the manuals, and everything that is no fix.

# heap: 512k  (all dialects at once, from source; a tracker loads one, compiled)
"""

from tracker.modem import a7670, bg95, found, sim7000, sim7080, sim7600
from tracker.modem.lines import fields as _said

MANUAL_7080 = (
    b"+CGNSINF: 1,1,20211024051848.000,31.221946,121.355565,3.417,0.00,,0,,1.4,1.7,0.9,,6,,"
    b"12.4,12.0"
)
NO_FIX_7080 = b"+CGNSINF: 1,,,0.000000,0.000000,-18.000,,,1,,0.1,0.1,0.1,,,,9999000.0,6144.0"


def test_sim7080_s_fix_has_the_worse_of_its_own_accuracy_and_hdop_s():
    fix = sim7080.read_fix(_said(MANUAL_7080), 77)
    assert (fix.lat_e6, fix.lon_e6, fix.satellites, fix.ticks) == (31221946, 121355565, 6, 77)
    assert fix.accuracy_dm == 124
    assert fix.time_s == found.moment((24, 10, 2021), b"051848.000")
    assert fix.course_deg == 360
    wide = MANUAL_7080.replace(b",1.4,1.7", b",3.0,3.5")
    assert sim7080.read_fix(_said(wide), 0).accuracy_dm == 180


def test_sim7080_without_a_fix_gives_none_although_it_prints_coordinates():
    assert sim7080.read_fix(_said(NO_FIX_7080), 0) is None
    far = b"+CGNSINF: 1,,20211024051848.000,32.5,122.9,3.4,0.0,,1,,1.4,1.7,0.9,,6,,9.0,9.0"
    assert sim7080.read_fix(_said(far), 0) is None
    bogus = MANUAL_7080.replace(b"12.4", b"9999000.0")
    assert sim7080.read_fix(_said(bogus), 0) is None
    absent = MANUAL_7080.replace(b",12.4,", b",,")
    assert sim7080.read_fix(_said(absent), 0) is None
    assert sim7080.read_fix([], 0) is None


def test_sim7000_s_three_more_fields_change_nothing():
    line = (
        b"+CGNSINF: 1,1,20211024051848.000,-31.221946,-58.355565,3.417,36.0,271.5,1,,1.4,1.7,0.9,,"
        b"12,9,3,,40,7.5,9.0"
    )
    fix = sim7000.read_fix(_said(line), 0)
    assert (fix.lat_e6, fix.lon_e6) == (-31221946, -58355565)
    assert (fix.speed_dm_s, fix.course_deg, fix.accuracy_dm) == (100, 271, 84)
    unstated = line.replace(b",7.5,9.0", b",,")  # HDOP has to do
    assert sim7000.read_fix(_said(unstated), 0).accuracy_dm == 84


def test_a7670_s_degrees_and_minutes():
    line = (
        b"+CGNSSINFO: 2,09,05,00,3113.330650,N,12121.262554,E,131121,091918.00,32.9,0.0,255.0,"
        b"1.1,0.8,0.7"
    )
    fix = a7670.read_fix(_said(line), 0)
    assert (fix.lat_e6, fix.lon_e6, fix.satellites) == (31222178, 121354376, 14)
    assert fix.time_s == found.moment((13, 11, 2021), b"091918")
    decimal = line.replace(b"3113.330650", b"31.222178").replace(b"12121.262554", b"121.354376")
    again = a7670.read_fix(_said(decimal), 0)
    assert (again.lat_e6, again.lon_e6) == (31222178, 121354376)
    assert a7670.read_fix(_said(b"+CGNSSINFO: ,,,,,,,,"), 0) is None


def test_sim7600_says_nothing_of_how_good_a_fix_is_so_it_is_one_of_the_poorest():
    line = b"+CGPSINFO: 3113.343286,N,12121.234064,E,250321,072809.3,44.1,10.0,0"
    fix = sim7600.read_fix(_said(line), 0)
    assert (fix.lat_e6, fix.lon_e6, fix.accuracy_dm) == (31222388, 121353901, 300)
    assert fix.time_s == found.moment((25, 3, 2021), b"072809")
    assert sim7600.read_fix(_said(b"+CGPSINFO: ,,,,,,,,"), 0) is None


def test_bg95_s_fix_of_the_manual():
    line = b"+QGPSLOC: 021241.000,-6.200912,106.816682,0.9,18.4,3,0.00,0.3,0.2,030926,09"
    fix = bg95.read_fix(_said(line), 5)
    assert (fix.lat_e6, fix.lon_e6, fix.satellites) == (-6200912, 106816682, 9)
    assert fix.time_s == found.moment((3, 9, 2026), b"021241")
    assert bg95.read_fix([], 0) is None


def test_degrees_of_every_side():
    assert found.angle_e6(b"5955.500000", b"N") == 59925000
    assert found.angle_e6(b"5955.500000", b"S") == -59925000
    assert found.angle_e6(b"01045.000000", b"E") == 10750000
    assert found.angle_e6(b"10.750000", b"W") == -10750000
    for none in ((b"5960.0", b"N"), (b"59", b"N"), (b"59.9", b"X"), (b"x.y", b"N"), (b"", b"E")):
        assert found.angle_e6(*none) is None


def test_a_moment_that_is_none_is_unknown():
    for date, clock in (
        ((31, 12, 2019), b"000000"),
        ((1, 13, 2026), b"000000"),
        ((1, 1, 2026), b"250000"),
        ((1, 1, 2026), b"12"),
        ((1, 1, None), b"000000"),
    ):
        assert found.moment(date, clock) == 0


def test_a_place_off_the_earth_or_without_satellites_is_no_fix():
    quality = (6, 140, -1, 3)
    assert found.fix_of((91000000, 0), 5, (0, 0), quality, 0) is None
    assert found.fix_of((0, 181000000), 5, (0, 0), quality, 0) is None
    assert found.fix_of((None, 0), 5, (0, 0), quality, 0) is None
    assert found.fix_of((0, 0), 0, (0, 0), quality, 0) is None
    assert found.fix_of((0, 0), 5, (0, 0), (2, 140, -1, 3), 0) is None
    assert found.fix_of((0, 0), 5, (None, None), quality, 0).course_deg == 360
