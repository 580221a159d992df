"""SIM, signal, registration, attach and PDP names as 3GPP TS 27.007 has them, on all parts."""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, TEST, Call
from trygg_tools.modem_sim.dialogue import Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.network import HOME

REPORTS = ("+CREG", "+CGREG", "+CEREG")
KEEPS_APN = "apn"
ATTACH_MS = 75000  # AT+CGATT's maximum; BG95 says 140 s
FUNCTION_MS = (400, 2500)  # AT+CFUN; 10 s at most on SIM70x0
LTE_M, NB_IOT = 7, 9  # access technology


class Registration(Family):
    """+CPIN, +CSQ, +CREG and its likes, +CFUN, +COPS, +CGATT, +CGDCONT, +CGPADDR."""

    def on_boot(self) -> None:
        """No reports; the APN is saved."""
        self._reports = dict.fromkeys(REPORTS, 0)
        self._sim_from_ms = self.modem.schedule.now_ms + self.modem.part.sim_ms
        self.modem.kept.setdefault(KEEPS_APN, {1: ""})

    # -- SIM and signal ----------------------------------------------------------------------

    @answers("+CPIN", READ)
    def sim(self, call: Call) -> None:
        """Is the SIM there; busy (14) at first, as logs of SIM7000 and A7670 have it."""
        if self.modem.schedule.now_ms < self._sim_from_ms:
            raise Refused(14)
        if not self.modem.world.sim:
            raise Refused(10)
        self.modem.say("+CPIN: READY")

    @answers("+CCID", RUN)
    @answers("+ICCID", RUN)
    def card(self, call: Call) -> None:
        """The SIM's number, of the range for tests."""
        if not self.modem.world.sim:
            raise Refused(10)
        self.modem.say("8988303000000000001")

    @answers("+CIMI", RUN)
    def subscriber(self, call: Call) -> None:
        """The subscriber's number, of the test network 001/01."""
        self.modem.say("001010123456789")

    @answers("+CSQ", RUN)
    def signal(self, call: Call) -> None:
        """0..31, 99 unknown."""
        world = self.modem.world
        heard = world.covered and self.modem.network.functionality == 1
        self.modem.say(f"+CSQ: {world.cell.csq() if heard else 99},{0 if heard else 99}")

    # -- registration ------------------------------------------------------------------------

    @answers("+CREG", SET)
    @answers("+CGREG", SET)
    @answers("+CEREG", SET)
    def set_report(self, call: Call) -> None:
        """0 none, 1 changes, 2 with the cell, 4 with the timers too (CEREG)."""
        self._reports[call.name] = number(call, 0, 0, 5 if call.name == "+CEREG" else 2)

    @answers("+CREG", READ)
    @answers("+CGREG", READ)
    @answers("+CEREG", READ)
    def report(self, call: Call) -> None:
        """What is reported, and the state."""
        mode = self._reports[call.name]
        self.modem.say(f"{call.name}: {mode},{self._state(call.name, mode)}")

    def on_stat(self) -> None:
        """Report a change to who asked for it."""
        for name, mode in self._reports.items():
            if mode:
                self.modem.urc(f"{name}: {self._state(name, mode)}")

    def _state(self, name: str, mode: int) -> str:
        network = self.modem.network
        stat = network.stat if name == "+CEREG" or network.stat != HOME else HOME
        if mode < 2 or stat != HOME:
            return str(stat)
        cell = self.modem.world.cell
        said = f'{stat},"{cell.area:X}","{cell.cell:X}",{self.technology()}'
        if mode < 4:
            return said
        granted = network.psm.granted
        timers = (granted.active, granted.periodic) if granted else ("00000000", "00000000")
        return f'{said},,,"{timers[0]}","{timers[1]}"'

    def technology(self) -> int:
        """The access technology in use: Cat-M unless AT+CMNB says NB-IoT only."""
        return NB_IOT if self.modem.kept.get("CMNB") == 2 else LTE_M

    @answers("+COPS", READ)
    def operator(self, call: Call) -> None:
        """Who carries us."""
        if self.modem.network.registered:
            self.modem.say(f'+COPS: 0,2,"{self.modem.world.cell.operator}",{self.technology()}')
        else:
            self.modem.say("+COPS: 0")

    @answers("+COPS", SET)
    def choose_operator(self, call: Call) -> Talk:
        """0 automatic, 2 detach."""
        if number(call, 0, 0, 4) == 2:
            self.modem.network.detach()
        else:
            self.modem.network.attach()
        yield 500
        return None

    # -- functionality and attach ------------------------------------------------------------

    @answers("+CFUN", READ)
    def functionality(self, call: Call) -> None:
        """0 minimum, 1 full, 4 flight."""
        self.modem.say(f"+CFUN: {self.modem.network.functionality}")

    @answers("+CFUN", TEST)
    def which_functionality(self, call: Call) -> None:
        """What can be set."""
        self.modem.say("+CFUN: (0,1,4,5,6,7),(0,1)")

    @answers("+CFUN", SET)
    def set_functionality(self, call: Call) -> Talk:
        """Takes its time; 6 and `1,1` reset."""
        value = number(call, 0, 0, 7)
        if value not in (0, 1, 4, 5, 6, 7):
            raise Refused(50)
        if value == 6 or number(call, 1, 0, 1, 0):
            self.modem.schedule.after(300, self.modem.power.reboot)
            return None
        before = self.modem.network.functionality
        yield self.modem.rng.randint(*FUNCTION_MS)
        self.modem.network.set_functionality(value)
        if self.modem.part.says_sim_with_cfun and (before == 0) != (value == 0):
            self.modem.urc("+CPIN: NOT READY" if value == 0 else "+CPIN: READY")
        return None

    @answers("+CGATT", READ)
    def attached(self, call: Call) -> None:
        """1 attached."""
        self.modem.say(f"+CGATT: {int(self.modem.network.registered)}")

    @answers("+CGATT", SET)
    def attach(self, call: Call) -> Talk:
        """Attach (waits for it) or detach."""
        network = self.modem.network
        if not number(call, 0, 0, 1):
            yield 800
            network.detach()
            return None
        network.attach()
        waited_ms = 0
        while not network.registered:
            if waited_ms >= ATTACH_MS or network.functionality != 1:
                raise Refused(30 if network.functionality == 1 else 3)
            yield 500
            waited_ms += 500
        return None

    # -- PDP contexts by name ----------------------------------------------------------------

    @answers("+CGDCONT", SET)
    def define(self, call: Call) -> None:
        """Saved: index, type, APN."""
        self.modem.kept[KEEPS_APN][number(call, 0, 1, 16)] = text(call, 2, 100, "")

    @answers("+CGDCONT", READ)
    def defined(self, call: Call) -> None:
        """Every context that is defined."""
        for index, apn in sorted(self.modem.kept[KEEPS_APN].items()):
            self.modem.say(f'+CGDCONT: {index},"IP","{apn}","0.0.0.0",0,0,0,0')

    @answers("+CGPADDR", SET)
    def address(self, call: Call) -> None:
        """The address of a context."""
        index = number(call, 0, 1, 16)
        self.modem.say(f"+CGPADDR: {index},{self.modem.network.pdp.get(index, '0.0.0.0')}")  # noqa: S104
