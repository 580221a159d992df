"""Puts the modem's side together from ports and config: only what that board has is loaded.

The section `modem` of /config.json:
  dialect   a name of NAMES
  ways      ["mqtt", "socket"] in the order in which they are tried; the socket is always the last
            resort, for what is too long for the modem's own MQTT
  apn       the network's access point; pin: the SIM's, if it has one
  bands     AT+CMNB: 1 LTE-M (the usual one), 2 NB-IoT, 3 both
  ca, cert, key, psk   files in flash for TLS, which the modem is given (security.py)
  will      [topic, message] for the broker to say when the tracker is gone without a goodbye
  uart      arguments of esp32/uart.py
"""

from tracker.modem import steps
from tracker.modem.ladder import Ladder
from tracker.modem.modem import Modem
from tracker.modem.publisher import Publisher
from tracker.modem.security import Security

NAMES = "sim7080 sim7000 sim7600 a7670 bg95"
TAU_CODE = b"00100010"  # two hours: T3412 extended, 3GPP TS 24.008 10.5.7.4a
ACTIVE_CODE = b"00000011"  # six seconds: T3324
CYCLE_CODE = b"0010"  # 20.48 s: eDRX, so an order is heard within that
LINK_MS = 1 << 24  # our client leaves the watch over a link that opens to the modem's ladder
KEEPALIVE_LEAST_S = 120  # a ping costs radio time, and eDRX has to fit in between


def publisher(parts, config, device, down, keepalive_s):
    """The Publisher over the modem on `parts.link`, a Uart, whose place the Modem takes."""
    said = config["modem"]
    dialect = find(said["dialect"])
    over = Modem(parts.link, parts.power, dialect, _values(said, config, keepalive_s), Ladder())
    parts.link = over
    files = {kind: said[kind] for kind in ("ca", "cert", "key", "psk") if said.get(kind)}
    if config["tls"] and "psk" not in files:
        files["ca"] = files.get("ca") or config["tls"]
    if "psk" in files and not steps.find(dialect.TEXTS, b"TLS_PSK")[0]:
        raise ValueError("modem.psk: a " + dialect.NAME + " has none, wanted ca, cert and key")
    security = Security(parts.flash, parts.clock, files if config["tls"] else {})

    def make(name):
        if name == "mqtt":
            from tracker.modem.service import ModemMqtt

            return ModemMqtt(over, down, security), None
        from tracker.modem.socket import ModemSocket
        from tracker.mqtt import Client

        link = ModemSocket(over, security)
        return Client(link, device, config["password"], down, keepalive_s, 1, LINK_MS), link

    ways = said.get("ways") or ["mqtt"]
    return Publisher(over, ways if "socket" in ways else ways + ["socket"], make)


def find(name):
    """The module of the dialect `name`, the only one that is loaded; ValueError for none."""
    if name not in NAMES.split():
        raise ValueError("modem.dialect: wanted one of " + NAMES)
    return getattr(__import__("tracker.modem." + name).modem, name)


def _values(said, config, keepalive_s):
    """What the dialect's texts are filled from."""
    values = {
        "apn": said.get("apn", "").encode(),
        "pin": said.get("pin", "").encode(),
        "bands": b"%d" % said.get("bands", 1),
        "iotopmode": b"%d" % (said.get("bands", 1) - 1),
        "device": config["device"].encode(),
        "password": config["password"],
        "keepalive": b"%d" % max(KEEPALIVE_LEAST_S, keepalive_s),
        "tau": TAU_CODE,
        "active": ACTIVE_CODE,
        "cycle": CYCLE_CODE,
        "act": b"5" if said.get("bands") == 2 else b"4",
    }
    if said.get("will"):
        topic, message = [part.encode() for part in said["will"]]
        values.update({"willtopic": topic, "will": message})
        values.update({"willtopicsize": b"%d" % len(topic), "willsize": b"%d" % len(message)})
    return values
