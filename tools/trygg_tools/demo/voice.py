"""What the demo says in the terminal: one line at a time, one colour a speaker.

A tracker's own lines are kept whole in its console.log. Here its time stamp gives way to this
machine's clock, and the numbers of the wire format to words.
"""

import contextlib
import re
import threading
import time

from rich.console import Console
from rich.text import Text

COLOURS = {"astrid": "cyan", "bjorn": "yellow", "solveig": "magenta"}
STAMPED = re.compile(r"(?:\+\d+ms|\d{4}-\d\d-\d\dT[\d:]+Z) (info|warning|error) (.*)")
WORDS = (
    (re.compile(r"boot \d+, cause 4, .*, (\d+) records wait"), r"wakes, \1 records in its outbox"),
    (
        re.compile(r"boot (\d+), .*, (\d+) records wait"),
        r"starts, boot \1, \2 records in its outbox",
    ),
    (re.compile(r"order (\d+) answered 1, reason 0"), r"order \1 received"),
    (re.compile(r"order (\d+) answered 2, reason 0"), r"order \1 applied"),
    (re.compile(r"order (\d+) answered 3, reason 0"), r"order \1 in force"),
    (re.compile(r"alarm (\d+/\d+): (\w+), fence (\d+), reason \d+"), r"ALARM \1: \2, fence \3"),
)
STYLES = {"warning": "bold red", "error": "bold red"}


class Voice:
    """The terminal, shared by the demo and its trackers' threads."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._lock = threading.Lock()

    def tracker(self, device: str, line: str) -> None:
        """A line of a tracker's console."""
        text, style = readable(line)
        self._say(device, text, style)

    def demo(self, text: str, style: str = "") -> None:
        """A line of the demo itself."""
        self._say("demo", text, style)

    def _say(self, who: str, text: str, style: str) -> None:
        line = Text.assemble(
            (time.strftime("%H:%M:%S "), "dim"),
            (f"{who:8} ", COLOURS.get(who, "green")),
            (text, style),
        )
        with self._lock, contextlib.suppress(OSError, SystemExit):  # the terminal may be gone
            self._screen.print(line)


def readable(line: str) -> tuple[str, str]:
    """A tracker's line for people, and its style; a line of another shape stays as it is."""
    found = STAMPED.fullmatch(line.rstrip())
    if found is None:
        return line, ""
    level, text = found.groups()
    for pattern, words in WORDS:
        if pattern.fullmatch(text):
            return pattern.sub(words, text), STYLES.get(level, "")
    told = "bold green" if text.startswith("wearer told") else STYLES.get(level, "")
    return text, told
