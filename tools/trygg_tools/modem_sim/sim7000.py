"""SIM7000: what differs from the SIM7080, named (AT manual V1.06, MQTT note V1.02, HW V1.07).

One application PDP without index; sockets by CACID and CAOPEN without a type, the sent length told
behind OK; MQTT payloads of 512 bytes, no word on a kept session; 21 fields of CGNSINF and +UGNSINF;
the UART ready after 4.5 s; a new PSM wish counts from the next start.
"""

from __future__ import annotations

from dataclasses import replace

from trygg_tools.modem_sim.part import Firmware
from trygg_tools.modem_sim.sim7080 import SIM7080

SIM7000 = replace(
    SIM7080,
    name="sim7000",
    model="SIMCOM_SIM7000G",
    firmwares=(
        Firmware("1529B11SIM7000G"),
        Firmware("1529B10SIM7000G", frozenset({"casend_untold"}), "never says +CASEND"),
        Firmware("1351B03SIM7000C", frozenset({"no_mqtt"}), "has no MQTT commands"),
        Firmware("1351B05SIM7000C", frozenset({"mqtt_never_connects"}), "SMCONN never ends well"),
    ),  # the versions of the threads that quirk_table.py names
    ready_ms=4500,
    psm_after_reboot=True,
    hot_ms=1000,
    cold_ms=34000,
    words="Cat-M, NB-IoT and 2G, GNSS on the same radio, PSM 9 uA; the SIM7080's elder brother",
    limits={
        "message": 512,
        "state_tells_session": 0,
        "one_pdp": 1,
        "gnss_21": 1,
        "psuttz_slashes": 1,
    },
)
