"""Months of trackers that are well, on a bad network: how often the watch calls one silent.

Each tracker promises its next report as the firmware does (its pause, a twentieth of it for its
clock, and 75 s for a fix and a connection), and its report comes late for the reasons that a
network gives:

- a few seconds nearly always, tens of seconds when it registers anew (log-normal, median 6 s);
- holes in the coverage: a cellar, a lift, a bus in a valley. So many a week, of exponential length
  around a mean; a report that falls due in one comes when it ends and the tracker's next try is
  due, whose pause has grown with the hole (uplink.py: doubled from 2 s, at most 300 s, half more);
- the operator's network down for half an hour to three hours, once in half a year.

Two counts come out. A silence that is said of a tracker that comes back within the most patience
past its promise is *false*: it was late. One that stays away longer is *out of coverage*, which
promise 6 wants said, for nobody can tell it from a flat battery.
"""

import random
from typing import NamedTuple

from trygg_gateway.watch import Watch
from trygg_gateway.watch_heard import Heard
from trygg_gateway.watched import Rules
from trygg_wire import layouts

DAY_S = 86_400
MONTH_S = 30 * DAY_S
SLACK_S = 75  # fix_timeout_s + connect_s of docs/settings.md
BEGIN_S = 1_790_000_000


class Surroundings(NamedTuple):
    """Where somebody wears a tracker."""

    holes_a_week: float
    hole_s: float  # mean
    report_s: int = 900

    @property
    def promise_s(self):
        return self.report_s + self.report_s // 20 + SLACK_S


PLACES = {
    "a home in a town": Surroundings(3, 180),
    "an old stone house": Surroundings(10, 240),
    "walks in a valley": Surroundings(6, 420),
    "a day centre with a cellar": Surroundings(5, 600, 600),
}


def false_silences(place, months, seed, rules=None):
    """(false, out of coverage): silences said of one tracker that is well, over so many months."""
    chance, rules = random.Random(seed), rules or Rules()
    watch = Watch(rules, BEGIN_S, 0)
    holes = sorted(_holes(place, months, chance))
    now_s, seq, false, away, at = BEGIN_S, 0, 0, 0, 0
    while now_s < BEGIN_S + months * MONTH_S:
        seq += 1
        watch.heard(_report(now_s, seq, place, chance))
        due_s = now_s + place.report_s
        arrives_s = due_s + min(600, int(chance.lognormvariate(1.8, 1.1)))
        while at < len(holes) and sum(holes[at]) <= due_s:
            at += 1
        if at < len(holes) and holes[at][0] <= arrives_s:
            begun_s, long_s = holes[at]
            pause_s = min(300, max(2, arrives_s - begun_s, long_s // 2)) * chance.uniform(0, 1.5)
            arrives_s = max(arrives_s, int(begun_s + long_s + pause_s) + 5)
        said = len(watch.poll(arrives_s - 1))
        is_late = arrives_s - now_s - place.promise_s <= rules.most_s
        false, away = false + said * is_late, away + said * (not is_late)
        now_s = arrives_s
    return false, away


def _holes(place, months, chance):
    at_s = BEGIN_S
    while at_s < BEGIN_S + months * MONTH_S:
        at_s += int(chance.expovariate(place.holes_a_week / (7 * DAY_S)))
        yield at_s, int(chance.expovariate(1 / place.hole_s))
    for _ in range(round(months / 6 + chance.uniform(-0.5, 0.5))):
        yield BEGIN_S + chance.randrange(months * MONTH_S), chance.randrange(1800, 3 * 3600)


def _report(now_s, seq, place, chance):
    return Heard(
        "astrid", layouts.REPORT, 1, seq, now_s, now_s - 3, place.promise_s,
        70, False, chance.randrange(-100, -80), layouts.INSIDE, 0, 0,
    )  # fmt: skip


def a_month(place, trackers, months, rules=None):
    """(false, out of coverage) a tracker-month, over so many trackers."""
    found = [false_silences(place, months, seed, rules) for seed in range(trackers)]
    of = trackers * months
    return sum(one[0] for one in found) / of, sum(one[1] for one in found) / of
