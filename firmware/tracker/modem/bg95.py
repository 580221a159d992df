"""Quectel BG95, BG96 (LTE-M, NB-IoT), as rows: the QMT family.

Sources: BG95&BG77 Series MQTT Application Note V1.1, TCP/IP and SSL Application Notes, AT Commands
Manual V2.0, GNSS Application Note; shared/reference/at-commands.md.

Traps that shaped this file:
- Everything that takes time answers OK first and says what became of it in a line of its own.
- +QMTSTAT: whatever it says, the connection has to be opened anew.
- Messages come with their length (recv/mode 0,0,1), so that they may hold anything.
- A client that is open already refuses QMTOPEN: closing it first does no harm.
- GNSS and LTE share the radio (QGPSCFG "priority").
"""

from tracker.modem import at, found, lines
from tracker.modem.steps import may, must, send, until

NAME = "bg95"
READY = (b"APP RDY", b"RDY")
BAUDS = (115200, 9600, 57600)
KEY_ON_MS = 600
KEY_OFF_MS = 1000
START_MS = 15000
GAP_MS = 0
PAYLOAD_MAX = 4096
TOPIC_MAX = 255
SEND_MAX = 1460
RECEIVE_MAX = 1500
GNSS_SHARED = True

TABLE = (
    (b"RDY", at.RESTART, 0, "restart"),
    (b"APP RDY", at.LINE, 0, ""),
    (b"POWERED DOWN", at.RESTART, 0, "off"),
    (b"NORMAL POWER DOWN", at.RESTART, 0, "off"),
    (b"+CPIN:", at.LINE, 0, "sim"),
    (b"+CFUN:", at.LINE, 0, ""),
    (b"+CEREG:", at.LINE, 0, "registration"),
    (b"+QIND:", at.LINE, 0, ""),
    (b"+QMTOPEN:", at.LINE, 0, ""),
    (b"+QMTCONN:", at.LINE, 0, ""),
    (b"+QMTDISC:", at.LINE, 0, ""),
    (b"+QMTCLOSE:", at.LINE, 0, ""),
    (b"+QMTSUB:", at.LINE, 0, ""),
    (b"+QMTPUB:", at.LINE, 0, "published"),
    (b"+QMTPUBEX:", at.LINE, 0, "published"),
    (b"+QMTSTAT:", at.LINE, 0, "lost"),
    (b"+QMTRECV:", at.QUOTED, 3, "message"),
    (b"+QIOPEN:", at.LINE, 0, ""),
    (b"+QSSLOPEN:", at.LINE, 0, ""),
    (b'+QIURC: "recv"', at.LINE, 0, "data"),
    (b'+QIURC: "closed"', at.LINE, 0, "socket"),
    (b'+QIURC: "pdpdeact"', at.LINE, 0, "socket"),
    (b'+QSSLURC: "recv"', at.LINE, 0, "data"),
    (b'+QSSLURC: "closed"', at.LINE, 0, "socket"),
    (b"+QIRD:", at.NEXT, 0, "received"),
    (b"+QSSLRECV:", at.NEXT, 0, "received"),
)

SETUP = (must(b"ATE0"), must(b"AT+CMEE=2"), may(b"AT+CTZU=3"), must(b"AT+CEREG=1"))
ATTACH = (
    until(b"AT+CPIN?", b"+CPIN:", lines.is_sim_ready, 10000),
    may(b'AT+QCFG="iotopmode",<iotopmode>,1'),
    must(b'AT+QICSGP=1,1,"<apn>"'),
    until(b"AT+CEREG?", b"+CEREG:", lines.is_registered, 120000),
    may(b"AT+QIACT=1", limit_ms=150000),
    must(b"AT+QIACT?", b"+QIACT:", check=lines.first),
)
DETACH = (may(b"AT+QIDEACT=1", limit_ms=40000), may(b"AT+CGATT=0", limit_ms=140000))
RADIO_OFF = (must(b"AT+CFUN=0", limit_ms=15000),)
RADIO_ON = (must(b"AT+CFUN=1", limit_ms=15000),)
REBOOT = (must(b"AT+CFUN=1,1", limit_ms=15000),)
POWER_OFF = (must(b"AT+QPOWD=1", limit_ms=10000),)

