"""Open exits in flash: what a new battery changes and what not, and how often flash is told."""

from firmware.fence_walk import START_S, Walk, circle
from tracker import open_exits
from tracker.fence import Event
from tracker.open_exits import AGE_MAX_S, BURST, EVERY_S, REFRESH_S, WRITES_A_DAY
from trygg_wire.layouts import BACK, BEGAN, BOOT, CROSSED, INSIDE, LEFT, OUTSIDE, UNKNOWN

LEFT_1 = (Event(LEFT, 1, CROSSED),)
BACK_1 = (Event(BACK, 1, CROSSED),)
BOOT_1 = (Event(LEFT, 1, BOOT),)


class Carried:
    """A Walk whose flash is written as the recorder does it, and whose battery can be changed."""

    def __init__(self, *rows):
        self.rows = rows or (circle(),)
        self.flash = b""
        self.writes = 0
        self.new_battery()

    def new_battery(self):
        self.walk = Walk(*self.rows)
        if self.flash:
            assert self.walk.fences.load_lasting(self.flash)

    def at(self, metres, s):
        events = self.walk.at(metres, s)
        for event in events:
            if event.what == BACK:
                self.keep(self.walk.fences.save_ended())
        self.keep(self.walk.fences.save_lasting())
        return events

    def keep(self, data):
        if data is not None:
            assert len(data) <= open_exits.SIZE_MAX
            self.flash = data
            self.writes += 1
            self.walk.fences.kept_lasting(data)

    def leave(self, s):
        self.at(0, s)
        self.at(200, s + 60)
        assert self.at(200, s + 63) == LEFT_1


def test_an_open_exit_is_not_said_again_after_a_new_battery():
    carried = Carried()
    carried.leave(0)
    carried.new_battery()
    assert carried.walk.state() == OUTSIDE
    for s in range(300, 1000, 10):
        assert carried.at(220, s) == ()
    assert carried.walk.state() == OUTSIDE
    carried.at(0, 1100)
    assert carried.at(0, 1103) == BACK_1


def test_an_exit_while_the_power_was_gone_is_said_by_boot():
    carried = Carried()
    carried.at(0, 0)
    carried.new_battery()
    assert carried.walk.fences.worst() == (1, UNKNOWN)
    carried.at(200, 300)
    assert carried.at(200, 303) == BOOT_1


def test_an_exit_that_was_over_before_the_power_went_is_a_new_one():
    carried = Carried()
    carried.leave(0)
    carried.at(0, 120)
    assert carried.at(0, 123) == BACK_1
    carried.new_battery()
    carried.at(200, 300)
    assert carried.at(200, 303) == BOOT_1


def test_flash_holds_no_exit_any_more_when_its_back_is_said():
    carried = Carried()
    carried.leave(0)
    carried.at(0, 120)
    events = carried.walk.at(0, 123)
    assert events == BACK_1
    carried.keep(carried.walk.fences.save_ended())
    carried.new_battery()  # before anything else was kept
    carried.at(200, 300)
    assert carried.at(200, 303) == BOOT_1


def test_an_exit_that_is_not_yet_kept_as_an_alarm_is_not_in_flash():
    carried = Carried(circle(1), circle(2, lon_e6=10752360))  # its middle is 400 m east
    carried.at(0, 0)
    carried.at(0, 3)
    carried.at(400, 60)
    events = carried.walk.at(400, 63)
    assert Event(BACK, 2, CROSSED) in events and Event(LEFT, 1, CROSSED) in events
    carried.keep(carried.walk.fences.save_ended())
    carried.new_battery()
    assert [fence.state for fence in carried.walk.fences.in_force()] == [UNKNOWN, UNKNOWN]


def test_too_old_an_exit_is_said_again():
    for silent_s, events in (
        (AGE_MAX_S - 100, ()),
        (AGE_MAX_S + 100, BOOT_1),
        (90 * 86400, BOOT_1),
    ):
        carried = Carried()
        carried.leave(0)
        carried.new_battery()
        carried.at(200, 63 + silent_s)
        assert carried.at(200, 66 + silent_s) == events


