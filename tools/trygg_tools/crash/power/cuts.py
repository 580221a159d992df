"""A play recorded once, and its power cut at every sync and at seeded moments between.

    python -m trygg_tools.crash.power.cuts --play journal --seed 1 --between 300

At each cut the disk is left in six ways (choices.py), and the play's judge opens what is left.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trygg_gateway.logs import start_logging
from trygg_tools.crash.power import choices, gateway_play, plays, trace
from trygg_tools.crash.power.judges import JUDGES, Broken
from trygg_tools.crash.power.medium import Medium
from trygg_tools.crash.power.trace import Operation

EVERY = 1 << 30


class Recorded(NamedTuple):
    """A play that was run: what it did, below which folder."""

    play: str
    seed: int
    root: str
    operations: list[Operation]


class Cut(NamedTuple):
    """One state of the disk: after how many operations, in which way."""

    after: int
    kind: str


def record(play: str, seed: int, folder: Path) -> Recorded:
    """Run the play under the tracer, below `folder`."""
    root = folder / "root"
    (root / "data").mkdir(parents=True)  # long there, as after the first start
    noted = folder / "trace"
    tracer = trace.built(folder)
    command = [sys.executable, "-m", "trygg_tools.crash.power.plays", play, str(root), str(seed)]
    environment = trace.environment(tracer, root, noted)
    subprocess.run(  # noqa: S603 - our own module
        command, env=dict(environment), check=True, stdout=subprocess.DEVNULL
    )
    return Recorded(play, seed, str(root), list(trace.operations(noted)))


def moments(
    operations: Sequence[Operation], most: int, between: int, dice: random.Random
) -> list[int]:
    """Just before and after every sync, of `most` syncs, and `between` moments elsewhere."""
    syncs = [at for at, one in enumerate(operations) if one.kind == trace.SYNC]
    syncs = dice.sample(syncs, min(most, len(syncs)))
    others = dice.sample(range(len(operations)), min(between, len(operations)))
    return sorted({*syncs, *(at + 1 for at in syncs), *others})


def states(
    recorded: Recorded, most: int, between: int
) -> Iterator[tuple[Cut, dict[str, bytes], list[Any]]]:
    """Every cut with what it leaves, path → bytes, and what had been promised before it."""
    dice = random.Random(recorded.seed)  # noqa: S311 - a seed
    medium, promises = Medium(), list[Any]()
    wanted = set(moments(recorded.operations, most, between, dice))
    oracle = f"{recorded.root}/{plays.PROMISES}"
    of_oracle: set[tuple[int, int]] = set()
    for at, operation in enumerate(recorded.operations):
        if at in wanted:
            for kind, make in choices.KINDS.items():
                yield Cut(at, kind), medium.left(make(dice)), list(promises)
        key = operation.pid, operation.fd
        if operation.path == oracle:
            of_oracle.add(key)
        elif key in of_oracle and operation.kind == trace.WRITE:
            promises.append(json.loads(operation.data))
        else:
            medium.do(operation)


def judge(recorded: Recorded, between: int, most: int = EVERY) -> dict[str, Any]:
    """Every state judged, at `most` syncs: how many, and what is broken in words."""
    broken: list[str] = []
    count = 0
    for cut, left, promises in states(recorded, most, between):
        count += 1
        with tempfile.TemporaryDirectory(dir=_memory()) as folder:
            lay_out(Path(folder), recorded.root, left)
            try:
                JUDGES[recorded.play](Path(folder), promises, recorded.seed)
            except Broken as error:
                broken.append(f"cut after {cut.after}, {cut.kind} kept: {error}")
    operations = recorded.operations
    return {
        "play": recorded.play,
        "seed": recorded.seed,
        "operations": len(operations),
        "syncs": sum(one.kind == trace.SYNC for one in operations),
        "states": count,
        "broken": broken,
    }


def judge_gateway(seed: int, between: int, folder: Path) -> dict[str, Any]:
    """The same for a whole gateway; `between` moments in all, most of them at syncs."""
    played = gateway_play.record(seed, folder)
    dice = random.Random(seed)  # noqa: S311 - a seed
    medium = Medium(played.before)
    promises = gateway_play.Promises(played.operations, played.sent_as)
    wanted = set(moments(played.operations, between // 3, between // 3, dice))
    broken, count = list[str](), 0
    for at, operation in enumerate(played.operations):
        for kind, make in choices.KINDS.items() if at in wanted else ():
            count += 1
            with tempfile.TemporaryDirectory(dir=_memory()) as left:
                lay_out(Path(left), played.root, medium.left(make(dice)))
                try:
                    gateway_play.judge(Path(left), promises.kept)
                except Broken as error:
                    broken.append(f"cut after {at}, {kind} kept: {error}")
        promises.take(at, operation)
        medium.do(operation)
    return {
        "play": "gateway",
        "seed": seed,
        "operations": len(played.operations),
        "syncs": sum(one.kind == trace.SYNC for one in played.operations),
        "acknowledged": len(promises.kept),
        "states": count,
        "broken": broken,
    }


def lay_out(folder: Path, root: str, left: dict[str, bytes]) -> None:
    """Make the files; what SQLite maps (-shm) is never among them."""
    for path, held in left.items():
        if path.endswith("-shm"):
            continue
        made = folder / path[len(root) + 1 :]
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(held)


def _memory() -> str | None:
    """Where files cost least: what is tried here need not outlive anything."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


def hush() -> None:
    """What is opened after a cut says much, thousands of times."""
    start_logging("console", "critical")


def main() -> int:
    """The command line: one JSON line; exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--play", choices=[*JUDGES, "gateway"], default="journal")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--between", type=int, default=300, help="moments beside the syncs")
    asked = parser.parse_args()
    hush()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="trygg-cuts-") as folder:
        if asked.play == "gateway":
            found = judge_gateway(asked.seed, asked.between, Path(folder))
        else:
            found = judge(record(asked.play, asked.seed, Path(folder)), asked.between)
    print(json.dumps({**found, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
