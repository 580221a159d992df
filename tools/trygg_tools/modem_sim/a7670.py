"""A7670 and SIM7670: what differs from the SIM7600, named (A76XX AT manual, MQTT note V1.02).

CMQTTSTART and CMQTTSTOP say OK before their result; GNSS is CGNSSPWR's; the first word is *ATREADY.
"""

from __future__ import annotations

from dataclasses import replace

from trygg_tools.modem_sim.cgnss_a76 import CgnssA76
from trygg_tools.modem_sim.cgps import Cgps
from trygg_tools.modem_sim.cmqtt import Cmqtt, CmqttResultFirst
from trygg_tools.modem_sim.part import Firmware
from trygg_tools.modem_sim.sim7600 import FAMILIES, SIM7600
from trygg_tools.modem_sim.simcom76 import ContextEvents

INSTEAD = {CmqttResultFirst: Cmqtt, Cgps: CgnssA76}
A7670_FAMILIES = (*(INSTEAD.get(family, family) for family in FAMILIES), ContextEvents)
A7670 = replace(
    SIM7600,
    name="a7670",
    words="LTE Cat 1 with GNSS of its own; MQTT by CMQTT*, sockets by CIP* and CCH*; no PSM",
    maker="INCORPORATED",
    model="A7670E-FASE",
    families=A7670_FAMILIES,
    firmwares=(
        Firmware("A110B01A7670M7_F"),
        Firmware("A011B04A7670M7_F", frozenset({"never_ready"}), "READY! never comes"),
        Firmware("A011B07A7670M7_F", frozenset({"connect_blocks"}), "CMQTTCONNECT: result, OK"),
        Firmware("A011B09A7670M7_F", frozenset({"decimal_degrees"}), "decimal degrees"),
    ),
    ready_ms=6000,
    status_ms=5000,
    sim_ms=1500,
    sms_ms=5000,
    boot_lines=("*ATREADY: 1",),
    attach_ms=(2500, 4000),
)
SIM7670 = replace(
    A7670,
    name="sim7670",
    words="LTE Cat 1, the A7670's commands; the antenna's supply is switched by command",
    maker="SIMCOM INCORPORATED",
    model="SIM7670G-MNGV",
    firmwares=(
        Firmware("B04V01_241010", frozenset({"antenna_gpio"}), "no antenna supply before CGSETV"),
        Firmware("2374B03SIM767XM5A_M", frozenset({"tls_mqtt_fails"}), "MQTT with TLS: never"),
    ),
)
