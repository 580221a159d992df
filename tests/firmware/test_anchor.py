"""Anchor and Motion: what is learned from hearing it, what it may say, and when it is forgotten."""

from tracker.anchor import AGREED, APART_MIN, RANGE_DM, Anchor
from tracker.anchor_list import AnchorList
from tracker.fix import Fix
from tracker.motion import Motion
from trygg_wire.layouts import BLE, WIFI

HOME = (59927000, 10701000)
BEACON = (BLE, b"\1\2\3\4\5\6")
METRE_E6 = 9
APART_S = 60 * APART_MIN
LOOK_S = 4


class Radio:
    """Port Anchor: after a second it says `dbm`."""

    def __init__(self):
        self.dbm = -80
        self.answers = [None]
        self.looks = self.stops = 0
        self.broken = False

    def look(self, known):
        if self.broken:
            raise OSError(19)
        self.looks += 1
        self.answers = [None, self.dbm]

    def seen(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def stop(self):
        self.stops += 1


class Fences:
    """Port of FenceSet: the boundary is 500 m from the place asked for."""

    def margin_cm(self, fix):
        self.asked = fix
        return -50000


def fix(north_m=0, accuracy_dm=40):
    return Fix(0, HOME[0] + north_m * METRE_E6, HOME[1], accuracy_dm, 0, 360, 9, 0)


def anchor(port=None, known=(BEACON,)):
    radios = AnchorList()
    radios.put_in_force(1, list(known))
    port = port or Radio()
    return Anchor(port, radios), port, radios


def listen(listening, at_s):
    """Let a look end."""
    for now_s in range(at_s, at_s + LOOK_S + 2):
        if listening.poll(now_s):
            return
    raise AssertionError("a look without an end")


def teach(learning, at_s, place, times=AGREED):
    for turn in range(times):
        learning.beside(place, at_s + turn * APART_S, LOOK_S)
        if learning.looking():
            listen(learning, at_s + turn * APART_S)
    return at_s + times * APART_S


def test_its_place_is_learned_from_fixes_that_agree():
    learning, _port, _radios = anchor()
    teach(learning, 0, fix(), AGREED - 1)
    assert not learning.learned()
    teach(learning, 5000, fix(30), 1)
    assert learning.learned()
    fences = Fences()
    # 500 m, less the range and the first fix's accuracy
    assert learning.margin_cm(fences) == -50000 + 10 * (RANGE_DM[BLE] + 40)
    assert (fences.asked.lat_e6, fences.asked.lon_e6) == HOME


def test_fixes_one_after_the_other_teach_once():
    learning, port, _radios = anchor()
    for now_s in range(0, 60, 10):
        learning.beside(fix(), now_s, LOOK_S)
        if learning.looking():
            listen(learning, now_s)
    assert port.looks == 1


def test_an_inaccurate_fix_teaches_nothing():
    learning, port, _radios = anchor()
    learning.beside(fix(accuracy_dm=500), 0, LOOK_S)
    assert not port.looks


def test_an_anchor_that_is_carried_along_is_found_out_by_a_fix_elsewhere():
    learning, _port, _radios = anchor()
    at_s = teach(learning, 0, fix())
    assert learning.learned()
    soon_s = at_s - APART_S + 10
    learning.beside(fix(900), soon_s, LOOK_S)  # it was just heard at home, and now here
    listen(learning, soon_s)
    assert not learning.learned()
    assert learning.margin_cm(Fences()) is None


def test_not_hearing_it_elsewhere_is_as_it_should_be():
    learning, port, _radios = anchor()
    at_s = teach(learning, 0, fix())
    port.dbm = -127
    teach(learning, at_s, fix(900), 5)
    assert learning.learned()
    assert not learning.heard


def test_a_wireless_network_is_heard_farther_than_a_beacon():
    learning, _port, _radios = anchor(known=((WIFI, b"aabbcc"), BEACON))
    teach(learning, 0, fix())
    assert learning.margin_cm(Fences()) == -50000 + 10 * (RANGE_DM[WIFI] + 40)


def test_other_anchors_are_learned_anew():
    learning, _port, radios = anchor()
    teach(learning, 0, fix())
    radios.put_in_force(2, [(BLE, b"zzzzzz")])
    assert not learning.learned()
    radios.put_in_force(3, [])
    assert not learning.listens()


def test_without_a_radio_or_an_anchor_nobody_listens():
    radios = AnchorList()
    assert not Anchor(Radio(), radios).listens()
    radios.put_in_force(1, [BEACON])
    assert not Anchor(None, radios).listens()


def test_a_radio_that_fails_is_not_heard_and_is_counted():
    learning, port, _radios = anchor()
    port.broken = True
    learning.begin(0, LOOK_S)
    assert not learning.looking()
    assert not learning.heard
    assert learning.faults == 1


def test_a_look_that_failed_leaves_no_fix_for_a_later_one_to_learn_from():
    learning, port, _radios = anchor()
    port.broken = True
    learning.beside(Fix(0, HOME[0], HOME[1], 55, 0, 360, 9, 0), 0, LOOK_S)
    port.broken = False
    learning.begin(9000, LOOK_S)  # hours later, somewhere else
    port.answers = [-60]
    assert learning.poll(9001)
    assert learning.save()[0] & 7 == 0


def test_a_radio_that_never_answers_ends_with_the_look():
    learning, port, _radios = anchor()
    learning.begin(0, LOOK_S)
    port.answers = [None]
    assert not learning.poll(LOOK_S - 1)
    assert learning.poll(LOOK_S)
    assert not learning.heard
    assert port.stops == 1


def test_what_was_learned_goes_through_a_sleep():
    for lat_e6, lon_e6 in (HOME, (-89999999, -179999999), (0, 179999999)):
        learning, _port, radios = anchor()
        teach(learning, 0, Fix(0, lat_e6, lon_e6, 55, 0, 360, 9, 0))
        saved = learning.save()
        assert len(saved) == 3
        for number in saved:
            assert 0 <= number < 1 << 30
        again = Anchor(Radio(), radios)
        again.load(saved)
        here = Fix(0, lat_e6, lon_e6, 55, 0, 360, 9, 0)
        again.beside(here, (AGREED - 1) * APART_S + 90, LOOK_S)
        assert not again.looking()  # it was taught a minute ago
        assert again.learned()
        assert again.heard
        fences = Fences()
        assert again.margin_cm(fences) == learning.margin_cm(Fences())
        assert (fences.asked.lat_e6, fences.asked.lon_e6) == (lat_e6, lon_e6)


class Board:
    def __init__(self, sensor=True):
        self.sensor, self.moved = sensor, False

    def has_motion(self):
        return self.sensor

    def motion(self):
        moved, self.moved = self.moved, False
        return moved or not self.sensor


def test_who_has_not_moved_for_longer_than_the_fix_is_old_is_where_the_fix_was():
    board = Board()
    motion = Motion(board)
    board.moved = True
    assert motion.poll(100)
    assert not motion.poll(130)
    assert motion.still_for(29, 130)
    assert not motion.still_for(30, 130)


def test_without_a_sensor_nobody_is_still_and_nothing_is_felt():
    motion = Motion(Board(sensor=False))
    assert not motion.poll(100)
    assert not motion.still_for(0, 100000)
    assert not motion.sensed()
