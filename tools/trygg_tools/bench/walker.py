"""One tracker of the `alarm` bench and its wearer, who leaves again and again.

A round begins with the tracker switched on at home, as after a power cut. It finds itself, reports,
lets the link go and sleeps with the chip off. When it wakes and switches its receiver on, the
wearer is far outside, in sentences a second apart. Two fixes that count make the alarm, whose log
line tells from which sentence on it was late; the link was closed, so the TCP and TLS handshakes
are part of what is measured. Some seconds later the tracker is switched off: without that it would
listen for ten minutes, and the next alarm would find the link open.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.bench.alarm_gateway import HOME
from trygg_tools.nmea_sentence import Moment, gga, gsa, gst, rmc
from trygg_tools.rig.live import LiveTracker
from trygg_tools.rig.live_ports import CLOSED
from trygg_tools.route import moved
from trygg_wire.layouts import APPLIED, ARMED

OUTSIDE = moved(*HOME, 220.0, 0.0)  # 120 m beyond the fence
LINGER_S = 2.0  # after an alarm, so that its acknowledgement is heard
PAUSE_S = 4.0  # between two rounds, at most: they drift apart
STUCK_S = 90.0
NEVER = float("inf")
_ALARM = re.compile(r"alarm (\d+)/(\d+): left")
_ANSWERED = re.compile(r"order (\d+) answered (\d+), reason 0$")


class Sample(NamedTuple):
    """An alarm: its record, when its last sentence was said, when it was in the log, and whether
    the link was closed until then. Times are of the monotonic clock."""

    id: str
    said_ns: int
    decided_ns: int
    link_closed: bool


class Stuck(Exception):
    """A tracker did not do what it should in STUCK_S; the text has its last lines."""


class Walker:
    """Call `act` at `due`; what it finds out goes to `alarmed`."""

    def __init__(
        self, config: dict[str, Any], folder: Path, alarmed: Callable[[Sample], None], seed: int
    ) -> None:
        self.device: str = config["device"]
        self.waiting = False  # for the sky, with the receiver on
        self.due = NEVER
        self._config = config
        self._folder = folder
        self._alarmed = alarmed
        self._dice = random.Random(seed)  # noqa: S311 - moments, not secrets
        self._unanswered = set(config["orders"])
        self._tracker: LiveTracker | None = None
        self._story: Iterator[None] = iter(())
        self._where: tuple[float, float] | None = None
        self._step_due = self._say_due = NEVER
        self._since = 0.0
        self._fed = 0
        self._said_ns = 0
        self._link_closed = False
        self._sample: Sample | None = None
        self._lines: list[str] = []

    @property
    def off(self) -> bool:
        """Whether it has done all it was asked to."""
        return self.due == NEVER

    # -- what it is asked to ---------------------------------------------------------------

    def live(self, rounds: int, spread_s: float) -> None:
        """Take the orders, then leave `rounds` times, beginning within `spread_s` at random."""
        self._begin(self._live(rounds, spread_s))

    def gather(self, spread_s: float) -> None:
        """Go to where an alarm begins, and wait there without a sky for `leave_at`."""
        self._begin(self._gathered(spread_s))

    def leave_at(self, moment: float) -> None:
        """The sky comes back at `moment` of the monotonic clock."""
        self.waiting = False
        self._where = OUTSIDE
        self._say_due = moment
        self._plan()

    def _begin(self, story: Iterator[None]) -> None:
        self._story = story
        self._since = time.monotonic()
        self._go_on()
        self._plan()

    # -- the stories: each yields while it waits for what the tracker does ------------------

    def _live(self, rounds: int, spread_s: float) -> Iterator[None]:
        yield from self._switch_on(spread_s)
        while self._unanswered or self._tracker_link() != CLOSED:
            yield
        for _ in range(rounds):
            self._switch_off()
            yield from self._at_home(PAUSE_S)
            self._where = OUTSIDE
            self._say_due = time.monotonic() + self._dice.random()
            yield from self._alarm()
        self._switch_off()

    def _gathered(self, spread_s: float) -> Iterator[None]:
        yield from self._at_home(spread_s)
        self.waiting = True
        yield from self._alarm()
        self._switch_off()

    def _switch_on(self, spread_s: float) -> Iterator[None]:
        at = time.monotonic() + self._dice.uniform(0, spread_s)
        self._step_due = at
        while time.monotonic() < at:
            yield
        self._tracker = LiveTracker(self._config, self._folder, say=self._hear)
        self._where = HOME
        self._fed = 0
        self._sample = None
        self._say_due = at + self._dice.random()

    def _at_home(self, spread_s: float) -> Iterator[None]:
        """Switched on, one fix at home, the receiver off; until it is on again."""
        yield from self._switch_on(spread_s)
        while not self._fed or self._receiver_on():
            yield
        self._where = None
        while not self._receiver_on():
            yield

    def _alarm(self) -> Iterator[None]:
        while self._sample is None:
            yield
        self._alarmed(self._sample)
        until = time.monotonic() + LINGER_S
        while time.monotonic() < until:
            yield

    def _switch_off(self) -> None:
        if self._tracker is not None:
            self._tracker.link.close()
        self._tracker = None
        self._step_due = self._say_due = NEVER

    # -- the moments -----------------------------------------------------------------------

    def act(self) -> None:
        """Do the one thing that is due first, and plan `due` anew. Raises Stuck."""
        now = time.monotonic()
        tracker = self._tracker
        if tracker is None:
            self._step_due = max(self._step_due, now + 0.01)
        elif self._say_due <= self._step_due:
            self._say(tracker)
            self._say_due += 1
        else:
            self._step_due = now + tracker.step()
        self._go_on()
        if now - self._since > STUCK_S:
            raise Stuck(f"{self.device} did nothing new in {STUCK_S:.0f} s: {self._lines}")
        self._plan()

    def _go_on(self) -> None:
        try:
            next(self._story)
        except StopIteration:
            self._switch_off()

    def _plan(self) -> None:
        self.due = min(self._step_due, self._say_due)

    def _say(self, tracker: LiveTracker) -> None:
        """One epoch; nobody says anything while the receiver is off or there is no sky."""
        if self._where is None or not self._receiver_on():
            return
        *before, last = sentences(int(time.time()), *self._where)
        tracker.feed(b"".join(before))
        self._link_closed = tracker.link.state() == CLOSED
        self._said_ns = time.monotonic_ns()
        tracker.feed(last)
        self._fed += 1

    def _receiver_on(self) -> bool:
        return self._tracker is not None and self._tracker.power.rails.get("gnss", False)

    def _tracker_link(self) -> int:
        return self._tracker.link.state() if self._tracker is not None else CLOSED

    def _hear(self, line: str) -> None:
        """A line of the tracker's log."""
        self._since = time.monotonic()
        self._lines = [*self._lines[-7:], line]
        answered = _ANSWERED.search(line)
        if answered:
            self._answered(int(answered[1]), int(answered[2]))
        alarm = _ALARM.search(line)
        if alarm and self._sample is None:
            key = f"{self.device}:{alarm[1]}:{alarm[2]}"
            self._sample = Sample(key, self._said_ns, time.monotonic_ns(), self._link_closed)

    def _answered(self, order: int, result: int) -> None:
        """Settings are in force when applied, a fence when armed."""
        settings, fence = self._config["orders"]
        if (order, result) in ((settings, APPLIED), (fence, ARMED)):
            self._unanswered.discard(order)


def sentences(unix_s: int, latitude: float, longitude: float) -> list[bytes]:
    """What a receiver with a good sky says about one second."""
    moment = Moment(
        unix_s=unix_s, found=True, latitude=latitude, longitude=longitude, speed_m_s=1.2,
        course_deg=10.0, satellites=12, hdop=0.8, error_north_m=2.0, error_east_m=1.8,
    )  # fmt: skip
    used = [2, 5, 12, 13, 15, 20]
    return [rmc(moment), gga(moment), gsa(moment, used, 1), gsa(moment, used, 3), gst(moment)]
