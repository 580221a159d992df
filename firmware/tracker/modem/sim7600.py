"""SIMCom SIM7600, A7670, SIM767x (LTE Cat 1 and 4), as rows: the CMQTT family.

Sources: A76XX Series MQTT(S) Application Note V1.02, SIM7500_SIM7600 Series AT Command Manual
V3.00, A7600 Series TCPIP and SSL Application Notes; shared/reference/at-commands.md.

Traps that shaped this file:
- OK and the result line come in either order, and ERROR may follow a result that says why.
- CMQTTSTART refuses when the service runs already: passed over. A service that lost its network
  (+CMQTTNONET) has to be stopped and started: so every connection begins with stopping it.
- Topic and payload are told by length and cleared by each publish.
- What comes down is counted: `+CMQTTRXPAYLOAD` may come in several pieces, and not at all for an
  empty payload.
- There is no PSM; sleep is CSCLK with DTR. The receiver has its own radio.
"""

from tracker.modem import at, found, lines
from tracker.modem.steps import may, must, send, until

NAME = "sim7600"
READY = (b"RDY", b"*ATREADY", b"PB DONE")
BAUDS = (115200, 9600, 57600)
KEY_ON_MS = 500
KEY_OFF_MS = 2600
START_MS = 20000  # UART 11.1 s after the key (A7670G, HW V1.06)
GAP_MS = 0
PAYLOAD_MAX = 7168  # 10,240 by the manual; a frame of ours is never longer
TOPIC_MAX = 1024
SEND_MAX = 1460
RECEIVE_MAX = 1460
GNSS_SHARED = False

TABLE = (
    (b"RDY", at.RESTART, 0, "restart"),
    (b"*ATREADY", at.RESTART, 0, "restart"),
    (b"NORMAL POWER DOWN", at.RESTART, 0, "off"),
    (b"UNDER-VOLTAGE POWER DOWN", at.RESTART, 0, "off"),
    (b"UNDER-VOLTAGE WARNING", at.LINE, 0, "under voltage"),
    (b"PB DONE", at.LINE, 0, ""),
    (b"SMS DONE", at.LINE, 0, ""),
    (b"+CPIN:", at.LINE, 0, "sim"),
    (b"+CEREG:", at.LINE, 0, "registration"),
    (b"+CTZV:", at.LINE, 0, "clock"),
    (b"+CGEV:", at.LINE, 0, ""),
    (b"+CMQTTSTART:", at.LINE, 0, ""),
    (b"+CMQTTSTOP:", at.LINE, 0, ""),
    (b"+CMQTTDISC:", at.LINE, 0, ""),
    (b"+CMQTTPUB:", at.LINE, 0, "published"),
    (b"+CMQTTSUB:", at.LINE, 0, ""),
    (b"+CMQTTCONNECT:", at.LINE, 0, ""),
    (b"+CMQTTCONNLOST:", at.LINE, 0, "lost"),
    (b"+CMQTTNONET", at.LINE, 0, "lost"),
    (b"+CMQTTRXSTART:", at.LINE, 0, "begin"),
    (b"+CMQTTRXTOPIC:", at.NEXT, 1, "topic"),
    (b"+CMQTTRXPAYLOAD:", at.NEXT, 1, "payload"),
    (b"+CMQTTRXEND:", at.LINE, 0, "end"),
    (b"+NETOPEN:", at.LINE, 0, ""),
    (b"+NETCLOSE:", at.LINE, 0, ""),
    (b"+CIPOPEN:", at.LINE, 0, ""),
    (b"+CIPSEND:", at.LINE, 0, ""),
    (b"+CIPCLOSE:", at.LINE, 0, ""),
    (b"+CIPRXGET: 1", at.LINE, 0, "data"),
    (b"+CIPRXGET: 2", at.NEXT, 2, "received"),
    (b"+IPCLOSE:", at.LINE, 0, "socket"),
    (b"+CIPEVENT:", at.LINE, 0, "socket"),
    (b"+CCHSTART:", at.LINE, 0, ""),
    (b"+CCHSTOP:", at.LINE, 0, ""),
    (b"+CCHOPEN:", at.LINE, 0, ""),
    (b"+CCHCLOSE:", at.LINE, 0, ""),
    (b"+CCHSEND:", at.LINE, 0, ""),
    (b"+CCHEVENT:", at.LINE, 0, "data"),
    (b"+CCHRECV: DATA", at.NEXT, 2, "received"),
    (b"+CCHRECV:", at.LINE, 0, ""),
    (b"+CCH_PEER_CLOSED:", at.LINE, 0, "socket"),
    (b"+CGNSSPWR:", at.LINE, 0, "receiver"),
)

