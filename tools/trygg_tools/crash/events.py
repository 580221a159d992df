"""A file of events, one JSON object a line, read while it grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OF_A_TRY = ("late", "late_by_s", "overtaken", "replayed")  # of an event's data


def content(event: dict[str, Any]) -> str:
    """What an event says, but for what may differ from one try to the next."""
    data = {name: value for name, value in event["data"].items() if name not in OF_A_TRY}
    return json.dumps({**event, "data": data}, sort_keys=True)


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
