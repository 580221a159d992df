"""A CSV file that people fill in: its rows with their lines, or a sentence of what is wrong."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

# of a bench: one file serves `trygg flash --csv` and `trygg provision many`
BENCH = (
    "port", "board", "micropython", "sha256", "device", "group", "name", "apn", "pin_file", "wifi",
    "settings", "fences",
)  # fmt: skip


class CsvError(Exception):
    """It cannot be used; the text says the file, the line, what was wanted and what came."""


def read_rows(
    path: Path, filled: Sequence[str], once: Sequence[str] = (), known: Sequence[str] = ()
) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of each row, blanks around the words gone; at least one.

    The columns `filled` have something in each, those of `once` something else in each; with
    `known` there is no other column. Spreadsheets of Nordic countries write semicolons: as good as
    commas. Raises CsvError.
    """
    rows = _rows(path)
    if not rows:
        raise CsvError(f"{path}: wanted lines below the first, which names the columns; got none")
    seen: set[tuple[str, str]] = set()
    for number, row in rows:
        strange = [column for column in row if known and column not in known]
        if strange:
            raise CsvError(
                f"{path}: no column {strange[0]!r} is known; there are: {', '.join(known)}"
            )
        for column in filled:
            said = row.get(column) or ""
            if not said:
                raise CsvError(f"{path} line {number}: wanted the column {column}, filled")
            if column in once and (column, said) in seen:
                raise CsvError(f"{path} line {number}: wanted each {column} once, got {said} again")
            seen.add((column, said))
    return rows


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=";" if ";" in first else ",")
            found = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError:
        raise CsvError(f'{path}: its letters are not UTF-8. Save it as "CSV UTF-8"') from None
    except (OSError, csv.Error) as error:
        raise CsvError(f"{path}: cannot be read as CSV: {_why(error)}") from None
    for number, row in found:
        if None in row:
            raise CsvError(f"{path} line {number}: more fields than the first line has names")
    return [
        (number, {name.strip(): (said or "").strip() for name, said in row.items()})
        for number, row in found
    ]


def _why(error: OSError | csv.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