SETUP = (must(b"ATE0"), must(b"AT+CMEE=2"), may(b"AT+CTZU=1"), must(b"AT+CEREG=1"))
ATTACH = (
    until(b"AT+CPIN?", b"+CPIN:", lines.is_sim_ready, 20000),
    must(b"AT+CNMP=2"),
    must(b'AT+CGDCONT=1,"IP","<apn>"'),
    until(b"AT+CEREG?", b"+CEREG:", lines.is_registered, 120000),
    must(b"AT+CGACT=1,1", limit_ms=30000),
)
DETACH = (may(b"AT+CGACT=0,1", limit_ms=15000), may(b"AT+CGATT=0", limit_ms=75000))
RADIO_OFF = (must(b"AT+CFUN=0", limit_ms=10000),)
RADIO_ON = (must(b"AT+CFUN=1", limit_ms=10000),)
REBOOT = (must(b"AT+CRESET"),)
POWER_OFF = (must(b"AT+CPOF", limit_ms=10000),)

ASK_TIME = (must(b"AT+CCLK?", b"+CCLK:"),)
ASK_SIGNAL = (must(b"AT+CSQ", b"+CSQ:"),)
ASK_CELL = (must(b"AT+CPSI?", b"+CPSI:"),)
ASK_VERSION = (must(b"AT+CGMR", at.ANY),)

CERT_UPLOAD = (send(b'AT+CCERTDOWN="<file>",<size>', b"<content>", 15000),)
_TLS = (
    must(b'AT+CSSLCFG="sslversion",0,4'),
    must(b'AT+CSSLCFG="authmode",0,<authmode>'),
    must(b'AT+CSSLCFG="cacert",0,"<ca>"'),
    must(b'AT+CSSLCFG="ignorelocaltime",0,0'),
    must(b'AT+CSSLCFG="enableSNI",0,1'),
)
_TLS_CERT = (
    must(b'AT+CSSLCFG="clientcert",0,"<cert>"'),
    must(b'AT+CSSLCFG="clientkey",0,"<key>"'),
)


def tls(by):
    """The steps that set TLS 1.2 up: `by` "ca" (authmode 1) or "cert" (2, ours too)."""
    steps = _TLS + _TLS_CERT if by == "cert" else _TLS
    mode = b"2" if by == "cert" else b"1"
    return tuple([must(step.text.replace(b"<authmode>", mode)) for step in steps])


# -- sockets: CIP for plain TCP, CCH with TLS ------------------------------------------------------


def _has_opened(answer):
    return lines.fields(answer.final)[1:2] == [b"0"]


_PLAIN_OPEN = (
    may(b"AT+CIPCLOSE=0", final=b"+CIPCLOSE:", limit_ms=10000),
    may(b"AT+NETOPEN", final=b"+NETOPEN:", limit_ms=15000),
    must(b"AT+CIPRXGET=1"),
    must(b'AT+CIPOPEN=0,"TCP","<host>",<port>', limit_ms=60000, final=b"+CIPOPEN:",
         check=_has_opened),
)  # fmt: skip
_SECURE_OPEN = (
    may(b"AT+CCHCLOSE=0", final=b"+CCHCLOSE:", limit_ms=10000),
    may(b"AT+CCHSTART", final=b"+CCHSTART:", limit_ms=15000),
    must(b"AT+CCHSET=1,1"),
    must(b"AT+CCHSSLCFG=0,0"),
    must(b'AT+CCHOPEN=0,"<host>",<port>,2', limit_ms=90000, final=b"+CCHOPEN:", check=_has_opened),
)


def socket_open(by):
    """The steps that open a connection to <host>:<port>; `by` as in `tls`, or "" for plain TCP."""
    return tls(by) + _SECURE_OPEN if by else _PLAIN_OPEN


def socket_send(by):
    """The step that sends <size> bytes <content>."""
    if by:
        return (send(b"AT+CCHSEND=0,<size>", b"<content>", 30000, final=b"+CCHSEND:"),)
    return (send(b"AT+CIPSEND=0,<size>", b"<content>", 30000, final=b"+CIPSEND:"),)


def socket_receive(by):
    """The step that fetches at most <size> bytes."""
    if by:
        return (must(b"AT+CCHRECV=0,<size>", b"+CCHRECV: DATA", final=b"+CCHRECV: 0,"),)
    return (must(b"AT+CIPRXGET=2,0,<size>", b"+CIPRXGET: 2"),)


def socket_close(by):
    """The step that ends it."""
    if by:
        return (may(b"AT+CCHCLOSE=0", final=b"+CCHCLOSE:", limit_ms=15000),)
    return (may(b"AT+CIPCLOSE=0", final=b"+CIPCLOSE:", limit_ms=15000),)


def received(answer):
    """The bytes that `socket_receive` brought; b"" for none."""
    return b"".join(answer.lines[1::2])


def is_closed(_line):
    """Every event "socket" says that it is closed."""
    return True


# -- MQTT ----------------------------------------------------------------------------------------