def test_a_long_exit_stays_young_in_flash():
    carried = Carried()
    carried.leave(0)
    for s in range(100, 86400, 600):
        assert carried.at(200, s) == ()
    carried.new_battery()
    assert carried.at(200, 86400 + 60) == ()
    assert carried.at(200, 86400 + 63) == ()
    assert carried.writes <= 1 + 86400 // REFRESH_S


def test_rtc_memory_knows_better_than_flash():
    carried = Carried()
    carried.leave(0)
    data = carried.walk.fences.save()
    carried.new_battery()
    assert carried.walk.fences.load(data)
    assert carried.at(200, 63 + 2 * AGE_MAX_S) == ()
    carried.at(0, 80000)
    assert carried.at(0, 80003) == BACK_1
    data = carried.walk.fences.save()
    carried.flash = open_exits._pack([(1, carried.walk.fences.in_force()[0].mark)], START_S + 80003)
    carried.new_battery()
    assert carried.walk.fences.load(data)
    assert carried.walk.state() == INSIDE
    carried.keep(carried.walk.fences.save_lasting())
    assert carried.walk.fences.save_lasting() is None


def test_a_fence_that_was_changed_has_no_open_exit():
    carried = Carried()
    carried.leave(0)
    carried.rows = (circle(radius_dm=1400),)
    carried.new_battery()
    assert carried.walk.fences.worst() == (1, UNKNOWN)
    assert carried.at(200, 300) == ()
    assert carried.at(200, 303) == BOOT_1


def test_an_exit_of_a_fence_that_was_replaced_leaves_flash():
    carried = Carried()
    carried.leave(0)
    assert carried.walk.fences.replace(8, {"fences": [circle(2)]}) == 0
    carried.keep(carried.walk.fences.save_lasting())
    carried.rows = (circle(),)
    carried.new_battery()  # and is ordered again as it was, with the power gone between
    carried.at(200, 300)
    assert carried.at(200, 303) == BOOT_1


EVENINGS = [{"days": 127, "from_min": 16 * 60, "minutes": 20}]
NIGHTS = [{"days": 127, "from_min": 16 * 60 + 40, "minutes": 60}]


def left_in_the_evening(*windows):
    """With an exit that is open since 8003 s; the evening ends at 9200 s."""
    carried = Carried(circle(schedule=list(windows)))
    carried.walk.wait(7900)
    carried.at(200, 8000)
    assert carried.at(200, 8003) == (Event(LEFT, 1, BEGAN),)
    return carried


def test_a_new_battery_beyond_the_window_keeps_an_exit_open():
    carried = left_in_the_evening(*EVENINGS)
    carried.at(200, 9300)
    carried.new_battery()
    assert carried.at(200, 9400) == ()
    assert carried.walk.state() == OUTSIDE
    carried.at(0, 9500)
    assert carried.at(0, 9503) == BACK_1
    carried.walk.wait(9504)
    assert carried.walk.fences.in_force() == ()


def test_an_exit_too_old_is_said_again_also_beyond_its_window():
    for last_s in (8003, 9300):  # within it, and beyond
        carried = left_in_the_evening(*EVENINGS)
        if last_s > 8003:
            carried.at(200, last_s)
        carried.new_battery()
        late_s = last_s + AGE_MAX_S + 100
        assert carried.at(200, late_s) == ()
        data = carried.walk.fences.save()
        carried.new_battery()
        assert carried.walk.fences.load(data)  # a reset before it is decided
        assert carried.at(200, late_s + 3) + carried.at(200, late_s + 6) == BOOT_1
        carried.at(0, late_s + 60)
        assert carried.at(0, late_s + 63) == BACK_1
        carried.new_battery()
        assert carried.at(200, late_s + 100) + carried.at(200, late_s + 103) == ()


def test_a_closed_exit_leaves_flash():
    carried = left_in_the_evening(*EVENINGS)
    carried.at(200, 9300)
    carried.walk.fences.close_exits(START_S + 9300)
    carried.keep(carried.walk.fences.save_lasting())
    carried.new_battery()
    assert carried.at(200, 9400) == ()
    assert carried.walk.fences.worst() == (0, UNKNOWN)


