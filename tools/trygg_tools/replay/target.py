"""Where the sentences go: a serial port, a pty that is made for it, or a TCP connection.

    /dev/ttyUSB0, COM3, loop://, rfc2217://…   anything pyserial opens, at --baud
    pty, pty:/tmp/gps                          a new pty; its name is said (and linked to)
    tcp://host:2947                            connects and sends
    tcp-listen://127.0.0.1:2947                says it to whoever has connected; later ones join in
    -                                          standard output

`send` never waits for a reader who does not read: what does not fit is dropped and counted, as on a
cable that nobody listens to. With a Patience (--speed 0, where nobody keeps time) a pty or socket
is waited for, and one that listens waits for somebody to come.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import sys
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import serial

from trygg_tools.port_words import why_not

HELD_MAX = 4096  # bytes that may wait in front of a pty or socket
PATIENT_S = 30.0  # for a reader who reads, and for somebody to connect
LOOK_S = 0.2  # whether it was ended meanwhile


class TargetError(Exception):
    """It cannot be opened or has gone; the text says what to do."""


class Target(Protocol):
    """Takes bytes; `dropped` counts those nobody took."""

    name: str
    dropped: int

    def send(self, data: bytes) -> None:
        """Hand on the bytes now. Raises TargetError if the other end is gone for good."""

    def pulse(self, on: bool) -> None:
        """Put the line for the pulse per second high or low, where there is one."""

    def close(self) -> None:
        """Let go."""


class Patience:
    """How long somebody is waited for; once in vain, and until they take something not again."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds, self._left, self._ended = seconds, seconds, False

    def end(self) -> None:
        """Wait for nobody any more."""
        self._ended = True

    def wait(self, ready: Callable[[float], bool]) -> bool:
        """Whether `ready(seconds)`, which may wait so long itself, came true in time."""
        until = time.monotonic() + self._left
        while not self._ended:
            left = until - time.monotonic()
            if ready(min(LOOK_S, max(0.0, left))):
                self._left = self._seconds
                return True
            if left <= 0:
                break
        self._left = 0.0
        return False


def open_target(text: str, baud: int, pps: str = "", patience: Patience | None = None) -> Target:
    """The target that `text` names. Raises TargetError, naming the port and what stands against."""
    ours = text in ("-", "pty") or text.startswith(("pty:", "tcp://", "tcp-listen://"))
    if pps and ours:
        raise TargetError(
            f"--pps {pps}: {text} has no such line. Name a serial port: `trygg flash --list`"
        )
    if text == "-":
        return Stdout()
    if text == "pty" or text.startswith("pty:"):
        return Pty(text.partition(":")[2], patience or Patience())
    if text.startswith(("tcp://", "tcp-listen://")):
        return Tcp(text, patience or Patience())
    return SerialPort(text, baud, pps)


def _handed_on(write: Callable[[bytes], int], fd: int, data: bytes, patience: Patience) -> int:
    """How many of the bytes nobody took."""
    while data:
        try:
            data = data[write(data) :]
        except BlockingIOError:
            if not patience.wait(lambda s: bool(select.select([], [fd], [], s)[1])):
                return len(data)
    return 0


class SerialPort:
    """A port of pyserial; `pps` is "rts" or "dtr", the line that carries the pulse, or ""."""

    def __init__(self, text: str, baud: int, pps: str) -> None:
        self.name, self.dropped, self._pps = text, 0, pps
        try:
            self._port = serial.serial_for_url(text, baudrate=baud, write_timeout=2)
        except (serial.SerialException, ValueError, OSError) as error:
            raise TargetError(f"open {text}: {why_not(text, error) or error}") from None

    def send(self, data: bytes) -> None:
        """At the port's own speed; a line that stands still for 2 s (flow control) drops."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            self.dropped += len(data)
        except (serial.SerialException, OSError) as error:
            raise TargetError(
                f"write to {self.name}: {why_not(self.name, error) or error}"
            ) from None

    def pulse(self, on: bool) -> None:
        """RTS or DTR, high for the first tenth of each second."""
        if self._pps:
            setattr(self._port, self._pps, on)

    def close(self) -> None:
        """Let go of the port, what is written drained."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.flush()
        self._port.close()


