"""`python tests/fuzz_doors.py` (make fuzz-doors): ten million inputs into the doors' parsers.

A tenth of each target's inputs (gateway/door_fuzz.py) comes from atheris (libFuzzer), which keeps
those that reach new code and changes them further. What it kept is what a mutator of our own
begins with for the rest, at ten times the speed, since nothing is watched then. Where atheris is
not installed, all comes from ours, from the seeds alone. Two processes at a time, each with a seed
of its own. One JSON line a target. A target that raises ends the campaign with the input that did
it as hexadecimal digits, and exit code 1.
"""

import argparse
import importlib.util
import json
import logging
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

HERE = Path(__file__).parent
SHARE = {"listener": 55, "inbound": 15, "ingest": 15, "reply": 5, "fences": 10}  # percent
PROCESSES = 2
GUIDED = 10  # one input in so many is atheris's
MAX_LEN = 600  # bytes of one input


class Finding(Exception):
    """A target did what it must not; the text has the input that made it."""


def mutate(dice: random.Random, seeds: list[bytes]) -> bytes:
    """A seed, or two of them joined, with a few bytes changed, cut out, put in or repeated."""
    data = bytearray(dice.choice(seeds))
    if dice.random() < 0.3:
        other = dice.choice(seeds)
        data = data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other)) :]
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        place, kind = dice.randrange(len(data) + 1), dice.randrange(5)
        if kind == 0:
            data[place : place + 1] = bytes((dice.choice((0, 1, 127, 128, 255, place & 255)),))
        elif kind == 1:
            data[place:place] = dice.randbytes(dice.randrange(1, 4))
        elif kind == 2:
            del data[place : place + dice.randrange(1, 8)]
        elif kind == 3 and place < len(data):
            data[place] ^= 1 << dice.randrange(8)
        else:
            data[place:place] = data[place : place + dice.randrange(1, 64)]
    return bytes(data[:MAX_LEN])


def throw(name: str, runs: int, seed: int, found: Sequence[bytes] = ()) -> int:
    """`runs` mutated inputs into a target, the same for the same seed; how many. Raises Finding.

    `found` is what it begins with beside the target's seeds."""
    from gateway.door_fuzz import SEEDS, TARGETS

    dice, target, seeds = random.Random(seed), TARGETS[name], [*SEEDS[name], *found]
    for _ in range(runs):
        data = mutate(dice, seeds)
        try:
            target(data)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise Finding(f"{name}: {what}, from {data.hex()}") from error
    return runs


def guided(name: str, runs: int, seed: int, corpus: Path) -> None:
    """The same under atheris, in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["trygg_gateway", "trygg_wire"]):
        from gateway.door_fuzz import SEEDS, TARGETS

    for number, one in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(one)
    options = [f"-runs={runs}", f"-seed={seed}", f"-max_len={MAX_LEN}", "-print_final_stats=1",
               f"-artifact_prefix={corpus.parent}/", "-timeout=20"]  # fmt: skip
    atheris.Setup([name, *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


def one_process(name: str, runs: int, seed: int) -> dict[str, int]:
    """One process after the other: guided, then ours; what they did. Raises Finding."""
    with tempfile.TemporaryDirectory(prefix="trygg-fuzz-") as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        by_atheris = runs // GUIDED if importlib.util.find_spec("atheris") else 0
        if by_atheris:
            said = _run(name, by_atheris, seed, corpus, "--guided")
            count = re.search(r"number_of_executed_units: (\d+)", said)
            assert count is not None, said[-3000:]
            by_atheris = int(count[1])
        kept = len(list(corpus.iterdir()))
        ours = re.search(r"ran (\d+)", _run(name, runs - by_atheris, seed, corpus))
        assert ours is not None
        return {"guided": by_atheris, "ours": int(ours[1]), "kept": kept}


def _run(name: str, runs: int, seed: int, corpus: Path, *how: str) -> str:
    """What such a process said. Raises Finding with the input that ended it."""
    options = [f"--runs={runs}", f"--seed={seed}", f"--corpus={corpus}", *how]
    done = subprocess.run(
        [sys.executable, str(HERE / "fuzz_doors.py"), "--one", name, *options],
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        crash = next(iter(sorted(corpus.parent.glob("crash-*"))), None)
        by = f"\nfrom {crash.read_bytes().hex()}" if crash else ""
        raise Finding(f"{name}: {said[-3000:]}{by}")
    return said


def campaign(name: str, runs: int, seed: int) -> dict[str, object]:
    """`runs` inputs into one target, in PROCESSES at a time."""
    began = time.monotonic()
    each = runs // PROCESSES
    with ThreadPoolExecutor(PROCESSES) as pool:
        done = list(pool.map(lambda n: one_process(name, each, seed + n), range(PROCESSES)))
    seconds = time.monotonic() - began
    inputs = sum(one["guided"] + one["ours"] for one in done)
    return {
        "fuzz": name,
        "inputs": inputs,
        "by_atheris": sum(one["guided"] for one in done),
        "reached_new_code": max(one["kept"] for one in done),
        "seconds": round(seconds, 1),
        "per_s": round(inputs / seconds),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--target", choices=SHARE, action="append")
    parser.add_argument("--one", choices=SHARE, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--guided", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    sys.path[:0] = [str(HERE), *(str(HERE.parent / part) for part in ("firmware", "gateway"))]
    if told.one:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        if told.guided:
            guided(told.one, told.runs, told.seed, told.corpus)
        found = [path.read_bytes() for path in sorted(told.corpus.iterdir())]
        print(f"ran {throw(told.one, told.runs, told.seed, found)}")
        return
    for name in told.target or SHARE:
        try:
            print(
                json.dumps(campaign(name, told.inputs * SHARE[name] // 100, told.seed)), flush=True
            )
        except Finding as finding:
            sys.exit(f"fuzz-doors: {finding}")


if __name__ == "__main__":
    main()
