"""A recorded dialogue as the far end of a driver's line: it answers what was answered.

The driver's next line has to be the dialogue's next one. What else it may say is told beforehand:
    besides   {line: reply lines}, in their order: lines of the driver that the dialogue has not
    skipped   lines of the dialogue that the driver does not say
    instead   {the driver's line: the dialogue's}: the same with other values
A probe of the driver's is answered as a modem does; with `probing` it stands for the dialogue's
next line instead. Anything else is an AssertionError. `keyed`: where the dialogue has `power key`
it waits until the driver presses it. Runs under both interpreters.
"""

from chat_text import raw

PROBES = {"AT+IPR?": "+IPR: 115200", "AT+CMEE?": "+CMEE: 2", "AT+CFUN?": "+CFUN: 1"}
PROMPTS = (">", "CONNECT", "DOWNLOAD")
NOISE = b"\x00\xf8\x9e\xffRD\r\n"  # where a dialogue says that anything may come


class Far:
    """The Uart port's methods; `grain` bytes are read at a time at most.

    unheard: lines said while the modem is silent. messages: [(topic, payload)] that the broker has
    sent. peer_sent: bytes of the far end of a socket. sky: (lat, lon) or None. spoken: the
    dialogue's lines that were said, payloads: the bytes.
    """

    def __init__(self, steps, grain, keyed=False):
        self.steps = steps
        self.grain = grain
        self.place = 0
        self.now = self.due = 0
        self.came = self.went = b""
        self.besides, self.skipped, self.instead = [], [], {}
        self.probing = ""
        self.unheard, self.spoken, self.payloads, self.messages = [], [], [], []
        self.peer_sent = b""
        self.sky = None
        self._keyed, self._pressed = keyed, 0
        self._silent = False
        self._last = ""
        self.go()

    # -- the port ----------------------------------------------------------------------------

    def read(self):
        """The next bytes."""
        data, self.came = self.came[: self.grain], self.came[self.grain :]
        return data

    def write(self, data):
        """Take all: payload bytes where the dialogue has some, else lines."""
        self.went += data
        while self.went:
            if self.mark() == ">>":
                if not self._payload():
                    break
            else:
                line, end, rest = self.went.partition(b"\r")
                if line[:1] == b"\x1b":
                    self.went = self.went[1:]
                    continue
                if not end:
                    break
                self.went = rest
                self._line(line.decode())
        return len(data)

    def baud(self, _rate):
        """Any rate will do."""

    # -- what the driver says ----------------------------------------------------------------

    def mark(self):
        """The mark of the step that is due, "" at the end and while the modem is silent."""
        if self.place >= len(self.steps) or self.now < self.due:
            return ""
        return self.steps[self.place][0]

    def next_line(self):
        """The dialogue's next line of the host's, "" for none."""
        return self.steps[self.place][1] if self.mark() == ">" else ""

    def _payload(self):
        wanted = b""
        place = self.place
        while place < len(self.steps) and self.steps[place][0] in (">>", "!"):
            wanted += raw(self.steps[place][1]) if self.steps[place][0] == ">>" else b""
            place += 1
        if len(self.went) < len(wanted):
            return False
        assert self.went.startswith(wanted), (wanted, self.went)
        self.went = self.went[len(wanted) :]
        self.payloads.append(wanted)
        self.place = place
        self.go()
        return True

    def _line(self, line):
        wanted = self.instead.get(line, line)
        while self.next_line() != wanted and self.leave():
            pass
        if self.mark() == ">" and self._is_due(line, wanted):
            self.spoken.append(line)
            begun = self.place
            self.place += 1
            self._answer_probe(line, begun) if line != wanted or self.probing else self.go()
        elif self.besides and self.besides[0][0] == line and not self._is_deaf():
            for reply in self.besides.pop(0)[1]:
                self._say(reply)
        elif self.due or self._is_deaf() or (self._is_over() and line in PROBES):
            self.unheard.append(line)
        elif line in PROBES:
            self._say(PROBES[line])
            self._say("OK")
        else:
            raise AssertionError((line, "was said where wanted:", self.next_line()))

    def _is_deaf(self):
        """Silent, or off until its key is pressed."""
        return (self.due and self._silent) or self.mark() == "!"

    def _is_over(self):
        """The dialogue ends with a silence, which lasts."""
        return self.place >= len(self.steps) and self.steps[-1][0] == "!"

    def _is_due(self, line, wanted):
        return self.next_line() == wanted or (bool(self.probing) and line in PROBES)

    def _answer_probe(self, line, begun):
        """The lines of the dialogue's answer, those of its own question made the probe's."""
        if line not in PROBES or not self.probing:
            self.go()
            return
        asked = "+" + self.steps[begun][1][3:].split("?")[0].split("=")[0] + ":"
        before = len(self.came)
        self.go()
        said = self.came[before:].decode().split("\r\n")
        said = [PROBES[line] if one.startswith(asked) else one for one in said]
        if PROBES[line] not in said and "OK" in said:
            said.insert(len(said) - 1 - said[::-1].index("OK"), PROBES[line])
        self.came = self.came[:before] + "\r\n".join(said).encode()

    def leave(self):
        """Pass over the host's next line and its answers if it is not to be said; True if so."""
        if self.next_line() not in self.skipped:
            return False
        self.skipped.remove(self.next_line())
        self.place += 1
        while self.mark() not in (">", ""):
            mark, text = self.steps[self.place]
            self.place += 1
            if mark == "!":
                self._happens(text)
        return True

    def press(self):
        """The driver's key, long enough."""
        self._pressed += 1
        self.go()

    # -- what the modem says, and the world ----------------------------------------------------

    def tick(self, now):
        """The time; silence ends by it."""
        self.now = now
        if self.due and now >= self.due:
            self.due = 0
            self.go()

    def go(self):
        """All that comes until it is the host's turn or time has to pass."""
        while self.mark() not in (">", ">>", ""):
            mark, text = self.steps[self.place]
            if text == "power key" and self._keyed:
                if not self._pressed:
                    return
                self._pressed -= 1
            self.place += 1
            if mark == "!":
                self._happens(text)
            elif mark == "<<":
                self.came += raw(text)
            elif text in PROMPTS:
                self.came += b"\r\n" + text.encode() + (b" " if text == ">" else b"\r\n")
            else:
                self.came += NOISE if mark == "<~" else b""
                self._say(text)

    def _say(self, line):
        """A line, an empty one before it; none before what was announced by its length."""
        counted = self._last[:8] == "+CMQTTRX" and line[:1] != "+"
        self.came += (b"" if counted else b"\r\n") + line.encode() + b"\r\n"
        self._last = line

    def _happens(self, text):
        words = text.split() or [""]
        if words[0] in ("wait", "silent") and words[1].isdigit():
            self.due = self.now + 1000 * int(words[1]) + 1000  # at least so long
            self._silent = words[0] == "silent"
        elif words[:2] == ["broker", "says"]:
            self.messages.append((words[2].encode(), raw(words[3])))
        elif words[:2] in (["broker", "got"], ["broker", "has"]):
            self._published(words[2], raw(words[3]))
        elif words[:2] == ["peer", "sends"]:
            self.peer_sent += raw(words[2])
        elif words[:2] == ["peer", "got"]:
            assert self.payloads[-1] == raw(words[2]), self.payloads
        elif words[0] == "sky":
            self.sky = (float(words[2]), float(words[3])) if words[1] == "open" else None

    def _published(self, topic, payload):
        assert self.payloads[-1] in (payload, payload + b"\x1a"), (payload, self.payloads)
        told = '"' + topic + '"' in self.spoken[-1] or topic.encode() in self.payloads
        assert told, (topic, self.spoken)
