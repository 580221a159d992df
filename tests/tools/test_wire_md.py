"""WIRE.md says what layouts.py does, row by row."""

from pathlib import Path

from trygg_wire import layouts

BODIES = ((1, "settings"), (2, "fences"), (3, "command"), (4, "key"), (5, "anchors"))
PAGE = Path(layouts.__file__).with_name("WIRE.md").read_text()


def _tables() -> dict[str, list[list[str]]]:
    """Every table with the columns of a row, by the heading above it."""
    tables: dict[str, list[list[str]]] = {}
    for section in PAGE.split("\n### ")[1:]:
        heading, _, text = section.partition("\n")
        lines = [line for line in text.splitlines() if line.startswith("| ")]
        tables[heading] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return tables


def _as_cells(rows: tuple) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in rows]


def _said(heading: str) -> list[list[str]]:
    table = _tables()[heading]
    assert table[0] == ["name", "type", "low", "high", "step", "meaning"]
    assert all(len(row) == 6 for row in table), "a cell too many or too few"
    return [row[:5] for row in table[1:]]


def test_every_kind_stands_in_the_page_as_in_the_rows():
    for kind, name in layouts.KINDS:
        assert _said(f"{name}: kind {kind}") == _as_cells(layouts.ROWS[kind])


def test_every_body_stands_in_the_page_as_in_the_rows():
    assert [number for number, _ in BODIES] == sorted(layouts.BODIES)
    for number, name in BODIES:
        assert _said(f"body {name}: order_kind {number}") == _as_cells(layouts.BODIES[number])


def test_every_list_stands_in_the_page_as_in_the_rows():
    for name, rows in layouts.LISTS.items():
        assert _said(f"entries of {name}") == _as_cells(rows)


def test_the_page_has_no_table_that_the_rows_have_not():
    wanted = len(layouts.KINDS) + len(layouts.BODIES) + len(layouts.LISTS)
    assert len(_tables()) == wanted


def test_every_row_is_explained():
    for table in _tables().values():
        for row in table[1:]:
            assert row[5], row
