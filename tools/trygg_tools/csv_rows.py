"""A CSV file that people fill in: its rows with their lines, or a sentence of what is wrong."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path


class CsvError(Exception):
    """It cannot be used; the text says the file, the line, what was wanted and what came."""


def read_rows(
    path: Path, filled: Sequence[str], once: Sequence[str] = ()
) -> list[tuple[int, dict[str, str]]]:
    """(line, row) of each row; the columns `filled` have something in each, those of `once`
    something else in each. Raises CsvError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(enumerate(csv.DictReader(file), start=2))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CsvError(f"{path}: cannot be read as CSV: {error}") from None
    seen: set[tuple[str, str]] = set()
    for number, row in rows:
        for column in filled:
            said = row.get(column) or ""
            if not said:
                raise CsvError(f"{path} line {number}: wanted the column {column}, filled")
            if column in once and (column, said) in seen:
                raise CsvError(f"{path} line {number}: wanted each {column} once, got {said} again")
            seen.add((column, said))
    return rows
