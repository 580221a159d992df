"""One tracker on one person in simulated time: the real App between the models.

What it spends is noted as milliseconds in each state (`spent`), not as charge: one run can be
priced for any board. `alarms` are what the gateway holds, with the second of their arrival.
"""

from typing import Any, NamedTuple

from tracker.app import App
from trygg_tools.boards import Board, energy_section
from trygg_tools.rig import power as pw
from trygg_tools.rig.anchor import UNHEARD
from trygg_tools.rig.board_io import BoardIo
from trygg_tools.rig.body import Body
from trygg_tools.rig.clock import Clock
from trygg_tools.rig.gateway import Gateway
from trygg_tools.rig.orders import signed_order
from trygg_tools.rig.power import Power
from trygg_tools.rig.tracker import BOOT_MS, GROUP, ORDER_KEY, QUIET_MS, SimulatedTracker
from trygg_tools.simulate import fences
from trygg_tools.simulate.noise import chance
from trygg_tools.simulate.policies import OURS, Policy
from trygg_tools.simulate.radio import Network, Radio
from trygg_tools.simulate.receiver import Receiver
from trygg_tools.simulate.track import Track
from trygg_wire import codec, layouts

STATES = ("asleep", "awake", "searching", "tracking", "connecting", "connected", "listening")
ANCHOR_M = 25.0  # so far is the radio at home heard
UNHEARD_LOOKS = 0.1  # share of looks there that miss it all the same; our estimate
ANCHOR_ID = bytes.fromhex("02a1b2c3d4e5")


class Senses(NamedTuple):
    """What the board has besides a receiver: an accelerometer, a known radio at home."""

    motion: bool = True
    anchor: bool = False


MOTION, BARE, ANCHORED = Senses(), Senses(motion=False), Senses(anchor=True)


class Alarm(NamedTuple):
    """An ALARM record; times in seconds since 2020."""

    what: int
    reason: int
    fence_number: int
    made_s: int
    arrived_s: int


class MeteredClock(Clock):
    """Tells the wearer of every stretch of time that passes."""

    wearer: "Wearer | None" = None

    def advance(self, ms: int) -> None:
        """Let `ms` pass."""
        if self.wearer is not None:
            self.wearer.spend(ms)
        super().advance(ms)


