"""What SIM7600 and A76XX have of their own: cell, power, reset (AT manuals V3.00 and A76XX)."""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Refused
from trygg_tools.modem_sim.family import Family, answers, number

RESET_MS = 1000  # from OK to the contexts' end
PDP = 1


class Simcom76(Family):
    """+CPSI, +CNMP, +CBC, +CPOF, +CRESET, +SIMCOMATI, +CFGRI."""

    @answers("I", RUN)
    @answers("+SIMCOMATI", RUN)
    def identity(self, call: Call) -> None:
        """Maker, model, revision, IMEI of the range for tests."""
        part = self.modem.part
        self.modem.say(f"Manufacturer: {part.maker}")
        self.modem.say(f"Model: {part.model}")
        self.modem.say(f"Revision: {self.modem.firmware.version}")
        self.modem.say("IMEI: 004999010640000")
        self.modem.say("+GCAP: +CGSM")

    @answers("+CPSI", READ)
    def cell(self, call: Call) -> None:
        """The cell in use; RSRQ, RSRP and RSSI in tenths."""
        network, cell = self.modem.network, self.modem.world.cell
        if not network.registered:
            online = "Online" if network.functionality == 1 else "Low Power Mode"
            self.modem.say(f"+CPSI: NO SERVICE,{online}")
            return
        operator = f"{cell.operator[:3]}-{cell.operator[3:]}"
        self.modem.say(
            f"+CPSI: LTE,Online,{operator},0x{cell.area:04X},{cell.cell},{cell.physical},"
            f"EUTRAN-BAND{cell.band},{cell.channel},4,4,"
            f"{cell.rsrq_db * 10},{cell.rsrp_dbm * 10},{cell.rssi_dbm * 10},{cell.snr_db}"
        )

    @answers("+CNMP", SET)
    def set_mode(self, call: Call) -> None:
        """2 automatic, 13 GSM, 14 WCDMA, 38 LTE. Saved."""
        mode = number(call, 0, 2, 71)
        if mode not in (2, 13, 14, 38, 39, 48, 51, 54, 63, 71):
            raise Refused
        self.modem.kept["CNMP"] = mode

    @answers("+CNMP", READ)
    def mode(self, call: Call) -> None:
        """What is saved."""
        self.modem.say(f"+CNMP: {self.modem.kept.get('CNMP', 2)}")

    @answers("+CFGRI", SET)
    def ring(self, call: Call) -> None:
        """The RI pin on unsolicited lines: taken, the pin is not simulated."""

    @answers("+CBC", RUN)
    def battery(self, call: Call) -> None:
        """Volts."""
        self.modem.say(f"+CBC: {self.modem.world.supply_mv / 1000:.3f}V")

    @answers("+CPOF", RUN)
    def power_off(self, call: Call) -> None:
        """OK, then silence."""
        self.modem.schedule.after(50, lambda: self.modem.power.leave(""))

    @answers("+CRESET", RUN)
    def reset(self, call: Call) -> None:
        """OK, what was up says that it ends, then a start."""
        starts = self.modem.power.starts

        def ends() -> None:
            if starts == self.modem.power.starts:
                self.modem.network.deactivate(PDP)
                self.modem.schedule.after(200, self.modem.power.reboot)

        self.modem.schedule.after(RESET_MS, ends)


class ContextEvents(Family):
    """+CGEV of the A76XX: the first context is told when the network has given it."""

    def on_network(self, registered: bool) -> None:
        """A log of the A7670E has it between +CPIN and SMS DONE."""
        if registered:
            self.modem.urc("+CGEV: EPS PDN ACT 1")
