"""The simulated wearer, policies, the verdict, the figures; the commands as people meet them."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trygg_tools.boards import board_file, read_board
from trygg_tools.rig.tracker import SimulatedTracker
from trygg_tools.route import METRES_PER_DEGREE
from trygg_tools.simulate import (
    campaign,
    days_on_battery,
    energy,
    false_exits,
    fences,
    many,
    policies,
    result,
    verdict,
)
from trygg_tools.simulate.radio import Network
from trygg_tools.simulate.run import Scene, go
from trygg_tools.simulate.surroundings import BRICK, OPEN, WOODEN
from trygg_tools.simulate.track import Point, Track
from trygg_tools.simulate.verdict import Exit
from trygg_tools.simulate.wearer import BARE, Alarm, Wearer
from trygg_wire import codec, layouts

ROOT = Path(__file__).parents[2]
HOME = (59.927, 10.701)
START_S = 203_900_400
BOARD = read_board(board_file("reference-wearable"))
AREA = fences.Area(1, HOME, radius_m=150)


def outing(leaves_s=7200, far_m=400, stays_s=900, pace=1.3, sky=WOODEN, then_s=3600):
    """At home, straight north, a while there, and back."""
    there = HOME[0] + far_m / METRES_PER_DEGREE
    way_s = far_m / pace
    times = [0, leaves_s, leaves_s + way_s, leaves_s + way_s + stays_s]
    rows = [(times[0], HOME[0], sky), (times[1], HOME[0], OPEN), (times[2], there, OPEN)]
    rows += [(times[3], there, OPEN), (times[3] + way_s, HOME[0], sky)]
    points = [Point(START_S + s, latitude, HOME[1], under) for s, latitude, under in rows]
    points.append(Point(START_S + times[3] + way_s + then_s, *HOME, sky))
    return Track("outing", points)


def scene(track=None, **changes):
    return Scene(track or outing(), [AREA], BOARD, **changes)


@pytest.fixture(scope="module")
def outing_run():
    return scene(), go(scene())


def test_an_outing_is_an_exit_found_within_the_bound_and_a_return(outing_run):
    where, run = outing_run
    whats = [alarm.what for alarm in run.alarms]
    assert whats == [layouts.LEFT, layouts.BACK]
    judged = verdict.judge(where.track, where.areas, run.alarms, START_S + run.seconds)
    assert [len(judged.exits), len(judged.detected)] == [1, 1]
    assert judged.missed == judged.false == []
    found = judged.detected[0]
    assert found.exit.on_foot
    assert found.exit.counts
    assert found.from_line_s <= run.least_bound_s
    assert found.from_boundary_s > found.from_line_s


def test_the_same_scene_gives_the_same_run(outing_run):
    where, run = outing_run
    again = go(where)
    assert (again.alarms, again.spent, again.bytes_up) == (run.alarms, run.spent, run.bytes_up)


class EveryStep(Wearer):
    """Leaves out no step, and looks at the track every second."""

    def _until_event(self, wait_ms):
        return SimulatedTracker._until_event(self, wait_ms)


def test_steps_left_out_change_nothing_that_is_said():
    track = outing(leaves_s=3600, sky=BRICK, then_s=600)

    def said(kind):
        wearer = kind(track, [AREA], BOARD, seed=5, network=Network(connect_s=0.2))
        wearer.run(track.end_s - track.start_s)
        return wearer, [wearer.gateway.records[key] for key in sorted(wearer.gateway.records)]

    quick, its_records = said(Wearer)
    slow, records = said(EveryStep)
    assert 8 * quick.steps < 7 * slow.steps
    assert quick.receiver.searches == slow.receiver.searches
    assert its_records == records


def test_the_time_of_a_run_is_accounted_for_to_the_last_millisecond(outing_run):
    _, run = outing_run
    assert (
        run.spent["asleep"] + run.spent["awake"]
        == run.hours[-1].spent["asleep"] + (run.hours[-1].spent["awake"])
    )
    assert abs(run.spent["asleep"] + run.spent["awake"] - run.seconds * 1000) < 1000
    assert run.spent["searching"] + run.spent["tracking"] < run.spent["awake"]
    assert 0 < run.spent["connected"] < run.spent["awake"]


def test_our_sum_of_the_charge_is_that_of_the_trackers_own_ledger():
    track = outing(leaves_s=18000)
    wearer = Wearer(track, [AREA], BOARD)
    wearer.run(6 * 3600 + 300)  # just after the second health record
    last = [
        codec.decode(wearer.gateway.records[key])[1]
        for key in sorted(wearer.gateway.records)
        if codec.peek(wearer.gateway.records[key])[0] == layouts.HEALTH
    ][-1]
    theirs = {row["activity"]: row["uah"] for row in last["charge"]}
    ours = energy.charge(BOARD, wearer.spent, wearer.starts)
    assert abs(sum(theirs.values()) / ours.total - 1) < 0.15
    assert abs(theirs[layouts.RECEIVER] / ours.receiver - 1) < 0.2


def test_a_fixed_policy_looks_at_its_interval_and_confirms_like_ours():
    track = outing(leaves_s=5400)
    run = go(Scene(track, [AREA], BOARD, senses=BARE), policies.fixed(60))
    at_home = [s for s, _, _ in run.said if 1800 < s - START_S < 5400]
    gaps = [b - a for a, b in pairwise(at_home) if b - a > 5]
    assert min(gaps) >= 60
    assert sum(gap <= 75 for gap in gaps) > 0.8 * len(gaps)  # the others: a search in vain between
    judged = verdict.judge(track, [AREA], run.alarms, START_S + run.seconds)
    assert len(judged.detected) == 1


def test_a_refused_fence_ends_the_run_with_its_reason():
    far = fences.Area(1, HOME, corners=((0.0, 0.0), (0.0, 50.0), (50.0, 50.0)))
    with pytest.raises(ValueError, match="refused"):
        go(Scene(outing(), [far], BOARD, seconds=600))


# -- the verdict ---------------------------------------------------------------------------


def left(made_s, what=layouts.LEFT):
    return Alarm(what, layouts.CROSSED, 1, START_S + made_s, START_S + made_s + 9)


def judged(*alarms, track=None):
    track = track or outing()
    return verdict.judge(track, [AREA], list(alarms), track.end_s)


def test_an_alarm_inside_is_false_and_an_exit_without_one_is_missed():
    came = judged(left(600))
    assert len(came.false) == len(came.missed) == 1
    assert came.detected == []


def test_an_exit_during_which_the_tracker_could_not_tell_is_not_passed_over():
    came = judged(left(7200 + 400, what=layouts.CANT_TELL))
    assert came.missed == came.false == []
    assert len(came.unsure) == 1
    assert len(judged(left(600, what=layouts.CANT_TELL)).missed) == 1


def test_latency_counts_from_the_boundary_and_from_the_line():
    crossed_s = 7200 + round(150 / 1.3)
    came = judged(left(crossed_s + 60))
    assert came.missed == came.false == []
    assert abs(came.detected[0].from_boundary_s - 69) <= 1
    assert abs(came.detected[0].from_line_s - (69 - 30 / 1.3)) <= 2


def test_a_short_or_shallow_exit_may_be_said_or_not():
    shallow = outing(far_m=165)
    assert judged(track=shallow).missed == []
    assert [one.counts for one in judged(track=shallow).exits] == [False]
    said = judged(left(7200 + 130), track=shallow)
    assert said.false == []
    assert len(said.detected) == 1


def test_going_out_twice_within_two_minutes_is_one_exit():
    one = Exit(1, 0, 10, 0, 0, 5.0, 1.0)
    assert not one.counts
    steps = [(0, 200), (200, 160), (210, 140), (260, 140), (270, 160), (400, 200), (600, 0)]
    points = [Point(START_S + s, HOME[0] + m / METRES_PER_DEGREE, HOME[1], OPEN) for s, m in steps]
    assert len(verdict.exits_of(Track("weave", points), AREA, 10, START_S + 600)) == 1


# -- figures and commands ------------------------------------------------------------------


def test_the_figures_add_up_and_the_table_shows_them(outing_run):
    where, run = outing_run
    judged_run = verdict.judge(where.track, where.areas, run.alarms, START_S + run.seconds)
    row = result.figures(run, judged_run, BOARD, 1000)
    parts = {name: mah for name, mah in row["mah_a_day"].items() if name != "total"}
    assert abs(sum(parts.values()) - row["mah_a_day"]["total"]) < 0.1
    assert row["battery"]["percent_by_hour"] == sorted(
        row["battery"]["percent_by_hour"], reverse=True
    )
    days = 1000 * result.USABLE / row["mah_a_day"]["total"]
    assert abs(row["battery"]["days"] - days) < 0.1
    lines = result.table([row]).splitlines()
    assert lines[0].split() == list(result.COLUMNS)
    assert lines[1].split()[1:5] == ["1", "1", "0", "0"]


def test_a_cells_voltage_falls_with_its_charge():
    volts = [energy.cell_mv(percent) for percent in range(0, 101, 5)]
    assert volts == sorted(volts)
    assert (energy.cell_mv(-5), energy.cell_mv(150)) == (volts[0], volts[-1])


def simulate(*arguments):
    from trygg_tools import cli

    if not cli.app.registered_commands:
        cli._add_rooms()
    return CliRunner().invoke(cli.app, list(arguments))


def test_the_command_prints_json_and_writes_a_picture(tmp_path):
    picture = tmp_path / "day.png"
    told = simulate("simulate", "--days", "0.05", "--json", "--plot", str(picture))
    assert told.exit_code == 0, told.output
    row = json.loads(told.stdout.splitlines()[-1])
    assert row["policy"] == "ours"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_recorded_walk_is_simulated_and_compared(tmp_path):
    walk = ROOT / "tools" / "trygg_tools" / "walks" / "astrid.nmea"
    told = simulate("simulate", str(walk), "--fence", "circle:59.927,10.701,150", "--compare")
    assert told.exit_code == 0, told.output
    for policy in policies.COMPARED:
        assert policy.name in told.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.gpx"], "no such file"),
        (["--board", "abacus"], "reference-wearable"),
        (["--house", "igloo"], "wooden, brick, block"),
        (["--fence", "home:x"], "wanted home:RADIUS"),
        (["--set", "fix_floor=3"], "docs/settings.md"),
        (["--set", "fix_floor_s=3"], "wanted 5 to 600"),
        (["--fence", "home:100"] * 17, "16 at most"),
    ],
)
def test_what_cannot_be_simulated_is_explained(arguments, says):
    told = simulate("simulate", "--days", "0.05", *arguments)
    assert told.exit_code == 2
    assert says in told.output


def test_without_matplotlib_a_picture_says_what_to_install(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    told = simulate("simulate", "--days", "0.05", "--plot", str(tmp_path / "x.png"))
    assert told.exit_code == 2
    assert "pip install 'trygg[plots]'" in told.output


# -- campaigns -----------------------------------------------------------------------------


def test_every_wearer_of_a_campaign_has_a_fence_that_the_tracker_takes():
    cases = list(many.wearers(12, 1))
    assert {(case.house, case.shape) for case in cases} == {
        (house, shape) for house in ("wooden", "brick", "block") for shape in range(many.SHAPES)
    }
    for case in cases[::3]:
        where = case.scene()._replace(seconds=120)
        assert go(where).seconds >= 120  # or go would have said that it was refused


def test_a_short_campaign_of_false_exits_has_the_shape_of_the_long_one(tmp_path, monkeypatch):
    monkeypatch.setattr(false_exits, "RULES", (false_exits.Rule(3, 20),))
    monkeypatch.setattr(many, "DAY_S", 10800)  # days of three hours
    figures = false_exits.campaign(1, 1, days=1, jobs=1)
    assert len(figures["curve"]) == len(false_exits.BUFFERS_M)
    assert [point["buffer_m"] for point in figures["curve"]] == list(false_exits.BUFFERS_M)
    (tmp_path / "simulation.md").write_text((ROOT / "docs" / "simulation.md").read_text("utf-8"))
    said = many.line("false-exits", "a test", figures)
    campaign.publish("false-exits", figures, said, tmp_path)
    assert (tmp_path / "false_exits.png").stat().st_size > 10000
    assert json.loads((tmp_path / "false_exits.json").read_text("utf-8"))["curve"]
    page = (tmp_path / "simulation.md").read_text("utf-8")
    assert false_exits.table(figures) in page


def test_limits_of_a_rare_count_hold_the_known_ones():
    low, high = false_exits.poisson_limits(0)
    assert (low, round(high, 1)) == (0.0, 3.7)
    low, high = false_exits.poisson_limits(10)
    assert (round(low, 1), round(high, 1)) == (4.8, 18.4)


def test_the_same_worst_case_is_the_floor_for_a_board_without_a_sensor():
    case = many.Case("wooden", 1, 7, 1, senses=BARE)
    run = go(case.scene()._replace(seconds=5400))
    assert run.least_bound_s == run.bound_s > 0
    assert days_on_battery.same_worst_case_s(run) == 20


def test_the_page_has_the_tables_of_its_json():
    page = (ROOT / "docs" / "simulation.md").read_text("utf-8")
    for name in campaign.CAMPAIGNS:
        stem = name.replace("-", "_")
        figures = json.loads((ROOT / "docs" / f"{stem}.json").read_text("utf-8"))
        assert figures["command"].startswith(f"trygg campaign {name}")
        for place, table in campaign.tables(name, figures).items():
            begin, end = campaign.BEGIN.format(name=place), campaign.END.format(name=place)
            assert page.partition(begin)[2].partition(end)[0].strip() == table, place


def test_false_exits_and_shares_are_published_within_their_targets():
    told = json.loads((ROOT / "docs" / "false_exits.json").read_text("utf-8"))
    assert told["defaults"]["false_a_month"] <= 1
    if told["defaults"]["wearer_months"] > 6:  # fewer cannot show it
        assert told["defaults"]["false_a_month_95"][1] < 1
    assert (
        len({(one["first_fix"], one["confirm_apart_s"], one["doubt_s"]) for one in told["curve"]})
        >= 6
    )
    assert told["defaults"]["exits_missed"] == 0
    assert all(one["exits_missed"] == 0 for one in told["curve"] if one["doubt_s"] <= 20)
    spent = json.loads((ROOT / "docs" / "energy.json").read_text("utf-8"))
    for where in ("at_home", "with_outings"):
        assert spent[where]["reference-wearable"]["motion, trusted"]["share"] <= 1 / 3
    away = [row for row in spent["wearers"] if row["outings"]]
    assert all(row["motion, trusted"]["exits"] for row in away)
    assert all(row["motion, trusted"]["missed"] == 0 for row in spent["wearers"])
