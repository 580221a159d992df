"""A modem's AT line: bytes in, answers and events out. It never waits, and it never guesses.

One command is under way at a time, with a deadline of its own that `now` drives: a modem that has
gone silent cannot stop anything. What a line is, in this turn:
  - bytes that an earlier line announced by number (a payload may hold quotes, line ends, `OK`,
    `>` or whole lines that look like the modem's own; they are counted, never looked at);
  - the prompt that the command under way waits for: its payload follows at once;
  - NMEA, which some modems put on the same port: handed on untouched (`nmea`);
  - the echo of the command, its answer lines, its end;
  - an unsolicited line of the dialect's table, also between a command and its answer;
  - anything else: counted as `strange`, or `garbage` where it is not even text.

Late answers. A modem that did not answer in time may still do so, and its `OK` looks like any
other. After a time-out nothing is sent but probes: questions whose answers begin like nobody
else's (3GPP TS 27.007, V.250: every modem knows them), each of another kind than the two before.
A modem works in order, so when the newest probe is answered and SETTLE_MS pass in silence,
everything older has been. After PROBES_MAX of them without that it is `dead`, until `revive`; what
to do then is the ladder's business.

Nothing is ever sent twice here. Whether a command may be repeated is known one level up.
"""

from collections import namedtuple

from tracker import ticks

# How a command ends
OK, ERROR, TIMEOUT, RESTARTED = 1, 2, 3, 4
# What follows a line of the table: nothing; counted bytes on the next line; on the same one; there
# and between quotes
LINE, NEXT, SAME, QUOTED = 0, 1, 2, 3
RESTART = 4  # the line says that the modem has started again or is going down

# text: what is sent, without its CR. prefix: how its answer lines begin, ANY for every line, b""
# for none. final: how the line begins that ends it after (or, out of turn, before) OK; b"" none.
# prompt, payload: what is waited for, and then sent; b"" none. limit_ms: its time.
Command = namedtuple("Command", ("text", "prefix", "final", "prompt", "payload", "limit_ms"))
# status: above. lines: its answer lines (bytes). final: the line it waited for, or b"". error: the
# line that refused it, or b"".
Answer = namedtuple("Answer", ("status", "lines", "final", "error"))

ANY = b"*"
PROMPT = b">"
PROBES = ((b"AT+IPR?", b"+IPR:"), (b"AT+CMEE?", b"+CMEE:"), (b"AT+CFUN?", b"+CFUN:"))
PROBES_MAX = 9
PROBE_MS = 1000
SETTLE_MS = 300  # silence after a probe's answer: nothing older is left to come
COUNTED_MS = 3000  # from a line that announces bytes to the last of them
BUFFER_MAX = 9216  # a frame of 7,168 bytes and its line; a frame in hex does not come this way
LINES_MAX = 40  # of one answer
KEPT_MAX = 32  # events and sentences that wait to be taken
NEVER_MS = 1 << 28
_ACCEPTS = (b"OK", b"SEND OK")  # the second by Quectel's sockets
_REFUSALS = (b"ERROR", b"+CME ERROR:", b"+CMS ERROR:", b"SEND FAIL")
_ESCAPE = b"\x1b"


def plain(text, prefix=b"", limit_ms=5000):
    """A Command that ends with OK; `prefix` as its answer lines begin."""
    return Command(text, prefix, b"", b"", b"", limit_ms)


