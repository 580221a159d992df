"""CGPS and CGPSINFO: the GNSS of SIM7500 and SIM7600 (AT manual V3.00, GPS chapter).

`+CGPSINFO: ddmm.mmmmmm,N,dddmm.mmmmmm,E,ddmmyy,hhmmss.s,altitude,knots,course`; without a fix all
nine fields are empty. The receiver does not share the radio with LTE.
"""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number
from trygg_tools.modem_sim.gnss import AUTO, COLD, HOT
from trygg_tools.modem_sim.gnss_text import east, knots, minutes, nmea, north, when

ALTITUDE = "23.4"
NOTHING = ",,,,,,,,"
KEEPS_XTRA_ON = "xtra_on"
XTRA_S = 72 * 3600


class Cgps(Family):
    """+CGPS, +CGPSINFO asked and unasked, cold and hot starts, XTRA, and NMEA on this port."""

    def on_boot(self) -> None:
        """Off; nothing is said unasked."""
        self._turn = getattr(self, "_turn", 0) + 1
        self._stops = False

    @answers("+CGPS", SET)
    def power(self, call: Call) -> None:
        """1 starts, 0 stops and says so after OK; ERROR when it is so already, and to a start
        while it has not said yet that it has stopped [K]."""
        on = number(call, 0, 0, 1) == 1
        number(call, 1, 1, 3, 1)
        if on == self.modem.gnss.on or (on and self._stops):
            raise Refused
        self._set(AUTO if on else "")

    def _set(self, how: str) -> None:
        if how:
            self.modem.gnss.start(how)
            return
        self.modem.gnss.off()
        self._turn += 1
        self._stops = True
        self.modem.background(self._stopped())

    def _stopped(self) -> Talk:
        yield 500
        self._stops = False
        self.modem.urc("+CGPS: 0")
        return None

    @answers("+CGPSCOLD", RUN)
    def cold(self, call: Call) -> None:
        """A start that knows nothing."""
        self._set(COLD)

    @answers("+CGPSHOT", RUN)
    def hot(self, call: Call) -> None:
        """A start with what is known."""
        self._set(HOT)

    @answers("+CGPS", READ)
    def state(self, call: Call) -> None:
        """On, and the mode."""
        self.modem.say(f"+CGPS: {int(self.modem.gnss.on)},1")

    @answers("+CGPSINFO", RUN)
    def info(self, call: Call) -> None:
        """The fix now."""
        self.modem.say(f"+CGPSINFO: {self._fields()}")

    def _fields(self) -> str:
        fix = self.modem.gnss.fix()
        if fix is None:
            return NOTHING
        return (
            f"{minutes(fix.lat_e6, 2)},{north(fix)},{minutes(fix.lon_e6, 3)},{east(fix)},"
            f"{when(fix):%d%m%y,%H%M%S}.0,{ALTITUDE},{knots(fix):.1f},{fix.course_deg}"
        )

    @answers("+CGPSINFO", SET)
    def report(self, call: Call) -> None:
        """Every so many seconds unasked, 0 stops."""
        self._turn += 1
        every_s = number(call, 0, 0, 255)
        if every_s:
            self.modem.background(self._reports(self._turn, every_s))

    def _reports(self, turn: int, every_s: int) -> Talk:
        while turn == self._turn:
            yield every_s * 1000
            if turn == self._turn:
                self.modem.urc(f"+CGPSINFO: {self._fields()}")
        return None

    # -- assisted data -----------------------------------------------------------------------

    @answers("+CGPSXE", SET)
    def use_xtra(self, call: Call) -> None:
        """1: assisted data is used. Saved; refused while the receiver runs."""
        if self.modem.gnss.on:
            raise Refused
        self.modem.kept[KEEPS_XTRA_ON] = number(call, 0, 0, 1)

    @answers("+CGPSXE", READ)
    def uses_xtra(self, call: Call) -> None:
        """What is saved."""
        self.modem.say(f"+CGPSXE: {self.modem.kept.get(KEEPS_XTRA_ON, 0)}")

    @answers("+CGPSXD", SET)
    def fetch(self, call: Call) -> None:
        """One of three servers: OK, then 0 when the file came, 1 when it did not [K]."""
        number(call, 0, 0, 2)
        if not self.modem.kept.get(KEEPS_XTRA_ON):
            raise Refused
        self.modem.background(self._fetch())

    def _fetch(self) -> Talk:
        yield 4000
        good = self.modem.network.usable
        if good:
            self.modem.network.touch()
            self.modem.gnss.aid(self.modem.world.second() + XTRA_S)
        self.modem.urc(f"+CGPSXD: {0 if good else 1}")
        return None

    # -- NMEA between the lines --------------------------------------------------------------

    @answers("+CGPSINFOCFG", SET)
    def stream(self, call: Call) -> None:
        """Seconds between NMEA lines on this port (0 stops), and which ones."""
        self._turn += 1
        every_s = number(call, 0, 0, 255)
        number(call, 1, 0, 511, 2)
        if every_s:
            self.modem.background(self._stream(self._turn, every_s))

    def _stream(self, turn: int, every_s: int) -> Talk:
        while turn == self._turn and self.modem.gnss.on:
            yield every_s * 1000
            if turn == self._turn:
                self.modem.mouth.out(nmea(self.modem.gnss.fix(), self.modem.world.second()))
        return None
