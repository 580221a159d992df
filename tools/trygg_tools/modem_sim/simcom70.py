"""What the SIM70x0 have of their own besides MQTT and sockets: bands, application PDP, cell, power.

AT manual V1.05. The SIM7000 says +CNACT and +APP PDP without an index (its MQTT note); the part's
limit `one_pdp` says so.
"""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import SILENT, Final, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text

CONTEXTS = 4
NO_ADDRESS = "0.0.0.0"  # noqa: S104  (what the modem says, nobody binds to it)


class Simcom70(Family):
    """+CNMP, +CMNB, +CNCFG, +CNACT, +CPSI, +CBC, +CPOWD, +CREBOOT."""

    def on_boot(self) -> None:
        """Nobody asked for a context yet."""
        self._apn: dict[int, str] = {}
        self._wanted: set[int] = set()

    @property
    def _one(self) -> bool:
        return bool(self.modem.part.limits.get("one_pdp"))

    # -- which network -----------------------------------------------------------------------

    @answers("+CNMP", SET)
    def set_mode(self, call: Call) -> None:
        """2 automatic, 13 GSM, 38 LTE, 51 both. Saved."""
        mode = number(call, 0, 2, 51)
        if mode not in (2, 13, 38, 51):
            raise Refused(50)
        self.modem.kept["CNMP"] = mode

    @answers("+CNMP", READ)
    def mode(self, call: Call) -> None:
        """What is saved."""
        self.modem.say(f"+CNMP: {self.modem.kept.get('CNMP', 2)}")

    @answers("+CMNB", SET)
    def set_kind(self, call: Call) -> None:
        """1 Cat-M, 2 NB-IoT, 3 both. Saved."""
        self.modem.kept["CMNB"] = number(call, 0, 1, 3)

    @answers("+CMNB", READ)
    def kind(self, call: Call) -> None:
        """What is saved."""
        self.modem.say(f"+CMNB: {self.modem.kept.get('CMNB', 3)}")

    @answers("+CBANDCFG", SET)
    def set_bands(self, call: Call) -> None:
        """Taken, without effect on the simulated cover."""

    # -- the application's PDP ---------------------------------------------------------------

    @answers("+CNCFG", SET)
    def configure(self, call: Call) -> None:
        """SIM7080: index, ip type, APN. SIM7000: ip type, APN."""
        index = 0 if self._one else number(call, 0, 0, CONTEXTS - 1)
        at = 0 if self._one else 1
        number(call, at, 0, 4)
        self._apn[index] = text(call, at + 1, 150, "")

    @answers("+CNACT", SET)
    def activate(self, call: Call) -> Talk:
        """OK first, `+APP PDP: ...` later."""
        index, action = self._what(call)
        network = self.modem.network
        if action and not network.registered:
            raise Refused(3)
        if action == bool(index in network.pdp):
            raise Refused(3)  # the field: ERROR when it is so already
        self._wanted.add(index) if action else self._wanted.discard(index)
        self.modem.background(self._act(index, action))
        yield 30
        return None

    def _what(self, call: Call) -> tuple[int, int]:
        if self._one:
            return 0, min(1, number(call, 0, 0, 2))
        return number(call, 0, 0, CONTEXTS - 1), min(1, number(call, 1, 0, 2))

    def _act(self, index: int, action: int) -> Talk:
        yield 60
        if action:
            active = yield self.modem.network.activate(index).within(60000)
            if not active:
                self._tell(index, False)
        else:
            self.modem.network.deactivate(index)
        return None

    def on_pdp(self, index: int, active: bool) -> None:
        """It came, or went."""
        self._tell(index, active)

    def _tell(self, index: int, active: bool) -> None:
        where = "" if self._one else f"{index},"
        self.modem.urc(f"+APP PDP: {where}{'ACTIVE' if active else 'DEACTIVE'}")

    @answers("+CNACT", READ)
    def active(self, call: Call) -> None:
        """A line for each context; one without index on the SIM7000."""
        pdp = self.modem.network.pdp
        for index in range(1 if self._one else CONTEXTS):
            where = "" if self._one else f"{index},"
            self.modem.say(f'+CNACT: {where}{int(index in pdp)},"{pdp.get(index, NO_ADDRESS)}"')

    @answers("+CGNAPN", RUN)
    def network_apn(self, call: Call) -> None:
        """The APN that the network gave."""
        given = self.modem.network.registered
        self.modem.say('+CGNAPN: 1,"iot.telenor"' if given else '+CGNAPN: 0,""')

    # -- the cell ----------------------------------------------------------------------------

    @answers("+CPSI", READ)
    def cell(self, call: Call) -> None:
        """The cell in use, in the manual's order: RSRQ, RSRP, RSSI, RSSNR at the end."""
        network, cell = self.modem.network, self.modem.world.cell
        if not network.registered:
            online = "Online" if network.functionality == 1 else "Low Power Mode"
            self.modem.say(f"+CPSI: NO SERVICE,{online}")
            return
        kind = "LTE NB-IOT" if self.modem.kept.get("CMNB") == 2 else "LTE CAT-M1"
        operator = f"{cell.operator[:3]}-{cell.operator[3:]}"
        self.modem.say(
            f"+CPSI: {kind},Online,{operator},0x{cell.area:04X},{cell.cell},{cell.physical},"
            f"EUTRAN-BAND{cell.band},{cell.channel},3,3,"
            f"{cell.rsrq_db},{cell.rsrp_dbm},{cell.rssi_dbm},{cell.snr_db}"
        )

    # -- power -------------------------------------------------------------------------------

    @answers("+CBC", RUN)
    def battery(self, call: Call) -> None:
        """Charging, percent, mV."""
        mv = self.modem.world.supply_mv
        self.modem.say(f"+CBC: 0,{max(0, min(100, (mv - 3300) // 9))},{mv}")

    @answers("+CPOWD", SET)
    def power_down(self, call: Call) -> Final:
        """1: off with a word; 0: at once. No OK."""
        if number(call, 0, 0, 1):
            self.modem.power.leave("NORMAL POWER DOWN")
        else:
            self.modem.power.vanish()
        return SILENT

    @answers("+CREBOOT", RUN)
    def reboot(self, call: Call) -> None:
        """OK, then the start."""
        self.modem.schedule.after(200, self.modem.power.reboot)
