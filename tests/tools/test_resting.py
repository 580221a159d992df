"""The whole tracker at rest: what motion and anchor save, what ends it, and what is stated."""

from tracker.settings import ROWS
from trygg_tools.rig.orders import circle, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
START_S = 200000000
NUMBERS = {row[1]: row[0] for row in ROWS}
FLOOR_BOUND_S = 125
BEACON = {"anchors": [{"radio": layouts.BLE, "id": b"\1\2\3\4\5\6"}]}


class Wearing:
    """A tracker on somebody at home; counts when the receiver was switched on."""

    def __init__(self, place=lambda _s: (*HOME, 0, 0, 30), radius_m=300, **settings):
        self.tracker = SimulatedTracker(place, world_s=START_S)
        self.tracker.at_step = self._look
        self.on_s = []
        self._was_on = 0
        self.order(1, layouts.FENCES, circle(*HOME, radius_m))
        rows = [{"number": NUMBERS[name], "value": value} for name, value in settings.items()]
        if rows:
            self.order(2, layouts.SETTINGS, {"settings": rows})

    def order(self, order_id, kind, values):
        frame = signed_order(self.tracker.device, ORDER_KEY, order_id, kind, values)
        self.tracker.gateway.order(order_id, frame)

    def reports(self):
        frames = self.tracker.gateway.records
        decoded = [codec.decode(frames[key]) for key in sorted(frames)]
        return [values for kind, values in decoded if kind == layouts.REPORT]

    def searches(self, first_s, last_s):
        """How often the receiver was switched on between these seconds."""
        return sum(first_s <= second <= last_s for second in self.on_s)

    def _look(self, _step):
        count = self.tracker.power.switched_on.get("gnss", 0)
        if count > self._was_on:
            self.on_s.append(self.tracker.seconds())
        self._was_on = count


def test_a_wearer_who_sleeps_is_looked_for_no_oftener_than_was_stated():
    restless, asleep = Wearing(), Wearing()
    asleep.tracker.body.wear(lambda _s: False)
    for one in (restless, asleep):
        one.tracker.run(2 * 3600)
    assert restless.searches(3600, 7200) > 20
    assert 5 <= asleep.searches(3600, 7200) <= 8  # every motion_max_age_s
    assert restless.reports()[-1]["bound_s"] == FLOOR_BOUND_S
    assert asleep.reports()[-1]["bound_s"] == 730  # 120 - 20 + 600 + 30


def test_with_sensors_trusted_the_bound_stays_that_of_the_floor():
    asleep = Wearing(sensors_trusted=1, motion_max_age_s=1800)
    asleep.tracker.body.wear(lambda _s: False)
    asleep.tracker.run(3 * 3600)
    assert asleep.searches(3600, 10800) <= 6
    assert asleep.reports()[-1]["bound_s"] == FLOOR_BOUND_S


def test_motion_ends_the_rest_at_once():
    asleep = Wearing(sensors_trusted=1, motion_max_age_s=7200)
    gets_up_s = START_S + 5000
    asleep.tracker.body.wear(lambda world_s: world_s == gets_up_s)
    asleep.tracker.run(4999)
    assert asleep.searches(2000, 4999) == 0
    asleep.tracker.run(10)
    assert asleep.searches(4999, 5003) == 1
    asleep.tracker.run(3600)
    assert asleep.searches(5100, 8600) <= 2  # and quiet again


def without_reception(moves):
    """Nobody is found for hours; the second from which `moves` counts is 9000."""
    hidden = Wearing(lambda _s: None)
    hidden.tracker.body.wear(lambda world_s: moves(world_s - START_S - 9000))
    hidden.tracker.run(8999)
    assert hidden.searches(7000, 8999) <= 6
    hidden.tracker.run(400)
    return hidden


def test_a_walk_ends_the_growth_of_pauses_without_reception():
    hidden = without_reception(lambda s: 100 <= s < 300)
    assert hidden.searches(9100, 9112) == 1
    assert hidden.searches(9100, 9300) >= 3
    hidden.tracker.run(3600)
    assert hidden.searches(9500, 13000) <= 10  # and quiet again


def test_a_turn_in_a_chair_does_not():
    hidden = without_reception(lambda s: s % 60 == 40)
    assert hidden.searches(9000, 9399) <= 2


