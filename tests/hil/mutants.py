"""Faults planted in the tree, each of which the HIL test of its row must fail: `make hil-mutants`.

Each row of mutant_rows.py changes one piece of text in a temporary copy of the tree, where the one
test that the row names then runs: the firmware on its virtual board is built from that copy. A
mutant that lives is a test that shows nothing. A row whose text is not found exactly once is an
error: write it anew. So is a test that ends in its set-up, which says nothing of the test itself.

    python tests/hil/mutants.py                # all of them
    python tests/hil/mutants.py outage torn    # those with one of these words in test or fault

Prints a line for each with why the test failed, then one JSON line; 1 if any lives.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from mutant_rows import ROWS

ROOT = Path(__file__).parents[2]
COPIED = ("firmware", "tools", "tests", "gateway", "hardware/boards")
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules")
SUITE = "tests/hil"
LATEST_S = 240  # of one test
AT_ONCE = 3  # mutants, each in a copy of its own: most of a test is waiting


class Mutant(NamedTuple):
    """One row: what is wrong, where, the text, what stands there instead, the test that says so."""

    what: str
    file: str
    right: str
    wrong: str
    test: str


class Verdict(NamedTuple):
    """What became of a mutant, or of the suite without any."""

    failed: bool
    why: str
    seconds: float


class PlantError(Exception):
    """The row or the tree is not as it must be; the text says which and what to do."""


MUTANTS = tuple(Mutant(*row) for row in ROWS)


def copy_tree(copy: Path) -> None:
    """All that a HIL test needs of the tree."""
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=IGNORED)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)


def plant(tree: Path, mutant: Mutant) -> str:
    """Change the text in the tree; what the file was. PlantError unless it is there once."""
    path = tree / mutant.file
    text = path.read_text("utf-8") if path.is_file() else ""
    if text.count(mutant.right) != 1:
        raise PlantError(
            f"{mutant.what}: {mutant.file}: wanted once, found {text.count(mutant.right)} times:"
            f" {mutant.right!r}. The code has changed: write the row anew"
        )
    path.write_text(text.replace(mutant.right, mutant.wrong), "utf-8")
    return text


def run(tree: Path, *tests: str) -> Verdict:
    """Let these tests of the tree run; options among them."""
    paths = os.pathsep.join(str(tree / part) for part in ("firmware", "gateway", "tools"))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": paths}
    options = ("-q", "-p", "no:cacheprovider", "--timeout", str(LATEST_S), "-rfE")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.monotonic() - began
    return judged(done.returncode, done.stdout, done.stderr, seconds)


def judged(code: int, said: str, errors: str, seconds: float) -> Verdict:
    """What pytest's end means; PlantError when it is neither passed nor failed by an assertion."""
    lines = said.splitlines()
    if code == 0 and " passed" in said:
        return Verdict(False, "", seconds)
    failed = [line for line in lines if line.startswith("FAILED ")]
    if code != 1 or not failed or any(line.startswith("ERROR ") for line in lines):
        raise PlantError(f"pytest ended with {code}:\n{said[-3000:]}{errors[-1000:]}")
    why = [line[1:].strip() for line in lines if line.startswith("E  ")]
    silent = [line for line in why if "TIMEOUT: Not found" in line]
    return Verdict(True, next((line for line in silent + why if line), failed[0]), seconds)


def try_one(trees: Queue[Path], mutant: Mutant) -> tuple[Mutant, Verdict]:
    """Plant it in the next free tree, let its test run, mend the tree; told when it is over."""
    tree = trees.get()
    try:
        text = plant(tree, mutant)
        verdict = run(tree, f"{SUITE}/{mutant.test}")
        (tree / mutant.file).write_text(text, "utf-8")
    finally:
        trees.put(tree)
    said = "caught" if verdict.failed else "LIVES "
    first = f"{said} {verdict.seconds:4.0f} s  {mutant.what}  ({mutant.file})\n"
    print(f"{first}               {mutant.test}: {verdict.why[:160]}", flush=True)
    return mutant, verdict


def try_all(folder: Path, mutants: list[Mutant]) -> list[tuple[Mutant, Verdict]]:
    """All tests without a fault, then each with its own."""
    trees: Queue[Path] = Queue()
    for number in range(AT_ONCE):
        copy_tree(folder / str(number))
        trees.put(folder / str(number))
    tests = sorted({f"{SUITE}/{mutant.test}" for mutant in mutants})
    whole = run(folder / "0", *tests, "-n", str(AT_ONCE))
    if whole.failed:
        raise PlantError(f"a test fails without any mutant: {whole.why}")
    print(f"without a fault all of them pass, in {whole.seconds:.0f} s", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(partial(try_one, trees), mutants))


def main() -> int:
    """Plant those that the words ask for, or all of them; 1 if any lives, 2 if a row is wrong."""
    words = sys.argv[1:]
    asked = [m for m in MUTANTS if not words or any(w in m.test or w in m.what for w in words)]
    try:
        with tempfile.TemporaryDirectory(prefix="trygg-hil-") as folder:
            verdicts = try_all(Path(folder), asked)
    except PlantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    alive = [mutant.what for mutant, verdict in verdicts if not verdict.failed]
    seconds = round(sum(verdict.seconds for _, verdict in verdicts))
    tests = len({mutant.test for mutant in asked})
    print(f"{len(asked) - len(alive)} of {len(asked)} caught, by {tests} tests")
    print(json.dumps({"mutants": len(asked), "caught": len(asked) - len(alive), "tests": tests,
                      "alive": alive, "seconds": seconds}))  # fmt: skip
    return 1 if alive or not asked else 0


if __name__ == "__main__":
    sys.exit(main())
