"""The time as commands: +CCLK, +CLTS, +CTZU, +CTZR, and what the network says of it by itself.

With +CLTS (SIMCom; +CTZU elsewhere) the clock is set by the network some time after registration
and the lines `*PSUTTZ`, `DST` or `+CTZV` tell so. On the SIM70x0 +CLTS is saved and counts from the
next start (AT manual V1.05).
"""

from __future__ import annotations

from datetime import timedelta

from trygg_tools.modem_sim.command_line import READ, SET, TEST, Call
from trygg_tools.modem_sim.dialogue import Refused
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.real_time import EPOCH

KEEPS_CLTS, KEEPS_CTZU, KEEPS_CTZR = "clts", "ctzu", "ctzr"
TELLS_MS = (300, 3000)  # from the registration to the network's word


class ClockCommands(Family):
    """The commands, and the network's word."""

    def on_boot(self) -> None:
        """+CLTS counts as it was saved at the start."""
        self._clts = int(self.modem.kept.get(KEEPS_CLTS, 0))

    def on_network(self, registered: bool) -> None:
        """The network tells the time soon after a registration."""
        if registered and self.modem.world.clock_given:
            starts = self.modem.power.starts
            wait_ms = self.modem.rng.randint(*TELLS_MS)
            self.modem.schedule.after(wait_ms, lambda: self._told(starts))

    def _told(self, starts: int) -> None:
        if starts != self.modem.power.starts or not self.modem.network.registered:
            return
        world = self.modem.world
        if self._clts or self.modem.kept.get(KEEPS_CTZU, 0):
            self.modem.clock.set(world.second(), world.zone)
        if self._clts:
            utc = EPOCH + timedelta(seconds=world.second())
            if self.modem.part.limits.get("psuttz_slashes"):  # seen so, with its one odd quote
                self.modem.urc(f'*PSUTTZ: {utc:%y/%m/%d,%H:%M:%S}","{world.zone:+03d}",0')
            else:
                date = f"{utc.year},{utc.month},{utc.day},{utc.hour},{utc.minute},{utc.second}"
                self.modem.urc(f'*PSUTTZ: {date},"{world.zone:+d}",0')
            self.modem.urc("DST: 0")
        if self.modem.kept.get(KEEPS_CTZR, 0):
            self.modem.urc(f"+CTZV: {world.zone:+03d}")

    @answers("+CCLK", READ)
    def clock(self, call: Call) -> None:
        """Local time and zone; "80/01/06,..." while nobody has set it."""
        self.modem.say(f'+CCLK: "{self.modem.clock.text()}"')

    @answers("+CCLK", SET)
    def set_clock(self, call: Call) -> None:
        """Set by the host."""
        if not self.modem.clock.parse(text(call, 0, 20)):
            raise Refused(50)

    @answers("+CLTS", SET)
    def set_network_time(self, call: Call) -> None:
        """1: take the network's time. Saved, in force after a reboot."""
        self.modem.kept[KEEPS_CLTS] = number(call, 0, 0, 1)

    @answers("+CLTS", READ)
    def network_time(self, call: Call) -> None:
        """What is saved."""
        self.modem.say(f"+CLTS: {self.modem.kept.get(KEEPS_CLTS, 0)}")

    @answers("+CLTS", TEST)
    def which_network_time(self, call: Call) -> None:
        """What can be set."""
        self.modem.say('+CLTS: "yy/MM/dd,hh:mm:ss+/-zz"')

    @answers("+CTZU", SET)
    def set_update(self, call: Call) -> None:
        """1: the network sets the clock. Saved, in force at the next word of the network."""
        self.modem.kept[KEEPS_CTZU] = int(number(call, 0, 0, 3) > 0)

    @answers("+CTZU", READ)
    def update(self, call: Call) -> None:
        """What is saved."""
        self.modem.say(f"+CTZU: {self.modem.kept.get(KEEPS_CTZU, 0)}")

    @answers("+CTZR", SET)
    def set_report(self, call: Call) -> None:
        """1: say +CTZV when the zone was told."""
        self.modem.kept[KEEPS_CTZR] = number(call, 0, 0, 2)
