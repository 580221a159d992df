"""A modem's AT line: bytes in, answers and events out. It never waits, and it never guesses.

One command is under way at a time, with a deadline of its own that `now` drives: a modem that has
gone silent cannot stop anything. What a line is, in this turn: NMEA, which some modems put on the
same port, handed on untouched (`nmea`); the echo of the command, its answer lines, its end; an
unsolicited line of the dialect's table (frames.py), also between a command and its answer; anything
else is counted as `strange`, or `garbage` where it is not even text.

Late answers. A modem that did not answer in time may still do so, and its `OK` looks like any
other. After a time-out nothing is sent but probes: questions whose answers begin like nobody
else's (3GPP TS 27.007, V.250: every modem knows them), each of another kind than the two before.
A modem works in order, so when the newest probe is answered and SETTLE_MS pass in silence (or
SETTLE_MOST_MS with sentences), everything older has been. After PROBES_MAX of them without that it
is `dead`, until `revive`; what to do then is the ladder's business.

Nothing is ever sent twice here. Whether a command may be repeated is known one level up.
"""

from tracker import ticks
from tracker.modem import frames

# How a command ends
OK, ERROR, TIMEOUT, RESTARTED = 1, 2, 3, 4

ANY = b"*"
PROBES = b"+IPR:+CMEE:+CFUN:"  # asked as AT+IPR? and so on
PROBES_MAX = 9
PROBE_MS = 1000
SETTLE_MS = 300  # silence after a probe's answer: nothing older is left to come
SETTLE_MOST_MS = 5000  # or so long since the probe, on a line that is never silent
LINES_MAX = 40  # of one answer
KEPT_MAX = 32  # events and sentences that wait to be taken
NEVER_MS = 1 << 28
_ACCEPTS = (b"OK", b"SEND OK")  # the second by Quectel's sockets
_ESCAPE = b"\x1b"


