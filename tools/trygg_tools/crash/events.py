"""A file of events, one JSON object a line, read while it grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Events:
    """The whole lines of a file of events, read on as it grows."""

    def __init__(self, file: Path) -> None:
        self.all: list[dict[str, Any]] = []
        self._file = file
        self._at = 0

    def read_on(self) -> list[dict[str, Any]]:
        """All there are by now."""
        if self._file.exists():
            with self._file.open("rb") as file:
                file.seek(self._at)
                new = file.read()
            whole = new.rfind(b"\n") + 1
            self._at += whole
            self.all += [json.loads(line) for line in new[:whole].splitlines() if line.strip()]
        return self.all
