"""Listens for the radios that stay at home, without waiting and without sending anything.

BLE: a passive scan, all of the time for SCAN_MS; a beacon that speaks once a second is heard three
times. The radio is on only while it listens. Wi-Fi: MicroPython does not say to which access point
it is joined (WLAN.config has no bssid, 1.29), so a BSSID is known only when the network was joined
by it (`bssid` in the section wifi of /config.json); it counts while the station is joined.
"""

import bluetooth
import network

WIFI, BLE = 1, 2
SCAN_MS = 3000
WINDOW_US = 30000
UNHEARD = -127
SCAN_RESULT, SCAN_DONE = 5, 6  # events of bluetooth.BLE.irq


class Anchor:
    """One look at a time; OSError when the radio fails."""

    def __init__(self, bssid=""):
        """`bssid`: the access point that the station joins, 12 hex digits; "" any."""
        self._bssid = bytes.fromhex(bssid)
        self._ble = None
        self._wanted = ()
        self._dbm = UNHEARD
        self._scanning = False

    def look(self, known):
        """Begin to listen for `known`, a list of (radio, id of 6 bytes)."""
        self.stop()
        self._dbm = UNHEARD
        if (WIFI, self._bssid) in known:
            self._dbm = _joined_dbm()
        self._wanted = [one for radio, one in known if radio == BLE]
        if self._wanted and self._dbm == UNHEARD:
            self._ble = bluetooth.BLE()
            self._ble.active(True)
            self._ble.irq(self._heard)
            self._scanning = True
            self._ble.gap_scan(SCAN_MS, WINDOW_US, WINDOW_US, False)

    def seen(self):
        """None while it is listening, else the strongest dBm, UNHEARD for none."""
        return None if self._scanning else self._dbm

    def stop(self):
        """Listen no longer; the radio is off."""
        self._scanning = False
        if self._ble is not None:
            self._ble.active(False)  # ends its scan, too
            self._ble = None

    def _heard(self, event, data):
        if event == SCAN_DONE:
            self._scanning = False
        elif event == SCAN_RESULT:
            address, dbm = bytes(data[1]), data[3]
            if address in self._wanted and dbm > self._dbm:
                self._dbm = dbm
                self._scanning = False  # one is enough


def _joined_dbm():
    station = network.WLAN(network.STA_IF)
    try:
        return station.status("rssi") if station.isconnected() else UNHEARD
    except OSError:
        return UNHEARD  # coverage went between the two questions
