"""SIMCom SIM7070, SIM7080, SIM7090 (LTE-M and NB-IoT), as rows (frames.py, steps.py).

Sources: SIM7070_SIM7080_SIM7090 Series AT Command Manual V1.05, MQTT(S) Application Note V1.03, Low
Power Mode Note V1.02, TCPUDP(S) Application Note; what the parts really said is in
tests/vectors/at/. SIM7000's differences are in sim7000.py.

Traps that shaped this file:
- `RDY` comes with a fixed baud rate only: nothing here waits for it, it only tells of a restart.
- `+SMSUB` does not escape what it quotes: SUBHEX is on, and what is no hex is refused.
- CSSLCFG and SMCONF are forgotten at a restart: they are told anew with every connection.
- No GNSS while data is active, or it refuses, blocks, or crashes: the radio is shared.
- CPSMS=1 once more does nothing: it goes off before it goes on.
- A socket names its files itself: CACERT, PSKTABLE, and CERT, which other firmware's manual calls
  CLIENTCERT.
- No way to ask which files it has: a certificate is brought in again when its CONVERT is refused.
"""

from tracker.modem import lines

NAME = "sim7080"
BAUDS = "115200 57600 9600"
KEY_ON_MS = 1200
KEY_OFF_MS = 1500
START_MS = 12000  # UART 1.8 s after the key; a cold SIM takes longer
PAYLOAD_MAX = 1024
SEND_MAX = 1460
RECEIVE_MAX = 512
GNSS_SHARED = True
HAS_PSM = True
AID_S, AID_ON = 172800, False
QUIRKS = b""  # rows `a part of the version|quirk`

TABLE = b"""
RDY|R|restart
NORMAL POWER DOWN|R|off
UNDER-VOLTAGE POWER DOWN|R|off
OVER-VOLTAGE POWER DOWN|R|off
UNDER-VOLTAGE WARNNING||under voltage
OVER-VOLTAGE WARNNING||over voltage
+CFUN:||
+CPIN:||
SMS Ready||
*PSNWID:||
*PSUTTZ:||
+CTZV:||
DST:||
+CEREG:||
+CPSMSTATUS: "ENTER PSM"||psm
+CPSMSTATUS:||
+APP PDP: 0,DEACTIVE||gone
+APP PDP: DEACTIVE||gone
+APP PDP:||
+SMSTATE: 0||lost
+SMSTATE:||
+SMSUB:||message
+CADATAIND:||data
+CASTATE: 0,1||
+CASTATE:||closed
+CARECV:|S0|received
+CASEND:||
+CGNSPWR:||
+UGNSINF:||
+HTTPTOFS: 200||aided
+HTTPTOFS:||unaided
+CGNSXTRA:||
"""

