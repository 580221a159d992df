"""What the modem says: lines, unsolicited lines, frames by length; and its faults of speech.

An unsolicited line that comes in the middle of an answer (behind its first line, or at a prompt)
is held until the last line is said; the fault `urc_inside` lets it in. While the modem is mute
what it says is kept for later or lost (`mute`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem


class Mouth:
    """`line`, `urc`, `frame` and raw `out`."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self.reset()

    def reset(self) -> None:
        """Nothing is held."""
        self._held: list[bytes] = []
        self._amid = False
        self._mute_until_ms = 0
        self._late: list[bytes] | None = None
        self.cut_next = -1  # faults: so many bytes of the next frame by length get through

    # -- speaking ----------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line of an answer."""
        self._amid = self._modem.conversation.busy
        self.line(text)

    def line(self, text: str) -> None:
        """A line between CR LF, at once."""
        self.out(b"\r\n" + text.encode("latin-1", "replace") + b"\r\n")

    def urc(self, text: str) -> None:
        """An unsolicited line; held while an answer is in its middle."""
        self._urc(b"\r\n" + text.encode("latin-1", "replace") + b"\r\n", text)

    def urc_frame(self, head: str, payload: bytes, tail: str = "\r\n") -> None:
        """An unsolicited line with raw bytes in it: `head`, `payload`, `tail`."""
        self._urc(b"\r\n" + self._frame(head, payload, tail), head)

    def frame(self, head: str, payload: bytes, tail: str = "\r\n") -> None:
        """A line of an answer with bytes by length in it."""
        self._amid = self._modem.conversation.busy
        self.out(b"\r\n" + self._frame(head, payload, tail))

    def _frame(self, head: str, payload: bytes, tail: str) -> bytes:
        whole = head.encode("latin-1", "replace") + payload + tail.encode("latin-1")
        cut, self.cut_next = self.cut_next, -1
        return whole if cut < 0 else whole[: len(head) + min(cut, len(payload))]

    def _urc(self, data: bytes, text: str) -> None:
        if self._modem.asleep_in_psm():
            return
        self._modem.strike("urc", text)
        if self._amid or self._modem.conversation.at_prompt:
            self._held.append(data)
        else:
            self.out(data)
            self._modem.conversation.urc_was_said(text)

    def let_go(self) -> None:
        """The answer has ended: say what was held."""
        self._amid = False
        held, self._held = self._held, []
        for data in held:
            self.out(data)

    def out(self, data: bytes) -> None:
        """Bytes to the wire, unless the modem is mute."""
        if self._modem.schedule.now_ms < self._mute_until_ms:
            if self._late is not None:
                self._late.append(data)
            return
        self._modem.trace("<", data)
        self._modem.wire.send(data)

    # -- falling silent ----------------------------------------------------------------------

    def mute(self, for_ms: int, said_later: bool) -> None:
        """Say nothing for so long; afterwards all that was to be said, or nothing of it."""
        self._mute_until_ms = self._modem.schedule.now_ms + for_ms
        self._late = [] if said_later else None
        self._modem.schedule.after(for_ms, self._unmute)

    def speak(self) -> None:
        """Not mute any more."""
        self._mute_until_ms = 0
        self._unmute()

    def _unmute(self) -> None:
        late, self._late = self._late or [], None
        for data in late:
            self.out(data)
