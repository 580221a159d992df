"""Works words off on one modem, one after the other: words.py says what each of them does.

Nothing waits: `poll` takes the word under way as far as it goes. One that fails stays the first of
`words`; whoever began them puts others in its place, or gives up.
"""

from tracker import ticks
from tracker.modem import words
from tracker.modem.at import NEVER_MS
from tracker.modem.steps import DONE, FAILED

MOST_MS = 900000  # all that was begun together: nothing of ours takes longer


class Work:
    """Over a Uart, a Power port, the At `line` and its Steps; `values` for the dialect's texts.

    words: what is to be done, the one under way first. told: a procedure among them was done, and
    what the modem said is in `steps.said`; whoever has looked sets it back.
    """

    def __init__(self, uart, power, line, steps, dialect, values):
        self._uart = uart
        self._power = power
        self._line = line
        self._steps = steps
        self._dialect = dialect
        self._values = values
        self._since = 0  # when the word under way began
        self._begun = False
        self._all_since = 0  # when the first of them began
        self.words = []
        self.told = False

    def begin(self, row, now):
        """These words, from now on; False if there is none."""
        self.words = row.split()
        self._begun = self.told = False
        self._since = self._all_since = now
        return bool(self.words)

    def instead(self, row):
        """These words in the place of the first; False when none is left."""
        self.words = row.split() + self.words[1:]
        self._begun = False
        return bool(self.words)

    def wait_ms(self, now):
        """The ms until the word under way is over, or may be given up."""
        if not self.words or self._steps.busy():
            return NEVER_MS
        limit_ms = words.limit_ms(self._dialect, self.words[0]) if self._begun else 0
        return max(0, limit_ms - ticks.diff(now, self._since))

    def poll(self, now):
        """DONE once when all is done, FAILED when the first word has failed, else 0."""
        if ticks.diff(now, self._all_since) >= MOST_MS:
            self._steps.stop()
            self.words = ["alive"]
            return FAILED
        if not self._begun:
            self._begun = True
            self._since = now
            self._enter(self.words[0], now)
            if not self._begun:  # other words were put in its place
                return 0 if self.words else DONE
        over = self._over(self.words[0], now)
        if over != DONE:
            return over
        self._begun = False
        self.words.pop(0)
        return 0 if self.words else DONE

    def _enter(self, word, now):
        mark = word[0]
        if mark in "+-":
            self._power.rail(word[1:], mark == "+")
        elif word in words.LISTENS or mark == "!":
            if mark == "!":
                self._uart.baud(int(word[1:]))
            self._line.revive(now)
            self._steps.drop()
        elif word == "usual":
            self._uart.baud(int(self._dialect.BAUDS.split()[0]))
        elif word == "on":
            self.instead(words.ON if self._power.sense("modem_status") != 1 else "")
        elif word == "off":
            self.instead(words.OFF if self._power.sense("modem_status") != 0 else "")
        elif word == "bauds":
            self.instead("!" + self._dialect.BAUDS.replace(" ", " !") + " usual alive")
        elif mark == "?" or mark.isupper():
            self._steps.begin(word.strip("?").split("/")[0], self._values, now, mark == "?")

    def _over(self, word, now):
        """DONE, FAILED, or 0 while it goes on."""
        mark = word[0]
        if mark.isupper() or mark == "?":
            over = self._steps.poll(now)
            self.told = self.told or over == DONE
            return over
        passed = ticks.diff(now, self._since) >= words.limit_ms(self._dialect, word)
        if word in words.LISTENS or mark == "!":
            if self._line.ready():
                return DONE if mark != "!" else self._found(word)
            return FAILED if passed else 0
        return DONE if passed else 0

    def _found(self, word):
        """It answers at this rate: from now on at the usual one."""
        usual = self._dialect.BAUDS.split()[0]
        while self.words[1] != "usual":
            self.words.pop(1)
        self.words.pop(1)
        if word[1:] != usual:
            self.words = [word, "?SET_BAUD", "usual", "alive"] + self.words[1:]
        return DONE
