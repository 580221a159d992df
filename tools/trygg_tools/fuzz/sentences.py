"""What a receiver says, as good bytes to be harmed. Runs under MicroPython, too."""

from trygg_tools.rig.sky import sentence

CLOCKS = ("101530.00", "101531.00", "235959.00", "235960.00", "000000.00", "1015")
PLACES = (
    "5955.62000,N,01042.06000,E", "3351.9999999,S,15112.0000001,E", "0000.000,N,00000.000,W",
    "9000.00000,N,18000.00000,W", ",,,",
)  # fmt: skip
GOOD = sentence("GPGSV,2,1,08,17,23,253,46,29,68,333,34,14,20,249,22,25,63,311,46")


def _samples() -> list[bytes]:
    """Sentences of every kind, a burst of all of them, and what else comes on a line."""
    found = []
    for clock in CLOCKS:
        for place in PLACES:
            epoch = [
                sentence("GNRMC," + clock + ",A," + place + ",3.110,42.70,140626,,,A"),
                sentence("GNRMC," + clock + ",V,,,,,,,080407,,,N"),
                sentence("GPGGA," + clock + "," + place + ",1,11,0.83,41.3,M,39.9,M,,"),
                sentence("GNGNS," + clock + "," + place + ",AAN,11,0.83,41.3,39.9,,,V"),
                sentence("GNGLL," + place + "," + clock + ",A,A"),
                sentence("GNGST," + clock + ",4.0,2.1,1.8,10.0,2.10,1.80,3"),
                sentence("GNZDA," + clock + ",14,06,2026,00,00"),
                sentence("GNGSA,A,3,02,05,12,13,15,,,,,,,,1.41,0.83,1.14"),
            ]
            found += epoch
            found += [epoch[0] + epoch[2] + epoch[5] + epoch[7], b"".join(epoch)]
    found += [
        sentence("GNVTG,42.70,T,,M,3.110,N,5.760,K,A"),
        sentence("GNTXT,01,01,02,u-blox AG - www.u-blox.com"),
        sentence("PMTK001,220,3"),
        sentence("PUBX,00,101542.00,5955.62,N,01042.06,E,40,G3,2.1,2.0,0.1,90,0,1,1,1,9,0,0"),
        sentence("GNTXT," + "k" * 249),
        b"$" + b"k" * 300,
        b"\xb5b\x05\x01\x02\x00\x06\x08\x16?",
        bytes(40),
        GOOD,
    ]
    return found


SAMPLES = _samples()
