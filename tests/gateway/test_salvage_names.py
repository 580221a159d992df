"""A salvage names as lost what was there: an index of orders looks like one of records."""

import json
import sqlite3

import pytest

from gateway.parcels import parcel
from gateway.records import NOW_MS, NOW_S, entry, report
from trygg_gateway import order_book
from trygg_gateway.journal import Journal
from trygg_gateway.orders import command_body, settings_body
from trygg_gateway.registry import Registry
from trygg_wire import layouts

PAGE = 4096
SEQS = 300


@pytest.fixture
def path(tmp_path):
    """A journal of one boot of one tracker, which was ordered more than it has boots."""
    path = tmp_path / "journal.sqlite"
    journal = Journal.open(path)
    Registry(journal, lambda: NOW_MS).add("astrid", "nord", "Astrid")
    journal.put(parcel(*(entry(report(1, seq, NOW_S + seq)) for seq in range(1, SEQS + 1))))
    for kind, body in (
        (layouts.COMMAND, command_body(layouts.REPORT_NOW)),
        (layouts.SETTINGS, settings_body({1: 120})),
    ):
        for _ in range(9):
            journal.write(
                lambda db, kind=kind, body=body: order_book.queue(
                    db, "astrid", kind, body, 0, "Kari", NOW_MS
                )
            ).result(20)
    journal.close()
    return path


def without(path, *names):
    """The first page of each table or index is noughts."""
    with sqlite3.connect(path) as db:
        roots = dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))
    db.close()
    with path.open("r+b") as file:
        for name in names:
            file.seek((roots[name] - 1) * PAGE)
            file.write(bytes(PAGE))


def told(path):
    journal = Journal.open(path)
    try:
        ((text,),) = journal.query("SELECT told FROM mendings")
        held = journal.query("SELECT count(*) FROM records WHERE device = 'astrid'")[0][0]
    finally:
        journal.close()
    return json.loads(text)["boots"], held


@pytest.mark.parametrize("also", [(), ("orders",)], ids=["records", "records and orders"])
def test_an_order_is_never_called_a_lost_record(path, also):
    without(path, "records", "sqlite_autoindex_records_1", *also)
    boots, held = told(path)
    assert held == SEQS
    assert [(boot["boot"], boot["known_upto"], boot["lost"]) for boot in boots] == [(1, SEQS, [])]


def test_a_record_whose_page_is_lost_is_still_named_by_the_index(path):
    data = path.read_bytes()
    page = data.index(report(1, 200, NOW_S + 200)) // PAGE
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(bytes(PAGE))
    without(path, "records")  # so that the pages tell, and not SQLite
    boots, held = told(path)
    assert [boot["boot"] for boot in boots] == [1]
    lost = [seq for first, last in boots[0]["lost"] for seq in range(first, last + 1)]
    assert 200 in lost
    assert held + len(lost) == SEQS


def test_why_it_was_salvaged_is_what_sqlite_found_and_not_its_heading(path):
    without(path, "sqlite_autoindex_records_1")
    Journal.open(path).close()
    with sqlite3.connect(path) as db:
        ((why,),) = db.execute("SELECT why FROM mendings").fetchall()
    db.close()
    assert "***" not in why
    assert "page" in why.lower()
