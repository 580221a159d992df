"""Starts the firmware on every state a cut may have left, and counts."""

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from trygg_tools.power_cuts import ring_life, tracker_life
from trygg_tools.power_cuts.notes import Notes
from trygg_tools.rig.cut_states import Cut, Files, reordering, strict

LIVES = {"ring": ring_life, "tracker": tracker_life}
MEDIA = {"strict": strict, "reordering": reordering}


class Verdict(NamedTuple):
    """What came of one life on one medium; `faults` as sentences, with the stroke."""

    life: str
    medium: str
    strokes: int
    states: int  # starts that were tried, each on other bytes
    faults: list[str]


def judge(life: str, medium: str, notes: Notes, step: int = 1, first: int = 0) -> Verdict:
    """Try every `step`th state, from `first` on, of those that differ in bytes or in what must
    be true of them."""
    check: Callable[[Files, Notes, int], None] = LIVES[life].check
    strokes, tried, faults = 0, 0, []
    for number, cut in enumerate(_different(MEDIA[medium](notes.log), notes)):
        strokes = cut.stroke
        if number % step != first % step:
            continue
        tried += 1
        try:
            check(cut.files, notes, cut.stroke)
        except Exception as error:  # noqa: BLE001 - whatever it is, this start went wrong
            faults.append(f"cut before stroke {cut.stroke}: {type(error).__name__}: {error}")
    return Verdict(life, medium, strokes, tried, faults)


def _different(cuts: Iterator[Cut], notes: Notes) -> Iterator[Cut]:
    seen = set()
    for cut in cuts:
        content = hashlib.blake2b(digest_size=12)
        for name in sorted(cut.files):
            content.update(b"%s %d " % (name.encode(), len(cut.files[name])) + cut.files[name])
        since = sum(at <= cut.stroke for at in notes.strokes)
        key = (content.digest(), since)
        if key not in seen:
            seen.add(key)
            yield cut
