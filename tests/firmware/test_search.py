"""Search: when the receiver is on, how long, and when a search is left out or given up."""

from tracker.duty import FULL_EVERY, NOTHING_S, Duty
from tracker.search import KEEP_ON_S, UPKEEP_ON_S, UPKEEP_WEAK_S, Search
from tracker.settings import Settings


class Receiver:
    """What it gives next is `fix`; its figures are `sees`."""

    def __init__(self):
        self.fix = None
        self.sees = (0, 9999)

    def feed(self, data, ticks):
        pass

    def forget(self):
        pass

    def take(self):
        fix, self.fix = self.fix, None
        return fix

    def quality(self):
        return self.sees


class Bench:
    """Uart, Power and set-up in one, and a Search over them."""

    def __init__(self, **settings):
        self.receiver = Receiver()
        self.powered = False
        self.settings = Settings()
        for name in settings:
            setattr(self.settings, name, settings[name])
        self.duty = Duty(self.settings)
        self.search = Search(self.receiver, self, self, self.duty, self.settings, self)

    def read(self):
        return b""

    def write(self, data):
        return len(data)

    def rail(self, name, on):
        self.powered = on

    def switch_on(self, now):
        pass

    def switch_off(self):
        return b""

    def poll(self, now, data):
        return b""

    def seconds(self, first, last, fix=None):
        """Poll once a second; the second at which a search was over, else -1."""
        for now_s in range(first, last + 1):
            self.receiver.fix = fix
            if self.search.poll(1000 * now_s, now_s)[1]:
                return now_s
        return -1

    def failed(self, first, searches):
        """So many searches in vain, each begun at once; the second of the end."""
        at_s = first
        for _search in range(searches):
            at_s = self.seconds(at_s, at_s + 1000)
            self.search.plan(at_s, 0)
        return at_s


def test_it_is_off_until_a_fix_is_due_and_off_again_until_the_next():
    bench = Bench()
    bench.search.next_s = 50
    assert bench.seconds(0, 49) == -1
    assert not bench.powered
    assert bench.seconds(50, 60, fix="a fix") == 50
    assert bench.powered
    bench.search.plan(50, 100)
    assert not bench.powered
    assert bench.search.wait_s(60) == 90


def test_for_a_short_pause_it_stays_on():
    bench = Bench()
    bench.seconds(0, 0, fix="a fix")
    bench.search.plan(0, KEEP_ON_S)
    assert bench.powered
    bench.search.plan(0, KEEP_ON_S + 1)
    assert not bench.powered


def test_a_search_in_vain_has_its_whole_time():
    bench = Bench(fix_timeout_s=45)
    assert bench.seconds(0, 100) == 45
    assert bench.duty.failures == 1


def test_what_may_be_left_out_is_asked_before_the_supply_comes():
    bench = Bench()
    rests = [30, 0]
    bench.search.rest = lambda now_s: rests.pop(0)
    assert bench.seconds(0, 29) == -1
    assert not bench.powered
    assert bench.seconds(30, 30, fix="a fix") == 30


def test_once_nothing_is_stated_a_search_that_gets_nowhere_is_given_up_early():
    bench = Bench(fix_timeout_s=45, give_up_s=15)
    ends = bench.failed(0, 1)
    assert bench.seconds(ends, ends + 100) - ends == 45  # a bound is stated: its whole time
    bench.search.plan(90, 0)
    bench.duty.stated_s = NOTHING_S
    assert bench.seconds(90, 200) - 90 == 15
    assert bench.search.given_up == 1


def test_every_fourth_search_has_three_times_its_time_all_the_same():
    bench = Bench(fix_timeout_s=45, give_up_s=15)
    bench.duty.stated_s = NOTHING_S
    took = []
    at_s = 0
    for _search in range(6 * FULL_EVERY):
        ends = bench.seconds(at_s, at_s + 200)
        took.append(ends - at_s)
        bench.search.plan(ends, 0)
        at_s = ends
    assert took == [45, 15, 15, 15] + 5 * [135, 15, 15, 15]


def test_while_a_bound_is_stated_no_search_is_longer_than_the_time_out():
    bench = Bench(fix_timeout_s=45)
    bench.duty.stated_s = 20
    assert bench.failed(0, 9) == 9 * 45


def test_a_search_for_a_wearer_who_walks_is_not_given_up_early():
    bench = Bench(fix_timeout_s=45, give_up_s=15)
    began = bench.failed(0, 1)
    bench.duty.stated_s = NOTHING_S
    assert bench.seconds(began, began + 10) == -1
    bench.search.patient = True
    assert bench.seconds(began + 11, began + 100) == began + 45
    bench.search.plan(began + 45, 0)
    assert bench.seconds(began + 45, began + 200) == began + 60  # it counts for one search


def test_a_search_that_gets_better_is_not_given_up():
    bench = Bench(fix_timeout_s=45, give_up_s=15)
    bench.duty.stated_s = NOTHING_S
    began = bench.failed(0, 1)
    bench.receiver.sees = (2, 9999)
    assert bench.seconds(began, began + 10) == -1
    bench.receiver.sees = (3, 1200)
    assert bench.seconds(began + 11, began + 24) == -1
    bench.receiver.sees = (3, 800)
    assert bench.seconds(began + 25, began + 39) == -1
    assert bench.seconds(began + 40, began + 60) == began + 40


def test_when_upkeep_is_due_it_stays_on_until_its_ephemerides_are_fresh():
    bench = Bench(upkeep_s=7200)
    bench.receiver.sees = (11, 90)
    bench.search.upkept_s = 100
    bench.search.next_s = 5000
    bench.seconds(5000, 5000, fix="a fix")
    assert not bench.search.keeps_up(5000)
    bench.search.plan(5000, 2300)
    bench.seconds(7300, 7300, fix="a fix")
    for now_s in range(7300, 7300 + UPKEEP_ON_S):
        bench.seconds(now_s, now_s, fix="a fix")
        assert bench.search.keeps_up(now_s), now_s
    bench.seconds(7300 + UPKEEP_ON_S, 7300 + UPKEEP_ON_S, fix="a fix")
    assert not bench.search.keeps_up(7300 + UPKEEP_ON_S)
    assert bench.search.upkept_s == 7300 + UPKEEP_ON_S


def test_where_it_hears_badly_upkeep_takes_longer_and_is_done_again_when_it_was_cut_short():
    bench = Bench(upkeep_s=5400)
    bench.receiver.sees = (8, 190)
    bench.search.next_s = 6000
    for now_s in range(6000, 6000 + UPKEEP_WEAK_S):
        bench.seconds(now_s, now_s, fix="a fix")
        assert bench.search.keeps_up(now_s), now_s
    bench.search.plan(6000 + UPKEEP_WEAK_S, 60)
    bench.search.switch_off()
    began = 6200
    bench.search.next_s = began
    bench.seconds(began, began, fix="a fix")
    assert bench.search.keeps_up(began)
    for now_s in range(began, began + UPKEEP_WEAK_S + 1):
        bench.seconds(now_s, now_s, fix="a fix")
    assert not bench.search.keeps_up(began + UPKEEP_WEAK_S)


def test_no_upkeep_where_it_is_switched_off():
    bench = Bench(upkeep_s=0)
    bench.search.next_s = 90000
    bench.seconds(90000, 90000, fix="a fix")
    assert not bench.search.keeps_up(90000)
