"""One trial: the whole tracker in simulated time, somebody who leaves, and what was promised.

The tracker is the real App with its sleeps and a gateway; resets and power cuts strike at any step.
The wearer does the worst that v_max allows: goes to the very edge, waits for a fix, and bolts.
What is judged is what the gateway holds: the bound that the last report before the exit stated
for that fence, and when the alarm came. An exit begins at the line of tracker/duty.py: from there
every fix must be read as outside. Time that a reset took, the rest before a start in safe mode
included, with all before it, is given back.
"""

import math
from typing import Any

from tracker.settings import ROWS
from trygg_tools.exits import world
from trygg_tools.exits.scene import START_S, scene
from trygg_tools.exits.verdict import GRACE_S, PATIENCE_S, Heard, Outcome, Truth
from trygg_tools.rig import power as pw
from trygg_tools.rig.anchor import UNHEARD
from trygg_tools.rig.orders import signed_order
from trygg_tools.rig.sky import Sky
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import layouts

RESETS_MAX = 4
RESET_TAKES_S = 4
RADIO_M = 95.0  # an anchor whose range is 100 m (tracker/anchor.py)
FAR_M = 20000.0
_NUMBER = {name: number for number, name, _default, _low, _high in ROWS}


class Searching(Sky):
    """A sky under which each search takes as long as `luck` says."""

    def __init__(self, place: Any, luck: Any) -> None:
        super().__init__(place)
        self._luck = luck
        self._since_s = -1

    def said(self, world_s: int, on_for_s: int) -> bytes:
        """As Sky, with a new time to fix for each switching on."""
        if world_s - on_for_s != self._since_s:
            self._since_s = world_s - on_for_s
            self.search_s = self._luck()
        return super().said(world_s, on_for_s)


class Tracker(SimulatedTracker):
    """The rig's, without the steps in which nothing can happen.

    While it waits for an answer of the gateway the App asks to be called at once.
    """

    def _until_event(self, wait_ms: int) -> int:
        coming = [ms for ms in self.link.coming_ms() if ms >= 0]
        return super()._until_event(max(wait_ms, min(coming)) if coming else wait_ms)


