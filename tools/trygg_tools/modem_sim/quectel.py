"""What BG95 and BG96 have besides sockets, MQTT and GNSS (AT manuals V2.0 and V2.3)."""

from __future__ import annotations

from datetime import timedelta

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.real_time import EPOCH
from trygg_tools.modem_sim.registration import Registration

KEEPS_CONFIG = "qcfg"
POWERED_DOWN = "POWERED DOWN"
CONFIG = {
    "nwscanmode": "0",
    "nwscanseq": "00",
    "iotopmode": "2",
    "band": "F,100002000000000F0E189F,10004200000000090E189F",
    "servicedomain": "1",
    "psm/urc": "0",
    "urc/ri/other": '"pulse",120',
    "risignaltype": '"respective"',
    "apready": "0,0,500",
}


class Quectel(Family):
    """Identity, QCSQ, QNWINFO, QLTS, QCFG, QSCLK, QPOWD, and the words about PSM."""

    # -- who it is ---------------------------------------------------------------------------

    @answers("I", RUN)
    def identity(self, call: Call) -> None:
        """Maker, model, revision."""
        self.modem.say(self.modem.part.maker)
        self.modem.say(self.modem.part.model)
        self.modem.say(f"Revision: {self.modem.firmware.version}")

    @answers("+CGMR", RUN)
    @answers("+GMR", RUN)
    @answers("+QGMR", RUN)
    def revision(self, call: Call) -> None:
        """The firmware alone."""
        self.modem.say(self.modem.firmware.version)

    @answers("+QSIMSTAT", READ)
    def card(self, call: Call) -> None:
        """No reports; is the SIM there."""
        self.modem.say(f"+QSIMSTAT: 0,{int(self.modem.world.sim)}")

    # -- the cell ----------------------------------------------------------------------------

    @property
    def _mode(self) -> str:
        return "CAT-M1" if self.modem.part.limits.get("says_cat_m1") else "eMTC"

    @answers("+QCSQ", RUN)
    def signal(self, call: Call) -> None:
        """Mode, RSSI, RSRP, SINR in fifths of a decibel above -20, RSRQ."""
        cell = self.modem.world.cell
        if not self.modem.network.registered:
            self.modem.say('+QCSQ: "NOSERVICE"')
            return
        sinr = max(0, min(250, (cell.snr_db + 20) * 5))
        levels = f"{cell.rssi_dbm},{cell.rsrp_dbm},{sinr},{cell.rsrq_db}"
        self.modem.say(f'+QCSQ: "{self._mode}",{levels}')

    @answers("+QNWINFO", RUN)
    def network_info(self, call: Call) -> None:
        """Mode, operator, band, channel."""
        cell = self.modem.world.cell
        if not self.modem.network.registered:
            self.modem.say("+QNWINFO: No Service")
            return
        where = f'"{cell.operator}","LTE BAND {cell.band}",{cell.channel}'
        self.modem.say(f'+QNWINFO: "{self._mode}",{where}')

    @answers("+QENG", SET)
    def serving_cell(self, call: Call) -> None:
        """Word "servingcell": state, mode, codes, cell, levels."""
        if text(call, 0).lower() != "servingcell":
            raise Refused
        network, cell = self.modem.network, self.modem.world.cell
        if not network.registered:
            self.modem.say('+QENG: "servingcell","SEARCH"')
            return
        state = "CONNECT" if network.connected else "NOCONN"
        place = f"{cell.operator[:3]},{cell.operator[3:]},{cell.cell:X},{cell.physical}"
        levels = f"{cell.rsrp_dbm},{cell.rsrq_db},{cell.rssi_dbm},{cell.snr_db}"
        channel = f"{cell.channel},{cell.band},3,3,{cell.area:X}"
        head = f'+QENG: "servingcell","{state}","{self._mode}","FDD"'
        self.modem.say(f"{head},{place},{channel},{levels},-")

    @answers("+QLTS", RUN, SET)
    def network_time(self, call: Call) -> None:
        """The network's time; empty when it gave none."""
        given = self.modem.world.clock_given and self.modem.network.registered
        if not given:
            self.modem.say('+QLTS: ""')
            return
        now = EPOCH + timedelta(seconds=self.modem.world.second())
        self.modem.say(f'+QLTS: "{now:%Y/%m/%d,%H:%M:%S}{self.modem.world.zone:+03d},0"')

    # -- settings ----------------------------------------------------------------------------

    @answers("+QCFG", SET)
    def configure(self, call: Call) -> None:
        """Word and values, saved; the word alone asks. ERROR for a word that is not known."""
        word = text(call, 0).lower()
        if word not in CONFIG:
            raise Refused
        saved = self.modem.kept.setdefault(KEEPS_CONFIG, {})
        if len(call.args) == 1:
            self.modem.say(f'+QCFG: "{word}",{saved.get(word, CONFIG[word])}')
        else:
            saved[word] = ",".join(call.args[1:])

    @answers("+QURCCFG", SET)
    @answers("+QISDE", SET)
    def taken(self, call: Call) -> None:
        """Taken; this port is the only one, and data is never echoed."""

    @answers("+QSCLK", SET)
    def set_slow_clock(self, call: Call) -> None:
        """1: sleep while DTR is high."""
        self.modem.power.slow_clock = number(call, 0, 0, 2)

    @answers("+QSCLK", READ)
    def slow_clock(self, call: Call) -> None:
        """What was set."""
        self.modem.say(f"+QSCLK: {self.modem.power.slow_clock}")

    # -- power -------------------------------------------------------------------------------

    @answers("+QPOWD", RUN, SET)
    def power_down(self, call: Call) -> None:
        """0 at once, 1 in order (the default): OK, then the farewell."""
        mode = number(call, 0, 0, 1, 1)
        leave = self.modem.power.vanish if mode == 0 else self._leave
        self.modem.schedule.after(200, leave)

    def _leave(self) -> None:
        self.modem.power.leave(POWERED_DOWN)

    def _says_psm(self) -> bool:
        return bool(self.modem.kept.get(KEEPS_CONFIG, {}).get("psm/urc") == "1")

    def on_granted(self) -> None:
        """With "psm/urc" the timers that the network granted are said."""
        granted = self.modem.network.psm.granted
        if granted is not None and self._says_psm():
            self.modem.urc(f"+QPSMTIMER: {granted.periodic_s},{granted.active_s}")

    def on_doze(self) -> None:
        """With "psm/urc" the last word before the UART is dead."""
        if self._says_psm():
            self.modem.mouth.line("PSM POWER DOWN")


class QuectelRegistration(Registration):
    """CFUN=1,1 says its farewell, and that the context has ended (a log of the BG96 shows both)."""

    @answers("+CFUN", SET)
    def set_functionality(self, call: Call) -> Talk:
        """As everywhere, but for the reset."""
        if not number(call, 1, 0, 1, 0):
            return (yield from super().set_functionality(call))
        self.modem.schedule.after(200, self._reset)
        return None

    def _reset(self) -> None:
        if self.modem.asleep_in_psm():
            return
        if self.modem.part.limits.get("says_reset"):
            self.modem.urc(POWERED_DOWN)
        for index in sorted(self.modem.network.pdp):
            self.modem.network.deactivate(index)
        self.modem.schedule.after(50, self.modem.power.reboot)
