"""What sinks are told of a tracker beside its records, from the journal's own tables."""

import pytest

from gateway.records import NOW_MS
from trygg_gateway import order_book
from trygg_gateway.about import About, about_by, nothing_known
from trygg_gateway.journal import Journal
from trygg_gateway.registry import Registry

HOME = {"number": 1, "name": "Solbakken", "keep": "in", "private": True, "shape": "circle",
        "buffer_m": 0.0, "lat": 59.913868, "lon": 10.752245, "radius_m": 160.0,
        "schedule": None}  # fmt: skip
PARK = HOME | {"number": 2, "name": "Parken", "keep": "out", "shape": "polygon",
               "rings": [[[59.91, 10.75], [59.92, 10.75], [59.92, 10.76]]]}  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path / "journal.db")
    Registry(journal, lambda: NOW_MS).add("astrid", "nord", "Astrid Berg")
    yield journal
    journal.close()


def ordered(journal, *fences):
    return journal.write(
        lambda db: order_book.queue_fences(db, "astrid", list(fences), 0, "Kari", NOW_MS)
    ).result()


def test_a_tracker_is_known_by_the_name_that_people_gave_it(journal):
    assert about_by(journal.query)("astrid") == About("Astrid Berg", [], NOW_MS)


def test_one_that_nobody_registered_has_the_name_on_the_wire(journal):
    assert about_by(journal.query)("bjarne") == About("bjarne", [])
    assert nothing_known("bjarne") == About("bjarne")


def test_its_fences_are_those_that_were_ordered_the_newest_in_force(journal):
    ordered(journal, HOME)
    ordered(journal, HOME, PARK)
    about = about_by(journal.query)("astrid")
    found = [(fence.number, fence.name, fence.keep, fence.in_force) for fence in about.fences]
    assert found == [
        (1, "Solbakken", "in", True),
        (2, "Parken", "out", True),
        (1, "Solbakken", "in", False),
    ]
    assert about.fences[0].circle == (59.913868, 10.752245, 160.0)
    assert about.fences[1].circle is None
    assert {fence.made_s for fence in about.fences} == {NOW_MS // 1000}


def test_a_fence_is_found_in_its_version_or_in_the_newest(journal):
    ordered(journal, HOME)
    ordered(journal, HOME, PARK)
    about = about_by(journal.query)("astrid")
    oldest = about.fences[-1].version
    assert about.fence(1, oldest) is about.fences[-1]
    assert about.fence(1) is about.fences[0]
    assert about.fence(2, oldest) is None
    assert about.fence(None) is None
