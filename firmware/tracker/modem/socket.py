"""The Link port over a modem's own TCP or TLS: `tracker.mqtt` speaks through it as over Wi-Fi.

The modem does one thing at a time, so bytes wait here: what came is fetched before anything is
sent. A send that ended without the modem's word may have gone out or not; a stream with a hole is
no stream, so the connection is closed then, and nothing is ever sent twice on it.
"""

from tracker.modem.ladder import NO_SERVICE
from tracker.modem.modem import ONLINE, UP
from tracker.modem.steps import DONE

CLOSED, OPENING, OPEN = 0, 1, 2
EHOSTUNREACH, ENOTCONN = 113, 107
NOTHING, BEGINNING, SENDING, FETCHING, ENDING = 0, 1, 2, 3, 4  # the procedure under way


class ModemSocket:
    """One connection at a time over a Modem; `poll(now, now_s)` moves it, the Modem's comes first.

    secured: "" for plain TCP, else how (the dialect's `tls`) when `open` is asked for TLS.
    """

    def __init__(self, modem, secured="ca"):
        self._modem = modem
        self._secured = secured
        self._by = ""  # how the connection is secured, as the dialect calls it
        self._goal = None
        self._state = CLOSED
        self._doing = NOTHING
        self._out = b""
        self._in = b""
        self._more = False
        self._stands = False  # the modem may hold a connection of ours

    # -- the port --------------------------------------------------------------------------

    def open(self, host, port, tls):
        """Begin to connect; `tls` None or the authority's file name in the modem."""
        self.close()
        self._goal = (host, port, tls)
        self._state = OPENING
        self._out = self._in = b""
        self._more = False
        self._modem.want(ONLINE)

    def state(self):
        """0 closed, 1 opening, 2 open."""
        return OPEN if self._state == CLOSED and self._in else self._state

    def send(self, data):
        """Bytes taken, 0 while the last ones are on their way."""
        if self._state != OPEN:
            raise OSError(ENOTCONN)
        if self._out:
            return 0
        self._out = bytes(data[: self._modem.dialect.SEND_MAX])
        return len(self._out)

    def recv(self):
        """What has come; b"" for nothing."""
        data, self._in = self._in, b""
        return data

    def close(self):
        """Let go of the connection; the modem stays on."""
        if self._goal is not None and self._state != CLOSED:
            self._state = CLOSED
            self._out = b""
        self._goal = None

    def signal(self):
        """0 unknown, else 1 to 31."""
        return self._modem.signal

    # -- its life --------------------------------------------------------------------------

    def poll(self, now, now_s):
        """Take the next step; after the Modem's own poll."""
        for name, line, data in self._modem.events():
            self._hear(name, line, data)
        ended = self._modem.ended()
        if ended:
            self._after(ended == DONE, now, now_s)
        if self._state == OPEN and self._modem.state != UP:
            self._state = CLOSED  # a restart, a recovery: whoever owns us opens again
        if self._doing == NOTHING:
            self._next(now)

    def _next(self, now):
        dialect = self._modem.dialect
        if self._state == OPENING and self._modem.state == UP:
            host, port, tls = self._goal
            values = {"host": host.encode(), "port": b"%d" % port, "ca": (tls or "").encode()}
            self._by = self._secured if tls else ""
            self._run(BEGINNING, dialect.socket_open(self._by), values, now)
        elif self._state == OPEN and self._more:
            size = b"%d" % dialect.RECEIVE_MAX
            self._run(FETCHING, dialect.socket_receive(self._by), {"size": size}, now)
        elif self._state == OPEN and self._out:
            values = {"size": b"%d" % len(self._out), "content": self._out}
            self._run(SENDING, dialect.socket_send(self._by), values, now)
        elif self._state == CLOSED and self._stands:
            self._stands = False
            self._run(ENDING, dialect.socket_close(self._by), {}, now)

    def _run(self, doing, steps, values, now):
        if self._modem.run(steps, values, now):
            self._doing = doing

    def _after(self, well, now, now_s):
        """A procedure is over."""
        doing, self._doing = self._doing, NOTHING
        if doing == BEGINNING and self._state == OPENING:
            self._state = OPEN if well else CLOSED
            self._stands = True
            if not well:
                self._modem.failed(NO_SERVICE, now, now_s)
        elif doing == SENDING:
            self._out = b""
            if not well:
                self._state = CLOSED
        elif doing == FETCHING:
            data = self._modem.dialect.received(self._modem.answers()[-1][1]) if well else b""
            self._in += data
            self._more = bool(data)
            if not well:
                self._state = CLOSED

    def _hear(self, name, line, data):
        if name == "data":
            self._more = True
        elif name == "received":
            self._in += data
        elif name == "socket" and self._modem.dialect.is_closed(line):
            self._state = CLOSED if self._state == OPEN else self._state
        elif name in ("restart", "off"):
            self._state = CLOSED if self._state == OPEN else self._state
