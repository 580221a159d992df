"""SIM7600 (AT manual V3.00, MQTT manual V1.00, hardware design V1.03): no PSM, GNSS of its own."""

from __future__ import annotations

from trygg_tools.modem_sim.cchopen import CchOpen
from trygg_tools.modem_sim.cgps import Cgps
from trygg_tools.modem_sim.cipopen import CipOpen
from trygg_tools.modem_sim.clock_commands import ClockCommands
from trygg_tools.modem_sim.cmqtt import CmqttResultFirst
from trygg_tools.modem_sim.cmqtt_messages import CmqttMessages
from trygg_tools.modem_sim.part import Firmware, Part
from trygg_tools.modem_sim.registration import Registration
from trygg_tools.modem_sim.saving import Saving
from trygg_tools.modem_sim.simcom76 import Simcom76
from trygg_tools.modem_sim.simcom_ssl import SimcomSsl
from trygg_tools.modem_sim.v250 import V250

FAMILIES = (
    V250,
    Registration,
    ClockCommands,
    Saving,
    Simcom76,
    SimcomSsl,
    CipOpen,
    CchOpen,
    CmqttResultFirst,
    CmqttMessages,
    Cgps,
)
SIM7600 = Part(
    name="sim7600",
    words="LTE Cat 1 to 4 with GNSS of its own; MQTT by CMQTT*, sockets by CIP* and CCH*",
    maker="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E",
    families=FAMILIES,
    firmwares=(Firmware("LE20B03SIM7600M22"),),
    key_on_ms=500,
    key_off_ms=2500,
    ready_ms=8000,
    status_ms=9000,
    sim_ms=1500,
    sms_ms=6000,
    off_ms=6000,
    boot_lines=("RDY",),
    last_lines=("SMS DONE", "PB DONE"),
    rdy_with_auto_baud=True,
    baud=115200,
    plain_errors=("+CMQTT", "+CIP", "+NET", "+CCH", "+CCERT", "+CSSL", "+CGPS", "+CGNSS"),
    says_sim_with_cfun=False,
    has_psm=False,
    shared_radio=False,
    attach_ms=(2000, 5000),
)
