"""The whole App: fences, settings and commands by order, an exit, restarts, cuts, a silent hour."""

from typing import Any

from tracker import settings
from tracker.outbox import Outbox
from trygg_tools.power_cuts.notes import NotedOutbox, Notes, in_flash
from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.power import PowerCut
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

HOME = (59927000, 10701000)
START_S = 200000000
_NAMES = {layouts.SETTINGS: "settings", layouts.FENCES: "fences"}


def leaving(world_s: int) -> tuple[int, int, int, int, int]:
    """At home for ten minutes, then 400 m to the north and to stay there."""
    gone_dm = min(4000, max(0, world_s - START_S - 600) * 14)
    return (HOME[0] + gone_dm * 9 // 10, HOME[1], 14 if 0 < gone_dm < 4000 else 0, 0, 30)


class NotedLife:
    """A simulated tracker whose flash is written down stroke by stroke."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.tracker = SimulatedTracker(leaving, world_s=START_S)
        self.tracker.flash.log = self.notes.log
        self.tracker.at_step = self._before_step
        self._app: object = None
        self._cut_at_step = -1
        self._kinds: dict[int, tuple[str, int]] = {}
        self._orders = 0

    def order(self, kind: int, values: dict[str, Any], version: int) -> None:
        """Owe the tracker an order."""
        self._orders += 1
        frame = signed_order("kari", ORDER_KEY, self._orders, kind, values, version)
        self._kinds[self._orders] = (_NAMES.get(kind, "command"), version)
        self.tracker.gateway.order(self._orders, frame)

    def cut_soon(self) -> None:
        """Cut the power before the next step."""
        self._cut_at_step = self.tracker.steps + 1

    def _before_step(self, _step: int) -> None:
        app = self.tracker.app
        assert app is not None
        if app is not self._app:
            self._app = app
            self._begin(app.outbox)
        self._note_state()
        if 0 <= self._cut_at_step <= _step:
            self._cut_at_step = -1
            raise PowerCut

    def _begin(self, outbox: Outbox) -> None:
        append = outbox.append

        def noted(lane: int, boot: int, seq: int, frame: bytes, now_s: int) -> bool:
            self.notes.boots.append((self.tracker.flash.strokes, boot))
            kept = bool(append(lane, boot, seq, frame, now_s))
            self._note_answer(frame)
            return kept

        outbox.append = noted
        NotedOutbox(outbox, self.tracker.flash, self.notes)

    def _note_answer(self, frame: bytes) -> None:
        kind, values = codec.decode(frame)
        if kind == layouts.ANSWER and values["result"] in (layouts.APPLIED, layouts.ARMED):
            what, version = self._kinds[values["order_id"]]
            self.notes.answered.append((self.tracker.flash.strokes, what, version))

    def _note_state(self) -> None:
        state = state_of(self.tracker.app)
        if not self.notes.states or self.notes.states[-1][1] != state:
            self.notes.states.append((self.tracker.flash.strokes, state))


def state_of(app: Any) -> tuple[Any, ...]:
    """What orders have set: settings and fences, with their versions."""
    kept = app._core.settings
    values = tuple(getattr(kept, row[1]) for row in settings.ROWS)
    fences = tuple(fence.number for fence in app.fences._fences)
    return (kept.version, values), (app.fences.version, fences)


def recorded() -> Notes:
    """The life, with every stroke of the flash."""
    life = NotedLife()
    life.order(layouts.FENCES, circle(*HOME, 200), 1)
    life.tracker.run(400)
    life.order(layouts.SETTINGS, {"settings": [{"number": 1, "value": 30}]}, 1)
    life.tracker.run(300)
    life.cut_soon()
    life.tracker.run(200)
    life.order(layouts.FENCES, circle(*HOME, 150, 0), 2)
    life.order(layouts.SETTINGS, {"settings": [{"number": 9, "value": 600}]}, 2)
    life.tracker.run(500)
    life.tracker.link.unreachable = True
    life.tracker.run(900)
    life.cut_soon()
    life.tracker.run(300)
    life.tracker.link.unreachable = False
    life.order(layouts.COMMAND, command(layouts.RESTART), 1)
    life.tracker.run(300)
    return life.notes


def check(files: dict[str, bytes], notes: Notes, stroke: int) -> None:
    """What must be true of a start after a cut there; AssertionError says what is not."""
    tracker = SimulatedTracker(leaving, world_s=START_S + 7200)
    tracker.flash.files = dict(files)
    tracker.link.unreachable = True
    tracker.run(2)
    app = tracker.app
    assert app is not None, "does not start"
    assert tracker.starts == 1, "starts more than once"
    found = in_flash(app.outbox)
    for identity, frame in notes.kept(stroke).items():
        assert found.get(identity) == frame, f"record {identity} is lost"
    used = notes.used_boots(stroke)
    boot = app._recorder.image.boot
    assert boot > max(used, default=0), f"boot {boot} was used before: {used}"
    assert (boot, 1) in found, "the first record of the new start is not kept"
    state = state_of(app)
    for part, name in enumerate(("settings", "fences")):
        possible = [one[part] for one in notes.possible_states(stroke)] or [state[part]]
        assert state[part] in possible, f"{name} are {state[part][0]}, neither old nor new"
        assert state[part][0] >= notes.owed(stroke, name), f"{name}: answered, and not in force"