class Trial:
    """`run()` gives the Outcome."""

    def __init__(self, seed: int) -> None:
        self.scene = made = scene(seed)
        self.outcome = Outcome(seed, made.kind())
        self.tracker = tracker = Tracker(self._seen, world_s=START_S)
        tracker.sky = Searching(self._seen, self._luck)
        tracker.uart.source = tracker.sky
        tracker.link.delay_ms = made.chance.choice((20, 400, 2000))
        if made.sensor != "none":
            tracker.body.wear(self._felt)
        if made.anchor != "none":
            tracker.anchor.heard = self._heard  # type: ignore[assignment]
        if made.chance.random() < 0.2:
            tracker.power.set_battery(3550)
        tracker.at_step = self._before_step
        tracker.slow_percent = made.slow_percent
        self.walk = world.Walk((0.0, 0.0), self._aim)
        self.truth = Truth(made, self.walk)
        self._heard_of = Heard(tracker.gateway)
        self._room = (0.0, 0.0)
        self._bolted = not made.bolts
        self._reset_s = self._failed_s = -1
        self._starts = 0

    def run(self) -> Outcome:
        """Let the wearer live until an exit is found, or should long have been."""
        self._order()
        tracker = self.tracker
        end_s = self.scene.leaves_s + 3000 + PATIENCE_S
        while tracker.seconds() < end_s and not self._over():
            tracker.run(1 if self.truth.out else 5)
        return self.outcome

    # -- what the wearer does --------------------------------------------------------------

    def _aim(self, second: int, here: world.Point) -> tuple[world.Point, float]:
        """About the house at first, then to the edge, then out."""
        made, chance = self.scene, self.scene.chance
        if second < made.leaves_s:
            if chance.random() < 0.01:
                self._room = world.polar(chance.uniform(0, 40), chance.uniform(0, math.tau))
            return self._room, min(1.0, made.speed_m_s)
        if not self._bolted and self.truth.beyond_cm(here) > -1500:
            looking = bool(self.tracker.power.rails.get("gnss"))
            self._bolted = not looking or chance.random() < 0.02
            return here, 0.0
        return made.goal(FAR_M), made.speed_m_s

    # -- what the tracker perceives --------------------------------------------------------

    def _seen(self, world_s: int) -> tuple[int, int, int, int, int] | None:
        """What the receiver makes of that second: wrong by up to its accuracy."""
        made, second = self.scene, world_s - START_S
        if made.without_reception(second):
            return None
        here = self.walk.at(second)
        wrong_m = made.error_dm / 10 * 1.41 * made.chance.choice((0.97, made.chance.random()))
        off = world.polar(wrong_m, made.chance.uniform(0, math.tau))
        lat_e6, lon_e6 = made.plane.place((here[0] + off[0], here[1] + off[1]))
        return lat_e6, lon_e6, 0, 0, made.error_dm

    def _luck(self) -> int:
        """Seconds of the next search: mostly few, sometimes all it may take."""
        longest = self.scene.settings["fix_timeout_s"] - 3
        chance = self.scene.chance
        return chance.choice((1, 2, chance.randint(1, longest), longest))

    def _felt(self, world_s: int) -> bool:
        return self.scene.sensor == "good" and self.walk.moves(world_s - START_S)

    def _heard(self, world_s: int) -> int:
        if self.scene.anchor == "carried":
            return -60
        near = math.hypot(*self.walk.at(world_s - START_S)) < RADIO_M
        return -80 if near and self.scene.chance.random() < 0.95 else UNHEARD

    def _before_step(self, _step: int) -> None:
        """After a crash a start may have rested (tracker/recovery.py)."""
        tracker = self.tracker
        if tracker.starts != self._starts:
            self._starts = tracker.starts
            if tracker.recovery is not None and tracker.recovery.crashed:
                self._reset_s = max(self._reset_s, tracker.seconds())
        self._strike(_step)

    def _strike(self, _step: int) -> None:
        """A reset, the watchdog, a power cut at this very step."""
        made = self.scene
        early = self.tracker.seconds() < made.leaves_s - 300
        if early or self.outcome.resets >= RESETS_MAX or made.chance.random() >= made.resets:
            return
        self.outcome.resets += 1
        self._reset_s = self.tracker.seconds() + RESET_TAKES_S
        strike(self.tracker, made.chance.choice(("reset", "bite", "cut")))

    # -- the verdict -----------------------------------------------------------------------

    def _over(self) -> bool:
        """Whether the first exit that is open was found, or nobody waits for it any more."""
        now_s, truth, outcome = self.tracker.seconds(), self.truth, self.outcome
        truth.follow(now_s)
        app = self.tracker.app
        if app is not None and app._core.duty.failures:
            self._failed_s = now_s
        if not truth.out:
            return False
        number, left_s = min(truth.out.items(), key=lambda item: item[1])
        since_s = max(left_s, self._reset_s)
        outcome.stated_s = self._heard_of.stated_s(number, left_s)
        outcome.void = self._failed_s > left_s
        heard_s = self._heard_of.alarm_s(number)
        if heard_s >= 0:
            outcome.found_s = max(0, heard_s - since_s)
            return True
        binds = outcome.stated_s and not outcome.void
        return now_s - since_s > (outcome.stated_s + GRACE_S if binds else PATIENCE_S)

    def _order(self) -> None:
        made = self.scene
        rows = [{"number": _NUMBER[name], "value": value} for name, value in made.settings.items()]
        self._send(1, layouts.SETTINGS, {"settings": rows})
        self._send(2, layouts.FENCES, world.order(made.areas))
        if made.anchor != "none":
            known = [{"radio": layouts.BLE, "id": b"\1\2\3\4\5\6"}]
            self._send(3, layouts.ANCHORS, {"anchors": known})

    def _send(self, order_id: int, kind: int, values: dict[str, object]) -> None:
        frame = signed_order(self.tracker.device, ORDER_KEY, order_id, kind, values)
        self.tracker.gateway.order(order_id, frame)


def strike(tracker: SimulatedTracker, kind: str) -> None:
    """End the App here and now: by a reset of its own, the watchdog, or a loss of power."""
    if kind == "bite":
        tracker.bite()
    elif kind == "reset":
        raise pw.Reset
    else:
        raise pw.PowerCut
