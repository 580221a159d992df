"""Routes: what the generated receiver says is what a real one could say."""

import itertools
import math
import statistics

import pytest

from tracker import fix, nmea
from trygg_tools.nmea_log import LogError
from trygg_tools.nmea_sentence import Moment, angle, sentence
from trygg_tools.route import Route, Stop, Wear, generate, moments, moved, read_log, write_log

START = 1_781_427_600  # 2026-06-14 09:00 UTC
HOME = Stop(59.3293, 18.0686, pause_s=600)
CALM = Wear(gap=0, damage=0)
HEADER = dict.fromkeys(("receiver", "date", "note", "licence", "provenance"), "x")


def fixes(lines):
    receiver = nmea.Receiver()
    for t_ms, line in lines:
        receiver.feed(line, t_ms)
        one = receiver.take()
        if one:
            yield one


def test_one_seed_gives_the_same_bytes_and_another_gives_others():
    route = Route("home", (HOME,))
    first, again, other = (list(generate(route, START, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_walk_takes_the_time_its_pace_says():
    there = Stop(*moved(HOME.latitude, HOME.longitude, 300, 400), speed_m_s=1.25, pause_s=10)
    steps = list(moments(Route("out", (Stop(HOME.latitude, HOME.longitude), there)), START, 1))
    assert 380 <= len(steps) - 10 <= 420


def test_the_errors_have_the_size_that_gst_claims():
    steps = [moment for moment, _ in moments(Route("home", (HOME,)), START, 3)]
    north = [(moment.latitude - HOME.latitude) * 111_195 for moment in steps]
    claimed = statistics.mean(moment.error_north_m for moment in steps)
    assert 0.4 * claimed < statistics.pstdev(north) < 1.6 * claimed
    assert abs(statistics.mean(north)) < 2 * claimed


def test_the_errors_wander_and_do_not_jump():
    steps = [moment for moment, _ in moments(Route("home", (HOME,)), START, 4)]
    jumps = [abs(b.latitude - a.latitude) * 111_195 for a, b in itertools.pairwise(steps)]
    assert max(jumps) < 3


def test_every_second_has_its_fix_on_a_calm_line():
    route = Route("home", (HOME,), wear=CALM)
    found = list(fixes(generate(route, START, 5)))
    assert len(found) >= 598
    assert {b.time_s - a.time_s for a, b in itertools.pairwise(found)} == {1}
    assert all(10 <= one.accuracy_dm <= 60 for one in found)
    assert all(one.course_deg == fix.COURSE_UNKNOWN for one in found)


def test_a_lines_time_is_after_its_moment_and_before_the_next():
    for t_ms, line in generate(Route("home", (HOME,), wear=CALM), START, 6):
        assert 60 <= t_ms % 1000 <= 500, line


def test_indoors_the_fix_is_lost_for_the_pause():
    stops = (Stop(59.3293, 18.0686), Stop(59.3295, 18.0686, 1.0, 40, indoors=True))
    found = [moment.found for moment, _ in moments(Route("shop", stops), START, 7)]
    assert found.count(False) == 40
    assert found[0]
    assert found[-1]


def test_a_worn_line_loses_and_damages():
    route = Route("home", (HOME,), wear=Wear(gap=0.1, damage=0.1))
    receiver = nmea.Receiver()
    for t_ms, line in generate(route, START, 8):
        receiver.feed(line, t_ms)
    assert receiver.counters.bad > 100
    assert 250 < receiver.counters.fixes < 550


def test_angles_never_have_sixty_minutes():
    assert angle(59.999999999, 2) == "6000.00000"
    assert angle(-10.5, 3) == "01030.00000"


def test_a_sentence_has_its_checksum():
    assert sentence("GPGLL,4916.45,N,12311.12,W,225444,A") == (
        b"$GPGLL,4916.45,N,12311.12,W,225444,A*31\r\n"  # the example in gpsd's description of NMEA
    )


def test_moved_is_right_to_a_decimetre_at_a_kilometre():
    latitude, longitude = moved(69.646, 18.927, 600, -800)
    north = (latitude - 69.646) * 111_195
    east = (longitude - 18.927) * 111_195 * math.cos(math.radians(69.646))
    assert (round(north, 1), round(east, 1)) == (600.0, -800.0)


def test_a_log_gives_its_bytes_and_times_back(tmp_path):
    lines = [line for _, line in generate(Route("home", (HOME,)), START, 9)]
    write_log(tmp_path / "home.nmea", HEADER, lines)
    header, read = read_log(tmp_path / "home.nmea")
    assert header == HEADER
    assert b"".join(line for _, line in read) == b"".join(lines)
    offsets = [offset for offset, _ in read]
    assert offsets == sorted(offsets)
    assert offsets[0] == 0
    assert offsets[-1] == 599_000


def test_a_logs_times_pass_midnight(tmp_path):
    lines = [line for _, line in generate(Route("home", (HOME,), wear=CALM), 1_798_761_590, 9)]
    write_log(tmp_path / "night.nmea", HEADER, lines)
    assert read_log(tmp_path / "night.nmea")[1][-1][0] == 599_000


def test_a_log_without_a_header_is_refused(tmp_path):
    path = tmp_path / "bare.nmea"
    path.write_bytes(b"$GPGLL,4916.45,N,12311.12,W,225444,A*31\r\n")
    with pytest.raises(LogError, match=r"bare.nmea: no header"):
        read_log(path)
    with pytest.raises(LogError, match="licence"):
        write_log(path, {"receiver": "x"}, [])


def test_a_moment_without_a_fix_has_no_coordinates_in_any_sentence():
    from trygg_tools import nmea_sentence as nmea_lines

    lost = Moment(START, False, 59.5, 18.5, 0, 0, 0, 9.9, 1, 1)
    for line in (nmea_lines.rmc(lost), nmea_lines.gga(lost), nmea_lines.gst(lost)):
        assert b"5930" not in line
        assert b"01830" not in line
