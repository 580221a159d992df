"""A tracker with a modem lives through a piece of a day, and everything it says is noted.

From cold: what it is, where it is, then PSM. A call for help (ALARM_S), reports every half minute
while it is open, "taken" (TAKEN_S) and "closed" (CLOSED_S) by the gateway, and back to PSM. So
each procedure of the driver is used: on, attach, connect, subscribe, publish, receive, PSM and
eDRX, off.
"""

from typing import Any

from tracker.retained import COUNTERS
from trygg_tools.modem_faults.overheard import Identity, Overheard
from trygg_tools.modem_sim.board_end import Cable
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.rig.modem_side import ModemSide
from trygg_tools.rig.orders import command, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import codec, layouts

ALARM_S, TAKEN_S, CLOSED_S, OVER_S = 90, 200, 250, 720
HOLDS_S = 6  # the button
AGAIN_S = 30  # an order about an alarm that has not arrived yet
_DROPPED = COUNTERS.index("records_dropped")
HERE = (59790000, 10240000, 0, 0, 50)


class Silent:
    """No receiver on the UART: the modem's own is used."""

    def said(self, _second: int, _on_for_s: int) -> bytes:
        """Nothing."""
        return b""


class Wearer(SimulatedTracker):
    """A tracker at home, its modem one of `dialect`; `way` is one of plan.WAYS."""

    def __init__(self, dialect: str, way: str, side: Any) -> None:
        self._own_receiver = way == "gnss"
        ways = ["socket" if way == "socket" else "mqtt"]
        modem = {"dialect": dialect, "ways": ways, "apn": "iot"}
        super().__init__(lambda _second: HERE, side=side, modem=modem)
        if self._own_receiver:
            self.uart.source = Silent()

    def config(self) -> dict[str, object]:
        """As provisioning would have written it."""
        config = super().config()
        return config | {"gnss": {"receiver": "modem"}} if self._own_receiver else config


class Journey:
    """`tracker` the rig's; made, arrived: {record: ms}; alarm: the call's record, None before."""

    def __init__(
        self,
        dialect: str,
        way: str,
        seed: int = 0,
        faults: Faults | None = None,
        cable: Cable | None = None,
        alarm_s: int = ALARM_S,
    ) -> None:
        self.overheard: Overheard | None = None

        def side(ports: Any) -> ModemSide:
            made = ModemSide(
                dialect, ports, seed=seed, faults=faults, cable=cable, place=lambda _second: HERE
            )
            made.uart = self.overheard = Overheard(made.uart, ports[0])  # type: ignore[assignment]
            return made

        self.tracker = Wearer(dialect, way, side)
        self.tracker.at_step = self._look
        self.made: dict[Identity, int] = {}
        self.alarm: Identity | None = None
        self._known: Any = None
        self._alarm_s = alarm_s
        self._plan()

    @property
    def arrived(self) -> dict[Identity, int]:
        """When each record was first at the gateway."""
        return {(boot, seq): ms for boot, seq, ms in self.tracker.gateway.arrivals}

    @property
    def modem(self) -> Any:
        """The driver's Modem; None while the chip sleeps."""
        return self.tracker.app and self.tracker.app._modem

    def waiting(self) -> set[Identity]:
        """The records in the outbox; empty while the chip sleeps."""
        app = self.tracker.app
        if app is None:
            return set()
        index = app.outbox._index
        return {index.identity(place) for place in range(index.count)}

    def thinned(self) -> int:
        """How many records the outbox has given up, as the health record would say."""
        app = self.tracker.app
        if app is None:
            return 0
        counted = app._recorder._base[_DROPPED]
        return int(counted + app.outbox.dropped)

    def _plan(self) -> None:
        tracker, board = self.tracker, self.tracker.board
        tracker.at(self._alarm_s, lambda: setattr(board, "pressed", True))
        tracker.at(self._alarm_s + HOLDS_S, lambda: setattr(board, "pressed", False))
        later_s = self._alarm_s - ALARM_S
        tracker.at(TAKEN_S + later_s, lambda: self._order(1, layouts.ALARM_TAKEN))
        tracker.at(CLOSED_S + later_s, lambda: self._order(2, layouts.ALARM_CLOSED))

    def _order(self, number: int, what: int) -> None:
        """The gateway's word about the alarm, once it has it."""
        tracker = self.tracker
        if self.alarm is None or self.alarm not in self.arrived:
            tracker.at(tracker.seconds() + AGAIN_S, lambda: self._order(number, what))
            return
        values = command(what, *self.alarm)
        frame = signed_order(
            tracker.device, ORDER_KEY, number, layouts.COMMAND, values, version=number
        )
        tracker.gateway.order(number, frame)

    def _look(self, _step: int) -> None:
        """Before each step: an App that is new is listened to."""
        app = self.tracker.app
        if app is None or app is self._known:
            return
        self._known, append = app, app.outbox.append

        def noting(lane: int, boot: int, seq: int, frame: bytes, now_s: int) -> Any:
            self.made.setdefault((boot, seq), self.tracker.clock.now_ms)
            if lane == layouts.LANE_ALARM and self.alarm is None:
                _, values = codec.decode(bytes(frame))
                if values.get("what") == layouts.SOS:
                    self.alarm = (boot, seq)
            return append(lane, boot, seq, frame, now_s)

        app.outbox.append = noting
