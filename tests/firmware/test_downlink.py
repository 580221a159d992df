"""Downlink: which closed alarm ends an exit that stayed open beyond its fence's window."""

from tracker import retained
from tracker.downlink import Downlink
from tracker.orders import Taken
from trygg_wire.layouts import ALARM_CLOSED, ALARM_TAKEN


class Astrid:
    """Everything that a Downlink speaks to, as far as these orders go."""

    def __init__(self):
        self.image = retained.Image()
        self.clock = self.log = self
        self.closed = 0
        self.taken = []
        self.downlink = Downlink(self, self, self, self, self, self, None, self)

    def close_exits(self, _utc):
        self.closed += 1

    def utc(self):
        return 0

    def info(self, _text):
        return None

    error = feels = leaves_out = info

    def take(self, _frame, _time_s):
        return self.taken.pop(0)

    def armed(self):
        return Taken([], None, False, False)

    def obey(self, taken):
        self.taken.append(taken)
        self.downlink.hear([b"frame"])
        self.downlink.obey(77)

    def order(self, command, boot, seq):
        body = {"command": command, "alarm_boot": boot, "alarm_seq": seq}
        self.obey(Taken([], body, False, False))
        return self.closed


def test_closing_the_newest_exit_ends_it_and_closing_another_alarm_does_not():
    astrid = Astrid()
    astrid.image.exit_boot, astrid.image.exit_seq = 4, 19
    assert astrid.order(ALARM_CLOSED, 4, 18) == 0
    assert astrid.order(ALARM_CLOSED, 3, 19) == 0
    assert astrid.order(ALARM_TAKEN, 4, 19) == 0
    assert astrid.order(ALARM_CLOSED, 4, 19) == 1


def test_after_a_new_battery_any_alarm_that_is_closed_counts():
    assert Astrid().order(ALARM_CLOSED, 3, 2) == 1


def test_fences_that_are_in_flash_alone_restart_the_tracker_at_once():
    astrid = Astrid()
    assert not astrid.downlink.restart_due(77)
    astrid.obey(Taken([], None, False, True))
    assert astrid.downlink.busy()
    assert astrid.downlink.restart_due(77)
