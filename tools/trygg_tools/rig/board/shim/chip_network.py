# mypy: ignore-errors
"""The chip's module network: one station whose coverage the host switches."""

import struct

import ops
import wire

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_BEACON_TIMEOUT = 200
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204


_on = [False]


def radio():
    """(status number, dBm)."""
    return struct.unpack("<Hb", wire.ask(ops.RADIO_STATUS))


class WLAN:
    """The station interface."""

    IF_STA = STA_IF
    IF_AP = AP_IF
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __init__(self, interface=STA_IF):
        if interface != STA_IF:
            raise ValueError("this board joins networks, it makes none")

    def active(self, on=None):
        if on is None:
            return _on[0]
        _on[0] = bool(on)
        wire.ask(ops.RADIO, "<B", 1 if on else 0)
        return _on[0]

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not _on[0]:
            raise OSError("Wifi Internal State Error")
        if radio()[0] == STAT_CONNECTING:
            raise OSError("Wifi Internal Error")
        wire.ask(ops.RADIO, "<B", 2)

    def disconnect(self):
        wire.ask(ops.RADIO, "<B", 3)

    def isconnected(self):
        return radio()[0] == STAT_GOT_IP

    def status(self, what=None):
        status, dbm = radio()
        if what is None:
            return status
        if what == "rssi" and status == STAT_GOT_IP:
            return dbm
        raise OSError("Wifi Not Connected")

    def ifconfig(self):
        up = self.isconnected()
        return ("10.0.0.7" if up else "0.0.0.0", "255.255.255.0", "10.0.0.1", "10.0.0.1")  # noqa: S104

    def config(self, *names, **values):
        return "02:74:72:79:67:67" if names == ("mac",) else None