STEPS = b"""
SETUP
! ATE0
! AT+CMEE=2
! AT+CGMR | = *
? AT+CLTS=1
! AT+CEREG=4
? AT+CPSMSTATUS=1

ATTACH
~10 AT+CPIN? | = +CPIN: READY
! AT+CNMP=38
! AT+CMNB=<bands>
~120 AT+CEREG? | = +CEREG: *,1/5
! AT+CNCFG=0,1,"<apn>"
?15 AT+CNACT=0,1
~30 AT+CNACT? | = +CNACT: 0,1

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
?15 AT+CNACT=0,0
?75 AT+CGATT=0
?75 AT+CGATT=1

RADIO_OFF
!10 AT+CFUN=0

RADIO_ON
!10 AT+CFUN=1

REBOOT
! AT+CREBOOT

POWER_OFF
!10 AT+CPOWD=1

CERT_UPLOAD
? AT+CFSTERM
! AT+CFSINIT
!15 AT+CFSWFILE=3,"<file>",0,<size>,10000 | DOWNLOAD> <content>
! AT+CFSTERM

TLS
! AT+CSSLCFG="SSLVERSION",0,3
! AT+CSSLCFG="IGNORERTCTIME",0,0
! AT+CSSLCFG="SNI",0,"<host>"

TLS_CA
! AT+CSSLCFG="CONVERT",2,"<ca>"

TLS_CERT
! AT+CSSLCFG="CONVERT",2,"<ca>"
! AT+CSSLCFG="CONVERT",1,"<cert>","<key>"

TLS_PSK
! AT+CSSLCFG="CONVERT",3,"<psk>"

SOCKET_BEGIN
? AT+CACLOSE=0
! AT+CASSLCFG=0,"SSL",0

SOCKET_BEGIN_TLS
? AT+CACLOSE=0
! AT+CASSLCFG=0,"SSL",1
! AT+CASSLCFG=0,"CRINDEX",0

SOCKET_CA
! AT+CASSLCFG=0,"CACERT","<ca>"

SOCKET_CERT
! AT+CASSLCFG=0,"CACERT","<ca>"
? AT+CASSLCFG=0,"CERT","<cert>"
? AT+CASSLCFG=0,"CLIENTCERT","<cert>"

SOCKET_PSK
! AT+CASSLCFG=0,"PSKTABLE","<psk>"

SOCKET_OPEN
!60 AT+CAOPEN=0,0,"TCP","<host>",<port> | = +CAOPEN: 0,0

SOCKET_SEND
!30 AT+CASEND=0,<size> | > <content>

SOCKET_RECEIVE
? AT+CARECV=0,<size> | = +CARECV:

SOCKET_CLOSE
? AT+CACLOSE=0

MQTT_BEGIN
?10 AT+SMDISC
! AT+SMCONF="URL","<host>",<port>
! AT+SMCONF="CLIENTID","<device>"
! AT+SMCONF="KEEPTIME",<keepalive>
! AT+SMCONF="CLEANSS",0
! AT+SMCONF="USERNAME","<device>"
! AT+SMCONF="PASSWORD","<password>"
! AT+SMCONF="SUBHEX",1
? AT+SMCONF="ASYNCMODE",1

MQTT_PLAIN
! AT+SMSSL=0

MQTT_PLAIN_TLS
! AT+SMSSL=1,"<ca>","<cert><psk>"

MQTT_WILL
! AT+SMCONF="TOPIC","<willtopic>"
! AT+SMCONF="MESSAGE","<will>"
? AT+SMCONF="QOS",1

MQTT_CONNECT
!120 AT+SMCONN

MQTT_SUBSCRIBE
!30 AT+SMSUB="<topic>",1

MQTT_PUBLISH
!60 AT+SMPUB="<topic>",<size>,1,0 | > <content>

MQTT_STATE
! AT+SMSTATE? | = +SMSTATE: 1/2

MQTT_END
?15 AT+SMDISC

PSM_ON
! AT+CPSMS=0
? AT+CEDRXS=0
! AT+CPSMS=1,,,"<tau>","<active>"

EDRX_ON
! AT+CPSMS=0
! AT+CEDRXS=1,<act>,"<cycle>"

EDRX_OFF
! AT+CEDRXS=0

SLEEP
! AT+CSCLK=1

GNSS_ON
!10 AT+CFUN=4
! AT+CGNSPWR=1

ASK_FIX
! AT+CGNSINF | = +CGNSINF:

GNSS_OFF
? AT+CGNSPWR=0
!10 AT+CFUN=1

AID_1
! AT+HTTPTOFS="http://iot2.xtracloud.net/xtra3gr_72h.bin","/customer/Xtra3.bin"

AID_USE
!10 AT+CGNSCPY | = +CGNSCPY: 0
! AT+CGNSXTRA=1 | : +CGNSXTRA: 0

"""
TEXTS = (STEPS,)


def message(event, _pieces):
    """(topic, payload) of `+SMSUB: "topic","hex"`; None for no message, False for a damaged one."""
    if event[0] != b"message":
        return None
    topic, end, text = event[1][event[1].find(b'"') + 1 :].partition(b'","')
    if not end or text[-1:] != b'"' or len(text) % 2 == 0:
        return False
    for digit in text[:-1]:
        if digit not in b"0123456789ABCDEFabcdef":
            return False
    return topic, bytes.fromhex(text[:-1].decode())


def read_fix(said, ticks):
    """The Fix of `+CGNSINF:`'s fields; None unless its flag says 1 and its accuracy (HPA) is one.

    Fields: run, fix, yyyyMMddhhmmss.sss, lat, lon, altitude, km/h, course, mode, -, HDOP, PDOP,
    VDOP, -, satellites, -, HPA in metres, VPA. SIM7000 has three more behind the satellites, and
    says nothing where HPA would be: there HDOP has to do.
    """
    from tracker.modem import found

    if len(said) < 18 or said[0] != b"1" or said[1] != b"1":
        return None
    place = (found.scaled(said[3], 6), found.scaled(said[4], 6))
    date = (lines.number(said[2][6:8]), lines.number(said[2][4:6]), lines.number(said[2][:4]))
    motion = (found.tenths_kmh(said[6]), lines.number(said[7].split(b".")[0]))
    stated = -1 if len(said) == 21 and not said[-2] else found.scaled(said[-2], 1)
    quality = (lines.number(said[14]), found.scaled(said[10], 2), stated, 3)
    return found.fix_of(place, found.moment(date, said[2][8:]), motion, quality, ticks)
