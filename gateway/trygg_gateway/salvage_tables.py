"""Which table a row found on a page may be of, by its shape alone."""

from typing import Any, NamedTuple

from trygg_gateway.database import Database


class Column(NamedTuple):
    """One column of a table: what may stand in it."""

    name: str
    types: tuple[type, ...]


class Table(NamedTuple):
    """A table as the new journal has it; `rowid` is the place of the column that is its rowid."""

    name: str
    root: int  # its first page
    columns: list[Column]
    rowid: int | None
    least: int  # columns that a row of an older version has at least

    def fits(self, row: tuple[Any, ...]) -> bool:
        """Whether this could be a row of the table."""
        return len(row) == len(self.columns) and all(
            isinstance(value, column.types) for value, column in zip(row, self.columns, strict=True)
        )


def as_row(table: Table, rowid: int | None, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The values as a row of the table, if they can be one."""
    if not values or not table.least <= len(values) <= len(table.columns):
        return None
    if table.rowid is not None:
        if values[table.rowid] is not None:
            return None
        values = (*values[: table.rowid], rowid, *values[table.rowid + 1 :])
    short = table._replace(columns=table.columns[: len(values)])
    return values if short.fits(values) else None


def is_identity(row: tuple[Any, ...]) -> bool:
    """Whether the row begins with what can be (device, boot, seq)."""
    return isinstance(row[0], str) and isinstance(row[1], int) and isinstance(row[2], int)


_TYPES: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "TEXT": (str,), "BLOB": (bytes,)}
_ANY = (int, float, str, bytes)


def tables_of(db: Database) -> list[Table]:
    """Every table of the new journal, as it is laid out."""
    made = db.execute(
        "SELECT name, rootpage, sql FROM sqlite_master"
        " WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    return [_table(db, name, root, "WITHOUT ROWID" in sql) for name, root, sql in made]


def _table(db: Database, name: str, root: int, without_rowid: bool) -> Table:
    columns, rowid, least = [], None, 0
    for place, column, type_, not_null, default, key in db.execute(
        f"PRAGMA table_info({name})"
    ).fetchall():
        nullable = () if not_null or key else (type(None),)
        columns.append(Column(column, (*_TYPES.get(type_, _ANY), *nullable)))
        if key and type_ == "INTEGER" and not without_rowid and key == 1:
            rowid = place
        least = place + 1 if default is None or key else least
    return Table(name, root, columns, rowid, least)
