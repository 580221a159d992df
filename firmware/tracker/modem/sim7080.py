"""SIMCom SIM7070, SIM7080, SIM7090 (LTE-M and NB-IoT), as rows.

Sources: SIM7070_SIM7080_SIM7090 Series AT Command Manual V1.05, MQTT(S) Application Note V1.03, Low
Power Mode Note V1.02, TCPUDP(S) Application Note; facts and where they disagree in
shared/reference/at-commands.md. SIM7000's differences are in sim7000.py.

Traps that shaped this file:
- `RDY` comes with a fixed baud rate only: nothing here waits for it, it only tells of a restart.
- `+SMSUB` does not escape what it quotes: SUBHEX is on, and what is no hex is refused.
- CSSLCFG and SMCONF are forgotten at a restart: they are told anew with every connection.
- No GNSS while data is active, or it refuses, blocks, or crashes: the radio is shared.
- CPSMS=1 once more does nothing: it goes off before it goes on.
"""

from tracker.modem import at, found, lines
from tracker.modem.steps import may, must, send, until

NAME = "sim7080"
READY = (b"RDY",)
BAUDS = (115200, 57600, 9600)
KEY_ON_MS = 1200
KEY_OFF_MS = 1500
START_MS = 12000  # UART 1.8 s after the key; a cold SIM takes longer
GAP_MS = 0
PAYLOAD_MAX = 1024
TOPIC_MAX = 128
SEND_MAX = 1460
RECEIVE_MAX = 1459
GNSS_SHARED = True

TABLE = (
    (b"RDY", at.RESTART, 0, "restart"),
    (b"NORMAL POWER DOWN", at.RESTART, 0, "off"),
    (b"UNDER-VOLTAGE POWER DOWN", at.RESTART, 0, "off"),
    (b"OVER-VOLTAGE POWER DOWN", at.RESTART, 0, "off"),
    (b"UNDER-VOLTAGE WARNNING", at.LINE, 0, "under voltage"),  # spelled so
    (b"OVER-VOLTAGE WARNNING", at.LINE, 0, "over voltage"),
    (b"+CFUN:", at.LINE, 0, ""),
    (b"+CPIN:", at.LINE, 0, "sim"),
    (b"SMS Ready", at.LINE, 0, ""),
    (b"*PSNWID:", at.LINE, 0, ""),
    (b"*PSUTTZ:", at.LINE, 0, "clock"),
    (b"+CTZV:", at.LINE, 0, "clock"),
    (b"DST:", at.LINE, 0, ""),
    (b"+CEREG:", at.LINE, 0, "registration"),
    (b"+CPSMSTATUS:", at.LINE, 0, "psm"),
    (b"+APP PDP:", at.LINE, 0, "pdp"),
    (b"+SMSTATE:", at.LINE, 0, "mqtt"),
    (b"+SMSUB:", at.LINE, 0, "message"),
    (b"+CADATAIND:", at.LINE, 0, "data"),
    (b"+CASTATE:", at.LINE, 0, "socket"),
    (b"+CARECV:", at.SAME, 0, "received"),
    (b"+CASEND:", at.LINE, 0, ""),
)

SETUP = (
    must(b"ATE0"),
    must(b"AT+CMEE=2"),
    must(b"AT+CGMR", at.ANY),
    may(b"AT+CLTS=1"),
    must(b"AT+CEREG=4"),
    may(b"AT+CPSMSTATUS=1"),
)


def _is_active(answer):
    """`+CNACT: 0,1,"ip"` among the four lines."""
    for line in answer.lines:
        if line[:11] == b"+CNACT: 0,1":
            return True
    return False


ATTACH = (
    until(b"AT+CPIN?", b"+CPIN:", lines.is_sim_ready, 10000),
    must(b"AT+CNMP=38"),
    must(b"AT+CMNB=<bands>"),
    until(b"AT+CEREG?", b"+CEREG:", lines.is_registered, 120000),
    must(b'AT+CNCFG=0,1,"<apn>"'),
    may(b"AT+CNACT=0,1", limit_ms=15000),
    until(b"AT+CNACT?", b"+CNACT:", _is_active, 30000),
)
DETACH = (may(b"AT+CNACT=0,0", limit_ms=15000), may(b"AT+CGATT=0", limit_ms=75000))
RADIO_OFF = (must(b"AT+CFUN=0", limit_ms=10000),)
RADIO_ON = (must(b"AT+CFUN=1", limit_ms=10000),)
REBOOT = (must(b"AT+CREBOOT"),)
POWER_OFF = (must(b"AT+CPOWD=1", limit_ms=10000),)

