"""SIM7070, SIM7080 and SIM7090 (AT manual V1.05, MQTT note V1.03, low power note V1.02)."""

from __future__ import annotations

from trygg_tools.modem_sim.part import Firmware, Part
from trygg_tools.modem_sim.v250 import V250

FAMILIES = (V250,)
SIM7080 = Part(
    name="sim7080",
    maker="SIMCOM INCORPORATED",
    model="SIM7080G",
    families=FAMILIES,
    firmwares=(Firmware("1951B16SIM7080"),),
)
