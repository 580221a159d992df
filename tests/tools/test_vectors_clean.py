"""Nothing that tells a person is left of a cleaned log, and what a parser needs stays as it was."""

import math
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trygg_tools.nmea_sentence import checksum, sentence
from trygg_tools.vectors import clean, moved

TODAY = date(2026, 11, 22)
RECORDED = sorted((Path(__file__).parents[1] / "vectors/nmea/recorded").glob("*.nmea"))

digits = st.text("0123456789", min_size=8, max_size=20).filter(lambda text: text.strip("0"))
names = st.sampled_from(["Astrid", "Bjorn", "Ingeborg", "SOLVEIG", "Toivo"])


@st.composite
def tracks(draw):
    """Places of a walk, as fields: every step at most a hundredth of a minute."""
    decimals = draw(st.integers(3, 7))
    unit = 10**decimals
    north = draw(st.integers(2 * 60 * unit, 70 * 60 * unit))
    east = draw(st.integers(2 * 60 * unit, 170 * 60 * unit))
    ns, ew = draw(st.sampled_from("NS")), draw(st.sampled_from("EW"))
    steps = draw(st.lists(st.integers(-unit // 100, unit // 100), min_size=2, max_size=6))
    places = []
    for step in steps:
        north, east = north + step, east - step // 2
        places.append(f"{angle(north, unit, 2)},{ns},{angle(east, unit, 3)},{ew}")
    return places


def angle(units, unit, width):
    degrees, rest = divmod(units, 60 * unit)
    decimals = len(str(unit)) - 1
    return f"{degrees:0{width}d}{rest // unit:02d}.{rest % unit:0{decimals}d}"


def epoch(second, place, ddmmyy="140626"):
    return [
        sentence(f"GNRMC,1015{second:02d}.00,A,{place},3.11,45.2,{ddmmyy},3.6,E,A"),
        sentence(f"GNGGA,1015{second:02d}.00,{place},1,11,0.83,141.3,M,39.9,M,2.0,0133"),
        sentence(f"GNGLL,{place},1015{second:02d}.00,A,A"),
        sentence("GNVTG,45.2,T,41.6,M,3.11,N,5.76,K,A"),
        sentence("GPGSV,1,1,02,03,53,060,30,09,36,161,33,1"),
    ]


def gossip(number, name):
    """All that a modem, a maker and a person put between the sentences."""
    return [
        f"# recorded by {name}\n".encode(),
        f"AT+CGSN\r\n{number}\r\nOK\r\n".encode(),
        f"+CCID: {number}\r\n".encode(),
        sentence(f"GPTXT,01,01,02,MOD {name}"),
        sentence(f"GNTXT,01,01,02,serial {number}"),
        sentence(f"PMTK705,AXN_5.1,{number},{name},1.0"),
        sentence(f"PQVERNO,R,{name},{number}"),
        sentence(f"PUBX,00,101530.00,{number},N"),
        sentence(f"P{name.upper()},1,2"),
        sentence(f"P{number},1,2"),
        sentence(f"GPWPL,5955.6200,N,01042.0600,E,{name}"),
        sentence(f"GPGGA,101530.00,,,,,0,00,99.99,,,,,,{number}"),
        sentence(f"GNRMC,{number},V,,,,,,,,,,N"),
        sentence(f"GNRMC,101530.00,V,,,,,,,,,,{name}"),
        f"$GNRMC,10153{name},{number}*00\r\n".encode(),
        f"{name}$GNGGA,1015{number}".encode(),
        b"\xb5b" + number.encode() + b"\x00" + name.encode() + b"\n",
    ]


def fields_of(lines):
    return {field for line in lines for field in re.split(rb"[,*$\r\n]", line)}


def places_of(lines):
    """Each RMC's place in minutes."""
    found = []
    for line in lines:
        fields = line.decode().split(",")
        if fields[0].endswith("RMC") and len(fields) > 6 and fields[3]:
            found.append((moved.minutes(fields[3]), moved.minutes(fields[5]), fields[4], fields[6]))
    return found


@settings(max_examples=60, deadline=None)
@given(tracks(), digits, names, st.randoms(use_true_random=False))
def test_no_token_that_tells_a_person_survives(places, number, name, chance):
    lines = [line for second, place in enumerate(places) for line in epoch(second, place)]
    for line in gossip(number, name):
        lines.insert(chance.randint(0, len(lines)), line)
    done = clean.cleaned([b for line in lines for b in line.splitlines(keepends=True)], TODAY)
    out = b"".join(done.lines)
    assert number.encode() not in out
    assert name.lower().encode() not in out.lower()
    told = str(dict(done.taken)).lower()
    assert name.lower() not in told
    assert number not in told
    left = fields_of(done.lines)
    for place in places:
        north, _, east, _ = place.encode().split(b",")
        assert north not in left
        assert east not in left
    for region in (b"140626", b"39.9", b"3.6", b"0133", b"41.6", b"141.3", b"060", b"161"):
        assert region not in left, region


@settings(max_examples=60, deadline=None)
@given(tracks())
def test_the_shape_stays_in_metres_and_the_place_does_not(places):
    lines = [line for second, place in enumerate(places) for line in epoch(second, place)]
    before, after = places_of(lines), places_of(clean.cleaned(lines, TODAY).lines)
    assert len(before) == len(after) == len(places)
    unit = Decimal(1).scaleb(before[0][0].as_tuple().exponent)
    short, long = (cosine(walk[0][0]) for walk in (before, after))
    for one, other in zip(before, after):
        assert other[0] - one[0] == after[0][0] - before[0][0]
        metres = float(one[1] - before[0][1]) * short
        assert abs(float(other[1] - after[0][1]) * long - metres) <= float(unit) * (short + long)
        assert other[2:] == one[2:]
    assert abs(after[0][0] - before[0][0]) >= 60
    assert abs(after[0][1] - before[0][1]) >= 60


def cosine(latitude):
    return math.cos(math.radians(float(latitude) / 60))


def walked(latitude, seconds=120, metres=1.3, course_deg=75):
    """A walk that is mostly east, as a receiver says it: where, how fast, which way."""
    lines = []
    minute = 1852.216  # metres of latitude
    north, east = Decimal(latitude * 60), Decimal("644.765400")
    for second in range(seconds):
        course = math.radians(course_deg + 20 * math.sin(second / 9))
        north += Decimal(metres * math.cos(course) / minute)
        east += Decimal(metres * math.sin(course) / minute / cosine(north))
        place = (
            f"{moved.angle(north, '5955.620000')},N,{moved.angle(east, '01042.060000')},E,"
            f"{metres * 3600 / 1852:.3f},{math.degrees(course):.2f}"
        )
        clock = f"10{second // 60:02d}{second % 60:02d}.00"
        lines.append(sentence(f"GNRMC,{clock},A,{place},140626,,,A"))
    return lines


def cosine_by_speed(lines):
    """What an attacker does: metres eastward by speed and course, beside minutes of longitude."""
    said = [line.decode().split(",") for line in lines]
    there = [float(moved.minutes(fields[5])) for fields in said]
    metres = [
        float(fields[7]) * 1852 / 3600 * math.sin(math.radians(float(fields[8])))
        for fields in said[1:]
    ]
    return sum(metres) / 1852.216 / (there[-1] - there[0])


def test_speed_and_course_do_not_tell_the_latitude_of_the_walk():
    lines = walked(59.9)
    assert cosine_by_speed(lines) == pytest.approx(cosine(59.9 * 60), abs=0.002)
    for _ in range(5):
        done = clean.cleaned(lines, TODAY).lines
        assert cosine_by_speed(done) == pytest.approx(cosine(places_of(done)[0][0]), abs=0.002)


def test_longitudes_lie_on_no_lattice_that_tells_how_they_were_drawn_out():
    """From the north to the south every longitude is moved apart: none may be left out."""
    unit = Decimal("0.0001")
    put = moved.Eastward(Decimal(0), Decimal(0), Decimal(2), unit)
    after = [int(put(unit * at) / unit) for at in range(1, 2000)]
    assert 0.4 < sum(one % 2 for one in after) / len(after) < 0.6
    assert after[9] == int(put(unit * 10) / unit)  # said again, it is the same place
    assert put(unit * 10 + unit / 4) == put(unit * 10) + unit / 4


@settings(max_examples=60, deadline=None)
@given(tracks(), digits, names)
def test_checksums_are_right_and_field_counts_stay(places, number, name):
    lines = [line for second, place in enumerate(places) for line in epoch(second, place)]
    done = clean.cleaned(lines + gossip(number, name), TODAY).lines
    whole = [line for line in done if not line.endswith((b"*xx\r\n", b"x")) and b"x" not in line]
    for line in whole:
        body, _, rest = line[1:].partition(b"*")
        assert int(rest[:2], 16) == checksum(body), line
    assert [line.count(b",") for line in done[: len(lines)]] == [line.count(b",") for line in lines]
    assert [len(line.split(b",")[2]) for line in done[: len(lines)] if b"GLL" in line]


@settings(max_examples=30, deadline=None)
@given(st.dates(date(2010, 1, 1), TODAY), st.booleans())
def test_dates_move_by_the_same_whole_weeks_or_stay(day, keep):
    place = "5955.62000,N,01042.06000,E"
    days = [day, day + timedelta(days=1)]
    lines = [line for one in days for line in epoch(1, place, f"{one:%d%m%y}")]
    lines.append(sentence(f"GNZDA,101530.00,{day:%d,%m,%Y},02,00"))
    done = clean.cleaned(lines, TODAY, keep_date=keep).lines
    said = [clean._day(line.split(b",")[9].decode()) for line in done if b"RMC" in line]
    weeks, rest = divmod((said[0] - day).days, 7)
    assert rest == 0
    assert (weeks == 0) is keep
    assert said[1] - said[0] == timedelta(days=1)
    assert f",{said[0]:%d,%m,%Y},".encode() in done[-1]
    assert keep or date(2020, 1, 1) <= said[0]


def test_what_is_said_without_a_fix_is_not_moved_with_the_track():
    """Else a maker's own place, which everybody knows, would tell by how much the track was."""
    known = "2400.00000,N,12100.00000,E"
    nowhere = "0000.00000,N,00000.00000,E"
    pole = "8960.000000,N,00000.000000,E"
    lines = [
        sentence(f"GNRMC,101529.00,V,{known},,,060180,,,N"),
        sentence(f"GNGGA,101529.00,{known},0,00,99.9,17.0,M,,M,,"),
        sentence(f"GNRMC,101529.50,V,{nowhere},,,151206,,,N"),
        sentence(f"GNRMC,101529.60,V,{pole},,,050180,,,N"),
        *epoch(30, "5955.62000,N,01042.06000,E"),
    ]
    done = clean.cleaned(lines, TODAY).lines
    places = [tuple(line.decode().split(",")[3:7]) for line in done if b"RMC" in line]
    assert places[0] == places[3]
    assert [",".join(one) for one in places[1:3]] == [nowhere, pole]
    dates = [line.decode().split(",")[9] for line in done if b"RMC" in line]
    assert dates[0] == "060180"
    assert dates[1] == dates[3] != "140626"
    assert done[1].split(b",")[9] == b""


def test_without_any_fix_places_go_and_the_log_is_still_one():
    lines = [sentence("GNRMC,101529.00,V,2400.0000,N,12100.0000,E,,,140626,,,N")]
    done = clean.cleaned(lines, TODAY)
    assert done.lines == [sentence("GNRMC,101529.00,V,,,,,,,140626,,,N")]
    assert done.taken["places said without a fix"] == 1


def test_damage_keeps_its_shape_and_loses_its_content():
    lines = [b"$GNRMC,101530.00,A,5955.62,N$GNGGA,10153\xff0.00,59*4f\r\n"]
    done = clean.cleaned(lines, TODAY)
    assert b"".join(done.lines) == b"$xxxxx,000000.00,x,0000.00,x$xxxxx,00000?0.00,00*xx\r\n"


def test_makers_sentences_that_are_known_to_be_harmless_stay():
    lines = [
        sentence("PMTK001,314,3"),
        sentence("PSRFEPE,074150.799,A,1.2,3.4"),
        sentence("GNTXT,01,01,02,ANTSTATUS=OK"),
        sentence("PMTK010,001"),
    ]
    assert clean.cleaned(lines, TODAY).lines == lines


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("0000.10000,N,01042.06000,E", "0000.10000,S,01042.06000,E", "passes from N to S"),
        ("5955.62000,N,00000.10000,E", "5955.62000,N,00000.10000,W", "passes from E to W"),
        ("5955.62000,N,01042.06000,E", "5855.62000,N,01042.06000,E", "1.0 degrees apart"),
    ],
)
def test_what_cannot_be_moved_whole_is_refused_with_what_to_do(first, second, why):
    with pytest.raises(moved.MoveError, match=why) as refused:
        clean.cleaned(epoch(1, first) + epoch(2, second), TODAY)
    assert "--lines" in str(refused.value)
    assert "5955" not in str(refused.value)


def test_dates_years_apart_are_refused_unless_they_are_kept():
    place = "5955.62000,N,01042.06000,E"
    lines = epoch(1, place, "070419") + epoch(2, place, "220899")
    with pytest.raises(moved.MoveError, match="--keep-date"):
        clean.cleaned(lines, TODAY)
    done = clean.cleaned(lines, TODAY, keep_date=True).lines
    assert b"070419" in done[0]
    assert b"220899" in done[5]


def test_two_cleanings_of_one_log_are_at_two_places():
    lines = epoch(1, "5955.62000,N,01042.06000,E")
    places = [places_of(clean.cleaned(lines, TODAY).lines)[0] for _ in range(5)]
    assert len({north for north, _, _, _ in places}) == 5
    assert len({east for _, east, _, _ in places}) == 5


def test_a_sentence_with_more_fields_than_the_standard_has_goes_unless_they_are_empty():
    lines = [
        sentence("GPGGA,101530.00,,,,,0,00,99.99,,,,,,,"),
        sentence("GPGGA,101531.00,,,,,0,00,99.99,,,,,,,1234"),
    ]
    done = clean.cleaned(lines, TODAY)
    assert done.lines == lines[:1]
    assert done.taken == {"GGA sentences that are not as the standard has them": 1}


def test_heights_keep_their_digits():
    assert moved.height("00460.0", Decimal(-400)) == "00060.0"
    assert moved.height("-4.0", Decimal(30)) == "26.0"
    assert moved.height("1102.537", Decimal(-1100)) == "2.537"
    assert moved.height("12", Decimal(-40)) == "-28"


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_log_has_nothing_that_a_second_cleaning_would_take(path):
    lines = [line for line in path.read_bytes().splitlines(True) if not line.startswith(b"#")]
    keep = b"dates as recorded" in path.read_bytes()
    taken = clean.cleaned(lines, TODAY, keep_date=keep).taken
    allowed = ("places moved", "places said without", "dates moved", "damaged sentences")
    assert not [what for what in taken if not what.startswith(allowed)]
