"""SIMCom SIM7000 (LTE-M, NB-IoT, GSM): as SIM7080, but for what stands here.

Sources: SIM7000 Series AT Command Manual V1.06, MQTT Application Note; shared/reference.
- One PDP context, named in CNACT itself; its events carry no number.
- SMSTATE knows no 2: a session that was kept looks like a new one.
- A publish takes 512 bytes. GNSS shares the radio, its antenna has a supply of its own (GPIO 48).
- CGNSINF has 21 fields (lines.py reads those in common).
"""

from tracker.modem import lines
from tracker.modem.sim7080 import *  # noqa: F403 - all that is not said anew below
from tracker.modem.steps import may, must, until

NAME = "sim7000"
START_MS = 15000  # UART 4.5 s after the key
PAYLOAD_MAX = 512


def _is_active(answer):
    return bool(answer.lines) and answer.lines[0][:9] == b"+CNACT: 1"


ATTACH = (
    until(b"AT+CPIN?", b"+CPIN:", lines.is_sim_ready, 10000),
    must(b"AT+CNMP=38"),
    must(b"AT+CMNB=<bands>"),
    until(b"AT+CEREG?", b"+CEREG:", lines.is_registered, 120000),
    may(b'AT+CNACT=1,"<apn>"', limit_ms=15000),
    until(b"AT+CNACT?", b"+CNACT:", _is_active, 30000),
)
DETACH = (may(b"AT+CNACT=0", limit_ms=15000), may(b"AT+CGATT=0", limit_ms=75000))
MQTT_END = (may(b"AT+SMDISC", limit_ms=15000), may(b"AT+CNACT=0", limit_ms=15000))
GNSS_ON = (
    must(b"AT+CFUN=4", limit_ms=10000),
    may(b"AT+CGPIO=0,48,1,1"),
    must(b"AT+CGNSPWR=1"),
)
GNSS_OFF = (
    may(b"AT+CGNSPWR=0"),
    may(b"AT+CGPIO=0,48,1,0"),
    must(b"AT+CFUN=1", limit_ms=10000),
)
