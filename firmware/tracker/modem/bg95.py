"""Quectel BG95, BG96 (LTE-M, NB-IoT), as rows (frames.py, steps.py): QMT.

Sources: BG95&BG77 Series MQTT Application Note V1.1, TCP/IP and SSL Application Notes, AT Commands
Manual V2.0, GNSS Application Note; what the parts really said is in tests/vectors/at/.

Traps that shaped this file:
- Everything that takes time answers OK first and says what became of it in a line of its own.
- +QMTSTAT: whatever it says, the connection has to be opened anew.
- Messages come with their length (recv/mode 0,0,1), so that they may hold anything.
- A client that is open already refuses QMTOPEN: closing it first does no harm.
- A context that was taken away stands in the way of a new one until it is given up (QIDEACT).
- GNSS and LTE share the radio (QGPSCFG "priority").
- A receiver that runs refuses to be started (504), as after a reset of our chip: it is ended first.
"""

from tracker.modem import lines

NAME = "bg95"
BAUDS = "115200 9600 57600"
KEY_ON_MS = 600
KEY_OFF_MS = 1000
START_MS = 15000
PAYLOAD_MAX = 4096
SEND_MAX = 1460
RECEIVE_MAX = 512
GNSS_SHARED = True
HAS_PSM = True
AID_S, AID_ON = 259200, False
QUIRKS = b"\nBG96|no mqtt\n"  # it has no QMTPUBEX

TABLE = b"""
RDY|R|restart
APP RDY||
POWERED DOWN|R|off
PSM POWER DOWN|R|off
NORMAL POWER DOWN|R|off
+CPIN:||
+CFUN:||
+CEREG:||
+CTZV:||
+QIND:||
+QUSIM:||
+QPSMTIMER:||
+QMTOPEN:||
+QMTCONN:||
+QMTDISC:||
+QMTCLOSE:||
+QMTSUB:||
+QMTPUB:||
+QMTPUBEX:||
+QMTUNS:||
+QMTSTAT:||lost
+QMTRECV:|Q3|message
+QIOPEN:||
+QSSLOPEN:||
+QIURC: "recv"||data
+QIURC: "closed"||closed
+QIURC: "pdpdeact"||gone
+QIURC:||
+QSSLURC: "recv"||data
+QSSLURC: "closed"||closed
+QIRD:|N0|received
+QSSLRECV:|N0|received
+QFUPL:||
+QHTTPGET: 0,200||aided
+QHTTPGET:||unaided
+QHTTPREADFILE: 0||aided
+QHTTPREADFILE:||unaided
"""

