"""Records a second that the gateway's own door takes for as long as it lasts: committed with FULL,
deduplicated, decoded, folded and watched, by the whole service, with the generator on the same
machine.

`folded_per_s` counts until the last record is folded, not until it is acknowledged. The reader may
fall behind, but only so far: `reader_behind_most` and `reader_behind_at_end` say how far it was.

Where thingsboard-gateway is installed (TRYGG_THINGSBOARD or --thingsboard, in a virtual environment
of its own) its rate from broker to broker is measured in the same rounds, 20,000 messages each, and
`times_thingsboard` is how often ours it is.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import Any

from trygg_tools.bench import end_to_end, ingest, report

PEER, PEER_RECORDS, PEER_TRACKERS = "thingsboard", 20_000, 200


def run(
    records: int = 600_000,
    trackers: int = 500,
    window: int = 20,
    rounds: int = 3,
    thingsboard: str = "",
) -> dict[str, Any]:
    """The medians of the rounds, and all of them."""
    venv, absent = end_to_end.peer(thingsboard)
    runs: list[dict[str, Any]] = []
    peers: list[int] = []
    for _ in range(rounds):
        runs.append(ingest.once("listener", records, trackers, window))
        report.progress(f"  own door: {runs[-1]['folded_per_s']} records/s folded")
        if venv:
            peers.append(_peer_rate(venv))
            report.progress(f"  thingsboard-gateway: {peers[-1]} messages/s")
    figures: dict[str, Any] = {"records": records, "trackers": trackers, "window": window}
    figures |= _medians(runs)
    figures["runs"] = [one["folded_per_s"] for one in runs]
    figures["thingsboard"] = absent or f"thingsboard-gateway {end_to_end.version(venv)}"
    if peers:
        pairs = zip(runs, peers, strict=True)
        times = [ours["folded_per_s"] / theirs for ours, theirs in pairs]
        figures["thingsboard_per_s"] = round(statistics.median(peers))
        figures["times_thingsboard"] = round(statistics.median(times), 1)
    return figures


def _peer_rate(venv: Path) -> int:
    rate: int = end_to_end.once(PEER, PEER_RECORDS, PEER_TRACKERS, venv)["per_s"]
    return rate


def _medians(runs: list[dict[str, Any]]) -> dict[str, int]:
    """Of each figure the middle one; of what was counted, all of it."""
    middle = ("folded_per_s", "records_per_s", "reader_behind_most", "reader_behind_at_end",
              "memory_mb")  # fmt: skip
    counted = ("records", "duplicates", "folded", "undecodable", "strays")
    return {
        **{name: round(statistics.median(one[name] for one in runs)) for name in middle},
        **{f"{name}_in_all": sum(one[name] for one in runs) for name in counted},
    }


def parser() -> argparse.ArgumentParser:
    """The options of `trygg bench sustained`."""
    made = report.parser("sustained", __doc__, "--records 1200000 --rounds 1")
    for name, default in (("records", 600_000), ("trackers", 500), ("window", 20), ("rounds", 3)):
        made.add_argument(f"--{name}", type=int, default=default)
    made.add_argument("--thingsboard", default="", help="its virtual environment")
    return made
