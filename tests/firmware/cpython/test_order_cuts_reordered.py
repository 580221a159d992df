"""The cuts of test_order_cuts.py on a medium that takes an open file's pages in any order."""

import pytest

from firmware.test_order_cuts import ORDERS, Astrid, flash_with, order_old_ones
from trygg_tools.rig.cut_states import reordering, strict
from trygg_tools.rig.flash import Flash
from trygg_wire.layouts import APPLIED, COMMAND


@pytest.mark.parametrize("medium", [strict, reordering])
@pytest.mark.parametrize(("kind", "order"), ORDERS, ids=[str(n) for n in range(len(ORDERS))])
def test_an_order_is_whole_or_not_at_all_on_either_medium(medium, kind, order):
    flash = Flash()
    flash.log = []
    order_old_ones(Astrid(flash))
    before, mark = Astrid(flash_with(flash.files)).knows(), flash.strokes
    tracker = Astrid(flash)
    assert tracker.take(order) == (APPLIED, 0)
    after, seen = tracker.knows(), set()
    for cut in medium(flash.log):
        if cut.stroke < mark:
            continue
        again = Astrid(flash_with(cut.files))
        known = again.knows()
        assert known in (before, after), cut.stroke
        seen.add(known == after)
        assert again.take(order) == (APPLIED, 0), cut.stroke
        assert again.knows() == after
    assert kind == COMMAND or seen == {False, True}
