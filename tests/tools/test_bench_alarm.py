"""The bench of alarm latency: its sums, its sentences, and itself with three trackers."""

import itertools
from types import SimpleNamespace

import pytest

from tracker.nmea import Receiver
from trygg_tools.bench import alarm
from trygg_tools.bench.alarm_gateway import HOME, RADIUS_M
from trygg_tools.bench.report import BenchError
from trygg_tools.bench.walker import OUTSIDE, Sample, Stuck, Walker, sentences
from trygg_tools.route import METRES_PER_DEGREE

SECOND = 1_000_000_000


def test_three_trackers_that_leave_at_once_are_all_heard_with_the_handshakes_in_the_figures():
    figures = alarm.run(trackers=3, rounds=0, spread_s=0.5)  # a round before would take 20 s
    assert figures["trackers"] == figures["all_at_once"]["alarms"] == 3
    assert figures["all_at_once"]["link_closed_before"] == 3
    assert figures["steady"] == {"alarms": 0}
    assert figures["doubles"] == 0
    said = figures["all_at_once"]
    assert 0 <= said["decided_p50_s"] < said["p50_s"] <= said["p99_s"] <= said["max_s"]
    assert said["max_s"] < 10  # two hundred times what was measured: a test machine is busy


def test_a_sample_counts_from_the_last_sentence_to_the_sink():
    samples = [Sample(f"t:1:{n}", 5 * SECOND, 5 * SECOND + n, n % 2 == 0) for n in range(1, 101)]
    confirmed = {one.id: 5 * SECOND + n * SECOND // 10 for n, one in enumerate(samples, 1)}
    said = alarm.figures(samples, confirmed)
    assert said["alarms"] == 100
    assert (said["p50_s"], said["p99_s"], said["max_s"]) == (5.0, 9.9, 10.0)
    assert said["decided_p50_s"] == 0.0
    assert said["link_closed_before"] == 50


@pytest.mark.parametrize(
    ("values", "percent", "wanted"),
    [([1.0], 50, 1.0), ([1.0], 99, 1.0), ([1.0, 2.0], 50, 1.0), ([1.0, 2.0], 51, 2.0),
     ([float(n) for n in range(1, 301)], 99, 297.0), ([0.0004, 0.0006], 99, 0.001)],
)  # fmt: skip
def test_a_percentile_is_a_value_that_was_measured(values, percent, wanted):
    assert alarm.percentile(values, percent) == wanted


def test_an_alarm_that_never_arrives_gives_no_figures(monkeypatch):
    monkeypatch.setattr(alarm, "ARRIVE_S", 0)
    with pytest.raises(BenchError, match=r"1 alarms never reached the sink: \['t:1:7'\]"):
        alarm.latencies([Sample("t:1:7", 0, 0, True)], SimpleNamespace(confirmed_ns={}))


def test_trackers_whose_process_ends_give_no_figures(tmp_path):
    broken = [{"device": "tracker-0"}, {"device": "tracker-1"}]
    with alarm.Crowd(broken, tmp_path, 1, 0.0) as crowd, pytest.raises(BenchError, match="ended"):
        crowd.until("resting")


def test_trackers_that_take_too_long_give_no_figures(monkeypatch, tmp_path):
    monkeypatch.setattr(alarm, "PHASE_S", 0)
    with alarm.Crowd([], tmp_path, 1, 0.0) as crowd, pytest.raises(BenchError, match="in 0 s"):
        crowd.until("gathered")


def test_a_tracker_that_does_nothing_names_itself_and_its_last_lines(monkeypatch, tmp_path):
    config = {"device": "solveig", "group": "nord", "host": "127.0.0.1", "port": 1, "tls": None,
              "password": "x", "order_key": "00" * 32, "orders": [1, 2]}  # fmt: skip
    walker = Walker(config, tmp_path / "solveig", [].append, seed=1)
    walker.live(rounds=1, spread_s=0.0)
    monkeypatch.setattr("trygg_tools.bench.walker.STUCK_S", 0.0)

    def wait_for_news():
        for _ in range(100):
            walker.act()

    with pytest.raises(Stuck, match=r"solveig did nothing new in 0 s: .*boot \d+, cause 1"):
        wait_for_news()


def test_the_sentences_give_the_tracker_a_fix_a_second_where_they_say():
    receiver = Receiver()
    fixes = []
    for second, ticks in zip(range(1_795_000_000, 1_795_000_006), itertools.count(0, 1000)):
        receiver.feed(b"".join(sentences(second, *OUTSIDE)), ticks)
        receiver.feed(b"", ticks + 150)
        fixes.append(receiver.take())
    assert [fix.lat_e6 for fix in fixes] == [round(OUTSIDE[0] * 1e6)] * 6
    assert [b.time_s - a.time_s for a, b in itertools.pairwise(fixes)] == [1] * 5
    beyond_m = (fixes[0].lat_e6 / 1e6 - HOME[0]) * METRES_PER_DEGREE - RADIUS_M
    assert beyond_m > 100 > fixes[0].accuracy_dm / 10