class Pty:
    """A pty made now; `link` is a path under which it is found, or ""."""

    def __init__(self, link: str, patience: Patience) -> None:
        self._patience = patience
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.name, self.dropped = os.ttyname(self._theirs), 0
        self._link = Path(link) if link else None
        if self._link is not None:
            _clear_left_behind(self._link)
            try:
                self._link.symlink_to(self.name)
            except OSError as error:
                raise TargetError(
                    f"link {link}: {error.strerror}. Name a path that is free"
                ) from None
            self.name = link

    def send(self, data: bytes) -> None:
        """As much as the pty holds; the rest is dropped."""
        self.dropped += _handed_on(
            lambda rest: os.write(self._ours, rest), self._ours, data, self._patience
        )

    def pulse(self, on: bool) -> None:
        """A pty has no such line."""

    def close(self) -> None:
        """Take the pty away, and its link."""
        os.close(self._ours)
        os.close(self._theirs)
        if self._link is not None:
            self._link.unlink(missing_ok=True)


def _clear_left_behind(link: Path) -> None:
    """Take away the link of a replay that was killed: it leads to a pty that is no more."""
    if link.is_symlink() and not link.exists() and str(link.readlink()).startswith("/dev/pts/"):
        with contextlib.suppress(OSError):
            link.unlink()


class Tcp:
    """One that connects (`tcp://`), or one that listens and sends to all who have connected."""

    def __init__(self, text: str, patience: Patience) -> None:
        where = urlsplit(text)
        self.dropped, self._patience = 0, patience
        self._listens = where.scheme == "tcp-listen"
        self._peers: list[socket.socket] = []
        self._listener: socket.socket | None = None
        try:
            address = (where.hostname or "127.0.0.1", where.port or 0)
            if not self._listens and not where.port:
                raise ValueError("wanted tcp://HOST:PORT")
            if self._listens:
                self._listener = socket.create_server(address)
                self._listener.setblocking(False)
                address = self._listener.getsockname()[:2]
            else:
                self._join(socket.create_connection(address, timeout=5))
        except ConnectionRefusedError:
            raise TargetError(f"open {text}: nobody listens there. Start that one first") from None
        except (OSError, ValueError) as error:
            raise TargetError(f"open {text}: {why_not(text, error) or error}") from None
        self.name = f"{where.scheme}://{address[0]}:{address[1]}"

    def send(self, data: bytes) -> None:
        """To everybody who is there; who has gone is let go, and the last one's going is said."""
        self._accept()
        if not self._peers and not self._patience.wait(self._somebody_came):
            self.dropped += len(data)
        for peer in list(self._peers):
            try:
                self.dropped += _handed_on(peer.send, peer.fileno(), data, self._patience)
            except OSError as error:
                peer.close()
                self._peers.remove(peer)
                if not self._listens:
                    raise TargetError(
                        f"write to {self.name}: {why_not(self.name, error) or error}"
                    ) from None

    def pulse(self, on: bool) -> None:
        """A socket has no such line."""

    def close(self) -> None:
        """Say goodbye to everybody."""
        for one in [*self._peers, *([self._listener] if self._listener else [])]:
            one.close()

    def _accept(self) -> None:
        while self._listener is not None:
            try:
                self._join(self._listener.accept()[0])
            except OSError:
                return

    def _somebody_came(self, seconds: float) -> bool:
        if self._listener is not None:
            select.select([self._listener], [], [], seconds)
        self._accept()
        return bool(self._peers)

    def _join(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, HELD_MAX)
        self._peers.append(peer)


class Stdout:
    """For a pipe."""

    name, dropped = "standard output", 0

    def send(self, data: bytes) -> None:
        """As it is."""
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise TargetError("write to standard output: whoever read it has ended") from None

    def pulse(self, on: bool) -> None:
        """A pipe has no such line."""

    def close(self) -> None:
        """It is not ours."""
