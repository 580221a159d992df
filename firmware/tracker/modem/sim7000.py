"""SIMCom SIM7000 (LTE-M, NB-IoT, GSM): as SIM7080, but for what stands here.

Sources: SIM7000 Series AT Command Manual V1.06, MQTT Application Note.
- One PDP context, named in CNACT itself; its events carry no number.
- PSM is in force after a restart only, and so is its end: it is never asked for; between two
  sessions the modem is switched off.
- SMSTATE knows no 2: a session that was kept looks like a new one.
- A socket's number is chosen first (CACID), and CAOPEN names no kind.
- A publish takes 512 bytes. GNSS shares the radio, its antenna has a supply of its own (GPIO 48).
- CGNSINF has 21 fields (sim7080.read_fix reads those in common).
"""

from tracker.modem import sim7080
from tracker.modem.sim7080 import (  # noqa: F401  (what is the same)
    AID_ON,
    AID_S,
    BAUDS,
    GNSS_SHARED,
    KEY_OFF_MS,
    KEY_ON_MS,
    RECEIVE_MAX,
    SEND_MAX,
    TABLE,
    message,
    read_fix,
)

NAME = "sim7000"
HAS_PSM = False
QUIRKS = b"\n1351B03|no mqtt\n1351B05|no mqtt\n"
START_MS = 15000  # UART 4.5 s after the key
PAYLOAD_MAX = 512

STEPS = b"""
ATTACH
~10 AT+CPIN? | = +CPIN: READY
! AT+CNMP=38
! AT+CMNB=<bands>
~120 AT+CEREG? | = +CEREG: *,1/5
?15 AT+CNACT=1,"<apn>"
~30 AT+CNACT? | = +CNACT: 1

DETACH
?15 AT+CNACT=0
?75 AT+CGATT=0
?75 AT+CGATT=1

SOCKET_BEGIN
? AT+CACLOSE=0
! AT+CACID=0
! AT+CASSLCFG=0,"SSL",0

SOCKET_BEGIN_TLS
? AT+CACLOSE=0
! AT+CACID=0
! AT+CASSLCFG=0,"SSL",1
! AT+CASSLCFG=0,"CRINDEX",0

SOCKET_OPEN
!60 AT+CAOPEN=0,"<host>",<port> | = +CAOPEN: 0,0

MQTT_STATE
! AT+SMSTATE? | = +SMSTATE: 1

GNSS_ON
!10 AT+CFUN=4
? AT+CGPIO=0,48,1,1
! AT+CGNSPWR=1

GNSS_OFF
? AT+CGNSPWR=0
? AT+CGPIO=0,48,1,0
!10 AT+CFUN=1

"""
TEXTS = (STEPS, sim7080.STEPS)
