"""Three parsers and the tracker read the recorded logs; where they differ, somebody is right."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trygg_tools.nmea_log import read_log
from trygg_tools.nmea_sentence import sentence
from trygg_tools.vectors import agreement, by_gpsdecode, by_pynmea2, by_pynmeagps, judge
from trygg_tools.vectors.agreement import Explained
from trygg_tools.vectors.opinions import Opinion, Reading, quality_of_modes
from trygg_tools.vectors.tracked import tracked

FOLDER = Path(__file__).parents[1] / "vectors/nmea/recorded"
LOGS = sorted(FOLDER.glob("*.nmea"))
PLACE = "5955.62000,N,01042.06000,E"
OPINION = Opinion(date(2026, 6, 14), 59.927, 10.701, 1.6, 45.0, 11)


def log_of(*seconds, quality=1, status="A", mode="A"):
    lines = []
    for second in seconds:
        clock = f"1015{second:02d}.00"
        lines.append(sentence(f"GNRMC,{clock},{status},{PLACE},3.11,45.2,140626,,,{mode}"))
        lines.append(sentence(f"GNGGA,{clock},{PLACE},{quality},11,0.83,41.3,M,39.9,M,,"))
    return lines


def readings(*opinions, denied=()):
    """One moment, an opinion for each parser; None is silence."""
    return [
        Reading(name, "1", {} if one is None else {1000: one}, {1000} if name in denied else set())
        for name, one in zip(agreement.PARSERS, opinions)
    ]


def abouts(found):
    return [one.about for one in agreement.differences(found)]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_the_parsers_of_today_see_what_is_written(path):
    assert judge.checked(path) == []


def test_the_logs_are_of_many_makers_and_each_says_where_it_comes_from():
    headers = [read_log(path)[0] for path in LOGS]
    assert len(LOGS) >= 20
    assert len({head["receiver"].split()[0] for head in headers}) >= 12
    for path, head in zip(LOGS, headers):
        for key in ("receiver", "firmware", "date", "note", "licence", "provenance", "moved"):
            assert head[key], (path.name, key)
        assert head["licence"].startswith(("BSD-2-Clause", "MIT", "CC0"))
        assert path.stat().st_size < 20_000
    assert (FOLDER / "LICENSE-gpsd.txt").read_text().count("Redistribution") >= 1


def test_the_logs_cover_what_the_field_does():
    said = b"".join(path.read_bytes() for path in LOGS)
    for talker in (b"$GPRMC", b"$GNRMC", b"$GLGSV", b"$GAGSV", b"$BDGSV", b"$GBGSV", b"$QZGSV",
                   b"$PQGSV", b"$GLGGA", b"$GNGNS", b"$GNGST", b"$PMTK001", b"$PSRFEPE",
                   b"$GPTXT"):  # fmt: skip
        assert talker in said, talker
    counts = set()
    for path in LOGS:
        for line in path.read_bytes().splitlines():
            if line[3:7] == b"RMC,":
                counts.add(line.count(b","))
    assert counts >= {11, 12, 13}  # without mode, NMEA 2.3, NMEA 4.1


def test_every_disagreement_stands_in_both_files():
    explained = 0
    for path in LOGS:
        header, _ = read_log(path)
        said = json.loads(path.with_suffix(".json").read_text("utf-8"))
        for one in said["disagreements"]:
            assert one["because"] in header[f"disagree-{one['about']}"]
            assert one["right"] in agreement.PARSERS
            explained += 1
        if said["tracker"]["withholds"]:
            assert said["tracker"]["because"] in header["withheld"]
        if said["tracker"]["adds_weeks"]:
            assert str(said["tracker"]["adds_weeks"]) in header["rolled"]
    assert explained >= 8


def test_a_fix_is_rmc_and_gga_of_one_moment_by_both_libraries():
    alone = [sentence(f"GNRMC,101533.00,A,{PLACE},3.11,45.2,140626,,,A")]
    for parser in (by_pynmea2, by_pynmeagps):
        found = parser.read(log_of(30, 31) + alone)
        assert list(found.fixes) == [36930000, 36931000]
        one = found.fixes[36930000]
        assert one.day == date(2026, 6, 14)
        assert (round(one.latitude, 9), round(one.longitude, 9)) == (59.927, 10.701)
        assert (round(one.speed_m_s, 2), one.course_deg, one.satellites) == (1.6, 45.2, 11)


@pytest.mark.parametrize("said", [{"quality": 0}, {"quality": 8}, {"status": "V"}, {"mode": "S"}])
def test_what_the_standard_calls_no_fix_is_denied_by_both_libraries(said):
    for parser in (by_pynmea2, by_pynmeagps):
        found = parser.read(log_of(30, **said))
        assert found.fixes == {}
        assert found.denied == {36930000}


def test_damage_is_no_opinion():
    bare = [line.partition(b"*")[0] + b"\r\n" for line in log_of(31)]
    lines = (
        bare
        + [line.replace(b"5955", b"5956") for line in log_of(30)]
        + [b"$GNRMC,1015\r\n", b"\xff"]
    )
    for parser in (by_pynmea2, by_pynmeagps):
        assert parser.read(lines).fixes == {}


def test_the_first_constellation_with_a_mode_gives_gns_its_quality():
    said = [quality_of_modes(modes) for modes in ("NNN", "AAN", "NDD", "RRR", "E", "?", "")]
    assert said == [0, 1, 2, 4, 6, 0, 0]


def test_gpsdecode_agrees_and_is_silent_only_at_the_ends():
    found = by_gpsdecode.read(log_of(*range(20, 40)))
    assert len(found.fixes) >= 18
    assert found.parser == by_gpsdecode.PROGRAM
    assert found.version[0].isdigit()


@pytest.mark.parametrize("quality", [6, 7, 8])
def test_what_gpsdecode_calls_reckoned_by_hand_or_simulated_is_no_fix(quality):
    found = by_gpsdecode.read(log_of(*range(20, 40), quality=quality))
    assert found.fixes == {}
    assert len(found.denied) >= 18


def test_without_gpsdecode_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(by_gpsdecode.GpsdecodeError, match="gpsd-clients"):
        by_gpsdecode.read([])


def test_a_gpsdecode_that_fails_is_told_and_not_taken_for_silence(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: "/bin/false")
    with pytest.raises(by_gpsdecode.GpsdecodeError, match="/bin/false -j: wanted its reading"):
        by_gpsdecode.read([])


@pytest.mark.parametrize(
    ("other", "about"),
    [
        ({"day": date(2046, 1, 28)}, "date"),
        ({"latitude": 59.927000003}, "place"),
        ({"longitude": -10.701}, "place"),
        ({"speed_m_s": 1.61}, "speed"),
        ({"speed_m_s": None}, "speed"),
        ({"course_deg": 45.02}, "course"),
        ({"satellites": 12}, "satellites"),
    ],
)
def test_every_kind_of_difference_is_named_with_its_example(other, about):
    found = readings(OPINION, OPINION._replace(**other), OPINION)
    assert abouts(found) == [about]
    (one,) = agreement.differences(found)
    assert one.moments == 1
    assert one.example.startswith("at 00:00:01.000 pynmea2 ")


def test_what_is_below_a_parsers_last_printed_digit_is_no_difference():
    near = OPINION._replace(latitude=59.9270000005, speed_m_s=1.6004, course_deg=45.001)
    assert abouts(readings(OPINION, near, near._replace(satellites=None))) == []


def test_a_fix_that_one_denies_differs_and_gpsdecodes_silence_does_not():
    assert abouts(readings(OPINION, OPINION, None, denied=("gpsdecode",))) == ["fix"]
    assert abouts(readings(OPINION, None, OPINION)) == ["fix", "silence"]
    many = dict.fromkeys(range(0, 10000, 1000), OPINION)
    most = dict.fromkeys(range(1000, 9000, 1000), OPINION)
    both = [Reading("pynmea2", "1", many, set()), Reading("pynmeagps", "1", many, set())]
    assert abouts([*both, Reading("gpsdecode", "1", most, set())]) == []
    assert abouts([*both, Reading("gpsdecode", "1", {0: OPINION}, set())]) == ["silence"]


def test_the_one_who_is_right_gives_the_expected_value():
    other = OPINION._replace(day=date(2026, 6, 15), speed_m_s=2.0)
    found = readings(OPINION, OPINION, other)
    (plain,) = agreement.rows(found, {})
    (chosen,) = agreement.rows(found, {"date": Explained("gpsdecode", "why")})
    assert chosen.time_s - plain.time_s == 86_400
    assert chosen.speed_dm_s == plain.speed_dm_s == 16
    assert (
        agreement.rows(readings(OPINION, OPINION, None), {"fix": Explained("gpsdecode", "")}) == []
    )


@given(st.integers(-180_000_000_000, 180_000_000_000))
def test_millionths_are_exact_at_halves(nano):
    whole, rest = divmod(abs(nano), 1000)
    expected = whole + (rest >= 500)
    assert agreement.millionths(nano / 1e9) == (expected if nano >= 0 else -expected)


def test_an_unexplained_difference_is_refused_with_what_it_is(monkeypatch):
    monkeypatch.setattr(by_pynmeagps, "read", lambda lines: Reading("pynmeagps", "1", {}, set()))
    with pytest.raises(judge.NotAgreedError, match="fix: whether there is a fix, 4 times"):
        judge.judged(log_of(*range(30, 34)), {})


def test_an_explanation_of_nothing_is_refused():
    with pytest.raises(judge.NotAgreedError, match="date: explained, but nothing differs"):
        judge.judged(log_of(*range(30, 36)), {"date": Explained("pynmea2", "why not")})


def test_what_the_tracker_withholds_must_be_explained():
    back = log_of(*range(30, 36)) + log_of(*range(20, 26))
    with pytest.raises(judge.NotAgreedError, match=r"tracker: it withholds 3 of 12 \(3 stale"):
        judge.judged(back, {})
    done = judge.judged(back, {"tracker": Explained("tracker", "the clock goes back")})
    assert done.tracked.withheld == [6, 7, 8]


def test_a_fix_of_the_trackers_that_nobody_else_has_is_a_fault_that_no_explanation_mends():
    lines = log_of(*range(30, 36))
    rows = agreement.rows([by_pynmea2.read(lines)], {})
    assert tracked(rows, lines).faults == []
    wrong = [row._replace(lat_e6=row.lat_e6 + 1) for row in rows]
    assert len(tracked(wrong, lines).faults) == 6
    assert len(tracked(rows[:-1], lines).faults) == 1


@pytest.mark.parametrize(
    "text",
    ["date", "date=pynmea2", "date=pynmea2:", "day=pynmea2: x", "date=gpsd: x", "tracker= "],
)
def test_an_explanation_of_another_form_is_refused_with_the_form(text):
    with pytest.raises(ValueError, match="WHAT=WHO: WHY"):
        judge.explanation(text)


def test_explanations_are_read():
    assert judge.explanation("date=gpsdecode: a: b") == ("date", Explained("gpsdecode", "a: b"))
    assert judge.explanation("tracker=three = few") == (
        "tracker",
        Explained("tracker", "three = few"),
    )


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda said: said["fixes"][2].__setitem__(1, 0), "other fixes"),
        (lambda said: said["fixes"].pop(), "other fixes"),
        (lambda said: said["tracker"].__setitem__("adds_weeks", 1024), "another set"),
        (lambda said: said["disagreements"].clear(), "fix: whether there is a fix, 2 times"),
    ],
)
def test_a_spoiled_expected_file_is_found(tmp_path, spoil, why):
    log = tmp_path / "ublox5-shielded.nmea"
    shutil.copy(FOLDER / log.name, log)
    said = json.loads((FOLDER / "ublox5-shielded.json").read_text("utf-8"))
    spoil(said)
    log.with_suffix(".json").write_text(json.dumps(said))
    assert why in " ".join(judge.checked(log))


def test_a_log_without_its_expected_file_is_found(tmp_path):
    log = tmp_path / "ublox8-drive.nmea"
    shutil.copy(FOLDER / log.name, log)
    assert judge.checked(log) == ["ublox8-drive.json is missing"]