def test_a_health_record_says_whether_there_was_motion_since_the_one_before():
    moves = [range(START_S, START_S + 100), range(START_S + 30000, START_S + 30010)]
    worn = Wearing()
    worn.tracker.body.wear(lambda world_s: any(world_s in when for when in moves))
    worn.tracker.run(3 * 21600 + 900)
    frames = worn.tracker.gateway.records
    health = [codec.decode(frames[key]) for key in sorted(frames)]
    assert [one["moved"] for kind, one in health if kind == layouts.HEALTH][-2:] == [1, 0]


def test_a_trusted_sensor_that_is_dead_hides_an_exit_no_longer_than_its_maximum_age():
    def leaving(world_s):
        return (HOME[0] + 12 * max(0, world_s - START_S - 5000), HOME[1], 14, 0, 30)

    worn = Wearing(leaving, sensors_trusted=1, motion_max_age_s=1200)
    worn.tracker.body.wear(lambda _s: False)
    worn.tracker.run(5000 + 300 + 1200 + FLOOR_BOUND_S)
    frames = worn.tracker.gateway.records.values()
    assert layouts.ALARM in [codec.decode(frame)[0] for frame in frames]


def test_who_moves_all_the_time_is_not_woken_for_nothing():
    moving = Wearing()
    moving.tracker.body.wear(lambda _s: True)
    still_unknown = Wearing()
    for one in (moving, still_unknown):
        one.tracker.run(3600)
    assert moving.tracker.starts <= still_unknown.tracker.starts + 2
    assert moving.on_s == still_unknown.on_s


def test_a_home_anchor_saves_searches_and_its_loss_wakes_the_receiver():
    def heard(world_s):
        return -70 if world_s < START_S + 9000 else -127

    plain, anchored = Wearing(), Wearing(anchor_max_age_s=1800)
    plain.tracker.sky.search_s = anchored.tracker.sky.search_s = 20
    anchored.order(3, layouts.ANCHORS, BEACON)
    anchored.tracker.anchor.heard = heard
    for one in (plain, anchored):
        one.tracker.run(9000)
    assert anchored.searches(5400, 9000) <= plain.searches(5400, 9000) // 3
    assert anchored.reports()[-1]["bound_s"] == 1994 + 1  # 120 - 20 + 4 + 1800 + 90, in steps of 5
    anchored.tracker.run(300)
    assert anchored.searches(9000, 9300) >= 2
    looks = anchored.tracker.anchor.looks
    anchored.tracker.run(1800)
    assert anchored.searches(9300, 11100) > 10
    assert looks > 10


def test_where_fixes_are_quick_nobody_listens_for_an_anchor_but_to_learn():
    quick = Wearing()
    quick.order(3, layouts.ANCHORS, BEACON)
    quick.tracker.anchor.heard = lambda _s: -70
    quick.tracker.run(7200)
    assert 3 <= quick.tracker.anchor.looks <= 13
    assert quick.reports()[-1]["bound_s"] == FLOOR_BOUND_S  # 121 + 4


def test_an_anchor_whose_range_reaches_the_boundary_saves_nothing():
    near = Wearing(radius_m=120)
    near.order(3, layouts.ANCHORS, BEACON)
    near.tracker.anchor.heard = lambda _s: -70
    plain = Wearing(radius_m=120)
    plain.tracker.sky.search_s = near.tracker.sky.search_s = 20
    near.tracker.run(7200)
    plain.tracker.run(7200)
    assert near.searches(3600, 7200) >= plain.searches(3600, 7200) - 2
    assert near.reports()[-1]["bound_s"] == FLOOR_BOUND_S  # 121 + 4


def test_reception_that_fails_is_said_before_it_is_looked_for_less_often():
    def cellar(world_s):
        return (*HOME, 0, 0, 30) if world_s < START_S + 1200 else None

    below = Wearing(cellar)
    below.tracker.run(3600)
    stated = [(one["time_s"] - START_S, one["bound_s"]) for one in below.reports()]
    said_s = min(when_s for when_s, bound_s in stated if when_s > 1200 and not bound_s)
    assert said_s <= 1200 + 300 + 60
    pauses = [b - a for a, b in zip(below.on_s, below.on_s[1:], strict=False)]
    strict = [pause for a, pause in zip(below.on_s, pauses, strict=False) if 1300 < a < said_s - 70]
    assert max(strict, default=0) <= 45 + 20 + 2
    assert max(pause for a, pause in zip(below.on_s, pauses, strict=False) if a > said_s) > 300
