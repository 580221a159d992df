"""QGPS, QGPSLOC, QGPSEND, QGPSCFG, QGPSXTRA*: the GNSS of BG95 and BG96.

BG95&BG77&BG600L GNSS note V1.1. GNSS and LTE share one receiver: QGPSCFG="priority" says who has it
first (0 GNSS, 1 LTE). Errors: 504 it runs already, 505 it does not run, 516 no fix.
"""

from __future__ import annotations

from datetime import timedelta

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Refused
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.gnss import AUTO, COLD, HOT, WARM, Fix
from trygg_tools.modem_sim.gnss_text import decimal, east, hdop, knots, minutes, nmea, north, when
from trygg_tools.modem_sim.quectel_ssl import QuectelFiles
from trygg_tools.modem_sim.real_time import EPOCH

ALTITUDE = "18.4"
XTRA_S = 7 * 86400  # how long an xtra2 file is good for
KEEPS_XTRA, KEEPS_XTRA_ON, KEEPS_PRIORITY = "xtra", "xtra_on", "gnss_priority"
STARTS = {0: COLD, 1: HOT, 2: WARM, 3: AUTO}


class Qgps(Family):
    """The receiver; `kept` holds the priority and when the assisted data was loaded."""

    def on_boot(self) -> None:
        """Off; the priority is saved."""
        self.modem.gnss.lte_first = self.modem.kept.get(KEEPS_PRIORITY, 0) == 1

    @answers("+QGPS", SET)
    def start(self, call: Call) -> None:
        """1; 504 when it runs."""
        number(call, 0, 1, 4)
        if self.modem.gnss.on:
            raise Refused(504, "Session is ongoing")
        self.modem.gnss.aid(self._good_until() or 0, kept=False)
        self.modem.gnss.start(AUTO)

    @answers("+QGPS", READ)
    def running(self, call: Call) -> None:
        """1 runs."""
        self.modem.say(f"+QGPS: {int(self.modem.gnss.on)}")

    @answers("+QGPSEND", RUN)
    def stop(self, call: Call) -> None:
        """505 when it does not run."""
        self._runs()
        self.modem.gnss.off()

    @answers("+QGPSDEL", SET)
    def forget(self, call: Call) -> None:
        """What it knows is deleted; only while it does not run."""
        number(call, 0, 0, 3)
        if self.modem.gnss.on:
            raise Refused(504, "Session is ongoing")
        self.modem.gnss.forget()

    def _runs(self) -> None:
        if not self.modem.gnss.on:
            raise Refused(505, "Session not active")

    # -- the fix -----------------------------------------------------------------------------

    @answers("+QGPSLOC", SET)
    @answers("+QGPSLOC", READ)
    def locate(self, call: Call) -> None:
        """0 minutes with four digits, 1 with six, 2 decimal degrees; 516 without a fix."""
        mode = number(call, 0, 0, 2, 0)
        self._runs()
        fix = self.modem.gnss.fix()
        if fix is None:
            raise Refused(516, "Not fixed now")
        knot = knots(fix)
        self.modem.say(
            f"+QGPSLOC: {when(fix):%H%M%S}.000,{self._place(fix, mode)},{hdop(fix)},{ALTITUDE},3,"
            f"{fix.course_deg:03d}.00,{knot * 1.852:.1f},{knot:.1f},"
            f"{when(fix):%d%m%y},{fix.satellites:02d}"
        )

    @staticmethod
    def _place(fix: Fix, mode: int) -> str:
        if mode == 2:
            return f"{decimal(fix.lat_e6)},{decimal(fix.lon_e6)}"
        digits = 4 if mode == 0 else 6
        cut = digits - 6 or None
        lat, lon = minutes(fix.lat_e6, 2)[:cut], minutes(fix.lon_e6, 3)[:cut]
        return f"{lat}{north(fix)},{lon}{east(fix)}"

    @answers("+QGPSGNMEA", SET)
    def sentences(self, call: Call) -> None:
        """A sentence by name ("RMC", "GGA")."""
        self._runs()
        wanted = text(call, 0).upper().encode()
        for line in nmea(self.modem.gnss.fix(), self.modem.world.second()).splitlines():
            if line[3:6] == wanted:
                self.modem.say(f"+QGPSGNMEA: {line.decode()}")

    # -- settings ----------------------------------------------------------------------------

    @answers("+QGPSCFG", SET)
    def configure(self, call: Call) -> None:
        """Word "priority": 0 GNSS first, 1 LTE first; other words are taken."""
        word = text(call, 0).lower()
        if word != "priority":
            return
        if len(call.args) == 1:
            self.modem.say(f'+QGPSCFG: "priority",{self.modem.kept.get(KEEPS_PRIORITY, 0)}')
            return
        first = number(call, 1, 0, 1)
        number(call, 2, 0, 1, 0)
        self.modem.kept[KEEPS_PRIORITY] = first
        self.modem.gnss.lte_first = first == 1

    # -- assisted data -----------------------------------------------------------------------

    @answers("+QGPSXTRA", SET)
    def use_xtra(self, call: Call) -> None:
        """1: assisted data is used."""
        self.modem.kept[KEEPS_XTRA_ON] = number(call, 0, 0, 1)

    @answers("+QGPSXTRA", READ)
    def uses_xtra(self, call: Call) -> None:
        """What is saved."""
        self.modem.say(f"+QGPSXTRA: {self.modem.kept.get(KEEPS_XTRA_ON, 0)}")

    @answers("+QGPSXTRATIME", SET)
    def xtra_time(self, call: Call) -> None:
        """The time that goes with the data, "yyyy/mm/dd,hh:mm:ss"."""
        if len(text(call, 1)) != 19:
            raise Refused

    @answers("+QGPSXTRADATA", SET)
    def xtra_data(self, call: Call) -> None:
        """A file of the module; refused without it, or while GNSS runs."""
        files = next(one for one in self.modem.families if isinstance(one, QuectelFiles))
        if self.modem.gnss.on:
            raise Refused(504, "Session is ongoing")
        if files.named(text(call, 0)) is None or not self.modem.kept.get(KEEPS_XTRA_ON):
            raise Refused(509, "Wrong xtra data")
        self.modem.kept[KEEPS_XTRA] = self.modem.world.second()

    @answers("+QGPSXTRADATA", READ)
    def xtra_validity(self, call: Call) -> None:
        """Minutes it is good for, and since when; 0 when there is none."""
        loaded = self.modem.kept.get(KEEPS_XTRA)
        until = self._good_until()
        if loaded is None or until is None:
            self.modem.say('+QGPSXTRADATA: 0,"1980/01/05,19:00:00"')
            return
        since = EPOCH + timedelta(seconds=loaded)
        self.modem.say(f'+QGPSXTRADATA: {XTRA_S // 60},"{since:%Y/%m/%d,%H:%M:%S}"')

    def _good_until(self) -> int | None:
        loaded = self.modem.kept.get(KEEPS_XTRA)
        if loaded is None or not self.modem.kept.get(KEEPS_XTRA_ON):
            return None
        until: int = loaded + XTRA_S
        return until if self.modem.world.second() < until else None
