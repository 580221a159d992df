"""Every unit there is and everything that happened to it: a line of JSON an event, never changed.

    {"at": "2026-11-22T10:00:00+00:00", "unit": "240ac4...", "event": "provisioned", ...}

What a unit is now is read from its events. Appending is whole or not at all for one line (O_APPEND,
a lock, fsync); a line that a power cut left torn is passed over and said.
"""

from __future__ import annotations

import csv
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

Event = Literal[
    "bought", "provisioned", "refused", "tested", "rotated", "revoked", "swapped_out", "fault",
    "mended",
]  # fmt: skip

COLUMNS = (
    "unit", "board", "device", "state", "firmware", "micropython", "since", "warranty_until",
    "faults", "note",
)  # fmt: skip
_STATES = {
    "bought": "new",
    "provisioned": "in use",
    "rotated": "in use",
    "revoked": "spare",
    "swapped_out": "faulty",
    "fault": "faulty",
    "mended": "spare",
}
_FACTS = ("board", "firmware", "micropython", "warranty_until", "note")


class InventoryError(Exception):
    """It cannot be read or written; the text says what to do."""


class Inventory:
    """The file of all units' events."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0  # lines that could not be read

    def add(self, unit: str, event: Event, **facts: Any) -> None:
        """Note that this happened to the unit, now; on disk when it returns."""
        said = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "unit": unit, "event": event}
        line = json.dumps({**said, **facts}, ensure_ascii=False) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write((b"" if _ends_a_line(file, self.path) else b"\n") + line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InventoryError(
                f"{self.path}: cannot be written: {error.strerror}. Name another with --inventory"
            ) from None

    def events(self, unit: str = "") -> Iterator[dict[str, Any]]:
        """What happened, oldest first, of one unit or of all."""
        self.torn = 0
        if not self.path.exists():
            return
        for line in self.path.read_text("utf-8", "replace").splitlines():
            try:
                said = json.loads(line)
                known = said["unit"], said["event"], said["at"]
            except (ValueError, KeyError, TypeError):
                self.torn += bool(line.strip())
                continue
            if not unit or unit == known[0]:
                yield said

    def units(self) -> list[dict[str, Any]]:
        """Each unit as it is now, with COLUMNS."""
        found: dict[str, dict[str, Any]] = {}
        for said in self.events():
            row = found.setdefault(said["unit"], {**dict.fromkeys(COLUMNS, ""), "faults": 0})
            _fold(row, said)
        return [found[unit] for unit in sorted(found)]

    def unit_of(self, device: str) -> str:
        """The unit that is this tracker now, "" for none."""
        return next((row["unit"] for row in self.units() if row["device"] == device), "")


def write_csv(rows: Iterable[dict[str, Any]], file: IO[str]) -> None:
    """COLUMNS, a unit a line, as spreadsheets read it."""
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)


def _fold(row: dict[str, Any], said: dict[str, Any]) -> None:
    event = said["event"]
    row["unit"] = said["unit"]
    row.update({name: said[name] for name in _FACTS if name in said})
    row["faults"] += event in ("fault", "swapped_out")
    if event not in _STATES:
        return
    row["state"], row["since"] = _STATES[event], said["at"]
    if event == "provisioned":
        row["device"] = said["device"]
    elif event in ("revoked", "swapped_out"):
        row["device"] = ""


def _ends_a_line(file: IO[bytes], path: Path) -> bool:
    """Whether the file is empty or ends where a line does: a torn one must not eat the next."""
    size = os.fstat(file.fileno()).st_size
    if not size:
        return True
    with path.open("rb") as reading:
        reading.seek(size - 1)
        return reading.read(1) == b"\n"
