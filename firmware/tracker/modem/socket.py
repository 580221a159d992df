"""The Link port over a modem's own TCP or TLS: `tracker.mqtt` speaks through it as over Wi-Fi.

The modem does one thing at a time, so bytes wait here: what came is fetched before anything is
sent. A send that ended without the modem's word may have gone out or not, and bytes that were
announced and did not come are lost; a stream with a hole is no stream, so the connection is closed
then, and nothing is ever sent twice on it.
"""

from tracker.modem import ladder, modem
from tracker.modem.steps import DONE

CLOSED, OPENING, OPEN = 0, 1, 2
ENOTCONN = 107
NOTHING, BEGINNING, SENDING, FETCHING, ENDING, TELL, UPLOAD = 0, 1, 2, 3, 4, 5, 6


class ModemSocket:
    """One connection at a time over a Modem; `poll(now, now_s)` moves it, the Modem's comes first.

    `security` a Security, used when `open` is asked for TLS.
    """

    def __init__(self, over, security):
        self._modem = over
        self._security = security
        self._tls = ""  # "_TLS" on a secured connection: what its procedures' names end with
        self._goal = None
        self._state = CLOSED
        self._doing = NOTHING
        self._out = b""
        self._in = b""
        self._more = False
        self._stands = False  # the modem may hold a connection of ours
        self._cut = 0  # the line's counter when a fetch began

    # -- the port --------------------------------------------------------------------------

    def open(self, host, port, tls):
        """Begin to connect; `tls` None or the authority's file."""
        self.close()
        self._goal = (host, port, tls)
        self._state = OPENING
        self._out = self._in = b""
        self._more = False
        self._modem.events = []
        self._modem.want(modem.ONLINE)

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
        """Let go of the connection; what was taken still goes out first."""
        if self._state != CLOSED and not (self._state == OPEN and self._out):
            self._state = CLOSED
        self._goal = None

    def signal(self):
        """0 unknown, else 1 to 31."""
        return self._modem.signal()

    # -- its life --------------------------------------------------------------------------

    def gone(self):
        """True when the modem holds nothing of ours any more."""
        return self._doing == NOTHING and not self._stands and self._state == CLOSED

    def wait_ms(self):
        """The ms until something is to be said, or fetched, if nothing comes."""
        due = self._out or self._more or self._state == OPENING
        due = due or (self._stands and self._state == CLOSED)
        if due and self._doing == NOTHING and self._modem.state == modem.UP:
            return self._modem.pause_ms()
        return modem.NEVER_MS

    def poll(self, now, now_s):
        """Take the next step; after the Modem's own poll."""
        over = self._modem
        if over.events:
            events, over.events = over.events, []
            for name, _line, data in events:
                self._hear(name, data)
        ended = over.ended()
        if ended:
            self._after(ended == DONE, now, now_s)
        if over.state != modem.UP:
            self._stands = False
            self._doing = NOTHING  # what was under way has no end
            if self._state == OPEN or (self._state == OPENING and over.state == modem.RESTING):
                self._state = CLOSED  # a restart, a recovery: whoever owns us opens again
        if self._doing == NOTHING:
            self._next(now)

    def _next(self, now):
        if self._modem.state != modem.UP:
            return
        if self._state == OPENING:
            self._connect(now)
        elif self._state == OPEN and self._more:
            size = b"%d" % self._modem.dialect.RECEIVE_MAX
            self._cut = self._modem.line.frames.cut
            self._run(FETCHING, "SOCKET_RECEIVE" + self._tls, {"size": size}, now)
        elif self._state == OPEN and self._out:
            values = {"size": b"%d" % len(self._out), "content": self._out}
            self._run(SENDING, "SOCKET_SEND" + self._tls, values, now)
        elif self._state == OPEN and self._goal is None:
            self._state = CLOSED
        elif self._state == OPEN:
            due = self._modem.idle(now)
            if due:
                self._run(TELL, due, {}, now, True)
        elif self._stands:
            due = " " + self._modem.mode_due()
            if self._run(ENDING, "SOCKET_CLOSE" + self._tls + due, {}, now, True):
                self._stands = False

    def _connect(self, now):
        host, port, tls = self._goal
        values = {"host": host.encode(), "port": b"%d" % port}
        self._tls = "_TLS" if tls else ""
        upload = self._security.upload() if tls else None
        if upload:
            self._run(UPLOAD, "CERT_UPLOAD", upload, now)
            return
        secure = self._security.names(tls, self._modem, values)
        if tls:
            secure += "SOCKET_%s " % self._security.by
        names = "SOCKET_BEGIN%s %sSOCKET_OPEN%s" % (self._tls, secure, self._tls)
        self._run(BEGINNING, names, values, now)

    def _run(self, doing, names, values, now, forgiving=False):
        if not self._modem.run(names, values, now, forgiving):
            return False
        self._doing = doing
        return True

    def _after(self, well, now, now_s):
        """A procedure is over."""
        doing, self._doing = self._doing, NOTHING
        if doing == UPLOAD and well:
            self._security.uploaded()
        elif doing in (BEGINNING, UPLOAD) and self._state == OPENING:
            self._state = OPEN if well else CLOSED
            self._stands = True
            if not well:
                self._security.doubt()
                self._modem.failed(ladder.NO_SERVICE, now, now_s)
        elif doing == SENDING:
            self._out = b""
        elif doing == FETCHING:
            well = well and self._cut == self._modem.line.frames.cut
            lines = self._modem.steps.said
            data = b"".join([b"".join(said[1::2]) for said in lines.values()]) if well else b""
            self._in += data
            self._more = bool(data)
        elif doing in (TELL, ENDING) and well:
            self._modem.told()
        elif doing == TELL and self._modem.line.dead:
            self._state = CLOSED
            self._modem.failed(ladder.NO_ANSWER, now, now_s)
        if not well and doing in (SENDING, FETCHING):
            self._state = CLOSED

    def _hear(self, name, data):
        if name == b"data":
            self._more = True
        elif name == b"received":
            self._in += data
        elif name in (b"closed", b"gone", b"restart", b"off") and self._state == OPEN:
            self._state = CLOSED