class At:
    """The line to one modem over a Uart port.

    `table`: rows (prefix, kind, field, name): an unsolicited line that begins with `prefix` is the
    event `name`; of NEXT, SAME and QUOTED the comma-separated field `field` (0 first) counts bytes.
    Counters: `timeouts`, `restarts`, `strange`, `garbage`, `cut` (announced bytes that did not come
    or lines without an end), `lost` (events that nobody took in time).
    """

    def __init__(self, uart, table):
        self._uart = uart
        self._table = table
        self._in = b""
        self._out = b""
        self._command = None
        self._since = 0  # when the command, or the probe, began
        self._lines = []
        self._final = b""
        self._accepted = False  # OK has come, and the final line not yet
        self._payload_due = False
        self._answer = None
        self._events = []
        self._sentences = []
        self._counted = None  # (row, line, bytes wanted) while announced bytes are coming
        self._counted_at = 0
        self._doubtful = False
        self._probes = 0
        self._probe_seen = False
        self._settling = False
        self._heard_at = 0
        self.dead = False
        self.timeouts = self.restarts = self.strange = self.garbage = self.cut = self.lost = 0

    # -- for the driver --------------------------------------------------------------------

    def ready(self):
        """True when a command may be begun."""
        return self._command is None and self._answer is None and not self._doubtful

    def begin(self, command, now):
        """Send a Command; False, and nothing sent, while the line is not `ready`."""
        if not self.ready():
            return False
        self._command = command
        self._since = now
        self._lines = []
        self._final = b""
        self._accepted = False
        self._payload_due = bool(command.prompt)
        self._out += command.text + b"\r"
        return True

    def answer(self):
        """The Answer of the command that has ended, once; None while there is none."""
        answer, self._answer = self._answer, None
        return answer

    def events(self):
        """[(name, line, counted bytes or b"")] since the last call, oldest first."""
        events, self._events = self._events, []
        return events

    def nmea(self):
        """The NMEA bytes that came on this port since the last call."""
        sentences, self._sentences = self._sentences, []
        return b"".join(sentences)

    def doubt(self):
        """What was said so far is not to be trusted: probe before the next command."""
        self._doubtful = True
        self._probes = 0
        self._probe_seen = self._settling = False

    def revive(self, now):
        """The modem was started again: forget the past and what was under way; probe it."""
        if self._command is not None:
            self._end(RESTARTED, b"")
        self._in = self._out = b""
        self._counted = None
        self.dead = False
        self.doubt()
        self._since = now

    def poll(self, now):
        """Read, act on it, watch the time, write."""
        data = self._uart.read()
        if data:
            self._heard_at = now
            self._in += data
            while self._take(now):
                pass
            self._bound(now)
        elif self._counted is not None:
            self._bound(now)
        self._watch(now)
        if self._out:
            self._out = self._out[self._uart.write(self._out) :]

    def wait_ms(self, now):
        """The ms until something is due if nothing comes."""
        if self._out or self._answer is not None or self._events:
            return 0
        if self._command is not None:
            return self._left_ms(self._command.limit_ms, now)
        if self._settling:
            return max(0, SETTLE_MS - ticks.diff(now, self._heard_at))
        if self._doubtful and not self.dead:
            return self._left_ms(PROBE_MS, now) if self._probes else 0
        return NEVER_MS

    # -- the time --------------------------------------------------------------------------

    def _left_ms(self, limit_ms, now):
        return max(0, limit_ms - ticks.diff(now, self._since))

    def _watch(self, now):
        if self._command is not None:
            if not self._left_ms(self._command.limit_ms, now):
                self._time_out(now)
        elif self._settling:
            if ticks.diff(now, self._heard_at) >= SETTLE_MS:
                self._doubtful = self._settling = False
        elif self._doubtful and not self.dead:
            if not self._probes or not self._left_ms(PROBE_MS, now):
                self._probe(now)

    def _time_out(self, now):
        """The command's time is up; one whose final line came is done, its OK only missing."""
        if self._command.prompt:
            self._out = _ESCAPE  # out of a prompt that may still wait for bytes
        else:
            self._out = b""
        self.doubt()
        self._since = now
        if self._final:
            self._end(OK, b"")
        else:
            self.timeouts += 1
            self._end(TIMEOUT, b"")

    def _probe(self, now):
        if self._probes >= PROBES_MAX:
            self.dead = True
            return
        self._out += PROBES[self._probes % len(PROBES)][0] + b"\r"
        self._probes += 1
        self._probe_seen = False
        self._since = now

    def _bound(self, now):
        """Give up on announced bytes that do not come and on lines that do not end."""
        if self._counted is not None:
            if ticks.diff(now, self._counted_at) >= COUNTED_MS:
                self.cut += 1
                self._counted = None
                while self._take(now):
                    pass
        elif len(self._in) > BUFFER_MAX:
            self.cut += 1
            self._in = b""

    # -- the bytes -------------------------------------------------------------------------

    def _take(self, now):
        """Take the next thing off the buffer; False when it is not whole yet."""
        if self._counted is not None:
            return self._take_counted()
        at = 0
        while at < len(self._in) and self._in[at] in b"\r\n":
            at += 1
        self._in = self._in[at:] if at else self._in
        if self._payload_due and self._in[: len(self._command.prompt)] == self._command.prompt:
            self._in = self._in[len(self._command.prompt) :]
            self._pay()
            return True
        row = self._announces_here()
        if row is not None:
            return self._count_same(row, now)
        end = self._in.find(b"\n")
        if end < 0:
            return False
        line, self._in = self._in[:end].rstrip(b"\r"), self._in[end + 1 :]
        self._line(line, now)
        return True

    def _pay(self):
        """The modem asks for the payload."""
        self._payload_due = False
        self._out += self._command.payload

    def _announces_here(self):
        """The row that the buffer begins with whose bytes stand on the same line, or None."""
        for row in self._table:
            if row[1] in (SAME, QUOTED) and self._in[: len(row[0])] == row[0]:
                return row
        return None

    def _count_same(self, row, now):
        """A line whose bytes stand on itself: cut it before them. False while it is not whole."""
        at = 0
        for _ in range(row[2] + 1):
            at = self._in.find(b",", at) + 1
            if not at:
                return False if b"\n" not in self._in else self._uncounted(now)
        line = self._in[: at - 1]
        if b"\n" in line:
            return self._uncounted(now)
        quotes = 1 if row[1] == QUOTED else 0
        if len(self._in) < at + quotes:
            return False
        self._in = self._in[at + quotes :]
        return self._begin_count(row, line, quotes, now)

    def _uncounted(self, now):
        """It looked like a line with bytes and is none: an ordinary one."""
        line, self._in = self._in.split(b"\n", 1)
        self._line(line.rstrip(b"\r"), now, False)
        return True

    def _begin_count(self, row, line, quotes, now):
        """The line announces bytes; one with no number that makes sense is an ordinary line."""
        count = _number(line, row[2])
        if not 0 <= count <= BUFFER_MAX - 1024:
            self.strange += 1
            return True
        self._counted = (row, line, count, quotes)
        self._counted_at = now
        return True

    def _take_counted(self):
        row, line, count, quotes = self._counted
        if len(self._in) < count + quotes:
            return False
        data, self._in = self._in[:count], self._in[count + quotes :]
        self._counted = None
        if self._command is not None and _begins(line, self._command.prefix):
            self._keep(line)
            self._keep(data)
        else:
            self._event(row[3], line, data)
        return True

    # -- the lines -------------------------------------------------------------------------

    def _line(self, line, now, may_count=True):
        if line[:1] == b"$":
            self._sentence(line)
        elif not _is_text(line):
            self.garbage += 1
        elif self._probing():
            self._to_probe(line, now, may_count)
        elif self._command is None or not self._to_command(line, now, may_count):
            self._unasked(line, now, may_count)

    def _probing(self):
        return self._doubtful and self._command is None

    def _to_probe(self, line, now, may_count):
        """While in doubt only the newest probe's own answer, and then its OK, count."""
        if self._probes and _begins(line, PROBES[(self._probes - 1) % len(PROBES)][1]):
            self._probe_seen = True
        elif line in _ACCEPTS or _refuses(line):
            self._settling = self._settling or self._probe_seen
        elif line[:3] != b"AT+" and not _is_probes(line):
            self._unasked(line, now, may_count)

    def _to_command(self, line, now, may_count):
        """True when the line was the command's."""
        command = self._command
        if line == command.text:
            return True  # the echo
        if self._payload_due and line == command.prompt:
            self._pay()
        elif line in _ACCEPTS:
            self._accepted = True
            if self._final or not command.final:
                self._end(OK, b"")
        elif _refuses(line):
            self._end(ERROR, line)
        elif command.final and _begins(line, command.final):
            self._final = line
            if self._accepted:
                self._end(OK, b"")
        elif command.prefix == ANY or _begins(line, command.prefix):
            return self._asked(line, now, may_count)
        else:
            return False
        return True

    def _asked(self, line, now, may_count):
        """An answer line; one that the table says announces bytes brings them along."""
        row = self._row(line)
        if row is not None and row[1] == RESTART:
            return False
        if row is not None and row[1] == NEXT and may_count:
            self._begin_count(row, line, 0, now)
        else:
            self._keep(line)
        return True

    def _unasked(self, line, now, may_count):
        row = self._row(line)
        if row is None:
            self.strange += 1
        elif row[1] == NEXT and may_count:
            self._begin_count(row, line, 0, now)
        elif row[1] == RESTART:
            self.restarts += 1
            self._event(row[3], line, b"")
            if self._command is not None:
                self._end(RESTARTED, b"")
        else:
            self._event(row[3], line, b"")

    def _row(self, line):
        for row in self._table:
            if _begins(line, row[0]):
                return row
        return None

    def _keep(self, line):
        if len(self._lines) < LINES_MAX:
            self._lines.append(line)

    def _end(self, status, error):
        self._answer = Answer(status, self._lines, self._final, error)
        self._command = None
        self._payload_due = False
        self._lines = []

    def _event(self, name, line, data):
        if len(self._events) >= KEPT_MAX:
            self.lost += 1
            self._events = self._events[1:]
        self._events.append((name, line, data))

    def _sentence(self, line):
        if len(self._sentences) >= KEPT_MAX:
            self._sentences = self._sentences[1:]
        self._sentences.append(line + b"\r\n")


def _begins(line, prefix):
    return bool(prefix) and line[: len(prefix)] == prefix


def _refuses(line):
    for refusal in _REFUSALS:
        if _begins(line, refusal):
            return True
    return False


def _is_probes(line):
    for _text, prefix in PROBES:
        if _begins(line, prefix):
            return True
    return False


def _is_text(line):
    for byte in line:
        if not 32 <= byte < 127:
            return False
    return True


def _number(line, field):
    """Field number `field` after the colon as a number; -1 when it is none."""
    fields = line[line.find(b":") + 1 :].split(b",")
    if field >= len(fields):
        return -1
    digits = fields[field].strip(b' "')
    if not digits or len(digits) > 5:
        return -1
    value = 0
    for digit in digits:
        if not 48 <= digit <= 57:
            return -1
        value = 10 * value + digit - 48
    return value
