"""What a test did and how long each step took: JUnit properties, and a line of JSON each.

with bench.step("fence exit to webhook"):
    ...
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Steps:
    """Of one test; `record` is pytest's record_property."""

    def __init__(self, file: Path, record: Callable[[str, object], None]) -> None:
        self._file, self._record = file, record
        self._began = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is inside; one that failed is noted, too."""
        began, outcome = time.monotonic(), "failed"
        try:
            yield
            outcome = "passed"
        finally:
            took = round(time.monotonic() - began, 3)
            at = round(began - self._began, 3)
            self._record(f"step.{name}", f"{took:.3f} s, {outcome}")
            line = {"step": name, "at_s": at, "took_s": took, "outcome": outcome}
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
