"""A procedure on the AT line: rows of steps, one after the other, until done or failed.

A dialect writes what a modem is told as one text, so that it stays in ROM: a heading, then a row
for each step, then an empty line.

    ATTACH
    ~10 AT+CPIN? | = +CPIN: READY
    !60 AT+CAOPEN=0,0,"TCP","<host>",<port> | = +CAOPEN: 0,0
    ?15 AT+CMQTTSTART | : +CMQTTSTART:
    !60 AT+SMPUB="<topic>",<size>,1,0 | > <content>

A row begins with its rule and its time in seconds (none: 5): `!` has to work; `?` may be refused,
which is passed over (an older firmware, a service that runs already); `~` is asked again every
AGAIN_MS until the answer is as wanted or its time is up. Then the command, and what follows it:
    | = pattern     how its answer lines begin, and what one of them has to say
    | : pattern     the line of its own that ends it, and what that has to say
    | > payload     sent at the prompt `>`; `| DOWNLOAD> payload` at that word
A pattern is the beginning up to the colon, and fields: `*` any, `1/5` one of them. `*` alone: every
line is an answer. `~:` for a beginning that goes on: `+QMTPUB~: 0` is +QMTPUBEX too.

`<name>` in a command or a payload is filled from the values. What failed is named by the command
alone, up to its `=`: what stands behind may be a secret.
"""

from tracker import ticks
from tracker.modem import at, lines

DONE, FAILED = 1, 2
AGAIN_MS = 1000
ASK_MS = 5000  # for one answer of those that are asked for again


class Steps:
    """Runs one procedure at a time on an At; `texts` are a dialect's, the first that has it counts.

    said: {command's name: answer lines} of the rows with `=`. failed: the name of the command that
    ended it, "" if none did. status: how that ended (at.ERROR, at.TIMEOUT, at.RESTARTED; at.OK when
    it said something else than was wanted).
    """

    def __init__(self, line, texts):
        self._at = line
        self._texts = texts
        self._names = []
        self._values = {}
        self._text = b""
        self._next = 0  # where the next row begins
        self._row = b""
        self._runs = False
        self._forgiving = False
        self._since = 0  # when the step began
        self._asked = False
        self._old = False  # the command under way is of a procedure that was stopped
        self._pause_from = None
        self.said = {}
        self.failed = ""
        self.status = at.OK

    def begin(self, names, values, now, forgiving=False):
        """Start the procedures `names` (parted by blanks) one after the other; `values` {name:
        bytes}. `forgiving`: each step may be refused."""
        self.stop()
        self._runs = True
        self._names = names.split()
        self._values = values
        self._forgiving = forgiving
        self._text = b""
        self.said = {}
        self.failed = ""
        self.status = at.OK
        self._go_on(now)

    def stop(self):
        """Begin no further step; the command under way ends by itself."""
        self._runs = False
        self._old = self._old or self._asked
        self._asked = False

    def drop(self):
        """The line was begun anew: nothing of ours is under way on it any more."""
        self.stop()
        self._at.ended()
        self._old = False

    def busy(self):
        """True while a procedure is under way."""
        return self._runs

    def poll(self, now):
        """DONE or FAILED once when the procedure has ended, else 0."""
        if self._old and self._at.ended():
            self._old = False
        if self._old or not self._runs:
            return 0
        if not self._row:
            self._runs = False
            return DONE
        if not self._asked:
            return self._ask(now)
        status = self._at.ended()
        if not status:
            return 0
        self._asked = False
        return self._judge(status, now)

    def wait_ms(self, now):
        """The ms until the next question; NEVER_MS while none can be asked: the line says when."""
        if not self._runs or self._asked or self._old:
            return at.NEVER_MS
        if not (self._at.ready() or self._at.dead):
            return at.NEVER_MS
        if self._pause_from is None:
            return 0
        return max(0, AGAIN_MS - ticks.diff(now, self._pause_from))

    def _go_on(self, now):
        """To the next row, of the next procedure where this one has no more; b"" at the end."""
        self._since = now
        self._pause_from = None
        while True:
            end = self._text.find(b"\n", self._next)
            self._row = self._text[self._next : end] if self._text else b""
            self._next = end + 1
            if self._row or not self._names:
                return
            self._text, self._next = find(self._texts, self._names.pop(0).encode())

    def _ask(self, now):
        """Send the row's command as soon as the line takes one; FAILED if it never will."""
        if self._pause_from is not None and ticks.diff(now, self._pause_from) < AGAIN_MS:
            return 0
        if self._at.dead:
            return self._fail(at.TIMEOUT)
        if not self._at.ready():
            return 0
        self._pause_from = None
        head, marks = _cut(self._row)
        prefix = final = prompt = payload = b""
        for mark, rest in marks:
            if mark == b"=":
                prefix = beginning(rest)
            elif mark == b":":
                final = beginning(rest)
            else:
                prompt = mark if mark == b">" else mark[:-1]
                payload = fill(rest, self._values)
        limit_ms = ASK_MS if self._row[:1] == b"~" else _limit_ms(self._row)
        text = fill(head, self._values)
        self._asked = self._at.begin(text, now, prefix, final, prompt, payload, limit_ms)
        return 0

    def _judge(self, status, now):
        rule = b"?" if self._forgiving else self._row[:1]
        head, marks = _cut(self._row)
        well = status == at.OK and self._as_wanted(marks)
        if rule == b"~" and not well and status != at.RESTARTED:
            if ticks.diff(now, self._since) < _limit_ms(self._row):
                self._pause_from = now
                return 0
        if self._at.lines:
            self.said[name_of(head)] = self._at.lines
        if well or (rule == b"?" and status in (at.OK, at.ERROR)):
            self._go_on(now)
            self._runs = bool(self._row)
            return 0 if self._row else DONE
        return self._fail(status)

    def _as_wanted(self, marks):
        for mark, pattern in marks:
            if mark == b":" and not matches(pattern, self._at.final):
                return False
            if mark == b"=" and pattern[-1:] not in b":*":
                if not [line for line in self._at.lines if matches(pattern, line)]:
                    return False
        return True

    def _fail(self, status):
        self.failed = name_of(_cut(self._row)[0])
        self.status = status
        self.stop()
        return FAILED


