"""The order within a lane: what is not marked rises, and marks follow from the journal alone."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.parcels import put_one
from gateway.records import entry, report
from trygg_gateway.journal import Journal
from trygg_gateway.lane_order import LaneOrder
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.values import BACKLOG, CLASH_BOOT, LIVE


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


def stored(journal, came):
    """Rows of the live lane, committed in the order in which they came: (device, boot, seq)."""
    for device, boot, seq in came:
        put_one(journal, entry(report(boot, seq), device=device, lane=LIVE))
    journal.write(lambda db: None).result()
    return journal.rows_after(0, LIVE, 1000)


def marks(journal, rows):
    order = LaneOrder(journal.query)
    return [order.overtaken(row) for row in rows]


def test_a_record_that_was_lost_on_its_way_and_sent_again_is_marked(journal):
    rows = stored(journal, [("astrid", 1, seq) for seq in (1, 2, 4, 5, 3, 6)])
    assert marks(journal, rows) == [False, False, False, False, True, False]


def test_a_new_boot_is_later_and_an_old_boots_rest_is_overtaken(journal):
    rows = stored(journal, [("astrid", 1, 9), ("astrid", 2, 1), ("astrid", 1, 10)])
    assert marks(journal, rows) == [False, False, True]


def test_trackers_have_nothing_to_do_with_one_another(journal):
    rows = stored(journal, [("astrid", 1, 5), ("birk", 1, 1), ("birk", 1, 2), ("astrid", 1, 6)])
    assert marks(journal, rows) == [False] * 4


def test_another_lane_overtakes_nothing(journal):
    put_one(journal, entry(report(1, 5), lane=BACKLOG))
    rows = stored(journal, [("astrid", 1, 4)])
    assert marks(journal, rows) == [False]


def test_clashes_and_the_gateways_own_records_are_never_marked(journal):
    (row,) = stored(journal, [("astrid", 1, 5)])
    order = LaneOrder(journal.query)
    assert not order.overtaken(row._replace(boot=OWN_BOOT, seq=1, id=7))
    assert not order.overtaken(row._replace(boot=CLASH_BOOT + 1, seq=1, id=8))
    assert not order.overtaken(row)


TRACKERS = st.sampled_from(["astrid", "birk"])
NUMBERS = st.tuples(TRACKERS, st.integers(1, 3), st.integers(1, 8))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(NUMBERS, unique=True, max_size=25), st.integers(0, 25))
def test_marks_are_the_same_after_a_restart_anywhere(tmp_path_factory, came, at):
    journal = Journal.open(tmp_path_factory.mktemp("lane") / "journal.sqlite")
    try:
        rows = stored(journal, came)
        whole = marks(journal, rows)
        assert marks(journal, rows[at:]) == whole[at:]
        highest = {}
        for row, marked in zip(rows, whole, strict=True):
            later = highest.get(row.device, (0, 0)) > (row.boot, row.seq)
            assert marked == later
            highest[row.device] = max(highest.get(row.device, (0, 0)), (row.boot, row.seq))
    finally:
        journal.close()
