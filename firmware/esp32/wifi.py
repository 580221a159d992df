"""A byte stream to the gateway over the chip's Wi-Fi, TCP and, when wanted, TLS.

Nothing here waits, with two exceptions that the chip's libraries force, before each of which
the watchdog is fed:
- a host name is looked up at most once per `open` and its address kept (lwIP: up to 14 s
  without an answer; give an address instead of a name to avoid it);
- one step of a TLS handshake computes (an elliptic-curve step: up to about 1 s at 160 MHz).
The TLS handshake goes on inside `send` and `recv`: until it is done `send` takes 0 bytes.

The certificate authority is DER (this MicroPython reads no PEM). The chip compares its dates
with its own clock, which stands at 2000-01-01 after a power loss until the first fix: so the
gateway's certificates are valid from before that day, or an alarm from a cellar cannot go out.
"""

import select
import socket
import ssl

import network

CLOSED = 0
OPENING = 1
OPEN = 2
READ_MAX = 1024
CONNECTION_PROBLEMS = select.POLLERR | select.POLLHUP
EINPROGRESS = (115, 119, 36)  # Linux, lwIP on the ESP32, BSD
EACCES = 13
ECONNREFUSED = 111
ENETUNREACH = 118


class WifiLink:
    """One connection at a time; OSError for what the world does."""

    def __init__(self, ssid, password, before_waiting=None, bssid=""):
        """`before_waiting`: called before the few calls that may block (feed the watchdog).
        `bssid`: the only access point to join, 12 hex digits; "" any of that name."""
        self._ssid = ssid
        self._password = password
        self._bssid = bytes.fromhex(bssid) or None
        self._before_waiting = before_waiting or _nothing
        self._radio = network.WLAN(network.STA_IF)
        self._goal = None
        self._addresses = {}
        self._socket = None
        self._stream = None
        self._poll = select.poll()
        self._shaking_hands = False

    def open(self, host, port, tls):
        """Begin to connect; `tls` is None or the file name of the authority's DER certificate."""
        self.close()
        self._goal = (host, port, tls)
        if not self._radio.active():
            self._radio.active(True)
        if not self._radio.isconnected():
            self._join()

    def state(self):
        """0 closed, 1 opening, 2 open; takes the next step of opening."""
        goal, plain = self._goal, self._socket
        if goal is None:
            return CLOSED
        if self._stream is not None:
            return OPEN
        if plain is not None:
            return self._finish(goal, plain)
        return self._begin(goal) if self._radio.isconnected() else OPENING

    def send(self, data):
        """Bytes taken, 0 when none can be now; after 0 offer the same bytes again."""
        stream = self._open_stream()
        if self._shaking_hands:
            self._before_waiting()
        try:
            taken = stream.write(data) or 0
        except ValueError as error:
            self._distrust(error)
        if taken:
            self._shaking_hands = False
        return taken

    def recv(self):
        """What has come, at most READ_MAX bytes; b"" for nothing. The far end's end closes."""
        stream = self._open_stream()
        try:
            data = stream.read(READ_MAX)
        except ValueError as error:
            self._distrust(error)
        if data is None:
            return b""
        if not data:
            self.close()
        return data

    def close(self):
        """Let go of the connection; the radio stays joined."""
        self._goal = None
        stream, plain = self._stream, self._socket
        self._stream = self._socket = None
        self._shaking_hands = False
        for end in (stream, plain):
            if end is not None:
                _close_quietly(end)

    def signal(self):
        """0 unknown, else 1 to 31 with dBm = -115 + 2 * signal."""
        if not self._radio.isconnected():
            return 0
        try:
            dbm = self._radio.status("rssi")
        except OSError:
            return 0  # coverage went between the two questions
        return min(max((dbm + 115) // 2, 1), 31)

    def _join(self):
        try:
            self._radio.connect(self._ssid, self._password, bssid=self._bssid)
        except OSError:
            # an attempt is under way already: let it go on
            return

    def _begin(self, goal):
        host, port, _ = goal
        address = self._address(host, port)
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket = plain
        plain.setblocking(False)
        try:
            plain.connect(address)
        except OSError as error:
            if error.args[0] not in EINPROGRESS:
                self._fail(host, error)
        self._poll = select.poll()
        self._poll.register(plain, select.POLLOUT)
        return OPENING

    def _finish(self, goal, plain):
        ready = self._poll.poll(0)
        if not ready:
            return OPENING
        host, _, authority = goal
        if ready[0][1] & CONNECTION_PROBLEMS:
            self._fail(host, OSError(ECONNREFUSED))
        self._stream = plain if authority is None else self._secured(plain, host, authority)
        return OPEN

    def _secured(self, plain, host, authority):
        with open(authority, "rb") as file:
            certificate = file.read()
        self._shaking_hands = True
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=certificate)
            return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        except ValueError as error:  # a file that is no certificate: retried, never a reset
            self._distrust(error)

    def _address(self, host, port):
        if host not in self._addresses:
            self._before_waiting()
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
            self._addresses = {host: found[0][-1]}
        return self._addresses[host]

    def _fail(self, host, error):
        """Close, forget an address that did not work, and pass the error on."""
        self._addresses.pop(host, None)
        self.close()
        raise error

    def _distrust(self, error):
        """The handshake refused the certificate: ssl says so by ValueError, a port by OSError."""
        self.close()
        raise OSError(EACCES, str(error))

    def _open_stream(self):
        if self._stream is None:
            raise OSError(ENETUNREACH)
        return self._stream


def _close_quietly(end):
    try:
        end.close()
    except OSError:
        # it was broken, which is why it is closed
        return


def _nothing():
    return
