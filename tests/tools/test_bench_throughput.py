"""The benches of throughput in their short form: everything counted, whatever the speed."""

import subprocess
import sys

import pytest

from gateway.mosquitto import program
from trygg_tools.bench import end_to_end, inflight, ingest, sustained
from trygg_tools.bench.report import BenchError

RECORDS, TRACKERS = 600, 20


@pytest.fixture(scope="module", autouse=True)
def _broker():
    program("mosquitto")  # fails and says what to install, where it is missing


@pytest.mark.parametrize("door", ["listener", "broker"])
def test_every_record_through_a_committing_door_is_stored_and_folded_once(door):
    found = ingest.once(door, RECORDS, TRACKERS, 20)
    assert found["records"] == found["folded"] == found["confirms"] == RECORDS
    assert found["duplicates"] == found["undecodable"] == found["strays"] == 0
    assert found["folded_per_s"] > 0
    assert found["reader_behind_most"] <= RECORDS


def test_a_plain_client_is_measured_beside_ours():
    assert ingest.once("paho-acknowledging", RECORDS, TRACKERS, 20)["records_per_s"] > 0


def test_one_in_flight_over_tls_is_measured_from_publish_to_puback():
    found = inflight.run(records=RECORDS, trackers=TRACKERS, rounds=1)
    assert found["records_in_all"] == RECORDS
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["most_ms"]
    assert found["p99_ms_each_round"] == [found["p99_ms"]]


@pytest.mark.parametrize("name", end_to_end.OURS)
def test_every_message_arrives_at_the_other_end_once(name):
    found = end_to_end.once(name, RECORDS, TRACKERS, None)
    assert (found["lost"], found["twice"]) == (0, 0)
    assert found["per_s"] > 0


@pytest.fixture
def quick(monkeypatch):
    """Benches whose single runs take no time: [(name, records)] of those that were asked for."""
    ran = []
    per_s = {"trygg-mqtt": 15_000, "trygg-file": 30_000, "thingsboard": 3_000,
             "thingsboard-tuned": 5_000}  # fmt: skip

    def over(name, records, trackers, venv):
        ran.append((name, records))
        return {"per_s": per_s[name], "lost": 0, "twice": 0}

    def door(name, records, trackers, window):
        ran.append((name, records))
        figures = dict.fromkeys(("records_per_s", "folded_per_s"), 60_000)
        counted = dict.fromkeys(("records", "folded"), records)
        rest = ("reader_behind_most", "reader_behind_at_end", "memory_mb", "duplicates",
                "undecodable", "strays")  # fmt: skip
        return {**figures, **counted, **dict.fromkeys(rest, 0)}

    monkeypatch.setattr(end_to_end, "once", over)
    monkeypatch.setattr(ingest, "once", door)
    return ran


def test_without_thingsboard_ours_is_told_alone_and_why(quick, monkeypatch):
    monkeypatch.delenv("TRYGG_THINGSBOARD", raising=False)
    found = end_to_end.run(rounds=2)
    assert quick == [("trygg-mqtt", 20_000), ("trygg-file", 20_000)] * 2
    assert "absent" in found["thingsboard"]
    assert "pip install thingsboard-gateway" in found["thingsboard"]
    assert not [name for name in found if "_to_" in name]
    assert "times_thingsboard" not in sustained.run(rounds=1)


def test_ratios_are_of_the_same_round(quick, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/thingsboard-gateway").touch()
    (tmp_path / "lib/python3.11/site-packages/thingsboard_gateway-3.8.5.dist-info").mkdir(
        parents=True
    )
    found = end_to_end.run(rounds=2, thingsboard=str(tmp_path))
    assert found["trygg-mqtt_to_thingsboard"] == 5
    assert found["trygg-file_to_thingsboard-tuned"] == 6
    assert found["thingsboard"] == "thingsboard-gateway 3.8.5"
    found = sustained.run(rounds=3, thingsboard=str(tmp_path))
    assert found["times_thingsboard"] == 20
    assert found["folded_in_all"] == 3 * found["records"]


def test_a_gateway_that_does_not_start_is_said(monkeypatch):
    real = subprocess.Popen

    def broken(command, **kwargs):
        return real([sys.executable, "-c", "raise SystemExit(1)"], **kwargs)

    monkeypatch.setattr(ingest.subprocess, "Popen", broken)
    with pytest.raises(BenchError, match="did not start"):
        ingest.once("listener", RECORDS, TRACKERS, 20)


def test_more_than_a_tracker_may_send_at_once_is_refused_before_anything_runs():
    with pytest.raises(BenchError, match="Take more trackers"):
        ingest.once("listener", 40_001, 20, 20)