def test_an_exit_of_a_window_that_has_ended_goes_on_in_the_next():
    carried = left_in_the_evening(*(EVENINGS + NIGHTS))
    carried.new_battery()
    assert carried.at(200, 8000 + 2460) == ()
    assert carried.at(200, 8000 + 2463) == ()
    assert carried.walk.state() == OUTSIDE


def test_flash_that_refused_is_told_again():
    carried = Carried()
    carried.at(0, 0)
    carried.walk.at(200, 60)
    carried.walk.at(200, 63)
    first = carried.walk.fences.save_lasting()
    assert first is not None
    assert carried.walk.fences.save_lasting() == first
    carried.walk.fences.kept_lasting(first)
    assert carried.walk.fences.save_lasting() is None


def test_an_ordinary_day_writes_nothing():
    carried = Carried()
    for s in range(0, 86400, 60):
        carried.at(s // 60 % 140, s)
    assert carried.writes == 0


def test_whoever_paces_over_the_boundary_all_day_wears_no_flash_and_hides_no_exit():
    carried = Carried(*[circle(number, 1500 + number) for number in range(1, 17)])
    exits = 0
    for i in range(86400 // 12):
        metres = 200 if i // 2 % 2 else 100
        events = carried.at(metres, 12 * i)
        exits += len([event for event in events if event.what == LEFT])
        _check_flash(carried)
    assert exits > 20000
    assert carried.writes <= 2 * WRITES_A_DAY
    assert carried.writes > WRITES_A_DAY  # the bound is not stated too loosely


def _check_flash(carried):
    """What flash holds is open, every one of it."""
    _utc, held = open_exits._unpack(carried.flash) if carried.flash else (0, [])
    states = [(f.number, f.mark) for f in carried.walk.fences.in_force() if f.state == OUTSIDE]
    assert [entry for entry in held if entry not in states] == []


def test_a_return_is_told_to_flash_without_budget_too():
    for writes_before in range(BURST):
        carried = Carried(circle(1, 1500), circle(2, 2500))
        s = 0
        for metres in (0,) + (200, 0) * writes_before + (300, 200, 200, 0):
            carried.at(metres, s)
            carried.at(metres, s + 3)
            _check_flash(carried)
            s += 60
        assert carried.writes > writes_before


def test_a_fence_that_rtc_memory_does_not_know_is_unknown():
    carried = Carried()
    other = Walk(circle(2))
    other.at(0, 0)
    carried.leave(0)
    carried.new_battery()
    assert carried.walk.fences.load(other.fences.save())
    assert carried.walk.fences.worst() == (1, UNKNOWN)


def test_the_budget_outlives_a_sleep():
    carried = Carried()
    for i in range(BURST + 1):
        carried.leave(600 * i)
        carried.at(0, 600 * i + 120)
        carried.at(0, 600 * i + 123)
        data = carried.walk.fences.save()
        carried.walk = Walk(*carried.rows)
        carried.walk.fences.load_lasting(carried.flash)
        assert carried.walk.fences.load(data)
    spent = carried.walk.fences._exits.next_s - carried.walk.fences._clock.now_s
    assert spent > (BURST - 2) * EVERY_S


def test_waking_up_is_no_reason_to_write():
    carried = Carried()
    carried.leave(0)
    for s in range(100, 7300, 60):
        data = carried.walk.fences.save()
        carried.new_battery()
        assert carried.walk.fences.load(data)
        assert carried.at(200, s) == ()
    assert 3 <= carried.writes <= 1 + 7200 // REFRESH_S


def test_damaged_bytes_are_said_and_change_nothing():
    carried = Carried()
    carried.leave(0)
    good = carried.flash
    bad = [good[:length] for length in range(len(good))] + [good + b"\0", bytes(len(good))]
    for i in range(8 * len(good)):
        flipped = bytearray(good)
        flipped[i // 8] ^= 1 << i % 8
        bad.append(bytes(flipped))
    for data in bad:
        walk = Walk()
        assert not walk.fences.load_lasting(data)
        assert walk.fences.worst() == (1, UNKNOWN)
