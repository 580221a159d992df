"""When assisted data is fetched, in which steps, and what ends it; the whole tracker does so in
tests/tools/test_simulated_modem.py."""

from tracker.modem import aid, bg95, modem, wiring
from tracker.modem.steps import DONE, FAILED

NOON = 217490400
DAY_S = 86400


class Clock:
    def __init__(self, utc=NOON):
        self.now = utc

    def utc(self):
        return self.now


class Over:
    """A modem that is always free; `said` what it was told, `is_free` False: not now."""

    def __init__(self, dialect):
        self.dialect = dialect
        self.said = []
        self.values = {}
        self.aid_due_s = 0
        self.aid_said = b""
        self.time_s = NOON
        self.is_free = True
        self.stirred = self.changed = False
        self.over = 0
        self.state = modem.UP

    def run(self, names, values, _now, _forgiving, _owner):
        if self.is_free:
            self.said.append(names)
            self.values = values
        return self.is_free

    def ended(self, _owner):
        over, self.over = self.over, 0
        return over


class Fetch:
    """An Aid and what is told it, a second each."""

    def __init__(self, name="bg95", utc=NOON):
        self.over, self.clock, self.now_s = Over(wiring.find(name)), Clock(utc), 0
        self.aid = aid.Aid(self.over, self.clock)
        self.on_s = -1

    def step(self, quiet=True, over=0, line=b""):
        self.now_s += 1
        self.clock.now += 1 if self.clock.now else 0
        self.over.over = over
        if line:
            self.over.aid_said = line
        self.aid.work(1000 * self.now_s, self.now_s, quiet, self.on_s)

    def begin(self):
        assert self.aid.holds(self.now_s, self.on_s)
        self.step()

    def whole(self):
        """All that a BG95 wants, well."""
        self.begin()
        for line in (b"aided", b"aided"):
            self.step(over=DONE)
            self.step(line=line)
            self.step()
        self.step(over=DONE)


def test_each_step_waits_for_the_modem_s_own_line_and_the_session_for_the_last():
    one = Fetch()
    one.begin()
    assert one.over.said == ["AID_1"]
    one.step(over=DONE)
    one.step()
    assert one.over.said == ["AID_1"] and one.aid.holds(one.now_s, -1)
    one.step(line=b"aided")
    one.step()
    one.step(over=DONE)
    one.step(line=b"aided")
    one.step()
    assert one.over.said == ["AID_1", "AID_2", "AID_USE"]
    assert one.over.values["time"] == b"26/11/22,06:00:08"
    assert one.aid.holds(one.now_s, -1)
    one.step(over=DONE)
    assert (one.aid.fetched, one.aid.failures) == (1, 0)
    assert not one.aid.holds(one.now_s, -1) and one.over.stirred


def test_it_is_due_again_when_it_is_old_or_our_clock_was_set_anew():
    one = Fetch()
    one.whole()
    good_s = bg95.AID_S
    for later_s, due in (
        (0, False),
        (good_s - 10, False),
        (good_s + 10, True),
        (-300, False),
        (-20 * DAY_S, True),
        (90 * DAY_S, True),
    ):
        one.clock.now = NOON + later_s
        assert one.aid.holds(one.now_s, -1) == due, later_s
        one.step(quiet=False)
    one.clock.now = 0  # no time: nothing is fetched that goes with one
    assert not one.aid.holds(one.now_s, -1)


def test_a_failure_is_counted_and_not_repeated_for_half_a_day():
    for how in ({"over": FAILED}, {"over": DONE}):
        one = Fetch()
        one.begin()
        one.step(**how)
        one.step(line=b"unaided")
        assert (one.aid.fetched, one.aid.failures) == (0, 1)
        assert not one.aid.holds(one.now_s, -1)
        assert one.over.changed
        one.clock.now += aid.RETRY_S - 60
        assert not one.aid.holds(one.now_s, -1)
        one.clock.now += 120
        assert one.aid.holds(one.now_s, -1)


def test_a_modem_that_never_says_what_came_is_given_up():
    one = Fetch()
    one.begin()
    one.step(over=DONE)
    while one.now_s < aid.MOST_S - 1:
        one.step()
        assert one.aid.failures == 0
    one.step()
    assert one.aid.failures == 1
    assert not one.aid.holds(one.now_s, -1)


def test_an_alarm_or_a_search_ends_it_and_it_is_tried_after_the_next_session():
    one = Fetch()
    one.begin()
    one.step(over=DONE)
    one.step(quiet=False)
    assert not one.aid.waits() and one.aid.failures == 0
    one.step()
    assert one.over.said == ["AID_1"], "not before all is said again"
    one.begin()
    assert one.over.said == ["AID_1", "AID_1"]


def test_a_line_of_before_is_not_taken_for_this_one_s():
    one = Fetch()
    one.over.aid_said = b"aided"
    one.begin()
    one.step(over=DONE)
    one.step()
    assert one.over.said == ["AID_1"]


def test_a_busy_modem_is_asked_again_and_one_without_a_time_is_told_it():
    one = Fetch("sim7080")
    one.over.is_free = False
    one.over.time_s = 0
    one.begin()
    one.over.is_free = True
    one.step()
    assert one.over.said == ["SET_TIME AID_1"]
    assert one.over.values["clock"] == b"26/11/22,06:00:02+00"


def test_where_the_receiver_has_to_run_it_is_wanted_and_given_time():
    one = Fetch("a7670")
    one.begin()
    assert one.aid.wants_receiver() and not one.over.said
    one.on_s = one.now_s
    for _ in range(aid.ON_S):
        assert not one.over.said
        one.step()
    assert one.over.said == ["AID_1"]
    one.step(over=DONE)
    one.step(line=b"aided")
    one.step()
    assert one.aid.fetched == 1
    assert not one.aid.wants_receiver()


def test_what_would_not_last_is_not_fetched_while_fixes_come():
    one = Fetch("a7670")
    one.aid.fixed()
    assert not one.aid.holds(0, -1)
    one.clock.now += 7100
    assert not one.aid.holds(0, -1)
    one.aid.fixed()
    one.clock.now += 7100
    assert not one.aid.holds(0, -1)
    one.clock.now += 200
    assert one.aid.holds(0, -1)
    lasting = Fetch("sim7080")
    lasting.aid.fixed()
    assert lasting.aid.holds(0, -1)


def test_a_receiver_that_runs_is_left_alone_where_it_takes_nothing_then():
    assert not Fetch("sim7600").aid.holds(0, 5)
    assert Fetch("sim7600").aid.holds(0, -1)
    assert Fetch("a7670").aid.holds(0, 5)
