"""The drain in a short form: everything is there once and in order, and alarms go through."""

import pytest

from trygg_tools.bench import drain
from trygg_tools.bench.report import BenchError


def test_what_a_dead_sink_is_owed_is_drained_while_alarms_go_through(monkeypatch):
    monkeypatch.setattr(drain, "DEAD_S", 1.5)
    figures = drain.run(records=30_000, trackers=60)
    assert figures["records"] == 30_000
    assert (figures["lost"], figures["doubles"], figures["not_in_order"]) == (0, 0, 0)
    assert figures["alarms_lost"] == 0
    assert figures["alarms"] > 0
    assert figures["resident_mb_most"] < 200
    assert figures["records_per_s"] == pytest.approx(30_000 / figures["seconds"], rel=0.02)


def lines(*ids):
    return b"".join(b'{"specversion":"1.0","id":"%s","data":{}}\n' % one.encode() for one in ids)


def test_the_check_sees_what_is_lost_doubled_and_out_of_order(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(lines("bench-0:1:1", "bench-0:1:2", "astrid:1:1", "bench-1:1:1"))
    assert drain.check(file) == {"lost": 0, "doubles": 0, "not_in_order": 0}
    file.write_bytes(lines("bench-0:1:1", "bench-0:1:3"))
    assert drain.check(file) == {"lost": 1, "doubles": 0, "not_in_order": 1}
    file.write_bytes(lines("bench-0:1:1", "bench-0:1:1"))
    assert drain.check(file) == {"lost": 0, "doubles": 1, "not_in_order": 1}
    file.write_bytes(b"no event\n")
    with pytest.raises(BenchError, match="no event"):
        drain.check(file)
