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
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

Event = Literal[
    "bought", "noted", "flashed", "provisioned", "refused", "tested", "rotated", "revoked",
    "swapped_out", "fault", "mended",
]  # fmt: skip

COLUMNS = (
    "unit", "board", "device", "state", "firmware", "micropython", "usb_serial", "since",
    "warranty_until", "faults", "note",
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
_FACTS = ("board", "firmware", "micropython", "usb_serial", "warranty_until", "note")


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
            raise self._unwritable(error) from None

    def demand_writable(self) -> None:
        """Raise InventoryError now and not when the work is done and cannot be noted."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.open("ab").close()
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> InventoryError:
        return InventoryError(
            f"{self.path}: cannot be written: {error.strerror}. Name another with --inventory"
        )

    def events(self, unit: str = "") -> Iterator[dict[str, Any]]:
        """What happened, oldest first, of one unit or of all."""
        self.torn = 0
        try:
            lines = self.path.read_text("utf-8", "replace").split("\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise InventoryError(f"{self.path}: cannot be read: {error.strerror}") from None
        for line in lines:
            said = _event(line)
            if said is None:
                self.torn += bool(line.strip())
            elif not unit or unit == said["unit"]:
                yield said

    def units(self) -> list[dict[str, Any]]:
        """Each unit as it is now, with COLUMNS."""
        found: dict[str, dict[str, Any]] = {}
        for said in self.events():
            row = found.setdefault(said["unit"], {**dict.fromkeys(COLUMNS, ""), "faults": 0})
            if said["event"] == "provisioned":
                _take_from_others(found.values(), said.get("device", ""))
            _fold(row, said)
        return [found[unit] for unit in sorted(found)]

    def unit_of(self, device: str) -> str:
        """The unit that is this tracker now, "" for none."""
        return next((row["unit"] for row in self.units() if row["device"] == device), "")

    def was_revoked(self, device: str) -> bool:
        """Whether a tracker of that name was given back or lost before."""
        return any(
            said["event"] == "revoked" and said.get("device") == device for said in self.events()
        )


def write_csv(rows: Iterable[dict[str, Any]], file: IO[str]) -> None:
    """COLUMNS, a unit a line, as spreadsheets read it."""
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)


def export_csv(rows: Iterable[dict[str, Any]], to: Path) -> bool:
    """The CSV whole under its name; whether it took the place of an earlier export. Nothing else is
    ever replaced. Raises InventoryError; what was there then stays."""
    to = to.resolve()
    new = to.with_name(f"{to.name}.new")
    try:
        there = to.exists()
        if there:
            _demand_an_export(to)
        with new.open("w", encoding="utf-8", newline="") as file:
            write_csv(rows, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(to)
    except OSError as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise InventoryError(f"{to}: cannot be written: {error.strerror}") from None
    return there


def _demand_an_export(path: Path) -> None:
    head = None
    if path.is_file():
        with path.open("rb") as file:
            head = file.readline(1000).strip()
    if head not in (b"", ",".join(COLUMNS).encode()):
        raise InventoryError(
            f"{path}: is there already and is no CSV that `export` wrote. Name another file, or -"
            " for standard output"
        )


def _event(line: str) -> dict[str, Any] | None:
    """What a line says, None if it is torn or no event."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    whole = all(isinstance(said.get(key), str) for key in ("unit", "event", "at"))
    return said if whole else None


def _take_from_others(rows: Iterable[dict[str, Any]], device: str) -> None:
    """A tracker is one unit: who was it before is a spare, if nobody said what else."""
    for row in rows:
        if device and row["device"] == device:
            row["device"], row["state"] = "", "spare"


def _fold(row: dict[str, Any], said: dict[str, Any]) -> None:
    event = said["event"]
    row["unit"] = said["unit"]
    row.update({name: said[name] for name in _FACTS if name in said})
    row["faults"] += event in ("fault", "swapped_out")
    if not row["state"]:
        row["state"], row["since"] = "new", said["at"]
    if event not in _STATES:
        return
    row["state"], row["since"] = _STATES[event], said["at"]
    if event == "provisioned":
        row["device"] = said.get("device", "")
    elif event in ("revoked", "swapped_out"):
        row["device"] = ""
    elif event == "mended" and row["device"]:
        row["state"] = "in use"


def _ends_a_line(file: IO[bytes], path: Path) -> bool:
    """Whether the file is empty or ends where a line does: a torn one must not eat the next."""
    size = os.fstat(file.fileno()).st_size
    if not size:
        return True
    with path.open("rb") as reading:
        reading.seek(size - 1)
        return reading.read(1) == b"\n"
