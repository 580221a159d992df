"""A receiver that can be told: it answers UBX and PMTK as the makers' descriptions say.

It speaks what its sky says, and GSV until it is told not to. What it was told it keeps while
`backed_up`, else only until its supply goes. `deaf` has the line to it cut, `refuses` are how
messages begin that it does not like. Runs under both interpreters.
"""

from tracker import receiver_pmtk as pmtk
from tracker import receiver_ubx as ubx
from trygg_tools.rig.sky import sentence

GSV = sentence("GPGSV,1,1,04,02,14,041,28,05,46,178,39,12,62,251,44,13,21,102,31")
_GSV_OFF = (b"\x06\x01\xf0\x03\x00", b"\xc5\x00\x91\x20\x00", b"PMTK314,0,1,0,1,1,0,")


class Receiver:
    """A source for rig/uart.py around another, with ears."""

    def __init__(self, sky, backed_up: bool = True) -> None:  # type: ignore[no-untyped-def]
        self._sky = sky
        self._backed_up = backed_up
        self._answers = b""
        self.told: list[bytes] = []  # every message it understood
        self.says_gsv = True
        self.deaf = False
        self.refuses: tuple[bytes, ...] = ()

    def said(self, world_s: int, on_for_s: int) -> bytes:
        """What it says about a second, on since `on_for_s` seconds."""
        if on_for_s <= 1 and not self._backed_up:
            self.says_gsv = True
        said: bytes = self._sky.said(world_s, on_for_s)
        return said + GSV if self.says_gsv else said

    def hear(self, data: bytes) -> None:
        """Take what was written to it: whole frames, as one write gives them."""
        if self.deaf:
            return
        if data[:2] == b"\xb5\x62" and ubx.frame(data[2:4] + data[6:-2]) == data:
            message = data[2:4] + data[6:-2]
            if message[:1] == b"\x06":
                taken = self._take(message)
                self._answers += ubx.frame(bytes((5, taken)) + message[:2])
        elif data[:1] == b"$" and pmtk.frame(data[1:-5]) == data:
            message = data[1:-5]
            flag = 3 if self._take(message) else 1
            self._answers += sentence("PMTK001,%s,%d" % (message[4:7].decode(), flag))  # noqa: UP031

    def answers(self) -> bytes:
        """What it answers to what it heard since the last call."""
        answers, self._answers = self._answers, b""
        return answers

    def _take(self, message: bytes) -> bool:
        self.told.append(message)
        for refused in self.refuses:
            if message.startswith(refused):
                return False
        for off in _GSV_OFF:
            if off in message:
                self.says_gsv = False
        return True
