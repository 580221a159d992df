"""A tracker sets up its receiver when it is switched on, in the rig: told once, kept, given up."""

import pytest

from tracker.receiver_rows import kind_of
from trygg_tools.rig.receiver import Receiver
from trygg_tools.rig.tracker import SimulatedTracker

HOME = (59_920_800, 10_685_000)


class Told(SimulatedTracker):
    """A tracker whose receiver is of `kind` and can be told."""

    def __init__(self, kind, backed_up=True):
        super().__init__(lambda _second: (*HOME, 0, 0, 30))
        self.kind = kind
        self.receiver = Receiver(self.sky, backed_up)
        self.uart.source = self.receiver
        self.first = None  # the App of the first start; later ones wake from deep sleep
        self.at_step = self._look

    def _look(self, _step):
        self.first = self.first or self.app

    def config(self):
        return {**super().config(), "gnss": {"receiver": self.kind}}

    def setup(self):
        return self.first._search.setup


@pytest.mark.parametrize("kind", ["u-blox-m8", "u-blox-m10", "quectel-l76"])
def test_a_receiver_is_told_all_rows_once_and_left_in_peace_when_it_keeps_them(kind):
    tracker = Told(kind)
    tracker.sky.search_s = 20
    tracker.run(60)
    told = [message for message in tracker.receiver.told if message != b"PMTK161,0"]
    assert told == [message for _, message in kind_of(kind).rows]
    assert tracker.setup().taken == len(told)
    assert tracker.first._made.receiver.counters.fixes > 0
    tracker.run(3600)
    rows = [message for _, message in kind_of(kind).rows]
    assert [m for m in tracker.receiver.told if m in rows] == rows


def test_a_receiver_without_a_backup_supply_is_told_again_each_time_it_is_switched_on():
    tracker = Told("u-blox-m10", backed_up=False)
    tracker.run(3600)
    assert tracker.receiver.told.count(kind_of("u-blox-m10").rows[0][1]) > 2


def test_a_deaf_receiver_is_given_up_and_its_fixes_are_used():
    tracker = Told("u-blox-m8")
    tracker.receiver.deaf = True
    tracker.sky.search_s = 20
    tracker.run(120)
    assert tracker.setup().given_up == 1
    assert tracker.first._made.receiver.counters.fixes > 0


def test_a_refused_row_costs_only_itself():
    tracker = Told("quectel-l76")
    tracker.receiver.refuses = (b"PMTK353",)
    tracker.sky.search_s = 20
    tracker.run(60)
    assert (tracker.setup().refused, tracker.setup().taken) == (
        1,
        len(kind_of("quectel-l76").rows) - 1,
    )
