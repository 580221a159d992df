"""Sockets to real TCP and TLS, for a simulated modem in real time; nothing blocks but the look-up.

The runner calls `turn()` often (or when one of `files()` is ready): connects, handshakes, reads and
writes that are under way go on then. TLS is Python's, with what the modem was given: its CA (none:
nobody is checked, as the parts do), client certificate and key, SNI. The modem's own clock is
judged before: a clock that is not set refuses, as the parts' does. A host name is looked up when it
is opened, which may take a moment.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import (
    BAD_TLS,
    EXPIRED,
    NO_HOST,
    NO_ROUTE,
    REFUSED,
    Ears,
    Socket,
    Tls,
)
from trygg_tools.modem_sim.far_psk import psk_context
from trygg_tools.modem_sim.schedule import Schedule

CHUNK = 4096
GIVE_UP_MS = 30000


def context_of(tls: Tls) -> ssl.SSLContext:
    """The TLS context of what was uploaded; ssl.SSLError when the texts are none."""
    if tls.psk is not None:
        return psk_context(*tls.psk)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # the parts list no TLS 1.3
    context.check_hostname = bool(tls.ca)
    if tls.ca:
        context.load_verify_locations(cadata=tls.ca.decode("ascii"))
    else:
        context.verify_mode = ssl.CERT_NONE
    if tls.cert:
        with tempfile.TemporaryDirectory() as folder:  # ssl reads these from files only
            file = Path(folder) / "pair.pem"
            file.touch(mode=0o600)
            file.write_bytes(tls.cert + b"\n" + tls.key)
            context.load_cert_chain(file)
    return context


def refused_by_clock(tls: Tls) -> bool:
    """True when the part would not even begin: it checks dates and its clock is not set."""
    return bool(tls.ca) and tls.checks_time and tls.now_s is None


class RealSockets:
    """Port Sockets; `turn` drives all connections."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._all: list[RealSocket] = []

    def open(self, host: str, port: int, tls: Tls | None, ears: Ears) -> Later[Socket | str]:
        """Port Sockets."""
        answer: Later[Socket | str] = Later()
        if tls is not None and refused_by_clock(tls):
            answer.tell(EXPIRED)
            return answer
        try:
            context = context_of(tls) if tls is not None else None
        except (ssl.SSLError, ValueError):  # texts that are no certificates
            answer.tell(BAD_TLS)
            return answer
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:  # no such host
            answer.tell(NO_HOST)
            return answer
        family, kind, protocol, _, address = found[0]
        raw = socket.socket(family, kind, protocol)
        raw.setblocking(False)
        raw.connect_ex(address)
        name = tls.sni or host if tls is not None else host
        end = RealSocket(raw, context, name, ears, answer)
        self._all.append(end)
        self._schedule.after(GIVE_UP_MS, end.give_up)
        return answer

    def files(self) -> list[int]:
        """The file numbers to wait for."""
        return [one.fileno() for one in self._all if one.fileno() >= 0]

    def turn(self) -> None:
        """Let every connection go on."""
        for one in list(self._all):
            one.turn()
        self._all = [one for one in self._all if one.fileno() >= 0]

    def stop(self) -> None:
        """End every connection."""
        for one in self._all:
            one.sever()


class RealSocket:
    """Port Socket; a connection that is being made, is open, or is over."""

    def __init__(
        self,
        raw: socket.socket,
        context: ssl.SSLContext | None,
        name: str,
        ears: Ears,
        answer: Later[Socket | str],
    ) -> None:
        self._socket = raw
        self._context = context
        self._name = name
        self._ears = ears
        self._answer = answer
        self._out = bytearray()
        self._step: Callable[[], None] = self._connect
        self._leaving = False

    def fileno(self) -> int:
        """The file's number; -1 when it is over."""
        return self._socket.fileno()

    def turn(self) -> None:
        """Go on."""
        if self.fileno() >= 0:
            try:
                self._step()
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return

    # -- being made --------------------------------------------------------------------------

    def _connect(self) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._fail(REFUSED)
            return
        try:
            self._socket.getpeername()
        except OSError:
            return  # not yet
        if self._context is None:
            self._opened()
            return
        self._socket = self._context.wrap_socket(
            self._socket, server_hostname=self._name, do_handshake_on_connect=False
        )
        self._step = self._shake
        self._shake()

    def _shake(self) -> None:
        assert isinstance(self._socket, ssl.SSLSocket)
        try:
            self._socket.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except (ssl.SSLError, OSError):
            self._fail(BAD_TLS)
            return
        self._opened()

    def _opened(self) -> None:
        self._step = self._flow
        self._answer.tell(self)

    def give_up(self) -> None:
        """Not open by now: never."""
        if self._answer.value is None:
            self._fail(NO_ROUTE)

    def _fail(self, word: str) -> None:
        self._socket.close()
        self._answer.tell(word)

    # -- open --------------------------------------------------------------------------------

    def _flow(self) -> None:
        self._write()
        while self.fileno() >= 0:
            try:
                data = self._socket.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError:
                data = b""
            if not data:
                self._socket.close()
                if not self._leaving:
                    self._ears.closed()
                return
            if not self._leaving:
                self._ears.received(data)

    def _write(self) -> None:
        while self._out and self.fileno() >= 0:
            try:
                sent = self._socket.send(bytes(self._out[:CHUNK]))
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            except OSError:
                self._socket.close()
                if not self._leaving:
                    self._ears.closed()
                return
            del self._out[:sent]

    def send(self, data: bytes) -> None:
        """Port Socket."""
        self._out += data
        self._write()

    def close(self) -> None:
        """Port Socket."""
        self._leaving = True
        self._write()
        self._socket.close()

    def sever(self) -> None:
        """Port Socket: reset, so that not even a goodbye is sent."""
        self._leaving = True
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        if self.fileno() >= 0:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._socket.close()
