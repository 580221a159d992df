"""Off, starting, on, leaving, PSM: rail, PWRKEY, DTR and STATUS of a modem.

PWRKEY: `key(1)` presses it (pulls it low). Held for `key_on_ms` it switches a modem on, held for
`key_off_ms` one that is on off, which is what a driver does that presses it without looking at
STATUS. Held for `RESET_MS` it resets (SIM7070/7080/7090 hardware design, 12.6 s). DTR: `dtr(1)` is
high, which lets a modem with AT+CSCLK=1 sleep; low for 50 ms wakes its UART.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

OFF, STARTING, ON, LEAVING, PSM = "off", "starting", "on", "leaving", "psm"
RESET_MS = 12600
DTR_WAKE_MS = 50
SLEEP_AFTER_MS = 5000  # quiet for so long, DTR high: asleep [K]


class Power:
    """The state and what changes it. `starts` counts starts, `unasked` those nobody asked for."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self.state = OFF
        self.rail_on = True
        self.slow_clock = 0  # AT+CSCLK
        self.starts = self.unasked = 0
        self._key_since_ms = -1
        self._presses = 0
        self._dtr = 0
        self._dtr_low_ms = 0
        self._heard_ms = 0
        self._turn = 0  # of the life that is starting or running
        self._warned = False
        modem.world.heed(self._supply_changed)

    # -- pins --------------------------------------------------------------------------------

    def rail(self, on: bool) -> None:
        """The supply; without it nothing is kept but what is saved."""
        if self.rail_on and not on:
            self._end(OFF)
        self.rail_on = on

    @property
    def has_supply(self) -> bool:
        """Enough of it to run on."""
        return self.rail_on and self._modem.world.supply_mv >= self._modem.part.brown_out_mv

    def _supply_changed(self) -> None:
        """A warning below one limit (once), off below the other."""
        part, mv = self._modem.part, self._modem.world.supply_mv
        low = mv <= part.low_mv
        if not self.has_supply:
            if self.state == ON:
                self.leave(part.dead_line)
            elif self.state == STARTING:
                self._end(OFF)
        elif low and not self._warned and self.state == ON and part.low_line:
            self._modem.mouth.line(part.low_line)
        self._warned = low

    def key(self, level: int) -> None:
        """PWRKEY, 1 pressed."""
        pressed = self._key_since_ms >= 0
        if bool(level) == pressed:
            return
        self._presses += 1
        if not level:
            self._key_since_ms = -1
            return
        self._key_since_ms = self._modem.schedule.now_ms
        number, state = self._presses, self.state
        part = self._modem.part
        wait_ms = part.key_off_ms if state == ON else part.key_on_ms
        self._modem.schedule.after(wait_ms, lambda: self._held(number, state))
        self._modem.schedule.after(RESET_MS, lambda: self._held_long(number))

    def _held(self, number: int, state: str) -> None:
        if number != self._presses or not self.has_supply or self._modem.faults.key_is_dead():
            return
        if state in (OFF, PSM) and self.state == state:
            self.start(self._modem.part.ready_ms)
        elif state == ON and self.state == ON:
            self.leave(self._modem.part.leave_line)

    def _held_long(self, number: int) -> None:
        if number == self._presses and self.state == ON and not self._modem.faults.key_is_dead():
            self.reboot()

    def dtr(self, level: int) -> None:
        """DTR, 1 high."""
        if self._dtr and not level:
            self._dtr_low_ms = self._modem.schedule.now_ms
        self._dtr = 1 if level else 0
        self._heard_ms = self._modem.schedule.now_ms

    def status(self) -> int:
        """STATUS: 1 while the part is up."""
        return 1 if self.state in (ON, LEAVING) else 0

    def deaf(self) -> bool:
        """True while the UART does not hear the host."""
        if self.state != ON:
            return True
        now_ms = self._modem.schedule.now_ms
        if not self.slow_clock:
            return False
        if not self._dtr:
            return now_ms - self._dtr_low_ms < DTR_WAKE_MS
        if now_ms - self._heard_ms >= SLEEP_AFTER_MS:
            return True
        self._heard_ms = now_ms
        return False

    # -- lives -------------------------------------------------------------------------------

    def start(self, ready_ms: int) -> None:
        """Begin a life; after `ready_ms` the UART speaks."""
        self._end(STARTING)
        self.starts += 1
        turn = self._turn
        self._modem.schedule.after(ready_ms, lambda: self._up(turn))

    def _up(self, turn: int) -> None:
        if turn != self._turn:
            return
        self.state = ON
        self._modem.boot()

    def reboot(self) -> None:
        """A reset: by command, by crash, by a long key."""
        if self.has_supply and self.state != OFF:
            self.start(self._modem.part.ready_ms)

    def crash(self) -> None:
        """A reset that nobody asked for."""
        if self.state == ON:
            self.unasked += 1
            self.reboot()

    def leave(self, word: str) -> None:
        """Detach, say the word if there is one, go off."""
        if self.state != ON:
            return
        if word:
            self._modem.mouth.line(word)
        self._end(LEAVING, cut=False)
        turn = self._turn
        self._modem.schedule.after(self._modem.part.off_ms, lambda: self._gone(turn))

    def vanish(self) -> None:
        """Off at once."""
        self._end(OFF)

    def _gone(self, turn: int) -> None:
        if turn == self._turn:
            self._end(OFF)

    def doze(self) -> None:
        """Into PSM: the UART is dead until the key or T3412."""
        if self.state == ON:
            self._end(PSM, cut=False)

    def _end(self, state: str, cut: bool = True) -> None:
        self._turn += 1
        was_up = self.state == ON
        self.state = state
        self.slow_clock = 0
        if was_up:
            self._modem.ended()
        if cut:
            self._modem.wire.cut()
