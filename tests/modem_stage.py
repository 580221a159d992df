"""A simulated modem in its scene, with which a dialogue of tests/vectors/at is held.

Stage("sim7600").hold(chat)     raises AssertionError that names the line which did not come
"""

from __future__ import annotations

from collections.abc import Callable

from modem_chats import Chat, Step, as_recorded, lesson, pattern, raw
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.power import PSM
from trygg_tools.modem_sim.scene import Scene
from trygg_tools.modem_sim.world import World

AT_0740 = 217492740  # 2026-11-22 06:39 UTC: the vectors set the clock to 07:40:00+04
PATIENCE_MS = 200_000
HOUR_MS = 3_600_000


class Stage:
    """One modem of `part`, off, where there is cover, a broker and a peer."""

    def __init__(self, part: str, seed: int = 1) -> None:
        self.scene = Scene(PARTS[part], seed, world=World(AT_0740))
        self.modem = self.scene.modem
        self.now_ms = 0
        self.heard = b""

    # -- time --------------------------------------------------------------------------------

    def run_until(self, done: Callable[[], bool], most_ms: int) -> bool:
        """Let time pass until `done()`; False when it was not in time."""
        end_ms = self.now_ms + most_ms
        while not done():
            if self.now_ms >= end_ms:
                return False
            self.now_ms = max(self.now_ms + 1, min(self.modem.next_ms(), end_ms))
            self.heard += self.modem.poll(self.now_ms)
        return True

    def run(self, ms: int) -> None:
        """Let so much time pass."""
        self.run_until(lambda: False, ms)

    # -- by hand -----------------------------------------------------------------------------

    def after(self, name: str) -> Stage:
        """This stage when the dialogue `name`, and all before it, have been held."""
        for chat in lesson(name):
            self.hold(chat)
        return self

    def lines(self, ms: int) -> list[str]:
        """What is said in so much time."""
        self.run(ms)
        said, self.heard = self.heard, b""
        return [line for line in said.decode("latin-1").replace("\r", "\n").split("\n") if line]

    def ask(self, line: str, ms: int = 5000) -> list[str]:
        """Send a line; what is said in so much time."""
        self.modem.feed(line.encode("latin-1") + b"\r", self.now_ms)
        return self.lines(ms)

    def send(self, line: str, payload: bytes, ms: int = 5000) -> list[str]:
        """Send a line, the payload when the prompt has come; what is said behind the prompt."""
        prompt = self.ask(line, 100)
        if not prompt or prompt[-1].strip() not in (">", "CONNECT", "DOWNLOAD"):
            return prompt + self.lines(ms)
        self.modem.feed(payload, self.now_ms)
        return self.lines(ms)

    # -- the dialogue ------------------------------------------------------------------------

    def hold(self, chat: Chat) -> None:
        """Every step of it, and nothing more is said."""
        for number, step in enumerate(chat.steps, 1):
            try:
                self._do(step)
            except AssertionError as error:
                where = f"{chat.name}, step {number}: {step.mark} {step.text}"
                unread = f"still unread: {self.heard[:300]!r}"
                raise AssertionError(f"{where}\n{error}\n{unread}") from None
        self.run(3000)
        assert not self._lines_left(), f"{chat.name}: not in it, but said: {self.heard[:300]!r}"

    def _do(self, step: Step) -> None:
        if step.mark == ">":
            self.modem.feed(step.text.encode() + b"\r", self.now_ms)
        elif step.mark == ">>":
            self.modem.feed(raw(step.text), self.now_ms)
        elif step.mark == "<<":
            self._expect_bytes(raw(step.text))
        elif step.mark == "<~":
            while not pattern(step.text).fullmatch(self._line(step.text)[-len(step.text) :]):
                pass
        elif step.mark == "!":
            self._happens(step.text)
        elif step.text == ">":
            self._expect_prompt()
        else:
            line = self._line(step.text)
            assert pattern(step.text).fullmatch(line), f"it said {line!r}"

    def _expect_prompt(self) -> None:
        came = self.run_until(lambda: self.heard.lstrip(b"\r\n") != b"", PATIENCE_MS)
        self.heard = self.heard.lstrip(b"\r\n")
        assert came, "no prompt"
        assert self.heard.startswith(b">"), "no prompt"
        self.run(20)
        self.heard = self.heard[1:].removeprefix(b" ")

    def _expect_bytes(self, wanted: bytes) -> None:
        self.run_until(lambda: len(self.heard) >= len(wanted), PATIENCE_MS)
        got, self.heard = self.heard[: len(wanted)], self.heard[len(wanted) :]
        assert got == wanted, f"it said {got!r}"

    def _line(self, wanted: str) -> str:
        """The next line that is not empty, without its end."""
        came = self.run_until(lambda: b"\r" in self.heard.lstrip(b"\r\n"), PATIENCE_MS)
        self.run(1)
        assert came, f"nothing came where {as_recorded(wanted)!r} was awaited"
        line, _, rest = self.heard.lstrip(b"\r\n").partition(b"\r")
        self.heard = rest.removeprefix(b"\n")
        return line.decode("latin-1")

    def _lines_left(self) -> bool:
        return self.heard.strip(b"\r\n") != b""

    # -- the world ---------------------------------------------------------------------------

    def _happens(self, what: str) -> None:
        """What the scene knows, and what only a replay needs."""
        word, _, rest = what.partition(" ")
        if word == "wait":
            self._wait(rest)
        elif word == "silent":
            self.run(int(rest) * 1000)
            assert not self._lines_left(), "it said something"
        elif word == "until":
            self._until(rest)
        elif rest.startswith(("got", "has")):
            self._expect_at(word, rest)
        else:
            self.modem.poll(self.now_ms)
            self.scene.do(what)

    def _wait(self, what: str) -> None:
        modem = self.modem
        if what.isdigit():
            self.run(int(what) * 1000)
            return
        happened = {
            "registered": lambda: modem.network.registered,
            "lost": lambda: not modem.network.registered,
            "fix": lambda: modem.gnss.fix() is not None,
            "psm": lambda: modem.power.state == PSM,
        }[what]
        assert self.run_until(happened, HOUR_MS), "it did not happen"

    def _until(self, line: str) -> None:
        self.modem.feed(line.encode() + b"\r", self.now_ms)
        assert self.run_until(lambda: b"\r\nOK\r\n" in self.heard, PATIENCE_MS), "no OK"
        self.heard = self.heard.partition(b"\r\nOK\r\n")[2]

    def _expect_at(self, end: str, what: str) -> None:
        verb, *words = what.split()
        if end == "peer":
            wanted = raw(words[0])
            self.run_until(lambda: len(self.scene.peer_got) >= len(wanted), 5000)
            assert self.scene.peer_got == wanted, f"the peer has {bytes(self.scene.peer_got)!r}"
            return
        wanted = (words[0], raw(words[1]))

        def count() -> int:
            came = [(one.topic, one.payload) for one in self.scene.broker.publishes if not one.will]
            return came.count(wanted)

        self.run_until(lambda: count() > 0, 5000)
        enough = count() == 1 if verb == "got" else count() >= 1
        assert enough, f"the broker has it {count()} times"
