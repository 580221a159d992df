"""CGNSSPWR, CGNSSINFO, CGNSSTST: the GNSS of A7670, A7672 and SIM767x (A76XX AT manual).

READY! comes some seconds after OK; before it CGNSSINFO is an error, and so it is when GNSS is off.
`+CGNSSINFO: mode,GPS,GLONASS,BeiDou,lat,N,lon,E,ddmmyy,hhmmss.ss,altitude,knots,course,PDOP,HDOP,
VDOP`; the manual shows minutes in one place and decimal degrees in another. Quirks: `never_ready`,
`decimal_degrees`; `antenna_gpio`, no supply of the antenna before CGDRT/CGSETV (SIM7670G boards).
"""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number
from trygg_tools.modem_sim.gnss import AUTO, COLD, HOT, WARM, Fix
from trygg_tools.modem_sim.gnss_text import (
    decimal,
    east,
    hdop,
    knots,
    minutes,
    nmea,
    north,
    when,
)

READY_MS = 8500
NOTHING = ",,,,,,,,"
ANTENNA_PIN = 4
AGPS_S = 2 * 3600  # orbits of now, not of the coming days [K]


class CgnssA76(Family):
    """The receiver of the A76XX. `_pins` are the GPIOs that were set high."""

    def on_boot(self) -> None:
        """Off, no streaming, every pin an input."""
        self._turn = getattr(self, "_turn", 0) + 1
        self._ready = self._streams = False
        self._outputs: set[int] = set()
        self._high: set[int] = set()

    def on_off(self) -> None:
        """The receiver stops with the part."""
        self._turn += 1
        self._ready = False

    # -- antenna -----------------------------------------------------------------------------

    @answers("+CGDRT", SET)
    def direction(self, call: Call) -> None:
        """GPIO, 1 output."""
        pin = number(call, 0, 0, 77)
        (self._outputs.add if number(call, 1, 0, 1) else self._outputs.discard)(pin)

    @answers("+CGSETV", SET)
    def level(self, call: Call) -> None:
        """GPIO, 1 high; ERROR for an input."""
        pin = number(call, 0, 0, 77)
        if pin not in self._outputs:
            raise Refused
        (self._high.add if number(call, 1, 0, 1) else self._high.discard)(pin)

    def _hears(self) -> bool:
        return not self.modem.quirk("antenna_gpio") or ANTENNA_PIN in self._high

    # -- power -------------------------------------------------------------------------------

    @answers("+CGNSSPWR", SET)
    def power(self, call: Call) -> None:
        """1 starts (`1,1` from what is in flash), 0 stops."""
        on = number(call, 0, 0, 1)
        number(call, 1, 0, 1, 0)
        number(call, 2, 0, 1, 0)
        self._turn += 1
        self._ready = False
        if not on:
            self.modem.gnss.off()
        else:
            self.modem.background(self._starts(self._turn))

    def _starts(self, turn: int) -> Talk:
        yield READY_MS
        if turn != self._turn:
            return None
        self.modem.gnss.start(AUTO)
        self._ready = True
        if not self.modem.quirk("never_ready"):
            self.modem.urc("+CGNSSPWR: READY!")
        return None

    @answers("+CGNSSPWR", READ)
    def state(self, call: Call) -> None:
        """On, from flash, and a third number that is always 1 in logs."""
        self.modem.say(f"+CGNSSPWR: {int(self._ready)},0,1")

    @answers("+CGPSCOLD", RUN)
    @answers("+CGPSWARM", RUN)
    @answers("+CGPSHOT", RUN)
    def restart(self, call: Call) -> None:
        """A start of that kind."""
        if not self._ready:
            raise Refused
        self.modem.gnss.start({"+CGPSCOLD": COLD, "+CGPSWARM": WARM, "+CGPSHOT": HOT}[call.name])

    @answers("+CGNSSMODE", SET)
    @answers("+CGNSSNMEA", SET)
    @answers("+CGPSNMEARATE", SET)
    @answers("+CGNSSIPR", SET)
    def taken(self, call: Call) -> None:
        """Taken; the simulated sky does not depend on it."""

    @answers("+CAGPS", RUN)
    def assist(self, call: Call) -> None:
        """Assisted data over the network; the line after OK tells how it went."""
        self.modem.background(self._assist())

    def _assist(self) -> Talk:
        good = self._ready and self.modem.network.usable
        yield 3000
        if good:
            self.modem.gnss.aid(self.modem.world.second() + AGPS_S, kept=False)
            self.modem.gnss.start(AUTO)
        self.modem.urc("+AGPS: success." if good else "+AGPS: fail.")
        return None

    # -- the fix -----------------------------------------------------------------------------

    def _fix(self) -> Fix | None:
        return self.modem.gnss.fix() if self._hears() else None

    @answers("+CGNSSINFO", RUN)
    def info(self, call: Call) -> None:
        """The fix now; empty fields without one."""
        if not self._ready:
            raise Refused
        fix = self._fix()
        self.modem.say(f"+CGNSSINFO: {NOTHING if fix is None else self._fields(fix)}")

    def _fields(self, fix: Fix) -> str:
        if self.modem.quirk("decimal_degrees"):
            lat, lon = decimal(abs(fix.lat_e6)), decimal(abs(fix.lon_e6))
        else:
            lat, lon = minutes(fix.lat_e6, 2), minutes(fix.lon_e6, 3)
        used = fix.satellites
        dilution = hdop(fix)
        return (
            f"2,{used:02d},05,00,{lat},{north(fix)},{lon},{east(fix)},"
            f"{when(fix):%d%m%y,%H%M%S}.00,32.9,{knots(fix):.1f},{fix.course_deg}.0,"
            f"{dilution * 1.4:.1f},{dilution:.1f},{dilution * 0.9:.1f}"
        )

    @answers("+CGNSSTST", SET)
    def stream(self, call: Call) -> None:
        """1: NMEA into this port, between and inside of answers; 0 stops."""
        if not self._ready:
            raise Refused
        self._streams = number(call, 0, 0, 1) == 1
        if self._streams:
            self.modem.background(self._stream(self._turn))

    def _stream(self, turn: int) -> Talk:
        while self._streams and turn == self._turn:
            yield 1000
            if self._streams and turn == self._turn:
                self.modem.mouth.out(nmea(self._fix(), self.modem.world.second()))
        return None
