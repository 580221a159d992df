"""GNSS of the SIM70x0: +CGNSPWR, +CGNSINF, XTRA, +SGNSCMD (AT manual V1.05, GNSS note).

A search starts only when the radio is free: with data active the answer is ERROR (LilyGo-T-SIM7080G
issue 60), or the module goes down (quirk `gnss_crash`, wottreng issue 2). Without a fix field 2 is
empty on the SIM7080 while the position is not; the SIM7000 says 0 and leaves the rest empty.
"""

from __future__ import annotations

from datetime import timedelta

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.gnss import COLD, HOT, WARM, Fix
from trygg_tools.modem_sim.real_time import EPOCH

NO_FIX = "1,,,0.000000,0.000000,-18.000,,,1,,0.1,0.1,0.1,,,,9999000.0,6144.0"
OFF = "0,,,,,,,,,,,,,,,,,"
NO_FIX_7000 = "1,0,,,,,,,0,,,,,,,,,,,,"
OFF_7000 = "0,,,,,,,,,,,,,,,,,,,,"
STARTS = {"+CGNSCOLD": COLD, "+CGNSWARM": WARM, "+CGNSHOT": HOT}
KEEPS_XTRA, KEEPS_COPIED = "xtra file", "xtra copied"
XTRA_SIZE = 14943
XTRA_VALID_S = 72 * 3600


def degrees(value_e6: int) -> str:
    """Degrees with six places."""
    return f"{'-' if value_e6 < 0 else ''}{abs(value_e6) // 1000000}.{abs(value_e6) % 1000000:06d}"


def tenths(value: int) -> str:
    """A number of tenths."""
    return f"{value // 10}.{value % 10}"


