"""The score: rounds added up, kept in a file so that a campaign can go on where it ended.

    python -m trygg_tools.crash --kills 1000 --seed 1 --keep crash.jsonl

Each line of the kept file is one round as rounds.py gives it. A campaign that is started again
with the same file plays the rounds that are missing; their seeds are seed, seed + 1, and so on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ADDED = ("records", "alarms", "acknowledged", "marked_overtaken", "backups", "own_words")
BY_SINK = ("lost", "double", "disordered", "came_again")

Round = dict[str, Any]


def kept_rounds(keep: Path | None) -> list[Round]:
    """The rounds that were played already; a torn last line is none."""
    if keep is None or not keep.exists():
        return []
    data = keep.read_text("utf-8")
    return [json.loads(line) for line in data[: data.rfind("\n") + 1].splitlines()]


def keep_round(keep: Path | None, played: Round) -> None:
    """Write a round down."""
    if keep is not None:
        with keep.open("a", encoding="utf-8") as file:
            file.write(json.dumps(played) + "\n")


def kills_of(rounds: Iterable[Round]) -> int:
    """All kills of all kinds."""
    return sum(sum(one["kills"].values()) for one in rounds)


def summed(rounds: Sequence[Round]) -> dict[str, Any]:
    """The rounds as one: counts added, the worst share, every fault with its round's seed."""
    kinds: Counter[str] = Counter()
    for one in rounds:
        kinds.update(one["kills"])
    shares = [one["reports_before_last_alarm"] for one in rounds]
    return {
        "kills": sum(kinds.values()),
        "kinds": dict(sorted(kinds.items())),
        "rounds": len(rounds),
        **{name: sum(one[name] for one in rounds) for name in ADDED},
        **{name: _by_sink(rounds, name) for name in BY_SINK},
        "reports_before_last_alarm_worst": max(shares, default=0.0),
        "faults": [
            f"seed {one['seed']}, {one['door']}: {f}" for one in rounds for f in one["faults"]
        ],
        "seconds": round(sum(one["seconds"] for one in rounds)),
        "cpu_s": round(sum(one.get("cpu_s", 0.0) for one in rounds)),
    }


def _named(one: Round, fault: str) -> str:
    return f"seed {one['seed']}, {one['door']}: {fault}"


def _by_sink(rounds: Iterable[Round], name: str) -> dict[str, int]:
    count: Counter[str] = Counter()
    for one in rounds:
        count.update(one[name])
    return dict(count)


def table(rounds: Sequence[Round]) -> str:
    """The score for people, a column a door: Markdown."""
    doors = sorted({one["door"] for one in rounds})
    columns = [summed([one for one in rounds if one["door"] == door]) for door in doors]
    rows = [("", *doors)]
    rows += [(f"kills: {kind}", *(str(c["kinds"].get(kind, 0)) for c in columns))
             for kind in summed(rounds)["kinds"]]  # fmt: skip
    for name in ("kills", "records", "alarms", "acknowledged"):
        rows.append((name, *(f"{c[name]:,}" for c in columns)))
    for name in BY_SINK:
        for sink in sorted(summed(rounds)[name]):
            rows.append((f"{name} at {sink}", *(str(c[name].get(sink, 0)) for c in columns)))
    head, *rest = rows
    lines = [_line(head), _line(["---"] * len(head)), *map(_line, rest)]
    return "\n".join(lines)


def rows(found: Iterable[dict[str, Any]], columns: Sequence[str]) -> str:
    """A line for each of them: Markdown. Of a list its length is shown."""
    lines = [_line(columns), _line(["---"] * len(columns))]
    for one in found:
        cells = (one[column] for column in columns)
        lines.append(_line(str(len(c)) if isinstance(c, list) else str(c) for c in cells))
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
