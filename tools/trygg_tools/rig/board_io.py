"""The wearer's side in the rig: a button and a strap that the scenario moves, signals it notes.

Runs under both interpreters.
"""

from trygg_tools.rig.felt import Felt


class BoardIo:
    """Port BoardIo; `now_ms` tells the time by which pulses are measured."""

    def __init__(self, now_ms) -> None:  # type: ignore[no-untyped-def]
        self.pressed = False
        self.strap = 0  # 0 no sensor, 1 closed, 2 open
        self.light = 0
        self._now_ms = now_ms
        self.sensor = False  # an accelerometer
        self.moved = False  # it holds an interrupt
        self._felt = Felt()
        self._signals: list[str] = []

    @property
    def signals(self) -> list[str]:
        """The patterns that the wearer has felt, those still going on left out."""
        self._note()
        return self._signals

    def button(self) -> bool:
        """True while the button is pressed."""
        return self.pressed

    def worn(self) -> int:
        """What the strap says."""
        return self.strap

    def has_motion(self) -> bool:
        """True on a board with an accelerometer."""
        return self.sensor

    def motion(self) -> bool:
        """True when the wearer has moved since this was last asked; always without a sensor."""
        moved, self.moved = self.moved, False
        return moved or not self.sensor

    def signal(self, light: int, motor: int) -> None:
        """Note light and motor."""
        self._note()
        self.light = light
        self._felt.motor(motor, self._now_ms())

    def _note(self) -> None:
        name = self._felt.paused(self._now_ms())
        if name is not None:
            self._signals.append(name)
