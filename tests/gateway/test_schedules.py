"""Schedules in words, and the local time they go by."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_gateway.local_time import LocalTime, local_time
from trygg_gateway.schedules import windows_of, words_of
from trygg_gateway.values import Refused
from trygg_wire import codec, layouts

NOW_S = 1_790_000_000
WINDOW = st.fixed_dictionaries(
    {
        "days": st.integers(1, 127),
        "from_min": st.integers(0, 1439),
        "minutes": st.integers(1, 1440),
    }
)


@pytest.mark.parametrize(
    ("words", "windows"),
    [
        ("", []),
        ("mon-fri 22:00-07:00", [(0b1111100, 1320, 540)]),
        ("sat,sun 00:00-24:00", [(0b0000011, 0, 1440)]),
        ("daily 8:30-20:00", [(127, 510, 690)]),
        ("fri-mon 12:00-12:00", [(0b1000111, 720, 1440)]),
        ("Mon 09:00 - 10:00; wed 09:00-10:00;", [(64, 540, 60), (16, 540, 60)]),
        ("sun 23:59-00:00", [(1, 1439, 1)]),
    ],
)
def test_a_schedule_is_read_as_it_is_said(words, windows):
    found = [(one["days"], one["from_min"], one["minutes"]) for one in windows_of(words)]
    assert found == windows


@given(st.lists(WINDOW, max_size=14))
def test_every_schedule_of_the_wire_can_be_said_and_read_again(windows):
    assert windows_of(words_of(windows)) == windows


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("night", "is no window"),
        ("mon 22:00", "is no window"),
        ("man 22:00-07:00", "is no day"),
        ("mon-fryday 22:00-07:00", "is no day"),
        ("mon 24:00-07:00", "from 00:00 to 24:00"),
        ("mon 22:60-07:00", "from 00:00 to 24:00"),
        ("mon 22:00-24:01", "from 00:00 to 24:00"),
    ],
)
def test_what_is_no_schedule_is_refused_with_what_was_wanted(words, said):
    with pytest.raises(ValueError, match=said):
        windows_of(words)


@pytest.mark.parametrize(
    ("name", "offset_min", "dst"),
    [
        ("Europe/Oslo", 60, layouts.EU),
        ("Europe/Dublin", 0, layouts.EU),
        ("Atlantic/Azores", -60, layouts.EU),
        ("America/New_York", -300, layouts.US),
        ("Asia/Kathmandu", 345, layouts.NO_DST),
        ("Pacific/Kiritimati", 840, layouts.NO_DST),
        ("UTC", 0, layouts.NO_DST),
    ],
)
def test_a_time_zone_becomes_an_offset_and_a_rule(name, offset_min, dst):
    assert local_time(name, NOW_S) == LocalTime(offset_min, dst)


@pytest.mark.parametrize("name", ["Australia/Sydney", "Africa/Casablanca", "America/Havana"])
def test_a_zone_with_a_rule_of_its_own_is_refused_where_somebody_reads_it(name):
    with pytest.raises(Refused, match="a rule of its own"):
        local_time(name, NOW_S)


@pytest.mark.parametrize("name", ["Oslo", "../etc/passwd", "Europe/", "\0"])
def test_what_is_no_time_zone_is_refused(name):
    with pytest.raises(Refused, match="no time zone"):
        local_time(name, NOW_S)


def test_the_rule_is_the_zones_own_time_at_every_hour_of_these_years():
    zone = ZoneInfo("Europe/Oslo")
    changes = []
    before = None
    for hour in range(3 * 366 * 24):
        at = datetime.fromtimestamp(NOW_S + hour * 3600 - NOW_S % 3600, UTC)
        offset = at.astimezone(zone).utcoffset()
        if before is not None and offset != before:
            changes.append((at.month, at.isoweekday(), at.hour, 31 - at.day < 7))
        before = offset
    assert set(changes) == {(3, 7, 1, True), (10, 7, 1, True)}


def test_a_time_that_the_rule_gives_fits_the_wire():
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Los_Angeles"):
        values = {**local_time(name, NOW_S)._asdict(), "fences": []}
        body = codec.encode_body(layouts.FENCES, values)
        assert codec.decode_body(layouts.FENCES, body) == values
