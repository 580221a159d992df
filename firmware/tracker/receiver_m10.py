"""u-blox M10 (receiver_rows.py says what is told and why)."""

from tracker import receiver_ubx as language
from tracker.accuracy import RANGE_ERROR_DM

range_error_dm = RANGE_ERROR_DM
rest = b"\x02\x41\x00\x00\x00\x00\x02\x00\x00\x00"  # RXM-PMREQ: backup until the line wakes it
rows = (
    ("rate", language.valset(b"\x01\x00\x21\x30\xe8\x03")),  # CFG-RATE-MEAS, ms
    (
        "sentences",  # CFG-MSGOUT-NMEA_ID_x_UART1: GST, GSV, GLL, VTG
        language.valset(
            b"\xd4\x00\x91\x20\x01\xc5\x00\x91\x20\x00\xca\x00\x91\x20\x00\xb1\x00\x91\x20\x00"
        ),
    ),
    ("wearer walks", language.valset(b"\x21\x00\x11\x20\x03")),  # CFG-NAVSPG-DYNMODEL
    ("power mode", language.valset(b"\x01\x00\xd0\x20\x00")),  # CFG-PM-OPERATEMODE
    (
        "constellations",  # CFG-SIGNAL-x_ENA: GPS, SBAS, Galileo, BeiDou, QZSS, GLONASS
        language.valset(
            b"\x1f\x00\x31\x10\x01\x20\x00\x31\x10\x01\x21\x00\x31\x10\x01"
            b"\x22\x00\x31\x10\x00\x24\x00\x31\x10\x01\x25\x00\x31\x10\x01"
        ),
    ),
)