ASK_TIME = (must(b"AT+CCLK?", b"+CCLK:"),)
ASK_SIGNAL = (must(b"AT+CSQ", b"+CSQ:"),)
ASK_CELL = (must(b"AT+CPSI?", b"+CPSI:"),)
ASK_VERSION = (must(b"AT+CGMR", at.ANY),)

CERT_UPLOAD = (
    may(b"AT+CFSTERM"),
    must(b"AT+CFSINIT"),
    send(b'AT+CFSWFILE=3,"<file>",0,<size>,10000', b"<content>", 15000, prompt=b"DOWNLOAD"),
    must(b"AT+CFSTERM"),
)
_TLS = (
    must(b'AT+CSSLCFG="SSLVERSION",0,3'),
    must(b'AT+CSSLCFG="IGNORERTCTIME",0,0'),
    must(b'AT+CSSLCFG="SNI",0,"<host>"'),
    must(b'AT+CSSLCFG="CONVERT",2,"<ca>"'),
)
_TLS_CERT = (must(b'AT+CSSLCFG="CONVERT",1,"<cert>","<key>"'),)
_TLS_PSK = (must(b'AT+CSSLCFG="CONVERT",3,"<psk>"'),)


def tls(by):
    """The steps that set TLS 1.2 up: `by` "ca", "cert" (ours too) or "psk"."""
    if by == "psk":
        return _TLS[:3] + _TLS_PSK
    return _TLS + _TLS_CERT if by == "cert" else _TLS


# -- sockets -------------------------------------------------------------------------------------


def socket_open(by):
    """The steps that open socket 0 to <host>:<port>; `by` as in `tls`, or "" for plain TCP."""
    secure = (must(b'AT+CASSLCFG=0,"SSL",1'), must(b'AT+CASSLCFG=0,"CRINDEX",0'))
    if by:
        secure += (must(b'AT+CASSLCFG=0,"CACERT","<ca>"'),)
    else:
        secure = (must(b'AT+CASSLCFG=0,"SSL",0'),)
    open_it = must(b'AT+CAOPEN=0,0,"TCP","<host>",<port>', b"+CAOPEN:", 60000, _is_open)
    return (may(b"AT+CACLOSE=0"),) + (tls(by) if by else ()) + secure + (open_it,)


def _is_open(answer):
    return lines.first(answer)[:2] == [b"0", b"0"]


def socket_send(_by):
    """The step that sends <size> bytes <content>."""
    return (send(b"AT+CASEND=0,<size>", b"<content>", 30000),)


def socket_receive(_by):
    """The step that fetches at most <size> bytes."""
    return (must(b"AT+CARECV=0,<size>", b"+CARECV:"),)


def socket_close(_by):
    """The step that ends it."""
    return (may(b"AT+CACLOSE=0"),)


def received(answer):
    """The bytes that `socket_receive` brought; b"" for none."""
    return answer.lines[1] if len(answer.lines) > 1 else b""


def is_closed(line):
    """`+CASTATE: cid,state`: 1 is connected."""
    return lines.fields(line)[1:2] != [b"1"]


# -- MQTT ----------------------------------------------------------------------------------------

_MQTT = (
    may(b"AT+SMDISC", limit_ms=10000),
    must(b'AT+SMCONF="URL","<host>",<port>'),
    must(b'AT+SMCONF="CLIENTID","<device>"'),
    must(b'AT+SMCONF="KEEPTIME",<keepalive>'),
    must(b'AT+SMCONF="CLEANSS",0'),
    must(b'AT+SMCONF="USERNAME","<device>"'),
    must(b'AT+SMCONF="PASSWORD","<password>"'),
    must(b'AT+SMCONF="SUBHEX",1'),
    may(b'AT+SMCONF="ASYNCMODE",1'),
)


