"""Saving power: +CPSMS, +CEDRXS, +CEDRXRDP, +CSCLK (TS 27.007, SIMCom's low power note)."""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.psm import EDRX_MS, T3324_S, T3412_S, Ask, timer_s

KEEPS_PSM, KEEPS_EDRX = "psm", "edrx"
DEFAULT_PERIODIC, DEFAULT_ACTIVE = "01000111", "00100100"  # 70 h, 4 min: the manual's own


class Saving(Family):
    """PSM and eDRX as asked for; both are saved (AUTO_SAVE)."""

    def on_boot(self) -> None:
        """What is saved is asked for again."""
        self._reports = 0
        self.modem.network.psm.asked = self._asked()
        self.modem.network.psm.edrx_asked_ms = self._edrx()[2]
        if self.modem.network.psm.was_dozing and self.modem.kept.get("psm_reports"):
            self.modem.background(self._woken())

    def _woken(self) -> Talk:
        yield self.modem.part.sim_ms + 100
        self.modem.urc('+CPSMSTATUS: "EXIT PSM"')
        return None

    def _asked(self) -> Ask | None:
        mode, periodic, active = self._saved()
        return Ask(periodic, active) if mode else None

    def _saved(self) -> tuple[int, str, str]:
        saved: tuple[int, str, str] = self.modem.kept.get(
            KEEPS_PSM, (0, DEFAULT_PERIODIC, DEFAULT_ACTIVE)
        )
        return saved

    def _edrx(self) -> tuple[int, str, int]:
        saved: tuple[int, str, int] = self.modem.kept.get(KEEPS_EDRX, (4, "0000", 0))
        return saved

    # -- PSM ---------------------------------------------------------------------------------

    @answers("+CPSMS", SET)
    def set_psm(self, call: Call) -> None:
        """0 | 1[,,,T3412,T3324]; fields 2 and 3 must be empty."""
        mode = number(call, 0, 0, 2)
        if any(call.args[1:3]):
            raise Refused(50)
        _, periodic, active = self._saved()
        periodic, active = text(call, 3, 8, periodic), text(call, 4, 8, active)
        if timer_s(periodic, T3412_S) is None or timer_s(active, T3324_S) is None:
            raise Refused(50)
        self.modem.kept[KEEPS_PSM] = (int(mode == 1), periodic, active)
        self.modem.network.psm.ask(self._asked())

    @answers("+CPSMS", READ)
    def psm(self, call: Call) -> None:
        """What was asked for."""
        mode, periodic, active = self._saved()
        self.modem.say(f'+CPSMS: {mode},,,"{periodic}","{active}"')

    @answers("+CPSMSTATUS", SET)
    def set_reports(self, call: Call) -> None:
        """1: say when PSM begins and ends."""
        self.modem.kept["psm_reports"] = number(call, 0, 0, 1)

    def on_doze(self) -> None:
        """The last line before the UART dies."""
        if self.modem.kept.get("psm_reports"):
            self.modem.mouth.line('+CPSMSTATUS: "ENTER PSM"')

    # -- eDRX --------------------------------------------------------------------------------

    @answers("+CEDRXS", SET)
    def set_edrx(self, call: Call) -> None:
        """0 off | 1,<4 Cat-M, 5 NB-IoT>,"<cycle>" | 2 with reports."""
        mode = number(call, 0, 0, 3)
        if mode in (0, 3):
            self.modem.kept[KEEPS_EDRX] = (4, "0000", 0)
        else:
            bits = text(call, 2, 4)
            if len(bits) != 4 or set(bits) - {"0", "1"}:
                raise Refused(50)
            self.modem.kept[KEEPS_EDRX] = (number(call, 1, 2, 5), bits, EDRX_MS[int(bits, 2)])
        self._reports = int(mode == 2)
        self.modem.network.psm.ask_edrx(self._edrx()[2])

    @answers("+CEDRXS", READ)
    def edrx(self, call: Call) -> None:
        """What was asked for; a part without a wish answers plain ERROR, the manual's example."""
        technology, bits, cycle_ms = self._edrx()
        if not cycle_ms:
            raise Refused
        self.modem.say(f'+CEDRXS: {technology},"{bits}"')

    @answers("+CEDRXRDP", RUN)
    def edrx_in_force(self, call: Call) -> None:
        """Wish, grant and paging window; 0 when there is none."""
        technology, bits, _ = self._edrx()
        if self.modem.network.psm.edrx_ms:
            self.modem.say(f'+CEDRXRDP: {technology},"{bits}","{bits}","0100"')
        else:
            self.modem.say("+CEDRXRDP: 0")

    # -- the slow clock ----------------------------------------------------------------------

    @answers("+CSCLK", SET)
    def set_slow_clock(self, call: Call) -> None:
        """1: sleep while DTR is high; 2 sleeps by itself (A76XX)."""
        self.modem.power.slow_clock = number(call, 0, 0, 2)

    @answers("+CSCLK", READ)
    def slow_clock(self, call: Call) -> None:
        """What was set."""
        self.modem.say(f"+CSCLK: {self.modem.power.slow_clock}")