def find(texts, name):
    """(text, place of the first row) of a procedure; of NAME where there is no NAME_TLS."""
    for text in texts:
        at_heading = text.find(b"\n" + name + b"\n")
        if at_heading >= 0:
            return text, at_heading + len(name) + 2
    return find(texts, name[:-4]) if name.endswith(b"_TLS") else (b"", 0)


def fill(text, values):
    """`text` with every `<name>` of `values` replaced, once: what is put in is not looked at."""
    parts = text.split(b"<")
    filled = parts[0]
    for part in parts[1:]:
        end = part.find(b">")
        name = part[:end].decode() if end > 0 else ""
        filled += values[name] + part[end + 1 :] if name in values else b"<" + part
    return filled


def beginning(pattern):
    """How a line begins that a pattern is about."""
    return pattern[: pattern.find(b":") + 1].replace(b"~:", b"") or pattern


def matches(pattern, line):
    """Whether a line says in its fields what a pattern wants."""
    if pattern[-1:] == b":":
        return True
    said = lines.fields(line)
    for place, wanted in enumerate(lines.fields(pattern)):
        if wanted != b"*" and (place >= len(said) or said[place] not in wanted.split(b"/")):
            return False
    return True


def name_of(text):
    """The command without what may be secret: all up to its `=` or `?`."""
    return text.split(b"=")[0].split(b"?")[0].decode()


def _cut(row):
    """(the command, [(mark, what follows it)]) of a row."""
    parts = row.split(b" | ")
    marks = []
    for part in parts[1:]:
        blank = part.find(b" ")
        marks.append((part[:blank], part[blank + 1 :]))
    return parts[0][parts[0].find(b" ") + 1 :], marks


def _limit_ms(row):
    return 1000 * (lines.number(row[1 : row.find(b" ")]) or 5)
