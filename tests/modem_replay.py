"""Holds a recorded dialogue with the driver, as a block of tests/vectors/at/driver says.

What is not under a `run` is said line by line, each as the dialect's own row says it (its times,
what it waits for, what it wants to be told), and has to end as the dialogue shows. README.md of the
vectors says what may stand in a block. Runs under both interpreters.
"""

from chat_text import raw, steps
from modem_far import PROMPTS, Far
from tracker.modem import at, lines, wiring
from tracker.modem.ladder import Ladder
from tracker.modem.modem import Modem
from tracker.modem.steps import DONE, Steps

DIALECTS = {
    "sim7080": "sim7080", "sim7070": "sim7080", "sim7000": "sim7000", "sim7600": "sim7600",
    "a7670": "a7670", "sim7670": "a7670", "bg95": "bg95", "bg96": "bg95",
}  # fmt: skip
VALUES = {
    "apn": "iot.example", "pin": "1234", "bands": "1", "iotopmode": "0", "device": "astrid",
    "password": "hemmelig", "keepalive": "60", "tau": "00100010", "active": "00000011", "act": "4",
    "cycle": "0010", "host": "broker.example", "port": "1883", "ca": "ca.crt", "cert": "",
    "key": "", "psk": "", "clock": "26/11/22,07:40:00+04", "id": "1", "topic": "tr/astrid/up",
}  # fmt: skip
ENDS = {at.OK: "unwanted", at.ERROR: "refused", at.TIMEOUT: "timeout", at.RESTARTED: "restarted"}
RESTARTS = ("RDY", "*ATREADY: 1", "POWERED DOWN", "NORMAL POWER DOWN")
FINALS = ("OK", "ERROR", "SEND OK")
HEARD = "ends not service probed events fixes clock signal version nmea line"
COUNTERS = ("strange", "garbage", "cut", "lost")


class Power:
    """A Power port with a key and no STATUS."""

    def __init__(self, far):
        self._far = far

    def sense(self, _name):
        return -1

    def rail(self, name, on):
        if name == "modem_key" and on:
            self._far.press()


class Replay:
    """One dialogue, without its step number `mute`. `heard` {word of a block: what came, as the
    block says it}."""

    def __init__(self, name, block, grain, mute=-1):
        part, self.recorded = steps(name)
        self.dialect = wiring.find(DIALECTS[part])
        self.block = list(block)
        said = [step if place != mute else ("!", "") for place, step in enumerate(self.recorded)]
        keyed = [word for word, _rest in block if word in ("up", "climb")]
        self.far = Far(said, grain, bool(keyed))
        self.values = {key: text.encode() for key, text in VALUES.items()}
        self.modem = Modem(self.far, Power(self.far), self.dialect, self.values, Ladder())
        self.line = self.modem.line
        self.now = 0
        self.ended = ""
        self.events = []
        self.received = b""
        self.heard = {word: [] for word in HEARD.split()}

    # -- time --------------------------------------------------------------------------------

    def poll(self):
        self.far.tick(self.now)
        self.line.poll(self.now)
        for event in self.line.events:
            self.events.append(event)
            if event[0] == b"received":
                self.received += event[2]
        self.line.events = []

    def settle(self):
        """All that comes by itself, and the time that passes in the dialogue."""
        while self.far.came or self.far.due:
            self.poll()
            step_ms = 100 if self.line._doubtful and not self.line.dead else 3600000
            if not self.far.came and self.far.due:
                self.now = min(self.far.due, self.now + step_ms)
        self.until(lambda: self.line.dead or not self.line._doubtful, 15)

    def until(self, over, limit_s):
        """Poll until `over()` says so; what it said."""
        end = self.now + 1000 * limit_s
        while True:
            self.poll()
            said = over()
            self.poll()
            if said or self.now >= end:
                return said
            if not self.far.came:
                self.now += 50

    # -- what is done ------------------------------------------------------------------------

    def hold(self):
        """Every line of the dialogue, by the block's runs or one by one."""
        self.settle()
        for word, rest in self.block:
            act = getattr(self, "_" + word, None)
            if act is not None:
                act(rest)
        while self.far.next_line():
            self.far.leave() or self.say()
        assert self.far.place == len(self.far.steps), self.far.steps[self.far.place :]
        self.modem.now_s = self.now // 1000

    def say(self):
        """The dialogue's next line, as the dialect's row for it has it."""
        text = self.far.next_line()
        row = row_of(self.dialect, text)
        payload = self._payload_behind(row)
        row = said_row(row, text, self.far.steps[self.far.place + 1 :])
        rows = b"\nSAID\n" + row + b"\n\n"
        procedure = Steps(self.line, (rows,))
        self._revive()
        procedure.begin("SAID", {"said": payload}, self.now)
        end = self._finish(procedure)
        wanted = shown(self.recorded, self._begun)
        stated = [rest.split(" ")[1] for word, rest in self.block
                  if word == "not" and rest.split(" ")[0] == name(text)]  # fmt: skip
        if stated and stated[0] == end:
            self.heard["not"].append(name(text) + " " + end)
        else:
            assert end == wanted, (text, "ended", end, "shown", wanted, self.line.lines)
        self._understand(procedure)

    def _payload_behind(self, row):
        place = self._begun = self.far.place
        while place + 1 < len(self.far.steps) and self.far.steps[place + 1][0] != ">":
            place += 1
            if self.far.steps[place][0] == ">>":
                found = b""
                while self.far.steps[place][0] in (">>", "!"):
                    if self.far.steps[place][0] == ">>":
                        found += raw(self.far.steps[place][1])
                    place += 1
                return found
        return b""

    def _finish(self, procedure):
        over = self.until(lambda: procedure.poll(self.now), 400)
        assert over, ("never ended", self.far.spoken[-1:])
        self.settle()
        return "done" if over == DONE else ENDS[procedure.status]

    def _revive(self):
        if self.line.dead:
            self.line.revive(self.now)

    def _understand(self, procedure):
        """Positions, clocks and signals among the answers, as the driver reads them."""
        for command, said in procedure.said.items():
            if command in ("AT+CGNSINF", "AT+CGNSSINFO", "AT+CGPSINFO", "AT+QGPSLOC"):
                self._fix(self.dialect.read_fix(lines.fields(said[0]), 0))
            elif command == "AT+CCLK":
                self.heard["clock"].append(str(lines.read_clock(said[0])))
            elif command == "AT+CGMR":
                self.heard["version"].append(said[0].decode())
            elif command == "AT+CSQ":
                self.heard["signal"].append(str(lines.signal_of(said[0])))

    def _fix(self, fix):
        if fix is None:
            self.heard["fixes"].append("none")
            return
        place = (fix.lat_e6 / 1e6, fix.lon_e6 / 1e6)
        assert self.far.sky, (place, "with a closed sky")
        for value, there in zip(place, self.far.sky):
            assert abs(value - there) < 0.001, (place, self.far.sky)
        self.heard["fixes"].append("near")

    # -- the words of a block that do something ------------------------------------------------

    def _say(self, count):
        for _ in range(int(count)):
            self.say()

    def _with(self, rest):
        for pair in rest.split(" "):
            key, _, text = pair.partition("=")
            self.values[key] = raw(text) if key == "content" else text.encode()

    def _besides(self, rest):
        line, _, replies = rest.partition(" <- ")
        self.far.besides.append((line, replies.split(" | ") if replies else ["OK"]))

    def _skip(self, rest):
        self.far.skipped.append(rest)

    def _for(self, rest):
        ours, _, recorded = rest.partition(" <- ")
        self.far.instead[ours] = recorded

    def _run(self, names):
        for key, what in (("size", "content"), ("topicsize", "topic"), ("willsize", "will"),
                          ("willtopicsize", "willtopic")):  # fmt: skip
            if what in self.values and (key != "size" or key not in self.values):
                self.values[key] = b"%d" % len(self.values[what])
        procedure = self.modem.steps
        procedure.begin(names, self.values, self.now)
        end = self._finish(procedure)
        failed = " ".join(["failed", procedure.failed, end])
        self.heard["ends"].append("done" if end == "done" else failed)
        assert not self.far.besides, ("not said:", self.far.besides)
        assert not self.far.skipped, ("not passed over:", self.far.skipped)
        self.far.instead = {}
        self._understand(procedure)
        if "SOCKET_RECEIVE" in names:
            for said in procedure.said.values():
                self.received += b"".join(said[1::2])
        self.values.pop("size", None)
        self.values.pop("topicsize", None)

    def _probe(self, _rest):
        """The line is trusted again after a doubt; the dialogue's next line is said by a probe."""
        self._revive()
        self.far.probing = "yes"
        place = self.far.place
        self.until(lambda: self.line.ready() or self.line.dead, 60)
        self.far.probing = ""
        self.settle()
        assert self.far.place > place
        self.heard["probed"].append("dead" if self.line.dead else "ready")