class LivingBody(Body):
    """What the accelerometer feels of a Track: as the rig's, but it need not ask every second."""

    def __init__(self, board: BoardIo, track: Track, seed: int) -> None:
        super().__init__(board)
        self._track, self._seed = track, seed
        self._known_s = track.start_s
        board.sensor = True
        self._worn_board = board

    def feel(self, world_s: int) -> None:
        """Hold an interrupt if there was motion since the last call."""
        if world_s > self._known_s and not self._worn_board.moved:
            felt_s = self._track.next_felt(self._known_s, world_s, self._seed)
            self._worn_board.moved = felt_s is not None
        self._known_s = world_s

    def still_ms(self, world_s: int, ms: int) -> int:
        """The ms, `ms` at most, until something moves after the second `world_s`."""
        felt_s = self._track.next_felt(world_s, world_s + ms // 1000, self._seed)
        return ms if felt_s is None else 1000 * (felt_s - world_s)


class RailPower(Power):
    """Tells the receiver when its supply comes and goes."""

    receiver: Receiver | None = None

    def start(self, cause: int, wake: int = 0) -> None:
        """Begin a run of the firmware: all supplies are off."""
        super().start(cause, wake)
        if self.receiver is not None:
            self.receiver.switched(False)

    def rail(self, name: str, on: bool) -> None:
        """Switch a part's supply."""
        super().rail(name, on)
        if name == "gnss" and self.receiver is not None:
            self.receiver.switched(on)


class Wearer(SimulatedTracker):
    """`areas` and `settings` ((number, value), …) are ordered at the start, as a gateway would."""

    def __init__(
        self,
        track: Track,
        areas: list[fences.Area],
        board: Board,
        policy: Policy = OURS,
        seed: int = 1,
        network: Network | None = None,
        settings: tuple[tuple[int, int], ...] = (),
        senses: Senses = MOTION,
    ) -> None:
        super().__init__(lambda _s: None, world_s=track.start_s)
        self.track, self.policy, self.board_figures = track, policy, board
        self.spent = dict.fromkeys(STATES, 0)
        self.sessions = 0
        self._planned_for: App | None = None
        self._began_ms = 0  # the first step of this App, from which it counts its seconds
        self.at_step = self._before_step
        self.clock = MeteredClock(track.start_s)
        self.power = RailPower()
        self.receiver = Receiver(self.clock, self.power, track, seed)
        self.uart = self.receiver  # type: ignore[assignment]
        self.gateway = Gateway(self.clock, GROUP, self.device)
        self.radio = Radio(self.clock, self._accept, network or Network(), seed + 5)
        self.link = self.radio
        self.power.start(pw.PWRON)
        self.power.receiver = self.receiver
        self.clock.wearer = self
        if senses.motion:
            self.body = LivingBody(self.board, track, seed + 6)
        if senses.anchor:
            self._hang_anchor(seed)
        self._order(layouts.FENCES, fences.order(areas))
        if settings:
            rows = [{"number": number, "value": value} for number, value in settings]
            self._order(layouts.SETTINGS, {"settings": rows})

    def config(self) -> dict[str, object]:
        """With the board's energy figures, as provisioning copies them."""
        return {**super().config(), "energy": energy_section(self.board_figures.energy)}

    def spend(self, ms: int) -> None:
        """Note what is on while `ms` pass."""
        spent = self.spent
        if self.app is None:
            spent["asleep"] += ms
            return
        spent["awake"] += ms
        if self.power.rails.get("gnss"):
            spent["tracking" if self.receiver.found else "searching"] += ms
        if self.anchor.seen() is None:
            spent["listening"] += ms
        if self.radio.up():
            spent["connecting" if self.radio.connecting() else "connected"] += ms

    def alarms(self) -> list[Alarm]:
        """The alarms that the gateway holds, in the order of their making."""
        start_s = self.clock.start_s
        return [
            self._alarm(codec.decode(frame)[1], start_s + ms // 1000)
            for frame, ms in self._arrived(layouts.ALARM)
        ]

    def refusals(self) -> list[tuple[int, int]]:
        """(order, reason) of each order that the tracker refused."""
        answers = self.gateway.answers
        refused = [one for one in answers if one["result"] == layouts.REFUSED]
        return [(one["order_id"], one["reason"]) for one in refused]

    def blind_s(self) -> list[int]:
        """The seconds since 2020 of the reports whose state is that the tracker cannot tell."""
        reports = [codec.decode(frame)[1] for frame, _ in self._arrived(layouts.REPORT)]
        return [
            one["time_s"]
            for one in reports
            if one["fence_state"] == layouts.CANNOT_TELL and not one["time_is_uptime"]
        ]

    def positions(self) -> list[tuple[int, int]]:
        """(second of arrival, of the fix), since 2020, of the newest fix of each report."""
        start_s = self.clock.start_s
        found = []
        for frame, ms in self._arrived(layouts.REPORT):
            one = codec.decode(frame)[1]
            if one["fixes"] and not one["time_is_uptime"]:
                found.append((start_s + ms // 1000, one["time_s"] - one["fixes"][0]["age_s"]))
        return found

    def bounds_s(self) -> tuple[int, int]:
        """The shortest and the longest bound that reports stated; (0, 0): none did."""
        reports = [codec.decode(frame)[1] for frame, _ in self._arrived(layouts.REPORT)]
        stated = [int(one["bound_s"]) for one in reports if one["bound_s"]]
        return min(stated, default=0), max(stated, default=0)

    def _arrived(self, kind: int) -> list[tuple[bytes, int]]:
        came = [(self.gateway.records[(boot, seq)], ms) for boot, seq, ms in self.gateway.arrivals]
        return [(frame, ms) for frame, ms in came if codec.peek(frame)[0] == kind]

    def _alarm(self, values: dict[str, Any], arrived_s: int) -> Alarm:
        made_s = self.clock.start_s + values["time_s"] if values["time_is_uptime"] else 0
        return Alarm(
            values["what"],
            values["reason"],
            values["fence_number"],
            made_s or values["time_s"],
            arrived_s,
        )

    def _hang_anchor(self, seed: int) -> None:
        """A radio at home, where the track begins; some looks miss it."""
        home = self.track.points[0]
        area = fences.Area(1, (home.latitude, home.longitude), radius_m=ANCHOR_M)

        def heard(s: int) -> int:
            here = self.track.at(s)
            if chance(seed + 7, 1, s) < UNHEARD_LOOKS:
                return UNHEARD
            return -60 if area.beyond_m(here.latitude, here.longitude) < 0 else UNHEARD

        self.anchor.heard = heard  # type: ignore[assignment]
        self._order(layouts.ANCHORS, {"anchors": [{"radio": layouts.WIFI, "id": ANCHOR_ID}]})

    def _accept(self, far: Any) -> None:
        self.sessions += 1
        self.gateway.accept(far)

    def _order(self, kind: int, values: dict[str, object]) -> None:
        order_id = len(self.gateway.owed) + 1
        frame = signed_order(self.device, ORDER_KEY, order_id, kind, values)
        self.gateway.order(order_id, frame)

    def _before_step(self, _step: int) -> None:
        """A new App is given its policy before it does anything."""
        if self.app is not None and self.app is not self._planned_for:
            self._planned_for = self.app
            self._began_ms = self.clock.now_ms
            self.policy.install(self.app)

    def _until_event(self, wait_ms: int) -> int:
        """As the rig's, but for two kinds of steps in which nothing can happen.

        While it connects the App asks to be called at once, in vain. And while the receiver
        searches, the silence after its sentences says nothing, once the App has learned which
        come (receiver.LEARNED_S). The turn of the App's second is never passed over.
        """
        turn_ms = 1000 - (self.clock.now_ms - self._began_ms) % 1000
        if self.radio.connecting():
            wait_ms = max(wait_ms, min(self.radio.coming_ms()[0], turn_ms))
        until_ms = super()._until_event(wait_ms)
        if until_ms == QUIET_MS and min(wait_ms, turn_ms) > QUIET_MS and self.receiver.idling():
            coming = [ms for ms in self.link.coming_ms() if ms >= 0]
            until_ms = min([wait_ms, self.receiver.next_ms(), *coming])
            return self.body.still_ms(self.clock.world_s(), until_ms)
        return until_ms

    def _start(self, cause: int, wake: int, after_ms: int) -> None:
        super()._start(cause, wake, after_ms)
        booting = min(BOOT_MS, after_ms)
        self.spent["asleep"] -= booting
        self.spent["awake"] += booting
