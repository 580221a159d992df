"""A process that can be killed at any moment and started again, and those who do it.

`Victim` is one process; `Hunt` kills one of several at random moments and starts it again after a
random pause. A process that ends although nobody killed it is an error, told with its last lines.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Killable(Protocol):
    """What a hunt asks of its victims."""

    def start(self) -> None:
        """Start it, the first time or again."""

    def kill(self) -> None:
        """kill -9."""

    def demand_alive(self) -> None:
        """AssertionError if it has ended by itself."""


class Victim:
    """One Python process, its output in a log file. `stop` it in any case."""

    def __init__(self, log: Path, *words: object) -> None:
        self.log = log
        self._words = [str(word) for word in words]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once, so that it can be killed while it starts."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, *self._words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; its exit code. SIGKILL, and -9, if that takes more than 20 s."""
        try:
            return self._end(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            return self._end(signal.SIGKILL)

    def demand_alive(self) -> None:
        """AssertionError with its last lines if it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"{self.log.stem} ended by itself:\n{self.last_lines()}")

    def last_lines(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-20:])

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)  # nothing if it has ended
        code = self._process.wait(20)
        self._process = None
        return code


class Hunt:
    """Kills one of `victims` every `every_s` on average, and starts it after up to `pause_s`.

    It ends after `most` kills, so that a slow machine, too, gets on with its work at last.
    """

    def __init__(
        self,
        victims: list[Killable],
        every_s: float,
        pause_s: float,
        most: int,
        dice: random.Random,
    ) -> None:
        self.kills = 0
        self._most = most
        self._victims = victims
        self._every_s = every_s
        self._pause_s = pause_s
        self._dice = dice
        self._down: dict[int, float] = {}  # place → when it is started again
        self._next = self._after(time.monotonic(), 2 * every_s)

    def step(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        for place in [place for place, when in self._down.items() if when <= now]:
            self._revive(place)
        up = [place for place in range(len(self._victims)) if place not in self._down]
        for place in up:
            self._victims[place].demand_alive()
        if up and now >= self._next and self.kills < self._most:
            place = self._dice.choice(up)
            self._victims[place].kill()
            self.kills += 1
            self._down[place] = self._after(now, self._pause_s)
            self._next = self._after(now, 2 * self._every_s)

    def end(self) -> None:
        """Start all that are down."""
        for place in list(self._down):
            self._revive(place)

    def _revive(self, place: int) -> None:
        del self._down[place]
        self._victims[place].start()

    def _after(self, now: float, most_s: float) -> float:
        return now + self._dice.uniform(0.05, most_s)


def until(true: Callable[[], object], seconds: float, what: str, every_s: float = 0.1) -> None:
    """Return as soon as `true()` is; an AssertionError that `what` was not so in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not in {seconds:.0f} s: {what}"
        time.sleep(every_s)
