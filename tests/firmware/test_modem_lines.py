"""What modems' answers have in common: numbers, clocks, signal."""

from tracker.modem import lines
from tracker.modem.at import Answer


def _said(line):
    return Answer(1, [line], b"", b"")


def test_the_clock_is_utc_and_one_that_was_never_set_is_unknown():
    assert lines.read_clock(b'+CCLK: "26/11/22,06:00:00+04"') == 217486800
    assert lines.read_clock(b'+CCLK: "26/11/22,04:00:00-04"') == 217486800
    assert lines.read_clock(b'+CCLK: "26/11/22,05:00:00"') == 217486800
    for unset in (b'"80/01/06,00:00:12+00"', b'"70/01/01,00:00:00+00"', b'"19/12/31,23:59:59+00"'):
        assert lines.read_clock(b"+CCLK: " + unset) == 0
    for broken in (b"", b'+CCLK: ""', b'+CCLK: "26/13/22,06:00:00+04"', b'+CCLK: "26/11/22,06"'):
        assert lines.read_clock(broken) == 0


def test_days_count_leap_years():
    assert lines.days_since_2020(2020, 1, 1) == 0
    assert lines.days_since_2020(2020, 3, 1) == 60
    assert lines.days_since_2020(2021, 1, 1) == 366
    assert lines.days_since_2020(2024, 2, 29) == 1520
    assert lines.days_since_2020(2024, 3, 1) == 1521


def test_signal_is_that_of_a_report_or_unknown():
    assert lines.read_signal(_said(b"+CSQ: 20,0")) == 20
    assert lines.read_signal(_said(b"+CSQ: 0,0")) == 1
    for unknown in (b"+CSQ: 99,99", b"+CSQ:", b"+CSQ: x,0", b"+CSQ: -3,0"):
        assert lines.read_signal(_said(unknown)) == 0


def test_registered_is_at_home_or_roaming_and_nothing_else():
    assert lines.is_registered(_said(b'+CEREG: 4,1,"5B57","195071B",9'))
    assert lines.is_registered(_said(b"+CEREG: 0,5"))
    for other in (b"+CEREG: 4,2", b"+CEREG: 4,3", b"+CEREG: 4,0", b"+CEREG: 1", b"+CEREG:"):
        assert not lines.is_registered(_said(other))


def test_decimals_are_read_without_floating_point():
    assert lines.scaled(b"31.221946", 6) == 31221946
    assert lines.scaled(b"-0.5", 6) == -500000
    assert lines.scaled(b"12", 1) == 120
    assert lines.scaled(b"1.23456789", 2) == 123
    for none in (b"", b".", b"1.2.3", b"abc", b"1e5", b"--1"):
        assert lines.scaled(none, 2) is None


def test_hexadecimal_is_bytes_or_nothing():
    assert lines.from_hex(b"00ffAB") == b"\x00\xff\xab"
    for none in (b"0", b"0g", b"+1", b" 1", b"1_0f"):
        assert lines.from_hex(none) is None