def name(text):
    """The command without its values."""
    return text.split("=")[0].split("?")[0]


def row_of(dialect, text):
    """The dialect's row that asks, sets or does what `text` does; b"" for none."""
    head = text.split("=")[0].encode() + (b"=" if "=" in text else b"")
    for rows in dialect.TEXTS:
        for row in rows.split(b"\n"):
            command = row.split(b" | ")[0]
            command = command[command.find(b" ") + 1 :]
            if row[:1] in (b"!", b"?", b"~") and (
                command == head or (head[-1:] == b"=" and command.startswith(head))
            ):
                return row
    return b""


def said_row(row, text, behind):
    """The row with this line in the place of its command, and nothing passed over; one by the
    dialogue's own lines `behind` where the dialect has none."""
    parts = row.split(b" | ")
    limit = parts[0][1 : parts[0].find(b" ")]
    head = b"!" + limit + b" " + text.encode()
    if not row:
        return head + foreign(text, behind)
    kept = [head]
    for mark in parts[1:]:
        prompted = mark[: mark.find(b" ")][-1:] == b">"
        kept.append(mark[: mark.find(b" ")] + b" <said>" if prompted else mark)
    return b" | ".join(kept)


def foreign(text, behind):
    """What a command that the dialect does not have waits for."""
    marks = b""
    first = [line for mark, line in behind if mark == "<" and line != text][:1] or ["OK"]
    if text[2:3] == "+" and (first[0][0] in "+*$>" or first[0] in RESTARTS + FINALS):
        marks += b" | = " + name(text)[2:].encode() + b":"
    elif first[0] not in FINALS + RESTARTS + PROMPTS:
        marks += b" | = *"
    if behind[:1] and behind[0][1] in PROMPTS:
        word = behind[0][1].encode()
        marks += b" | " + (word if word == b">" else word + b">") + b" <said>"
    return marks


def shown(recorded, place):
    """How the command at `place` ends, by the dialogue alone."""
    end = "timeout"
    for mark, text in recorded[place + 1 :]:
        if mark == ">" or (mark == "!" and text.split()[0] not in ("wait", "silent", "broker")):
            break
        if mark == "<" and text in RESTARTS:
            return "restarted"
        if mark == "<" and (text == "OK" or text == "SEND OK"):
            return "done"
        if mark == "<" and (text == "ERROR" or text[:11] == "+CME ERROR:"):
            return "refused"
    return end
