"""SIMCom SIM7600 (LTE Cat 1 and 4), as rows (frames.py, steps.py): CMQTT. A7670 is much the same.

Sources: A76XX Series MQTT(S) Application Note V1.02, SIM7500_SIM7600 Series AT Command Manual
V3.00, A7600 Series TCPIP and SSL Application Notes; dialogues in tests/vectors/at/.

Traps that shaped this file:
- OK and the result line come in either order, and ERROR may follow a result that says why.
- CMQTTSTART refuses when the service runs already: passed over. A service that lost its network
  (+CMQTTNONET) has to be stopped and started: so every connection begins with stopping it.
- Topic and payload are told by length and cleared by each publish.
- What comes down is counted: `+CMQTTRXPAYLOAD` may come in several pieces, and not at all for an
  empty payload.
- There is no PSM; sleep is CSCLK with DTR. The receiver has its own radio.
- A receiver that runs, as after a reset of our chip, or has not quite stopped, refuses to be
  started: it is stopped first, and asked again until it starts.
"""

from tracker.modem import lines
from tracker.modem.frames import COUNTED_MAX

NAME = "sim7600"
BAUDS = "115200 9600 57600"
KEY_ON_MS = 500
KEY_OFF_MS = 2600
START_MS = 20000  # UART 11.1 s after the key (A7670G, HW V1.06)
PAYLOAD_MAX = 7168  # 10,240 by the manual; a frame of ours is never longer
SEND_MAX = 1460
RECEIVE_MAX = 512
GNSS_SHARED = False
HAS_PSM = False
AID_S, AID_ON = 172800, False
QUIRKS = b""

TABLE = b"""
RDY|R|restart
*ATREADY:|R|restart
NORMAL POWER DOWN|R|off
UNDER-VOLTAGE POWER DOWN|R|off
UNDER-VOLTAGE WARNING||under voltage
UNDER-VOLTAGE WARNNING||under voltage
PB DONE||
SMS DONE||
+CPIN:||
+CEREG:||
+CTZV:||
+CGEV:||
+CMQTTSTART:||
+CMQTTSTOP:||
+CMQTTDISC:||
+CMQTTPUB:||
+CMQTTSUB:||
+CMQTTCONNECT:||
+CMQTTCONNLOST:||lost
+CMQTTNONET||lost
+CMQTTACCQ:||
+CMQTTREL:||
+CMQTTTOPIC:||
+CMQTTPAYLOAD:||
+CMQTTRXSTART:||begin
+CMQTTRXTOPIC:|N1|topic
+CMQTTRXPAYLOAD:|N1|payload
+CMQTTRXEND:||end
+NETOPEN:||
+NETCLOSE:||
+CIPOPEN:||
+CIPSEND:||
+CIPCLOSE:||
+CIPRXGET: 1||data
+CIPRXGET: 2|N2|received
+IP ERROR:||
+IPCLOSE:||closed
+CIPEVENT:||gone
+CCHSTART:||
+CCHSTOP:||
+CCHOPEN:||
+CCHCLOSE:||
+CCHSEND:||
+CCHEVENT:||data
+CCHRECV: DATA|N2|received
+CCHRECV:||
+CCH_PEER_CLOSED:||closed
+CGPS:||
+CGPSXD: 0||aided
+CGPSXD:||unaided
+AGPS: success||aided
+AGPS:||unaided
+CGNSSPWR:||
"""

