"""SIMCom A7670, A76XX, SIM767x (LTE Cat 1): as SIM7600, but for what stands here.

Sources: A76XX Series AT Command Manual, MQTT(S) Application Note V1.02, GNSS Application Note;
dialogues in tests/vectors/at/.
- The receiver is switched on by CGNSSPWR. "READY!" comes 9 s later, or by older firmware never:
  nothing waits for it. SIM7670G's antenna has a supply of its own (CGDRT, CGSETV).
- CGNSSINFO says degrees and minutes, or by some firmware decimal degrees (found.angle_e6).
- Firmware 2374B03SIM767XM5A_M ("B03V02" for short) does not get its MQTT connected with TLS: our
  own client over a socket does.
"""

from tracker.modem import lines, sim7600
from tracker.modem.sim7600 import (  # noqa: F401  (what is the same)
    BAUDS,
    GNSS_SHARED,
    HAS_PSM,
    KEY_OFF_MS,
    KEY_ON_MS,
    PAYLOAD_MAX,
    RECEIVE_MAX,
    SEND_MAX,
    START_MS,
    TABLE,
    message,
)

NAME = "a7670"
AID_S, AID_ON = 7200, True
QUIRKS = b"\n2374B03|no mqtt\n"

STEPS = b"""
GNSS_ON
? AT+CGDRT=4,1
? AT+CGSETV=4,1
? AT+CGNSSPWR=0
!15 AT+CGNSSPWR=1,1

ASK_FIX
! AT+CGNSSINFO | = +CGNSSINFO:

GNSS_OFF
? AT+CGNSSPWR=0

AID_1
! AT+CAGPS

"""
TEXTS = (STEPS, sim7600.STEPS)


def read_fix(said, ticks):
    """The Fix of `+CGNSSINFO:`'s fields; None while they are empty.

    Fields: mode, GPS, GLONASS, BeiDou satellites, lat, N/S, lon, E/W, ddmmyy, hhmmss.ss, altitude,
    knots, course, PDOP, HDOP, VDOP. No accuracy is stated: HDOP has to do.
    """
    from tracker.modem import found

    if len(said) < 16 or said[0] not in (b"2", b"3"):
        return None
    place = (found.angle_e6(said[4], said[5]), found.angle_e6(said[6], said[7]))
    satellites = sum([lines.number(count) or 0 for count in said[1:4]])
    motion = (found.tenths_knots(said[11]), lines.number(said[12].split(b".")[0]))
    quality = (satellites, found.scaled(said[14], 2), -1, 3 if said[0] == b"3" else 2)
    time_s = found.moment(found.day_first(said[8]), said[9])
    return found.fix_of(place, time_s, motion, quality, ticks)