_STOP = (
    may(b"AT+CMQTTDISC=0,60", final=b"+CMQTTDISC:", limit_ms=65000),
    may(b"AT+CMQTTREL=0"),
    may(b"AT+CMQTTSTOP", final=b"+CMQTTSTOP:", limit_ms=15000),
)


def _has_worked(answer):
    return lines.fields(answer.final)[-1:] == [b"0"]


def mqtt_connect(by):
    """The steps from nothing to an MQTT session; `by` as in `socket_open`."""
    connect = b'AT+CMQTTCONNECT=0,"tcp://<host>:<port>",<keepalive>,0,"<device>","<password>"'
    opened = must(connect, limit_ms=120000, final=b"+CMQTTCONNECT:", check=_has_worked)
    start = may(b"AT+CMQTTSTART", final=b"+CMQTTSTART:", limit_ms=15000)
    if not by:
        return _STOP + (start, must(b'AT+CMQTTACCQ=0,"<device>",0'), opened)
    secure = (must(b'AT+CMQTTACCQ=0,"<device>",1'), must(b"AT+CMQTTSSLCFG=0,0"))
    return _STOP + tls(by) + (start,) + secure + (opened,)


def _published(answer):
    return lines.fields(answer.final)[1:2] == [b"0"]


MQTT_SUBSCRIBE = (send(b"AT+CMQTTSUB=0,<topicsize>,1", b"<topic>", 30000, final=b"+CMQTTSUB:"),)
MQTT_PUBLISH = (
    send(b"AT+CMQTTTOPIC=0,<topicsize>", b"<topic>", 5000),
    send(b"AT+CMQTTPAYLOAD=0,<size>", b"<content>", 10000),
    must(b"AT+CMQTTPUB=0,1,60", final=b"+CMQTTPUB:", limit_ms=65000, check=_published),
)
MQTT_STATE = (must(b"AT+CMQTTCONNECT?", b"+CMQTTCONNECT:"),)
MQTT_DISCONNECT = _STOP
MQTT_END = _STOP


def session_present(_answer):
    """The modem does not say; subscribing again is harmless."""
    return False


def is_lost(name, _line):
    """Whether an event says that the MQTT connection is gone."""
    return name == "lost"


class Messages:
    """Messages out of events: `take` gives (topic, payload), None for no message, False for one
    that is damaged: its pieces are not as long as its first line said."""

    def __init__(self):
        self._sizes = None
        self._topic = self._payload = b""

    def take(self, event):
        """RXSTART, RXTOPIC, RXPAYLOAD (any number of them), RXEND."""
        name, line, data = event
        if name == "begin":
            self._sizes = [lines.number(size) for size in lines.fields(line)[1:]]
            self._topic = self._payload = b""
        elif name == "topic":
            self._topic += data
        elif name == "payload":
            self._payload += data
        elif name == "end":
            sizes, self._sizes = self._sizes, None
            whole = sizes == [len(self._topic), len(self._payload)]
            return (self._topic, self._payload) if whole else False
        return None


# -- reachability, GNSS --------------------------------------------------------------------------

PSM_ON = (may(b"AT+CSCLK=1"),)  # no PSM: registered, asleep by DTR
PSM_OFF = (may(b"AT+CSCLK=0"),)
EDRX_ON = (may(b'AT+CEDRXS=1,4,"<cycle>"'),)
EDRX_OFF = (may(b"AT+CEDRXS=0"),)
SLEEP = (must(b"AT+CSCLK=1"),)
WAKE = (must(b"AT+CSCLK=0"),)

GNSS_ON = (must(b"AT+CGNSSPWR=1,1", limit_ms=15000),)  # "READY!" comes 9 s later, or never
ASK_FIX = (must(b"AT+CGNSSINFO", b"+CGNSSINFO:"),)
GNSS_OFF = (may(b"AT+CGNSSPWR=0"),)
AID = ()


def read_fix(answer, ticks):
    """The Fix of `+CGNSSINFO:`; None while its fields are empty.

    Fields: mode, GPS, GLONASS, BeiDou satellites, lat, N/S, lon, E/W, ddmmyy, hhmmss.ss, altitude,
    knots, course, PDOP, HDOP, VDOP. No accuracy is stated: HDOP has to do.
    """
    said = lines.first(answer)
    if len(said) < 16 or said[0] not in (b"2", b"3"):
        return None
    place = (found.angle_e6(said[4], said[5]), found.angle_e6(said[6], said[7]))
    satellites = sum([lines.number(count) or 0 for count in said[1:4]])
    motion = (found.tenths_knots(said[11]), lines.number(said[12].split(b".")[0]))
    quality = (satellites, lines.scaled(said[14], 2), -1, 3 if said[0] == b"3" else 2)
    time_s = found.moment(found.day_first(said[8]), said[9])
    return found.fix_of(place, time_s, motion, quality, ticks)