STEPS = b"""
SETUP
! ATE0
! AT+CMEE=2
! AT+CGMR | = *
? AT+CTZU=1
! AT+CEREG=1

ATTACH
~20 AT+CPIN? | = +CPIN: READY
! AT+CNMP=2
! AT+CGDCONT=1,"IP","<apn>"
~120 AT+CEREG? | = +CEREG: *,1/5
?30 AT+CGACT=1,1

PIN
! AT+CPIN=<pin>

SET_BAUD
! AT+IPR=115200

ASK
! AT+CSQ | = +CSQ:
! AT+CCLK? | = +CCLK:

SET_TIME
? AT+CCLK="<clock>"

DETACH
?15 AT+CGACT=0,1
?75 AT+CGATT=0
?75 AT+CGATT=1

RADIO_OFF
!10 AT+CFUN=0

RADIO_ON
!10 AT+CFUN=1

REBOOT
! AT+CRESET

POWER_OFF
!10 AT+CPOF

CERT_UPLOAD
!15 AT+CCERTDOWN="<file>",<size> | > <content>

TLS
! AT+CSSLCFG="sslversion",0,4
! AT+CSSLCFG="ignorelocaltime",0,0
! AT+CSSLCFG="enableSNI",0,1

TLS_CA
! AT+CSSLCFG="authmode",0,1
! AT+CSSLCFG="cacert",0,"<ca>"

TLS_CERT
! AT+CSSLCFG="authmode",0,2
! AT+CSSLCFG="cacert",0,"<ca>"
! AT+CSSLCFG="clientcert",0,"<cert>"
! AT+CSSLCFG="clientkey",0,"<key>"

SOCKET_BEGIN
?10 AT+CIPCLOSE=0 | : +CIPCLOSE:

SOCKET_BEGIN_TLS
?10 AT+CCHCLOSE=0 | : +CCHCLOSE:

SOCKET_OPEN
?15 AT+NETOPEN | : +NETOPEN:
! AT+CIPRXGET=1
!60 AT+CIPOPEN=0,"TCP","<host>",<port> | : +CIPOPEN: 0,0

SOCKET_OPEN_TLS
? AT+CCHSET=1,1
?15 AT+CCHSTART | : +CCHSTART:
! AT+CCHSSLCFG=0,0
!90 AT+CCHOPEN=0,"<host>",<port>,2 | : +CCHOPEN: 0,0

SOCKET_SEND
!30 AT+CIPSEND=0,<size> | > <content> | : +CIPSEND:

SOCKET_SEND_TLS
!30 AT+CCHSEND=0,<size> | > <content> | : +CCHSEND: 0,0

SOCKET_RECEIVE
? AT+CIPRXGET=2,0,<size> | = +CIPRXGET: 2

SOCKET_RECEIVE_TLS
? AT+CCHRECV=0,<size> | = +CCHRECV: DATA | : +CCHRECV: 0,*

SOCKET_CLOSE
?15 AT+CIPCLOSE=0 | : +CIPCLOSE:

SOCKET_CLOSE_TLS
?15 AT+CCHCLOSE=0 | : +CCHCLOSE:

MQTT_BEGIN
?65 AT+CMQTTDISC=0,60 | : +CMQTTDISC:
? AT+CMQTTREL=0
?15 AT+CMQTTSTOP | : +CMQTTSTOP:

MQTT_PLAIN
?15 AT+CMQTTSTART | : +CMQTTSTART:
! AT+CMQTTACCQ=0,"<device>",0

MQTT_PLAIN_TLS
?15 AT+CMQTTSTART | : +CMQTTSTART:
! AT+CMQTTACCQ=0,"<device>",1
! AT+CMQTTSSLCFG=0,0

MQTT_WILL
! AT+CMQTTWILLTOPIC=0,<willtopicsize> | > <willtopic>
! AT+CMQTTWILLMSG=0,<willsize>,1 | > <will>

MQTT_CONNECT
!120 AT+CMQTTCONNECT=0,"tcp://<host>:<port>",<keepalive>,0,"<device>","<password>" | \
: +CMQTTCONNECT: 0,0

MQTT_SUBSCRIBE
!30 AT+CMQTTSUB=0,<topicsize>,1 | > <topic> | : +CMQTTSUB: 0,0

MQTT_PUBLISH
! AT+CMQTTTOPIC=0,<topicsize> | > <topic>
!10 AT+CMQTTPAYLOAD=0,<size> | > <content>
!65 AT+CMQTTPUB=0,1,60 | : +CMQTTPUB: 0,0

MQTT_STATE
! AT+CMQTTCONNECT? | = +CMQTTCONNECT: 0,*,*

MQTT_END
?65 AT+CMQTTDISC=0,60 | : +CMQTTDISC:
? AT+CMQTTREL=0
?15 AT+CMQTTSTOP | : +CMQTTSTOP:

EDRX_ON
? AT+CEDRXS=1,4,"<cycle>"

EDRX_OFF
? AT+CEDRXS=0

SLEEP
! AT+CSCLK=1

GNSS_ON
? AT+CGPS=0
~5 AT+CGPS=1,1

ASK_FIX
! AT+CGPSINFO | = +CGPSINFO:

GNSS_OFF
? AT+CGPS=0

AID_1
? AT+CGPSXE=1
! AT+CGPSXD=0

"""
TEXTS = (STEPS,)


def message(event, pieces):
    """(topic, payload) at RXEND; None while there is none, False for one whose pieces are not as
    long as its first line said. `pieces`: a list of ours from event to event, empty at first."""
    name, line, data = event
    if name == b"begin":
        pieces[:] = [lines.fields(line)[1:], b"", b""]
    elif name == b"topic" and pieces:
        pieces[1] += data
    elif name == b"payload" and pieces and len(pieces[2]) + len(data) <= COUNTED_MAX:
        pieces[2] += data
    elif name == b"end":
        sizes = [b"%d" % len(part) for part in pieces[1:]]
        whole = bool(pieces) and pieces[0] == sizes
        found = (pieces[1], pieces[2]) if whole else False
        pieces[:] = []
        return found
    return None


def read_fix(said, ticks):
    """The Fix of `+CGPSINFO:`'s fields; None while they are empty.

    Fields: lat, N/S, lon, E/W, ddmmyy, hhmmss.s, altitude, knots, course. Nothing is said of how
    good it is: it counts as one of the poorest that are believed, five satellites and a HDOP of 5.
    """
    from tracker.modem import found

    if len(said) < 8 or not said[0]:
        return None
    place = (found.angle_e6(said[0], said[1]), found.angle_e6(said[2], said[3]))
    course = lines.number(said[8].split(b".")[0]) if len(said) > 8 else None
    time_s = found.moment(found.day_first(said[4]), said[5])
    motion = (found.tenths_knots(said[7]), course)
    return found.fix_of(place, time_s, motion, (5, 500, -1, 3), ticks)