def mqtt_connect(by):
    """The steps from nothing to an MQTT session; `by` as in `socket_open`."""
    secure = tls(by) + (must(b'AT+SMSSL=1,"<ca>","<cert>"'),) if by else (must(b"AT+SMSSL=0"),)
    return _MQTT + secure + (must(b"AT+SMCONN", limit_ms=120000),)


MQTT_SUBSCRIBE = (must(b'AT+SMSUB="<topic>",1', limit_ms=30000),)
MQTT_PUBLISH = (send(b'AT+SMPUB="<topic>",<size>,1,0', b"<content>", 60000),)
MQTT_STATE = (must(b"AT+SMSTATE?", b"+SMSTATE:"),)
MQTT_DISCONNECT = (may(b"AT+SMDISC", limit_ms=15000),)
MQTT_END = (may(b"AT+SMDISC", limit_ms=15000), may(b"AT+CNACT=0,0", limit_ms=15000))


def session_present(answer):
    """`+SMSTATE: 2` is connected with the session of before."""
    return lines.first(answer)[:1] == [b"2"]


def is_lost(name, line):
    """Whether an event says that the MQTT connection is gone."""
    if name == "mqtt":
        return lines.fields(line)[:1] == [b"0"]
    return name == "pdp" and line[-8:] == b"DEACTIVE"


class Messages:
    """Messages out of events: `take` gives (topic, payload), None for no message, False for one
    that is damaged."""

    def take(self, event):
        """`+SMSUB: "topic","hex"`; what is no hex is damaged."""
        if event[0] != "message":
            return None
        line = event[1]
        begin = line.find(b'"')
        middle = line.find(b'","', begin + 1)
        if begin < 0 or middle < 0 or line[-1:] != b'"':
            return False
        payload = lines.from_hex(line[middle + 3 : -1])
        return False if payload is None else (line[begin + 1 : middle], payload)


# -- reachability, GNSS --------------------------------------------------------------------------

PSM_ON = (
    must(b"AT+CPSMS=0"),
    may(b"AT+CEDRXS=0"),
    must(b'AT+CPSMS=1,,,"<tau>","<active>"'),
)
PSM_OFF = (must(b"AT+CPSMS=0"),)
EDRX_ON = (must(b"AT+CPSMS=0"), must(b'AT+CEDRXS=1,<act>,"<cycle>"'))
EDRX_OFF = (must(b"AT+CEDRXS=0"),)
SLEEP = (must(b"AT+CSCLK=1"),)
WAKE = (must(b"AT"),)

GNSS_ON = (must(b"AT+CFUN=4", limit_ms=10000), must(b"AT+CGNSPWR=1"))
ASK_FIX = (must(b"AT+CGNSINF", b"+CGNSINF:"),)
GNSS_OFF = (may(b"AT+CGNSPWR=0"), must(b"AT+CFUN=1", limit_ms=10000))
AID = (
    must(b'AT+HTTPTOFS="http://iot2.xtracloud.net/xtra3gr_72h.bin","/customer/Xtra3.bin"',
         limit_ms=60000, final=b"+HTTPTOFS:"),
    must(b"AT+CGNSCPY", b"+CGNSCPY:", 10000),
    must(b"AT+CGNSXTRA=1", final=b"+CGNSXTRA:"),
)  # fmt: skip


def read_fix(answer, ticks):
    """The Fix of `+CGNSINF:`; None unless its fix flag says 1 and its accuracy (HPA) is one.

    Fields: run, fix, yyyyMMddhhmmss.sss, lat, lon, altitude, km/h, course, mode, -, HDOP, PDOP,
    VDOP, -, satellites, -, HPA in metres, VPA. SIM7000 has three more behind the satellites.
    """
    said = lines.first(answer)
    if len(said) < 18 or said[0] != b"1" or said[1] != b"1":
        return None
    place = (lines.scaled(said[3], 6), lines.scaled(said[4], 6))
    date = (lines.number(said[2][:4]), lines.number(said[2][4:6]), lines.number(said[2][6:8]))
    motion = (found.tenths_kmh(said[6]), lines.number(said[7].split(b".")[0]))
    stated_dm = lines.scaled(said[-2], 1)
    quality = (lines.number(said[14]), lines.scaled(said[10], 2), stated_dm, 3)
    return found.fix_of(place, found.moment(date, said[2][8:]), motion, quality, ticks)
