"""The short form of `make cuts`: the same lives and media, every so many states."""

import pytest

from trygg_tools.power_cuts.verdict import LIVES, judge
from trygg_tools.rig.cut_states import reordering, strict
from trygg_tools.rig.flash import Flash

STEPS = {("ring", "strict"): 29, ("ring", "reordering"): 83,
         ("tracker", "strict"): 61, ("tracker", "reordering"): 151}  # fmt: skip


@pytest.fixture(scope="module", params=LIVES)
def life(request):
    return request.param, LIVES[request.param].recorded()


@pytest.mark.parametrize("medium", ["strict", "reordering"])
def test_after_a_cut_anywhere_the_firmware_starts_and_nothing_kept_is_lost(life, medium):
    name, notes = life
    found = judge(name, medium, notes, STEPS[name, medium], first=7)
    assert found.faults == []
    assert found.strokes > 6000
    assert found.states > 80


def test_the_lives_hold_what_they_are_about(life):
    name, notes = life
    operations = {operation for operation, _, _ in notes.log}
    assert operations >= {"make", "open", "write", "close", "remove"}
    assert len({boot for _, boot in notes.boots}) >= 2
    if name == "tracker":
        assert {what for _, what, _ in notes.answered} == {"settings", "fences", "command"}
        names = {file for _, file, _ in notes.log}
        assert {"/state/boot0.bin.new", "/state/settings.bin.new"} <= names


def recorded(*steps):
    flash = Flash()
    flash.log = []
    for step in steps:
        step(flash)
    return flash.log


def writes(name, mode, data):
    def step(flash):
        with flash.open(name, mode) as file:
            file.write(data)

    return step


def test_the_strict_medium_leaves_every_prefix():
    log = recorded(writes("/a", "wb", b"xyz"))
    contents = [cut.files.get("/a") for cut in strict(log)]
    assert contents[:2] == [None, b""]
    for content, prefix in zip(contents[2:], (b"x", b"xy", b"xyz"), strict=False):
        assert content.startswith(prefix)
    assert contents[-1] == b"xyz"


def test_the_reordering_medium_leaves_the_old_file_until_it_is_closed_and_any_page_of_the_new():
    log = recorded(writes("/a", "wb", b"o" * 40), writes("/a", "wb", b"n" * 40))
    begun = next(at for at, one in enumerate(log) if at and one[0] == "make")
    strokes = sum(len(what) if operation == "write" else 1 for operation, _, what in log[:begun])
    left = {cut.files.get("/a") for cut in reordering(log) if cut.stroke > strokes}
    assert b"o" * 40 in left
    assert b"n" * 40 in left
    assert b"o" * 32 + b"n" * 8 in left, "the newest page alone"
    assert b"\xff" * 32 + b"n" * 8 in left, "the same, of a file that was emptied first"
    assert b"n" * 16 + b"o" * 16 + b"n" * 8 in left, "every second page"


def test_the_reordering_medium_never_touches_what_was_there_before_an_append():
    log = recorded(writes("/a", "wb", b"old" * 9), writes("/a", "ab", b"n" * 40))
    for cut in list(reordering(log))[-80:]:
        assert cut.files["/a"].startswith(b"old" * 9)
