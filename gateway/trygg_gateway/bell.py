"""Wakes a thread that waits in poll(): notes are left elsewhere, the bell only says that some are.

The order of steps makes sure that no note is left lying: the writer leaves it before it looks
whether the reader is asleep, the reader says that it is asleep before it looks for notes.
"""

import socket


class Bell:
    """`poll()` on `ear`; `ring` from any thread ends that wait."""

    def __init__(self) -> None:
        self.asleep = False  # the reader waits, or is about to
        self.ear, self._hammer = socket.socketpair()
        self.ear.setblocking(False)
        self._hammer.setblocking(False)

    def ring(self) -> None:
        """Wake the reader, now or at its next wait."""
        try:
            self._hammer.send(b"!")
        except OSError:
            pass  # full: it rings already; closed: nobody is left to wake

    def ring_if_asleep(self) -> None:
        """Wake the reader if it waits; one that is at work will look for notes by itself."""
        if self.asleep:
            self.asleep = False  # once is enough
            self.ring()

    def hush(self) -> None:
        """The reader is awake."""
        self.asleep = False
        try:
            self.ear.recv(4096)
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Let both ends go."""
        self.ear.close()
        self._hammer.close()
