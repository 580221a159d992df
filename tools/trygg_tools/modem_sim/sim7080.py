"""SIM7070, SIM7080 and SIM7090 (AT manual V1.05, MQTT note V1.03, low power note V1.02)."""

from __future__ import annotations

from dataclasses import replace

from trygg_tools.modem_sim.ca_sockets import CaSockets
from trygg_tools.modem_sim.cgnss import Cgnss
from trygg_tools.modem_sim.clock_commands import ClockCommands
from trygg_tools.modem_sim.files70 import Files70
from trygg_tools.modem_sim.part import Firmware, Part
from trygg_tools.modem_sim.registration import Registration
from trygg_tools.modem_sim.saving import Saving
from trygg_tools.modem_sim.simcom70 import Simcom70
from trygg_tools.modem_sim.sm_mqtt import SmMqtt
from trygg_tools.modem_sim.v250 import V250

FAMILIES = (V250, Registration, ClockCommands, Saving, Simcom70, Files70, SmMqtt, CaSockets, Cgnss)
SIM7080 = Part(
    name="sim7080",
    maker="SIMCOM_Ltd",
    model="SIMCOM_SIM7080",
    families=FAMILIES,
    firmwares=(Firmware("1951B17SIM7080"),),  # as in LilyGo-T-SIM7080G issue 179
    words="Cat-M and NB-IoT, GNSS on the same radio, PSM 3.2 uA; MQTT by SM*, sockets by CA*",
    plain_errors=("+SM", "+CA", "+CFS", "+CSSL", "+CGNS", "+CNACT"),
    limits={"message": 1024, "state_tells_session": 1},
)
SIM7070 = replace(
    SIM7080,
    name="sim7070",
    model="SIMCOM_SIM7070",
    firmwares=(Firmware("1951B17SIM7070"),),  # named like the SIM7080's [K]
    psm_after_reboot=True,
    words="the SIM7080 with 2G; a new PSM wish counts from the next start",
)
SIM7090 = replace(
    SIM7080,
    name="sim7090",
    model="SIMCOM_SIM7090",
    firmwares=(Firmware("1951B17SIM7090"),),
    words="the SIM7080 in a smaller case",
)