class At:
    """The line to one modem over a Uart port; `table` as in frames.py.

    lines, final, error: of the command that ended last: its answer lines (bytes; counted bytes
    after the line that announced them), the line it waited for, the line that refused it; b"" for
    none. events: [(name, line, counted bytes or b"")], oldest first; whoever takes them empties it.
    Counters: `timeouts`, `restarts`, `strange`, `garbage`, `lost` (events that nobody took in
    time), and `frames.cut`.
    """

    def __init__(self, uart, table):
        self._uart = uart
        self.frames = frames.Frames(table)
        self._out = b""
        self._text = b""  # the command under way, b"" none
        self._since = 0  # when the command, or the probe, began
        self._accepted = False  # OK has come, and the final line not yet
        self._status = 0  # how it ended, until somebody has asked
        self._doubtful = False
        self._probes = 0
        self._probe_seen = False  # its answer; its OK is still to come
        self._settling = False
        self._heard_at = 0
        self._sentences = []
        self.lines = []
        self.events = []
        self.final = self.error = b""
        self.dead = False
        self.timeouts = self.restarts = self.strange = self.garbage = self.lost = 0
        self._expect(b"", b"", b"", b"", 0)

    def _expect(self, prefix, final, prompt, payload, limit_ms):
        self._prefix, self._final, self._prompt = prefix, final, prompt
        self._payload, self._limit_ms = payload, limit_ms

    # -- for the driver --------------------------------------------------------------------

    def ready(self):
        """True when a command may be begun."""
        return not self._text and not self._status and not self._doubtful

    def begin(self, text, now, prefix=b"", final=b"", prompt=b"", payload=b"", limit_ms=5000):
        """Send a command; False, and nothing sent, while the line is not `ready`.

        prefix: how its answer lines begin, ANY for every line. final: how the line begins that
        ends it after (or, out of turn, before) OK. prompt, payload: what is waited for and then
        sent. limit_ms: its time.
        """
        if not self.ready():
            return False
        self._expect(prefix, final, prompt, payload, limit_ms)
        self._text = text
        self._since = now
        self.lines = []
        self.final = self.error = b""
        self._accepted = False
        self._out += text + b"\r"
        return True

    def ended(self):
        """How the command has ended, once; 0 while it has not."""
        status, self._status = self._status, 0
        return status

    def nmea(self):
        """The NMEA bytes that came on this port since the last call."""
        if not self._sentences:
            return b""
        sentences, self._sentences = self._sentences, []
        return b"".join(sentences)

    def doubt(self):
        """What was said so far is not to be trusted: probe before the next command."""
        self._doubtful = True
        self._probes = 0
        self._probe_seen = self._settling = False

    def revive(self, now):
        """The modem was started again: forget the past and what was under way; probe it."""
        if self._text:
            self._end(RESTARTED)
        self._out = b""
        self.frames.forget()
        self.dead = False
        self.doubt()
        self._since = now

    def poll(self, now):
        """Read, act on it, watch the time, write."""
        data = self._uart.read()
        if data or self.frames.waits():
            self._hear(data, now)
        self._watch(now)
        if self._out:
            self._out = self._out[self._uart.write(self._out) :]

    def wait_ms(self, now):
        """The ms until something is due if nothing comes."""
        if self._out or self._status or self.events:
            return 0
        if self._text:
            return max(0, self._limit_ms - ticks.diff(now, self._since))
        if self._settling:
            return max(0, SETTLE_MS - ticks.diff(now, self._heard_at))
        if self._doubtful and not self.dead:
            return max(0, PROBE_MS - ticks.diff(now, self._since)) if self._probes else 0
        return frames.COUNTED_MS if self.frames.waits() else NEVER_MS

    # -- the time --------------------------------------------------------------------------

    def _watch(self, now):
        """A command whose final line came is done at its end, its OK only missing."""
        passed_ms = ticks.diff(now, self._since)
        if self._text:
            if passed_ms >= self._limit_ms:
                # out of a prompt that may still wait for bytes
                self._out = _ESCAPE if self._prompt or self._payload else b""
                self.doubt()
                self._since = now
                self.timeouts += not self.final
                self._end(OK if self.final else TIMEOUT)
        elif self._settling:
            if ticks.diff(now, self._heard_at) >= SETTLE_MS or passed_ms >= SETTLE_MOST_MS:
                self._doubtful = self._settling = False
        elif self._doubtful and not self.dead and (not self._probes or passed_ms >= PROBE_MS):
            self._probes += 1
            self._probe_seen = False
            self._since = now
            if self._probes > PROBES_MAX:
                self.dead = True
            else:
                self._out += b"AT" + self._probe()[:-1] + b"?\r"

    def _probe(self):
        """How the newest probe's answer begins."""
        return PROBES.split(b":")[(self._probes - 1) % 3] + b":"

    # -- the bytes -------------------------------------------------------------------------

    def _hear(self, data, now):
        if data:
            self._heard_at = now
        self.frames.feed(data or b"", now)
        while True:
            kind = self.frames.take(now, self._prompt)
            if kind == frames.NOTHING:
                return
            if kind == frames.PROMPTS:
                self._prompt = b""
                self._out += self._payload
            elif kind == frames.COUNTED:
                self._counted()
            else:
                self._line(self.frames.line)

    def _counted(self):
        """Announced bytes: of the command's answer, or an event's."""
        line, data = self.frames.line, self.frames.data
        if self._text and self._prefix and line.startswith(self._prefix):
            self.lines += [line, data]
        else:
            self._event(self.frames.row[2], line, data)

    def _line(self, line):
        row = self.frames.row
        if line[:1] == b"$":
            self._sentences = self._sentences[1 - KEPT_MAX :] + [line + b"\r\n"]
        elif not _is_text(line):
            self.garbage += 1
        elif self._doubtful and not self._text:
            self._to_probe(line, row)
        elif not self._text or not self._to_command(line, row):
            self._unasked(line, row)

    def _to_probe(self, line, row):
        """While in doubt only the newest probe's own answer, and then its OK, count."""
        if self._probes and line.startswith(self._probe()):
            self._probe_seen = True
        elif line in _ACCEPTS or _refuses(line):
            self._settling = self._settling or self._probe_seen
        elif line[:3] != b"AT+" and line[: line.find(b":") + 1] not in (b"+IPR:", b"+CMEE:"):
            self._unasked(line, row)

    def _to_command(self, line, row):
        """True when the line was the command's."""
        if line == self._text:
            return True  # the echo
        if line in _ACCEPTS:
            self._accepted = True
            if self.final or not self._final:
                self._end(OK)
        elif _refuses(line):
            self.error = line
            self._end(ERROR)
        elif self._final and line.startswith(self._final):
            self.final = line
            if self._accepted:
                self._end(OK)
        elif self._prefix and (self._prefix == ANY or line.startswith(self._prefix)):
            if row is not None and (row[1] == b"R" or self._prefix == ANY):
                return False
            if len(self.lines) < LINES_MAX:
                self.lines.append(line)
        else:
            return False
        return True

    def _unasked(self, line, row):
        if row is None:
            self.strange += 1
            return
        self._event(row[2], line, b"")
        if row[1] == b"R":
            self.restarts += 1
            if self._text:
                self._end(RESTARTED)

    def _end(self, status):
        self._status = status
        self._text = self._prompt = self._payload = b""

    def _event(self, name, line, data):
        if len(self.events) >= KEPT_MAX:
            self.lost += 1
            self.events = self.events[1:]
        self.events.append((name, line, data))


def _refuses(line):
    return line == b"SEND FAIL" or line.startswith(b"ERROR") or line[4:11] == b" ERROR:"


def _is_text(line):
    for byte in line:
        if not 32 <= byte < 127:
            return False
    return True
