"""u-blox M8 (receiver_rows.py says what is told and why)."""

from tracker import receiver_ubx as language  # noqa: F401
from tracker.accuracy import RANGE_ERROR_DM

range_error_dm = RANGE_ERROR_DM
rest = b"\x02\x41\x00\x00\x00\x00\x02\x00\x00\x00"  # RXM-PMREQ: backup until the line wakes it
rows = (
    # CFG-RATE: 1000 ms, each measurement a solution, GPS time
    ("rate", b"\x06\x08\xe8\x03\x01\x00\x01\x00"),
    # CFG-MSG: class and id of the sentence, how often on this port
    ("GST on", b"\x06\x01\xf0\x07\x01"),
    ("GSV off", b"\x06\x01\xf0\x03\x00"),
    ("GLL off", b"\x06\x01\xf0\x01\x00"),
    ("VTG off", b"\x06\x01\xf0\x05\x00"),
    # CFG-NAV5: only the dynamic model (mask 1), 3 pedestrian
    ("wearer walks", b"\x06\x24\x01\x00\x03" + bytes(33)),
    # CFG-RXM: continuous
    ("power mode", b"\x06\x11\x08\x00"),
    # CFG-GNSS: 32 channels; GPS, SBAS, Galileo, not BeiDou, not IMES, QZSS, GLONASS; each with the
    # least and most channels, enabled or not, and the L1 signal
    (
        "constellations",
        b"\x06\x3e\x00\x20\x20\x07"
        b"\x00\x08\x10\x00\x01\x00\x01\x01"
        b"\x01\x01\x03\x00\x01\x00\x01\x01"
        b"\x02\x04\x08\x00\x01\x00\x01\x01"
        b"\x03\x08\x10\x00\x00\x00\x01\x01"
        b"\x04\x00\x08\x00\x00\x00\x01\x01"
        b"\x05\x00\x03\x00\x01\x00\x01\x01"
        b"\x06\x08\x0e\x00\x01\x00\x01\x01",
    ),
    # CFG-CFG: clear nothing, save all, load nothing; battery-backed memory
    ("backup", b"\x06\x09" + bytes(4) + b"\xff\xff\x00\x00" + bytes(4) + b"\x01"),
)