ASK_TIME = (must(b"AT+CCLK?", b"+CCLK:"),)
ASK_SIGNAL = (must(b"AT+CSQ", b"+CSQ:"),)
ASK_CELL = (must(b'AT+QENG="servingcell"', b"+QENG:"),)
ASK_VERSION = (must(b"AT+CGMR", at.ANY),)

CERT_UPLOAD = (
    may(b'AT+QFDEL="<file>"'),
    send(b'AT+QFUPL="<file>",<size>,100', b"<content>", 15000, final=b"+QFUPL:", prompt=b"CONNECT"),
)
_TLS = (
    must(b'AT+QSSLCFG="sslversion",1,3'),
    must(b'AT+QSSLCFG="seclevel",1,<seclevel>'),
    must(b'AT+QSSLCFG="cacert",1,"<ca>"'),
    must(b'AT+QSSLCFG="ignorelocaltime",1,0'),
    may(b'AT+QSSLCFG="sni",1,1'),
)
_TLS_CERT = (
    must(b'AT+QSSLCFG="clientcert",1,"<cert>"'),
    must(b'AT+QSSLCFG="clientkey",1,"<key>"'),
)


def tls(by):
    """The steps that set TLS 1.2 up: `by` "ca" (seclevel 1) or "cert" (2, ours too)."""
    steps = _TLS + _TLS_CERT if by == "cert" else _TLS
    level = b"2" if by == "cert" else b"1"
    return tuple([must(step.text.replace(b"<seclevel>", level)) for step in steps])


def _says_zero(answer):
    """The result behind the connection's number is 0."""
    return lines.fields(answer.final)[1:2] == [b"0"]


# -- sockets -------------------------------------------------------------------------------------

_PLAIN_OPEN = (
    may(b"AT+QICLOSE=0", limit_ms=10000),
    must(b'AT+QIOPEN=1,0,"TCP","<host>",<port>,0,0', limit_ms=150000, final=b"+QIOPEN:",
         check=_says_zero),
)  # fmt: skip
_SECURE_OPEN = (
    may(b"AT+QSSLCLOSE=0", limit_ms=10000),
    must(b'AT+QSSLOPEN=1,1,0,"<host>",<port>,0', limit_ms=150000, final=b"+QSSLOPEN:",
         check=_says_zero),
)  # fmt: skip


def socket_open(by):
    """The steps that open a connection to <host>:<port>; `by` as in `tls`, or "" for plain TCP."""
    return tls(by) + _SECURE_OPEN if by else _PLAIN_OPEN


def socket_send(by):
    """The step that sends <size> bytes <content>; SEND OK or SEND FAIL ends it."""
    command = b"AT+QSSLSEND=0,<size>" if by else b"AT+QISEND=0,<size>"
    return (send(command, b"<content>", 30000),)


def socket_receive(by):
    """The step that fetches at most <size> bytes."""
    if by:
        return (must(b"AT+QSSLRECV=0,<size>", b"+QSSLRECV:"),)
    return (must(b"AT+QIRD=0,<size>", b"+QIRD:"),)


def socket_close(by):
    """The step that ends it."""
    return (may(b"AT+QSSLCLOSE=0" if by else b"AT+QICLOSE=0", limit_ms=10000),)


def received(answer):
    """The bytes that `socket_receive` brought; b"" for none."""
    return answer.lines[1] if len(answer.lines) > 1 else b""


def is_closed(_line):
    """Every event "socket" says that it is closed."""
    return True


# -- MQTT ----------------------------------------------------------------------------------------

_CLOSE = (
    may(b"AT+QMTDISC=0", final=b"+QMTDISC:", limit_ms=15000),
    may(b"AT+QMTCLOSE=0", final=b"+QMTCLOSE:", limit_ms=15000),
)


def _accepted(answer):
    """`+QMTCONN: 0,0,0`: sent, and accepted by the broker."""
    return lines.fields(answer.final)[1:3] == [b"0", b"0"]


def _subscribed(answer):
    """`+QMTSUB: 0,1,0,1`."""
    return lines.fields(answer.final)[2:3] == [b"0"]


