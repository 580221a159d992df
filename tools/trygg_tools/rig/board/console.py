"""The board's console between the interpreter's terminal and the client's port.

LF becomes CR LF as on the chip; every line goes to the log. It also knows whether the raw REPL
was the last thing heard, because a soft reset must come back to it.
"""

from collections.abc import Callable

RAW_BANNER = b"raw REPL; CTRL-B to exit"
FRIENDLY_BANNER = b"MicroPython "


class Console:
    """Turns printed bytes into port bytes and log lines."""

    def __init__(self, write: Callable[[bytes], None], on_line: Callable[[str], None]) -> None:
        self.raw = False
        self._write = write
        self._on_line = on_line
        self._line = b""
        self._last = b""

    def printed(self, data: bytes) -> None:
        """The interpreter printed `data`."""
        if not data:
            return
        self._write(_with_cr(data, self._last))
        self._last = data[-1:]
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._line_done(line)
        self._look_for_banner(self._line)

    def flush(self) -> None:
        """The interpreter is gone: a line without an end is a line now."""
        if self._line:
            self._line_done(self._line)
        self._line = b""

    def at_prompt(self) -> bool:
        """True when the friendly REPL waits for a line."""
        return self._line.endswith(b">>> ")

    def _line_done(self, line: bytes) -> None:
        self._look_for_banner(line)
        self._on_line(line.rstrip(b"\r").decode("utf-8", "replace"))

    def _look_for_banner(self, line: bytes) -> None:
        if RAW_BANNER in line:
            self.raw = True
        elif line.startswith(FRIENDLY_BANNER):
            self.raw = False


def _with_cr(data: bytes, before: bytes) -> bytes:
    plain = data.replace(b"\r\n", b"\n")
    if before == b"\r" and data[:1] == b"\n":
        return b"\n" + plain[1:].replace(b"\n", b"\r\n")
    return plain.replace(b"\n", b"\r\n")
