"""A serial port that stays: a pty whose far end is reached through a symlink.

The far end is kept open here too, so that a client may come and go. The symlink matters: for
a path beginning with /dev/pts/ mpremote reads without a time-out.
"""

import os
import termios
import tty
from pathlib import Path


class Port:
    """The near end of a pty, and the link by which others find the far end."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.descriptor, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self.descriptor, False)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._far))

    def read(self) -> bytes:
        """What the client has written; b"" for nothing."""
        try:
            return os.read(self.descriptor, 4096)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """To the client; when nobody reads, the oldest is thrown away as on a wire."""
        while data:
            try:
                data = data[os.write(self.descriptor, data) :]
            except BlockingIOError:
                termios.tcflush(self._far, termios.TCIFLUSH)
                data = data[-2048:]

    def close(self) -> None:
        """Remove the link and hang up."""
        self.link.unlink(missing_ok=True)
        os.close(self.descriptor)
        os.close(self._far)
