"""Exits as they truly were, what had been stated before each, and when the gateway heard of it."""

from dataclasses import dataclass

from tracker.fence import FenceSet
from tracker.geo import Place
from tracker.settings import Settings
from trygg_tools.exits import world
from trygg_tools.exits.scene import START_S, Scene
from trygg_tools.rig.gateway import Gateway
from trygg_wire import codec, layouts

PATIENCE_S = 7200  # after an exit for which nothing was stated: found within this, or missed
NEVER_CM = 1 << 40
GRACE_S = 900  # after a bound that was broken: late, or missed


@dataclass
class Outcome:
    """What became of one exit. stated_s 0: nothing was stated; found_s -1: never found.

    void: a search ended in vain after the exit, so that the bound's condition was not met.
    """

    seed: int
    kind: str
    stated_s: int = 0
    found_s: int = -1
    void: bool = False
    resets: int = 0

    def late(self) -> bool:
        """Whether a promise was broken."""
        return bool(self.stated_s) and not self.void and not 0 <= self.found_s <= self.stated_s

    def missed(self) -> bool:
        """Whether nobody was ever told."""
        return self.found_s < 0


class Truth:
    """The same fences as the tracker's, asked about where the wearer really is."""

    def __init__(self, scene: Scene, walk: world.Walk) -> None:
        settings = Settings()
        for name, value in scene.settings.items():
            setattr(settings, name, value)
        fences = FenceSet(settings)
        if fences.replace(1, world.order(scene.areas)):
            raise ValueError(f"fences that the tracker refuses: {scene.areas}")
        self._fences = fences._fences
        self._plane, self._walk = scene.plane, walk
        self._lines = {
            fence.number: self._line_cm(fence, scene, settings) for fence in self._fences
        }
        self._timed = any(fence.windows for fence in self._fences)
        self._looked_s = self._safe_s = 0
        self._fastest_cm_s = 100 * max(1.0, scene.speed_m_s)
        self.out: dict[int, int] = {}  # fence: the second since which every fix must say so

    def beyond_cm(self, here: world.Point) -> int:
        """How far a point is beyond the boundary that is nearest."""
        place = Place(*self._plane.place(here))
        return max(int(fence.beyond_cm(place)) for fence in self._fences)

    def follow(self, now_s: int) -> None:
        """Look at the seconds that have passed; not at those in which no line can be reached."""
        for second in range(max(self._looked_s + 1, self._safe_s), now_s + 1):
            if self.out or self._timed or self._walk.moves(second):
                self._look(second)
        self._looked_s = now_s

    def _look(self, second: int) -> None:
        place = Place(*self._plane.place(self._walk.at(second)))
        nearest_cm = -NEVER_CM
        for fence in self._fences:
            fence.follow(START_S + second)
            beyond_cm = fence.beyond_cm(place) - self._lines[fence.number]
            nearest_cm = max(nearest_cm, beyond_cm)
            if fence.in_force and beyond_cm > 0:
                self.out.setdefault(fence.number, second)
            else:
                self.out.pop(fence.number, None)
        self._safe_s = second + int(-nearest_cm / self._fastest_cm_s) if not self.out else 0

    @staticmethod
    def _line_cm(fence, scene: Scene, settings) -> int:  # type: ignore[no-untyped-def]
        buffer_dm = fence.buffer_dm
        if not buffer_dm and fence.keep != layouts.KEEP_OUT:
            buffer_dm = settings.fence_buffer_dm
        accuracy = scene.accuracy_dm()
        doubt_dm = buffer_dm + accuracy + min(accuracy, scene.settings["accuracy_clamp_dm"])
        return int(10 * doubt_dm)


class Heard:
    """What a gateway holds, each record read once, as it comes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._read = 0
        self._stated: list[tuple[int, int, dict[int, int]]] = []  # made, bound, that of fences
        self._alarm_s: dict[int, int] = {}

    def stated_s(self, number: int, left_s: int) -> int:
        """The bound for that fence in the last report made before the exit; 0 none."""
        self._follow()
        made_s, stated_s = -1, 0
        for when_s, bound_s, of_fence in self._stated:
            if made_s < when_s < left_s:
                made_s, stated_s = when_s, of_fence.get(number, bound_s)
        return stated_s

    def alarm_s(self, number: int) -> int:
        """When an alarm that this fence is left came to the gateway; -1: it has not."""
        self._follow()
        return self._alarm_s.get(number, -1)

    def _follow(self) -> None:
        for boot, seq, ms in self._gateway.arrivals[self._read :]:
            kind, values = codec.decode(self._gateway.records[(boot, seq)])
            if kind == layouts.REPORT and not values["time_is_uptime"]:
                of_fence = {row["number"]: row["bound_s"] for row in values["bounds"]}
                when_s = values["time_s"] - START_S
                self._stated.append((when_s, values["bound_s"], of_fence))
            elif kind == layouts.ALARM and values["what"] == layouts.LEFT:
                self._alarm_s.setdefault(values["fence_number"], ms // 1000)
        self._read = len(self._gateway.arrivals)
