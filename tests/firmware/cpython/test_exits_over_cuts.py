"""An exit is never missed, wherever a reset or a loss of power strikes, and rarely said twice.

The steps between two fixes are those of App and Recorder: decide; for a BACK tell RTC memory and
flash first; keep each alarm; then RTC memory; then flash. A reset leaves RTC memory and flash, a
new battery flash.
"""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.fence_walk import Walk, circle
from tracker.fence_rule import Event
from trygg_wire.layouts import BACK, INSIDE, KEEP_OUT, LEFT, OUTSIDE

RESET, BATTERY = "reset", "battery"
ROWS = (circle(1), circle(2, 1800), circle(3, 500, keep=KEEP_OUT))
IN_M, OUT_M = 100, 400  # inside and outside of 1 and 2; fence 3 is left by going home
cut = st.tuples(st.integers(0, 8), st.sampled_from((RESET, BATTERY)))
step = st.tuples(
    st.sampled_from((0, IN_M, 148, 155, 200, 250, OUT_M)),
    st.integers(3, 900),
    st.one_of(st.none(), st.none(), cut),
)


class Cut(Exception):
    """The power goes, or the watchdog bites."""


class Tracker:
    """Fences with their RTC memory and flash, and what was said to the gateway."""

    def __init__(self) -> None:
        self.rtc = b""
        self.flash = b""
        self.said: list[Event] = []
        self.strokes_left = -1
        self.start()

    def start(self) -> None:
        self.walk = Walk(*ROWS)
        self.walk.settings.speed_refused_dm_s = 3000
        if self.flash:
            assert self.walk.fences.load_lasting(self.flash)
        if self.rtc:
            assert self.walk.fences.load(self.rtc)

    def fix(self, metres: int, s: int, strike: tuple[int, str] | None) -> None:
        self.strokes_left = strike[0] if strike else -1
        try:
            for stroke in self._step(metres, s):
                self._stroke()
                stroke()
        except Cut:
            if strike and strike[1] == BATTERY:
                self.rtc = b""
            self.start()

    def _stroke(self) -> None:
        if self.strokes_left == 0:
            raise Cut
        self.strokes_left -= 1

    def _step(self, metres: int, s: int) -> Iterator[object]:
        fences = self.walk.fences
        events: list[Event] = []
        yield lambda: events.extend(self.walk.at(metres, s))
        for event in events:
            if event.what == BACK:
                yield self._retain_returned
                yield lambda: self._keep(fences.save_ended())
            yield lambda event=event: self.said.append(event)
        yield self._retain
        yield lambda: self._keep(fences.save_lasting())

    def _retain(self) -> None:
        self.rtc = self.walk.fences.save()

    def _retain_returned(self) -> None:
        self.rtc = self.walk.fences.save_returned(self.rtc)

    def _keep(self, data: bytes | None) -> None:
        if data is not None:
            self.flash = data
            self.walk.fences.kept_lasting(data)

    def turns(self, number: int) -> list[int]:
        ours = [event.what for event in self.said if event.fence_number == number]
        return [what for what in ours if what in (LEFT, BACK)]


def _walk(steps):
    tracker = Tracker()
    s = 0
    for metres, later_s, strike in steps:
        s += later_s
        tracker.fix(metres, s, strike)
    return tracker, s


def _stay(tracker: Tracker, metres: int, s: int) -> None:
    for i in range(1, 6):
        tracker.fix(metres, s + 10 * i, None)


@settings(max_examples=250, deadline=None)
@given(st.lists(step, max_size=25))
def test_who_is_outside_in_the_end_was_said_to_have_left(steps):
    tracker, s = _walk(steps)
    _stay(tracker, OUT_M, s)
    for number in (1, 2):
        assert tracker.turns(number)[-1] == LEFT
    assert tracker.walk.fences.worst()[1] == OUTSIDE


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=25))
def test_who_is_home_in_the_end_is_inside_and_flash_knows_no_exit_of_theirs(steps):
    tracker, s = _walk(steps)
    _stay(tracker, IN_M, s)
    for fence in tracker.walk.fences.in_force():
        assert fence.state == INSIDE
    again = Walk(*ROWS)
    if tracker.flash:
        assert again.fences.load_lasting(tracker.flash)
    assert [fence.state == OUTSIDE for fence in again.fences.in_force()] == [False] * 3


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=25))
def test_no_exit_is_said_again_but_after_a_cut(steps):
    tracker, _s = _walk(steps)
    whole, _s = _walk([(metres, later_s, None) for metres, later_s, _ in steps])
    cuts = sum(strike is not None for _, _, strike in steps)
    for number in (1, 2, 3):
        left = tracker.turns(number).count(LEFT)
        assert left <= whole.turns(number).count(LEFT) + 2 * cuts
        turns = whole.turns(number)
        assert turns == [LEFT, BACK] * (len(turns) // 2) + [LEFT] * (len(turns) % 2)
    if not cuts:
        assert tracker.said == whole.said


def test_one_exit_cut_at_every_stroke_of_every_step_is_said_once_or_again_as_boot():
    steps = ((0, 60), (0, 60), (400, 60), (400, 3), (400, 10), (400, 10), (400, 10))
    for at in range(len(steps)):
        for stroke in range(6):
            for kind in (RESET, BATTERY):
                walk = [
                    (m, s, (stroke, kind) if i == at else None) for i, (m, s) in enumerate(steps)
                ]
                tracker, _s = _walk(walk)
                left = [event for event in tracker.said if event[:2] == (LEFT, 1)]
                assert 1 <= len(left) <= 2, (at, stroke, kind)
                if kind == RESET and stroke == 0:
                    assert len(left) == 1, (at, stroke)
