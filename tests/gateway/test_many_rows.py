"""Many rows in few statements: all of them, in pieces of few sizes."""

import sqlite3

import pytest

from trygg_gateway import many_rows


@pytest.mark.parametrize("rows", [0, 1, 31, 32, 33, 500, 512, 513, 1300])
def test_many_rows_go_in_with_few_statements(rows):
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE positions (device TEXT, seq INTEGER PRIMARY KEY)")
    statements = []
    db.set_trace_callback(statements.append)
    many_rows.insert(db, "INSERT OR IGNORE INTO positions", [("astrid", n) for n in range(rows)])
    inserts = [one for one in statements if one.startswith("INSERT")]
    assert len(inserts) <= rows // 512 + 2 * (rows > 0)
    found = db.execute("SELECT seq FROM positions ORDER BY seq").fetchall()
    assert found == [(n,) for n in range(rows)]
    db.close()
