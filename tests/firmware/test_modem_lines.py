"""What modems' answers have in common: numbers, clocks, signal."""

from tracker.modem import found, lines


def test_the_clock_is_utc_and_one_that_was_never_set_is_unknown():
    assert lines.read_clock(b'+CCLK: "26/11/22,06:00:00+04"') == 217486800
    assert lines.read_clock(b'+CCLK: "26/11/22,04:00:00-04"') == 217486800
    assert lines.read_clock(b'+CCLK: "26/11/22,05:00:00"') == 217486800
    for unset in (b'"80/01/06,00:00:12+00"', b'"70/01/01,00:00:00+00"', b'"19/12/31,23:59:59+00"'):
        assert lines.read_clock(b"+CCLK: " + unset) == 0
    for broken in (b"", b'+CCLK: ""', b'+CCLK: "26/13/22,06:00:00+04"', b'+CCLK: "26/11/22,06"'):
        assert lines.read_clock(broken) == 0


def test_signal_is_that_of_a_report_or_unknown():
    assert lines.signal_of(b"+CSQ: 20,0") == 20
    assert lines.signal_of(b"+CSQ: 0,0") == 1
    for unknown in (b"+CSQ: 99,99", b"+CSQ:", b"+CSQ: x,0", b"+CSQ: -3,0"):
        assert lines.signal_of(unknown) == 0


def test_decimals_are_read_without_floating_point():
    assert found.scaled(b"31.221946", 6) == 31221946
    assert found.scaled(b"-0.5", 6) == -500000
    assert found.scaled(b"12", 1) == 120
    assert found.scaled(b"1.23456789", 2) == 123
    for none in (b"", b".", b"1.2.3", b"abc", b"1e5", b"--1"):
        assert found.scaled(none, 2) is None
