"""BG95 and BG96 (AT manuals V2.0 and V2.3, hardware designs): one receiver for GNSS and LTE.

What differs is named: the BG96 has no QMTPUBEX, says CAT-M1 for eMTC, tells of its SIM at the start
and says POWERED DOWN also before a reset.
"""

from __future__ import annotations

from dataclasses import replace

from trygg_tools.modem_sim.clock_commands import ClockCommands
from trygg_tools.modem_sim.part import Firmware, Part
from trygg_tools.modem_sim.qgps import Qgps
from trygg_tools.modem_sim.qhttp import Qhttp
from trygg_tools.modem_sim.qiact import ContextQuectel
from trygg_tools.modem_sim.qiopen import QiOpen, QsslOpen
from trygg_tools.modem_sim.qmt import Qmt
from trygg_tools.modem_sim.qmt_messages import QmtMessages, QmtMessagesOfBg96
from trygg_tools.modem_sim.quectel import POWERED_DOWN, Quectel, QuectelRegistration
from trygg_tools.modem_sim.quectel_ssl import QuectelFiles, QuectelSsl
from trygg_tools.modem_sim.saving import Saving
from trygg_tools.modem_sim.v250 import V250

FAMILIES = (
    V250,
    QuectelRegistration,
    ClockCommands,
    Saving,
    Quectel,
    QuectelFiles,
    QuectelSsl,
    Qmt,
    QmtMessages,
    QiOpen,
    QsslOpen,
    ContextQuectel,
    Qgps,
    Qhttp,
)
BG95 = Part(
    name="bg95",
    words="Cat-M, NB-IoT and 2G, GNSS on the same radio, PSM; MQTT by QMT*, sockets by QI*",
    maker="Quectel",
    model="BG95-M3",
    families=FAMILIES,
    firmwares=(
        Firmware("BG95M3LAR02A04"),
        Firmware("BG95M3LAR02A03", frozenset({"pubex_named"}), "says +QMTPUBEX for +QMTPUB"),
    ),
    key_on_ms=500,
    key_off_ms=650,
    ready_ms=2500,
    status_ms=2100,
    sim_ms=300,
    sms_ms=400,
    off_ms=1000,
    boot_lines=("RDY",),
    sim_lines=(),
    last_lines=("APP RDY",),
    rdy_with_auto_baud=True,
    baud=115200,
    leave_line=POWERED_DOWN,
    low_line="",
    dead_line="",
    plain_errors=("+QMT", "+QI", "+QSSL"),
    says_sim_with_cfun=False,
    cold_ms=32000,
)
BG96 = replace(
    BG95,
    name="bg96",
    words="the BG95's elder brother",
    model="BG96",
    families=tuple(QmtMessagesOfBg96 if one is QmtMessages else one for one in FAMILIES),
    firmwares=(Firmware("BG96MAR02A07M1G"),),
    ready_ms=4800,
    sms_ms=2500,
    sim_lines=("+CPIN: READY", "+QUSIM: 1"),
    last_lines=("+QIND: SMS DONE", "APP RDY"),
    limits={"says_cat_m1": 1, "says_reset": 1},
)