STEPS = b"""
SETUP
! ATE0
! AT+CMEE=2
! AT+CGMR | = *
? AT+CTZU=3
! AT+CEREG=1

ATTACH
~10 AT+CPIN? | = +CPIN: READY
? AT+QCFG="iotopmode",<iotopmode>,1
! AT+QICSGP=1,1,"<apn>"
~120 AT+CEREG? | = +CEREG: *,1/5
?40 AT+QIDEACT=1
?150 AT+QIACT=1
! AT+QIACT? | = +QIACT: 1,1

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
?40 AT+QIDEACT=1
?140 AT+CGATT=0
?140 AT+CGATT=1

RADIO_OFF
!15 AT+CFUN=0

RADIO_ON
!15 AT+CFUN=1

REBOOT
!15 AT+CFUN=1,1

POWER_OFF
!10 AT+QPOWD=1

CERT_UPLOAD
? AT+QFDEL="<file>"
!15 AT+QFUPL="<file>",<size>,100 | CONNECT> <content> | : +QFUPL:

TLS
! AT+QSSLCFG="sslversion",1,3
! AT+QSSLCFG="ignorelocaltime",1,0
? AT+QSSLCFG="sni",1,1

TLS_CA
! AT+QSSLCFG="seclevel",1,1
! AT+QSSLCFG="cacert",1,"<ca>"

TLS_CERT
! AT+QSSLCFG="seclevel",1,2
! AT+QSSLCFG="cacert",1,"<ca>"
! AT+QSSLCFG="clientcert",1,"<cert>"
! AT+QSSLCFG="clientkey",1,"<key>"

SOCKET_BEGIN
?10 AT+QICLOSE=0

SOCKET_BEGIN_TLS
?10 AT+QSSLCLOSE=0

SOCKET_OPEN
!150 AT+QIOPEN=1,0,"TCP","<host>",<port>,0,0 | : +QIOPEN: 0,0

SOCKET_OPEN_TLS
!150 AT+QSSLOPEN=1,1,0,"<host>",<port>,0 | : +QSSLOPEN: 0,0

SOCKET_SEND
!30 AT+QISEND=0,<size> | > <content>

SOCKET_SEND_TLS
!30 AT+QSSLSEND=0,<size> | > <content>

SOCKET_RECEIVE
? AT+QIRD=0,<size> | = +QIRD:

SOCKET_RECEIVE_TLS
? AT+QSSLRECV=0,<size> | = +QSSLRECV:

SOCKET_CLOSE
?10 AT+QICLOSE=0

SOCKET_CLOSE_TLS
?10 AT+QSSLCLOSE=0

MQTT_BEGIN
?15 AT+QMTDISC=0 | : +QMTDISC:
?15 AT+QMTCLOSE=0 | : +QMTCLOSE:
! AT+QMTCFG="version",0,4
! AT+QMTCFG="pdpcid",0,1
! AT+QMTCFG="keepalive",0,<keepalive>
! AT+QMTCFG="session",0,0
! AT+QMTCFG="timeout",0,20,1,1
! AT+QMTCFG="recv/mode",0,0,1

MQTT_PLAIN
! AT+QMTCFG="ssl",0,0

MQTT_PLAIN_TLS
! AT+QMTCFG="ssl",0,1,1

MQTT_WILL
! AT+QMTCFG="will",0,1,1,0,"<willtopic>","<will>"

MQTT_CONNECT
!120 AT+QMTOPEN=0,"<host>",<port> | : +QMTOPEN: 0,0
!60 AT+QMTCONN=0,"<device>","<device>","<password>" | : +QMTCONN: 0,0,0

MQTT_SUBSCRIBE
!30 AT+QMTSUB=0,1,"<topic>",1 | : +QMTSUB: 0,1,0

MQTT_PUBLISH
!60 AT+QMTPUBEX=0,<id>,1,0,"<topic>",<size> | > <content> | : +QMTPUB~: 0,*,0

MQTT_STATE
! AT+QMTCONN? | = +QMTCONN: 0,3

MQTT_END
?15 AT+QMTDISC=0 | : +QMTDISC:
?15 AT+QMTCLOSE=0 | : +QMTCLOSE:

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
! AT+QSCLK=1

GNSS_ON
? AT+QGPSCFG="priority",0
? AT+QGPSEND
! AT+QGPS=1

ASK_FIX
? AT+QGPSLOC=2 | = +QGPSLOC:

GNSS_OFF
? AT+QGPSEND
? AT+QGPSCFG="priority",1

AID_1
? AT+QGPSXTRA=1
! AT+QHTTPCFG="contextid",1
!10 AT+QHTTPURL=40,60 | CONNECT> http://xtrapath4.izatcloud.net/xtra2.bin
! AT+QHTTPGET=50

AID_2
! AT+QHTTPREADFILE="UFS:xtra2.bin",50

AID_USE
! AT+QGPSXTRATIME=0,"20<time>",1,1,3500
!10 AT+QGPSXTRADATA="UFS:xtra2.bin"

"""
TEXTS = (STEPS,)


def message(event, _pieces):
    """(topic, payload) of `+QMTRECV: client,id,"topic",length,"payload"`; None for no message,
    False for a damaged one."""
    name, line, data = event
    if name != b"message":
        return None
    said = lines.fields(line)
    whole = len(said) == 4 and lines.number(said[3]) == len(data)
    return (said[2], data) if whole else False


def read_fix(said, ticks):
    """The Fix of `+QGPSLOC:`'s fields; without one the modem refuses (CME 516).

    Fields: hhmmss.sss, lat, lon, HDOP, altitude, fix 2 or 3, course, km/h, knots, ddmmyy,
    satellites. No accuracy is stated: HDOP has to do.
    """
    from tracker.modem import found

    if len(said) < 11 or said[5] not in (b"2", b"3"):
        return None
    place = (found.scaled(said[1], 6), found.scaled(said[2], 6))
    motion = (found.tenths_kmh(said[7]), lines.number(said[6].split(b".")[0]))
    quality = (lines.number(said[10]), found.scaled(said[3], 2), -1, 3 if said[5] == b"3" else 2)
    time_s = found.moment(found.day_first(said[9]), said[0])
    return found.fix_of(place, time_s, motion, quality, ticks)