class Cgnss(Family):
    """The receiver's commands."""

    def on_boot(self) -> None:
        """Off, nothing unasked."""
        self._every = 0
        self._turn = 0

    def on_off(self) -> None:
        """Nothing more is said."""
        self._turn += 1

    # -- power -------------------------------------------------------------------------------

    @answers("+CGNSPWR", READ)
    def power(self, call: Call) -> None:
        """1 on."""
        self.modem.say(f"+CGNSPWR: {int(self.modem.gnss.on)}")

    @answers("+CGNSPWR", SET)
    def set_power(self, call: Call) -> None:
        """1 on, if the radio is free; 0 off."""
        if not number(call, 0, 0, 1):
            self.modem.gnss.off()
            self._turn += 1
        else:
            self._start("auto")

    @answers("+CGNSCOLD", RUN)
    @answers("+CGNSWARM", RUN)
    @answers("+CGNSHOT", RUN)
    def start(self, call: Call) -> None:
        """Start over, as said."""
        self._start(STARTS[call.name])

    def _start(self, how: str) -> None:
        modem = self.modem
        if modem.part.shared_radio and modem.network.pdp:
            if modem.quirk("gnss_crash"):
                modem.conversation.final_instead = ""
                modem.schedule.after(150, modem.power.crash)
                return
            if not modem.quirk("gnss_beside_data"):
                raise Refused
        if modem.gnss.on and how == "auto":
            return
        modem.gnss.start(how)

    @answers("+CGPIO", SET)
    def pin(self, call: Call) -> None:
        """The antenna's supply on many boards; taken."""

    @answers("+CGNSMOD", SET)
    def constellations(self, call: Call) -> None:
        """Taken."""

    # -- what it knows -----------------------------------------------------------------------

    @answers("+CGNSINF", RUN)
    def information(self, call: Call) -> None:
        """18 fields, 21 on the SIM7000."""
        self.modem.say("+CGNSINF: " + self.fields())

    def fields(self) -> str:
        """What the receiver says now."""
        gnss, long = self.modem.gnss, bool(self.modem.part.limits.get("gnss_21"))
        if not gnss.on:
            return OFF_7000 if long else OFF
        lie = self.modem.faults.false_fix(self.modem)
        if lie:
            return lie
        fix = gnss.fix()
        if fix is None:
            return NO_FIX_7000 if long else NO_FIX
        return _long(fix) if long else _short(fix)

    @answers("+CGNSURC", SET)
    def set_every(self, call: Call) -> None:
        """n: say +UGNSINF every n seconds."""
        self._every = number(call, 0, 0, 256)
        self._turn += 1
        if self._every:
            self._tell(self._turn)

    def _tell(self, turn: int) -> None:
        def tell() -> None:
            if turn == self._turn and self._every:
                self.modem.urc("+UGNSINF: " + self.fields())
                self._tell(turn)

        self.modem.schedule.after(self._every * 1000, tell)

    # -- one shot ----------------------------------------------------------------------------

    @answers("+SGNSCMD", SET)
    def shot(self, call: Call) -> None:
        """0 stop; 1 once; 2,ms,... again and again."""
        mode = number(call, 0, 0, 2)
        self._turn += 1
        if mode == 0:
            self.modem.gnss.off()
            return
        every_ms = number(call, 1, 1000, 60000, 1000) if mode == 2 else 0
        self._start("auto")
        self.modem.background(self._shots(self._turn, every_ms))

    def _shots(self, turn: int, every_ms: int) -> Talk:
        while turn == self._turn and self.modem.gnss.on:
            fix = self.modem.gnss.fix()
            yield every_ms if fix is not None and every_ms else 1000
            if fix is None or turn != self._turn:
                continue
            self.modem.urc(f"+SGNSCMD: 2,{_shot(fix)}")
            if not every_ms:
                self.modem.gnss.off()
                return None
        return None

    # -- assistance --------------------------------------------------------------------------

    @answers("+HTTPTOFS", SET)
    def fetch(self, call: Call) -> None:
        """A file from the network into the module; the result later."""
        text(call, 0), text(call, 1)
        self.modem.background(self._fetched())

    def _fetched(self) -> Talk:
        yield 4000
        if self.modem.network.usable and self.modem.network.pdp:
            self.modem.network.touch()
            self.modem.kept[KEEPS_XTRA] = self.modem.world.second()
            self.modem.urc(f"+HTTPTOFS: 200,{XTRA_SIZE}")
        else:
            self.modem.urc("+HTTPTOFS: 601,0")
        return None

    @answers("+CGNSCPY", RUN)
    def copy(self, call: Call) -> None:
        """Give the file to the receiver: 0 done, 1 no file."""
        there = KEEPS_XTRA in self.modem.kept
        self.modem.kept[KEEPS_COPIED] = there
        self.modem.say(f"+CGNSCPY: {0 if there else 1}")

    @answers("+CGNSXTRA", SET)
    def use(self, call: Call) -> None:
        """1: in use; told 0, or 2 when it has no effect (no file, old, or the clock is wrong)."""
        good = number(call, 0, 0, 1) == 1 and self._valid()
        since_s = int(self.modem.kept.get(KEEPS_XTRA, 0))
        self.modem.gnss.aid(since_s + XTRA_VALID_S if good else 0)
        self.modem.background(self._used(0 if good else 2))

    def _used(self, result: int) -> Talk:
        yield 200
        self.modem.urc(f"+CGNSXTRA: {result}")
        return None

    @answers("+CGNSXTRA", RUN, READ)
    def used(self, call: Call) -> None:
        """How long it is valid, hours."""
        since_s = self.modem.kept.get(KEEPS_XTRA)
        left_s = since_s + XTRA_VALID_S - self.modem.world.second() if since_s is not None else 0
        self.modem.say(f"+CGNSXTRA: {max(0, left_s) // 3600}")

    def _valid(self) -> bool:
        since_s = self.modem.kept.get(KEEPS_XTRA)
        if since_s is None or not self.modem.clock.is_set or not self.modem.kept.get(KEEPS_COPIED):
            return False
        return self.modem.world.second() - int(since_s) < XTRA_VALID_S


def _utc(fix: Fix) -> str:
    return f"{EPOCH + timedelta(seconds=fix.world_s):%Y%m%d%H%M%S}.000"


def _speed(fix: Fix) -> str:
    return f"{fix.speed_dm_s * 36 // 100}.{fix.speed_dm_s * 36 % 100:02d}"


def _short(fix: Fix) -> str:
    course = f"{fix.course_deg}.0" if fix.speed_dm_s else ""
    error = tenths(fix.error_dm)
    return (
        f"1,1,{_utc(fix)},{degrees(fix.lat_e6)},{degrees(fix.lon_e6)},23.417,{_speed(fix)},"
        f"{course},0,,1.4,1.7,0.9,,{fix.satellites},,{error},{error}"
    )


def _long(fix: Fix) -> str:
    error = tenths(fix.error_dm)
    return (
        f"1,1,{_utc(fix)},{degrees(fix.lat_e6)},{degrees(fix.lon_e6)},23.400,{_speed(fix)},"
        f"{fix.course_deg}.0,1,,1.1,1.4,0.9,,21,{fix.satellites},,,45,{error},{error}"
    )


def _shot(fix: Fix) -> str:
    utc = EPOCH + timedelta(seconds=fix.world_s)
    return (
        f"{utc:%H:%M:%S},{degrees(fix.lat_e6)[:-1]},{degrees(fix.lon_e6)[:-1]},"
        f"{tenths(fix.error_dm)}0,40.15,30.69,{tenths(fix.speed_dm_s)},{fix.course_deg}.0,"
        f"0x{fix.world_s * 1000:x},311"
    )
