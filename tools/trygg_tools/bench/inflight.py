"""Milliseconds from a publish to its PUBACK, after the commit, with 1,000 trackers over TLS that
have one record in flight each.

Gateway and generator are processes of their own on the same machine. Every tracker publishes its
next record as soon as the last one is acknowledged, so 1,000 records wait at any time: the rate is
what the machine gives, and half of it would halve nothing but the waits. The gateway is the whole
service; `memory_mb` is its highest, `memory_each_kb` what a connection has added.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from trygg_tools.bench import ingest, report

WAITS = ("p50_ms", "p99_ms", "most_ms")


def run(records: int = 100_000, trackers: int = 1_000, rounds: int = 3) -> dict[str, Any]:
    """The medians of the rounds, and all 99th percentiles."""
    runs = []
    for _ in range(rounds):
        runs.append(ingest.once("listener", records, trackers, window=1, tls=True))
        report.progress(f"  {runs[-1]['records_per_s']} records/s, p99 {runs[-1]['p99_ms']} ms")
    middle = ("records_per_s", *WAITS, "memory_mb", "reader_behind_most")
    each_kb = [1024 * (one["memory_mb"] - one["memory_before_mb"]) / trackers for one in runs]
    return {
        "records": records,
        "trackers": trackers,
        **{name: round(statistics.median(one[name] for one in runs), 1) for name in middle},
        "memory_each_kb": round(statistics.median(each_kb)),
        "p99_ms_each_round": [one["p99_ms"] for one in runs],
        "records_in_all": sum(one["records"] for one in runs),
    }


def parser() -> argparse.ArgumentParser:
    """The options of `trygg bench inflight`."""
    made = report.parser("inflight", __doc__, "--trackers 200 --records 20000 --rounds 1")
    for name, default in (("records", 100_000), ("trackers", 1_000), ("rounds", 3)):
        made.add_argument(f"--{name}", type=int, default=default)
    return made
