"""Walks out of a home where there was no reception for hours: the ephemerides have run out, the
pauses have grown, and the visit is in a house where a receiver that begins from nothing takes more
than a minute. With a policy that motion did not wake, three of four such exits went unsaid."""

import pytest

from trygg_tools.boards import board_file, read_board
from trygg_tools.simulate import life, verdict
from trygg_tools.simulate.fences import Area
from trygg_tools.simulate.run import Scene, go, judged
from trygg_tools.simulate.surroundings import BRICK, NOTHING, OPEN, STREET
from trygg_tools.simulate.wearer import BARE
from trygg_wire.layouts import CANT_TELL

BOARD = read_board(board_file("reference-wearable"))
AREA = Area(1, life.PLACES["oslo"], radius_m=100)
IN_A_MINUTE = 60


def visit(there):
    """3.2 h in a room without reception, 200 s on foot, an hour in a house, and back."""
    days = life.Days(life.Person(), 1, life.START_S)
    days.stay(1800, OPEN)
    days.go(3, 3, 1, NOTHING)
    days.stay(3.2 * 3600, NOTHING)
    days.go(60, 0, 1.3, STREET)
    days.go(260, 0, 1.3, STREET)
    days.stay(3700, there)
    days.go(3, 3, 1.3, STREET)
    days.stay(300, NOTHING)
    days.put(NOTHING)
    return life.Track("a visit", days.points)


@pytest.mark.parametrize("there", [BRICK, NOTHING], ids=["brick", "no reception"])
@pytest.mark.parametrize("seed", [1, 3])  # both were missed
def test_a_walk_out_of_hours_without_reception_is_found_on_the_way(seed, there):
    track = visit(there)
    run = go(Scene(track, [AREA], BOARD, 0, seed))
    found = verdict.judge(track, [AREA], run.alarms, track.end_s)
    assert [one.exit.counts for one in found.detected] == [True]
    assert found.detected[0].from_line_s <= IN_A_MINUTE
    assert not found.missed
    assert not found.false


@pytest.mark.parametrize("there", [BRICK, NOTHING], ids=["brick", "no reception"])
@pytest.mark.parametrize("seed", [1, 2])
def test_without_a_motion_sensor_it_is_found_or_said_that_nobody_can_tell(seed, there):
    scene = Scene(visit(there), [AREA], BOARD, 0, seed, senses=BARE)
    run = go(scene)
    told = [alarm.made_s - scene.track.start_s for alarm in run.alarms if alarm.what == CANT_TELL]
    assert len(told) == 1
    assert 1800 + 1800 - 120 <= told[0] <= 1800 + 1800 + 700  # near_max_s, and the next wake
    found = judged(scene, run)
    assert not found.missed
    assert not found.false
    assert len(found.detected) + len(found.unsure) == 1
    (way_out,) = found.exits
    if there is NOTHING:
        assert len([s for s in run.blind_s if way_out.crossed_s <= s <= way_out.back_s]) > 5
