# mypy: ignore-errors
"""The chip's module socket: real TCP, but only while the radio has coverage.

Without coverage a send fills the chip's buffer (lwIP's 5,744 bytes) and then takes nothing,
a receive finds nothing, and what lay in the buffer goes out when the radio is back, as TCP's
own repetition would do it.
"""

import io
import select as host_select
import socket as host_socket
from socket import *  # noqa: F403

import chip_network

_SEND_BUFFER = 5744
_EHOSTUNREACH = 113
_EAGAIN = 11
_ENOTCONN = 107
_POLL = 3
_CLOSE = 4


def _covered():
    return chip_network.radio()[0] == chip_network.STAT_GOT_IP


def getaddrinfo(host, port, *rest):
    if not _covered():
        raise OSError(-202)
    return host_socket.getaddrinfo(host, port, *rest)


class socket(io.IOBase):
    """A TCP or UDP socket behind the radio."""

    def __init__(self, *family):
        self._real = host_socket.socket(*family)
        self._held = b""
        self._blocking = True

    def connect(self, address):
        if not _covered():
            raise OSError(_EHOSTUNREACH)
        self._real.connect(address)

    def setblocking(self, flag):
        self._blocking = bool(flag)
        self._real.setblocking(flag)

    def settimeout(self, seconds):
        self._blocking = seconds != 0
        self._real.settimeout(seconds)

    def setsockopt(self, *option):
        self._real.setsockopt(*option)

    def readinto(self, buffer):
        if not self._pushed():
            return None
        try:
            data = self._real.recv(min(len(buffer), 512))  # TLS asks for whole records
        except OSError as error:
            if error.errno == _EAGAIN:
                return None
            raise
        buffer[: len(data)] = data
        return len(data)

    def read(self, count=4096):
        buffer = bytearray(count)
        got = self.readinto(buffer)
        return None if got is None else bytes(buffer[:got])

    def write(self, data):
        if not self._pushed():
            room = _SEND_BUFFER - len(self._held)
            self._held += bytes(data[:room])
            return min(room, len(data)) or None
        try:
            return self._real.send(data)
        except OSError as error:
            if error.errno == _EAGAIN:
                return None
            raise

    def send(self, data):
        sent = self.write(data)
        if sent is None:
            raise OSError(_EAGAIN)
        return sent

    def recv(self, count):
        data = self.read(count)
        if data is None:
            raise OSError(_EAGAIN)
        return data

    def sendall(self, data):
        while data:
            data = data[self.send(data) :]

    def close(self):
        self._real.close()

    def fileno(self):
        return self._real.fileno()

    def ioctl(self, request, argument):
        if request == _CLOSE:
            self._real.close()
            return 0
        if request != _POLL:
            return -22
        return self._ready(argument) if _covered() else 0

    def _ready(self, events):
        poll = host_select.poll()
        poll.register(self._real, events)
        ready = poll.poll(0)
        return ready[0][1] if ready else 0

    def _pushed(self):
        """True when the radio has coverage and nothing of ours waits in the buffer."""
        if not _covered():
            return False
        if self._held:
            try:
                sent = self._real.send(self._held)
            except OSError as error:
                if error.errno != _EAGAIN:
                    raise
                return False
            self._held = self._held[sent:]
        return not self._held
