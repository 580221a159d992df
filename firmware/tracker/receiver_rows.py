"""What each kind of receiver is told when it is switched on, as rows: (what for, message).

All are told the same in their own words: one fix a second; RMC, GGA, GSA and where it can be had
GST, and nothing that we do not read (GSV, GLL and VTG are two thirds of what a receiver says by
itself); the constellations that are good in the north; full power, because a tracker saves by
switching off and not by listening badly; a wearer who walks; and to keep it in the memory that the
backup supply holds, together with time and ephemerides, where the receiver can.

`rest` is said when the supply goes: receivers on boards that leave it on sleep with their time.
`range_error_dm` is what accuracy.py multiplies HDOP with when there is no GST: the makers state
2.5 m CEP (u-blox M8, L76) and 1.5 m CEP (M10) under an open sky with a good antenna; on a body
between trees and houses it is two to four times that, and 6 m is what is taken for all of them.

None of it has been tried on a receiver: the messages are the interface descriptions', and the tests
hold them against recorded ones.
"""

from collections import namedtuple

from tracker import receiver_pmtk as pmtk
from tracker import receiver_ubx as ubx
from tracker.accuracy import RANGE_ERROR_DM

Kind = namedtuple("Kind", "language rows rest range_error_dm")

_M8 = (
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

_M10 = (
    ("rate", ubx.valset(b"\x01\x00\x21\x30\xe8\x03")),  # CFG-RATE-MEAS, ms
    (
        "sentences",  # CFG-MSGOUT-NMEA_ID_x_UART1: GST, GSV, GLL, VTG
        ubx.valset(
            b"\xd4\x00\x91\x20\x01\xc5\x00\x91\x20\x00\xca\x00\x91\x20\x00\xb1\x00\x91\x20\x00"
        ),
    ),
    ("wearer walks", ubx.valset(b"\x21\x00\x11\x20\x03")),  # CFG-NAVSPG-DYNMODEL
    ("power mode", ubx.valset(b"\x01\x00\xd0\x20\x00")),  # CFG-PM-OPERATEMODE
    (
        "constellations",  # CFG-SIGNAL-x_ENA: GPS, SBAS, Galileo, BeiDou, QZSS, GLONASS
        ubx.valset(
            b"\x1f\x00\x31\x10\x01\x20\x00\x31\x10\x01\x21\x00\x31\x10\x01"
            b"\x22\x00\x31\x10\x00\x24\x00\x31\x10\x01\x25\x00\x31\x10\x01"
        ),
    ),
)

_L76 = (
    ("rate", b"PMTK220,1000"),
    # GLL RMC VTG GGA GSA GSV and thirteen that are not used
    ("sentences", b"PMTK314,0,1,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0"),
    ("wearer walks", b"PMTK386,0"),  # no speed below which the place is held
    ("power mode", b"PMTK225,0"),
    ("constellations", b"PMTK353,1,1,0,0,0"),  # GPS and GLONASS
    ("backup", b"PMTK869,1,1"),  # EASY: orbits are predicted and kept
)

_UBX_REST = b"\x02\x41\x00\x00\x00\x00\x02\x00\x00\x00"  # RXM-PMREQ: backup until the line wakes it

KINDS = {
    "u-blox-m8": Kind(ubx, _M8, _UBX_REST, RANGE_ERROR_DM),
    "u-blox-m10": Kind(ubx, _M10, _UBX_REST, RANGE_ERROR_DM),
    "quectel-l76": Kind(pmtk, _L76, b"PMTK161,0", RANGE_ERROR_DM),
    "none": Kind(ubx, (), b"", RANGE_ERROR_DM),
}


def kind_of(name):
    """The Kind called `name` in /config.json; that of none for a name not known."""
    return KINDS.get(name, KINDS["none"])
