"""A micro:bit in qemu, spoken to by MicroPython's raw REPL over its serial line.

Its interpreter is Debian's firmware-microbit-micropython: MicroPython 1.9.2 on an nRF51822. The
line has no flow control and the chip keeps 64 bytes, so what is sent goes in small pieces, each
when the one before has been taken.
"""

import fcntl
import select
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType

FIRMWARE = Path("/usr/share/firmware-microbit-micropython/firmware.hex")
QEMU = "qemu-system-arm"
PIECE = 24  # bytes in one go
PAUSE_S = 0.002  # after each
ANSWER_S = 60.0


class BoardError(Exception):
    """The board did not do what it was told; the text has its own words."""


class Board:
    """`with Board() as board: board.run("print(6 * 7)")`."""

    def __enter__(self) -> "Board":
        command = [QEMU, "-M", "microbit", "-display", "none", "-monitor", "none"]
        command += ["-serial", "stdio", "-device", f"loader,file={FIRMWARE}"]
        self._process = subprocess.Popen(  # noqa: S603  our own command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._heard = b""
        self.banner = self._until(b">>> ").decode().strip("\0 \r\n")
        self._raw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def forget(self) -> None:
        """Start the interpreter anew: an empty heap."""
        self._write(b"\x04")
        self._until(b"raw REPL; CTRL-B to exit\r\n>")

    def run(self, source: str) -> str:
        """Run source; what it printed. BoardError with its traceback if it raised."""
        self._write(source.encode() + b"\x04")
        self._until(b"OK")
        out = self._until(b"\x04")
        error = self._until(b"\x04")
        self._until(b">")
        if error:
            raise BoardError(error.decode(errors="replace").strip())
        return out.decode().strip()

    def _raw(self) -> None:
        self._write(b"\r\x03\x01")
        self._until(b"raw REPL; CTRL-B to exit\r\n>")

    def _write(self, data: bytes) -> None:
        assert self._process.stdin
        for at in range(0, len(data), PIECE):
            self._process.stdin.write(data[at : at + PIECE])
            self._process.stdin.flush()
            while self._unread():
                time.sleep(PAUSE_S / 10)
            time.sleep(PAUSE_S)

    def _unread(self) -> int:
        """The bytes that qemu has not yet taken: a busy machine lets them pile up, and the chip
        would lose what is more than it keeps."""
        assert self._process.stdin
        waiting = fcntl.ioctl(self._process.stdin, termios.FIONREAD, bytes(4))
        return int.from_bytes(waiting, sys.byteorder)

    def _until(self, mark: bytes) -> bytes:
        """Everything up to `mark`, which is left out."""
        assert self._process.stdout
        deadline = time.monotonic() + ANSWER_S
        while mark not in self._heard:
            ready = select.select([self._process.stdout], [], [], 0.2)[0]
            if ready:
                self._heard += self._process.stdout.read1(4096)  # type: ignore[attr-defined]
            elif time.monotonic() > deadline or self._process.poll() is not None:
                raise BoardError(f"waited for {mark!r}, heard {self._heard[-200:]!r}")
        before, _, self._heard = self._heard.partition(mark)
        return before
