"""A procedure on the AT line: rows of steps, one after the other, until done or failed.

A dialect writes what a modem is told as rows: what is sent, how its answer begins, how long it may
take, and what follows from a refusal. `<name>` in a text or a payload is filled from the values
of the procedure. What failed is named by the command alone, up to its `=`: what stands behind may
be a secret.
"""

from collections import namedtuple

from tracker import ticks
from tracker.modem import at

DONE, FAILED = 1, 2
# MUST: a refusal ends the procedure. MAY: a refusal is passed over (an older firmware, a service
# that runs already). UNTIL: asked again every AGAIN_MS until `check` is content or its time is up.
MUST, MAY, UNTIL = 1, 2, 3
AGAIN_MS = 1000

# as at.Command; check: a function of the Answer, True to go on, or None; rule: above
Step = namedtuple(
    "Step", ("text", "prefix", "final", "prompt", "payload", "limit_ms", "rule", "check")
)


def must(text, prefix=b"", limit_ms=5000, check=None, final=b""):
    """A step that has to work."""
    return Step(text, prefix, final, b"", b"", limit_ms, MUST, check)


def may(text, prefix=b"", limit_ms=5000, check=None, final=b""):
    """A step whose refusal does no harm."""
    return Step(text, prefix, final, b"", b"", limit_ms, MAY, check)


def until(text, prefix, check, limit_ms):
    """A question that is asked again until `check` likes the answer, `limit_ms` in all."""
    return Step(text, prefix, b"", b"", b"", limit_ms, UNTIL, check)


def send(text, payload, limit_ms, final=b"", prompt=at.PROMPT, check=None):
    """A step whose payload follows the modem's prompt."""
    return Step(text, b"", final, prompt, payload, limit_ms, MUST, check)


class Steps:
    """Runs one procedure at a time on an At.

    answers: [(command's name, Answer)] of the procedure, the last of each step. failed: the name of
    the command that ended it, "" if none did. status: the At status of that (at.ERROR, at.TIMEOUT,
    at.RESTARTED; at.OK when its check said no).
    """

    def __init__(self, line):
        self._at = line
        self._steps = ()
        self._values = {}
        self._place = 0
        self._since = 0  # when the step began
        self._asked = False
        self._old = False  # the command under way is of a procedure that was stopped
        self._pause_from = None
        self.answers = []
        self.failed = ""
        self.status = at.OK

    @property
    def busy(self):
        """A procedure is under way."""
        return self._place < len(self._steps)

    def begin(self, steps, values, now):
        """Start a procedure; `values` {name: bytes} fills its texts and payloads."""
        self.stop()
        self._steps = steps
        self._values = values
        self._since = now
        self._pause_from = None
        self.answers = []
        self.failed = ""
        self.status = at.OK

    def stop(self):
        """Begin no further step; the command under way ends by itself."""
        self._steps = ()
        self._place = 0
        self._old = self._old or self._asked
        self._asked = False

    def poll(self, now):
        """DONE or FAILED once when the procedure has ended, else 0."""
        if self._old and self._at.answer() is not None:
            self._old = False
        if self._old or not self.busy:
            return 0
        step = self._steps[self._place]
        if not self._asked:
            return self._ask(step, now)
        answer = self._at.answer()
        if answer is None:
            return 0
        self._asked = False
        return self._judge(step, answer, now)

    def wait_ms(self, now):
        """The ms until the next question, where one is being asked again."""
        if not self.busy or self._asked or self._old:
            return at.NEVER_MS
        if self._pause_from is None:
            return 0
        return max(0, AGAIN_MS - ticks.diff(now, self._pause_from))

    def _ask(self, step, now):
        """Send the step's command as soon as the line takes one; FAILED if it never will."""
        if self._pause_from is not None and ticks.diff(now, self._pause_from) < AGAIN_MS:
            return 0
        if self._at.dead:
            return self._fail(step, at.TIMEOUT)
        if not self._at.ready():
            return 0
        self._pause_from = None
        text, payload = fill(step.text, self._values), fill(step.payload, self._values)
        limit_ms = step.limit_ms if step.rule != UNTIL else min(step.limit_ms, 5000)
        command = at.Command(text, step.prefix, step.final, step.prompt, payload, limit_ms)
        self._asked = self._at.begin(command, now)
        return 0

    def _judge(self, step, answer, now):
        content = answer.status == at.OK and (step.check is None or step.check(answer))
        if step.rule == UNTIL and not content and answer.status != at.RESTARTED:
            if ticks.diff(now, self._since) < step.limit_ms:
                self._pause_from = now
                return 0
        self.answers.append((name_of(step.text), answer))
        if content or (step.rule == MAY and answer.status in (at.OK, at.ERROR)):
            self._place += 1
            self._since = now
            return 0 if self.busy else DONE
        return self._fail(step, answer.status)

    def _fail(self, step, status):
        self.failed = name_of(step.text)
        self.status = status
        self.stop()
        return FAILED


def fill(text, values):
    """`text` with every `<name>` of `values` replaced, once: what is put in is not looked at."""
    parts = text.split(b"<")
    filled = parts[0]
    for part in parts[1:]:
        end = part.find(b">")
        name = part[:end].decode() if end > 0 else ""
        filled += values[name] + part[end + 1 :] if name in values else b"<" + part
    return filled


def name_of(text):
    """The command without what may be secret: all up to its `=` or `?`."""
    end = len(text)
    for mark in (b"=", b"?"):
        at_mark = text.find(mark)
        if 0 <= at_mark < end:
            end = at_mark
    return text[:end].decode()
