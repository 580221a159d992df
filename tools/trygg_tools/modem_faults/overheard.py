"""The line between driver and modem as the driver has it: what it publishes, what it is told.

Built from the manuals' words and not from the driver: a record that the modem has confirmed, and
that the driver publishes once more within CONFIRMED_WAIT_S, is `doubled`. What waits longer for the
gateway's ack goes again on purpose (firmware/tracker/uplink.py). Over a socket of the modem's it is
the broker who confirms, not the modem: nothing is noted there.
"""

import re
from typing import Any

from tracker.modem.service import CONFIRMED_WAIT_S
from trygg_wire import codec

Identity = tuple[int, int]
_BEGINS = re.compile(rb"AT\+(SMPUB=|CMQTTPAYLOAD=|QMTPUBEX=)")
_GOES = b"AT+CMQTTPUB="  # of this family the payload comes first, and goes with this
_SAYS = {
    b"AT+SMPUB=": re.compile(rb"OK"),
    b"AT+CMQTTPAYLOAD=": re.compile(rb"\+CMQTTPUB: 0,0"),
    b"AT+QMTPUBEX=": re.compile(rb"\+QMTPUB(EX)?: 0,\d+,0"),
}


class Overheard:
    """A Uart port round another one; `clock` the rig's."""

    def __init__(self, uart: Any, clock: Any) -> None:
        self._uart = uart
        self._clock = clock
        self._half = b""  # of a line from the modem
        self._family = b""  # the publish command whose payload, or result, is awaited
        self._record: Identity | None = None  # what is being published
        self._gone = False
        self.confirmed: dict[Identity, int] = {}  # when the modem last said so, in ms
        self.published = 0
        self.doubled: list[Identity] = []

    def read(self) -> bytes:
        """What has come, looked at line by line."""
        data = bytes(self._uart.read())
        *lines, self._half = (self._half + data).split(b"\n")
        for line in lines:
            self._heard(line.strip())
        return data

    def write(self, data: bytes) -> int:
        """What goes out, looked at: the driver writes a command, or a payload, at once."""
        command = _BEGINS.match(data)
        if command:
            self._family, self._record, self._gone = command[0], None, False
        elif data.startswith(_GOES) and self._record:
            self._goes()
        elif self._family and self._record is None and not data.startswith(b"AT"):
            self._record = _identity(bytes(data))
            if self._record and not self._family.startswith(b"AT+CMQTT"):
                self._goes()
        elif data.startswith(b"AT"):
            self._family, self._record, self._gone = b"", None, False
        return int(self._uart.write(data))

    def __getattr__(self, name: str) -> Any:
        """The rest of the port."""
        return getattr(self._uart, name)

    def _goes(self) -> None:
        assert self._record
        self._gone = True
        self.published += 1
        said_ms = self.confirmed.get(self._record)
        if said_ms is not None and self._clock.now_ms - said_ms < CONFIRMED_WAIT_S * 1000:
            self.doubled.append(self._record)

    def _heard(self, line: bytes) -> None:
        if self._gone and self._record and _SAYS[self._family].fullmatch(line):
            self.confirmed[self._record] = self._clock.now_ms
            self._record, self._gone = None, False


def _identity(frame: bytes) -> Identity | None:
    """(boot, seq) of a frame; None for what is none."""
    try:
        _, boot, seq, _, _ = codec.peek(frame)
    except (codec.WireError, ValueError, IndexError):
        return None
    return boot, seq