def mqtt_connect(by):
    """The steps from nothing to an MQTT session; `by` as in `socket_open`."""
    steps = _CLOSE + (
        must(b'AT+QMTCFG="version",0,4'),
        must(b'AT+QMTCFG="pdpcid",0,1'),
        must(b'AT+QMTCFG="keepalive",0,<keepalive>'),
        must(b'AT+QMTCFG="session",0,0'),
        must(b'AT+QMTCFG="timeout",0,20,1,1'),
        must(b'AT+QMTCFG="recv/mode",0,0,1'),
    )
    secure = tls(by) + (must(b'AT+QMTCFG="ssl",0,1,1'),) if by else (must(b'AT+QMTCFG="ssl",0,0'),)
    opened = must(b'AT+QMTOPEN=0,"<host>",<port>', limit_ms=120000, final=b"+QMTOPEN:",
                  check=_says_zero)  # fmt: skip
    connect = b'AT+QMTCONN=0,"<device>","<device>","<password>"'
    greeted = must(connect, limit_ms=60000, final=b"+QMTCONN:", check=_accepted)
    return steps + secure + (opened, greeted)


MQTT_SUBSCRIBE = (
    must(b'AT+QMTSUB=0,1,"<topic>",1', limit_ms=30000, final=b"+QMTSUB:", check=_subscribed),
)
MQTT_PUBLISH = (
    send(b'AT+QMTPUBEX=0,<id>,1,0,"<topic>",<size>', b"<content>", 60000, final=b"+QMTPUB",
         check=_subscribed),
)  # fmt: skip
MQTT_STATE = (must(b"AT+QMTCONN?", b"+QMTCONN:"),)
MQTT_DISCONNECT = _CLOSE
MQTT_END = _CLOSE


def session_present(_answer):
    """The modem does not say; subscribing again is harmless."""
    return False


def is_lost(name, _line):
    """Whether an event says that the MQTT connection is gone."""
    return name == "lost"


class Messages:
    """Messages out of events: `take` gives (topic, payload), None for no message, False for one
    that is damaged."""

    def take(self, event):
        """`+QMTRECV: client,id,"topic",length,"payload"`."""
        name, line, data = event
        if name != "message":
            return None
        said = lines.fields(line)
        return (said[2], data) if len(said) == 4 else False


# -- reachability, GNSS --------------------------------------------------------------------------

PSM_ON = (
    must(b"AT+CPSMS=0"),
    may(b"AT+CEDRXS=0"),
    must(b'AT+CPSMS=1,,,"<tau>","<active>"'),
)
PSM_OFF = (must(b"AT+CPSMS=0"),)
EDRX_ON = (must(b"AT+CPSMS=0"), must(b'AT+CEDRXS=1,<act>,"<cycle>"'))
EDRX_OFF = (must(b"AT+CEDRXS=0"),)
SLEEP = (must(b"AT+QSCLK=1"),)
WAKE = (must(b"AT"),)

GNSS_ON = (may(b'AT+QGPSCFG="priority",0'), must(b"AT+QGPS=1"))
ASK_FIX = (must(b"AT+QGPSLOC=2", b"+QGPSLOC:"),)
GNSS_OFF = (may(b"AT+QGPSEND"), may(b'AT+QGPSCFG="priority",1'))
AID = ()


def read_fix(answer, ticks):
    """The Fix of `+QGPSLOC:`; without one the modem refuses (CME 516), so there is no line.

    Fields: hhmmss.sss, lat, lon, HDOP, altitude, fix 2 or 3, course, km/h, knots, ddmmyy,
    satellites. No accuracy is stated: HDOP has to do.
    """
    said = lines.first(answer)
    if len(said) < 11 or said[5] not in (b"2", b"3"):
        return None
    place = (lines.scaled(said[1], 6), lines.scaled(said[2], 6))
    motion = (found.tenths_kmh(said[7]), lines.number(said[6].split(b".")[0]))
    satellites = lines.number(said[10])
    quality = (satellites, lines.scaled(said[3], 2), -1, 3 if said[5] == b"3" else 2)
    time_s = found.moment(found.day_first(said[9]), said[0])
    return found.fix_of(place, time_s, motion, quality, ticks)
