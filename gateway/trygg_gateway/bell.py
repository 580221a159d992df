"""Wakes a thread that waits in poll(): notes are left elsewhere, the bell only says that some are.

The order of steps makes sure that no note is left lying: the writer leaves it before it looks
whether the reader is asleep, the reader says that it is asleep before it looks for notes.
"""

import select
import socket
from collections.abc import Iterable


class Bell:
    """`open` it, then `poll()` on `ear`; `ring` from any thread ends that wait."""

    ear: socket.socket
    _hammer: socket.socket

    def __init__(self) -> None:
        self.asleep = False  # the reader waits, or is about to
        self._is_open = False

    def open(self) -> None:
        """Make the two ends; before this, ringing does nothing."""
        self.ear, self._hammer = socket.socketpair()
        self.ear.setblocking(False)
        self._hammer.setblocking(False)
        self._is_open = True

    def ring(self) -> None:
        """Wake the reader, now or at its next wait."""
        if not self._is_open:
            return
        try:
            self._hammer.send(b"!")
        except OSError:
            pass  # full: it rings already; closed meanwhile: nobody is left to wake

    def ring_if_asleep(self) -> None:
        """Wake the reader if it waits; one that is at work will look for notes by itself."""
        if self.asleep:
            self.asleep = False  # once is enough
            self.ring()

    def wait(self, seconds: float) -> None:
        """Wait for the bell, at most so long."""
        poll = select.poll()
        poll.register(self.ear, select.POLLIN)
        self.awake(poll.poll(1_000 * seconds))

    def awake(self, heard: Iterable[tuple[int, int]]) -> None:
        """The reader is awake; `heard` is what its poll() told of, the ear perhaps among it."""
        self.asleep = False
        if any(number == self.ear.fileno() for number, _ in heard):
            self._hush()

    def _hush(self) -> None:
        try:
            self.ear.recv(4096)
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Let both ends go, if they were made."""
        if not self._is_open:
            return
        self._is_open = False
        self.ear.close()
        self._hammer.close()
