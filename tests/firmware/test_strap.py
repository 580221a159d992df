"""Strap: taken off is said once, after its time, and not on the charger."""

from tracker.settings import Settings
from tracker.strap import NOT_WORN, NOTHING, PUT_ON, TAKEN_OFF, WORN, Strap
from trygg_tools.rig.board_io import BoardIo


class Worn:
    def __init__(self, owed=False):
        self.board = BoardIo(lambda: 0)
        self.strap = Strap(self.board, Settings())
        self.strap.owed = owed
        self.now_s = 100
        self.limit_s = Settings().taken_off_s

    def for_s(self, state, seconds, charging=False):
        """What is said, with the second at which it was, counted from now."""
        self.board.strap = state
        said = []
        for second in range(seconds):
            what = self.strap.poll(self.now_s, charging)
            if what != NOTHING:
                said.append((what, second))
            self.now_s += 1
        return said


def test_taken_off_is_said_once_after_its_time():
    worn = Worn()
    assert worn.for_s(WORN, 600) == [(PUT_ON, 5)]
    assert worn.for_s(NOT_WORN, 7200) == [(TAKEN_OFF, worn.limit_s)]
    assert worn.for_s(WORN, 60) == [(PUT_ON, 5)]
    assert worn.for_s(NOT_WORN, 7200) == [(TAKEN_OFF, worn.limit_s)]


def test_a_strap_that_was_never_closed_says_nothing():
    assert Worn().for_s(NOT_WORN, 90000) == []


def test_a_board_without_a_sensor_says_nothing():
    worn = Worn(owed=True)
    assert worn.for_s(0, 90000) == []
    assert not worn.strap.unsure()


def test_a_night_on_the_charger_is_no_alarm_but_a_morning_on_nobody_is():
    worn = Worn()
    worn.for_s(WORN, 60)
    assert worn.for_s(NOT_WORN, worn.limit_s - 10) == []
    assert worn.for_s(NOT_WORN, 30000, charging=True) == []
    assert worn.for_s(NOT_WORN, 3600) == [(TAKEN_OFF, worn.limit_s)]


def test_a_contact_that_flickers_closed_does_not_begin_the_time_anew():
    worn = Worn(owed=True)
    said = []
    for _ in range(40):
        said += worn.for_s(NOT_WORN, 8)
        said += worn.for_s(WORN, 2)
    assert [what for what, _ in said] == [TAKEN_OFF]


def test_what_is_owed_goes_through_a_reset():
    worn = Worn(owed=True)
    assert worn.for_s(NOT_WORN, 300) == [(TAKEN_OFF, worn.limit_s)]


def test_it_is_looked_at_awake_while_it_is_unsure():
    worn = Worn()
    worn.for_s(WORN, 3)
    assert worn.strap.unsure()
    worn.for_s(WORN, 10)
    assert not worn.strap.unsure()
    worn.for_s(NOT_WORN, 10)
    assert worn.strap.unsure()
    worn.for_s(NOT_WORN, 300)
    assert not worn.strap.unsure()
