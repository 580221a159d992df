"""QHTTPCFG, QHTTPURL, QHTTPGET, QHTTPREADFILE: a file over HTTP into the module's storage.

BG95&BG77&BG600L HTTP(S) note V1.0: the address goes in behind CONNECT by its length, the result of
a GET comes behind OK as `+QHTTPGET: error,status,length`, and the answer is kept until it is read
into a file. Every address gives the same assisted data: no more is asked of it here. 703: busy;
709: no address; 714: no network [K: the numbers' use].
"""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.quectel_ssl import QuectelFiles

XTRA_SIZE = 34012
BODY = b"xtra" * (XTRA_SIZE // 4)
FETCH_MS, STORE_MS = 5000, 300
NO_NETWORK = 714


class Qhttp(Family):
    """One request at a time; `_body` is the answer that nobody has read yet."""

    def on_boot(self) -> None:
        """No address, nothing fetched."""
        self._url = b""
        self._body = b""

    @answers("+QHTTPCFG", SET)
    def configure(self, call: Call) -> None:
        """Taken: the context is the one that there is."""
        text(call, 0)

    @answers("+QHTTPURL", SET)
    def address(self, call: Call) -> Talk:
        """Length, seconds: CONNECT, then the address."""
        size, seconds = number(call, 0, 1, 700), number(call, 1, 1, 65535, 60)
        data = yield Payload(size, seconds * 1000, "\r\nCONNECT\r\n")
        if data is None:
            raise Refused(703, "HTTP(S) busy")
        self._url = data
        return None

    @answers("+QHTTPGET", SET)
    def get(self, call: Call) -> None:
        """Seconds; the result later."""
        number(call, 0, 1, 65535, 60)
        if not self._url.startswith(b"http"):
            raise Refused(709, "HTTP(S) no get/post requests")
        self.modem.background(self._got())

    def _got(self) -> Talk:
        yield FETCH_MS
        if self.modem.network.usable and self.modem.network.pdp:
            self.modem.network.touch()
            self._body = BODY
            self.modem.urc(f"+QHTTPGET: 0,200,{len(BODY)}")
        else:
            self.modem.urc(f"+QHTTPGET: {NO_NETWORK}")
        return None

    @answers("+QHTTPREADFILE", SET)
    def store(self, call: Call) -> None:
        """File, seconds: the answer into the file; the result later."""
        name = text(call, 0, 80).removeprefix("UFS:")
        number(call, 1, 1, 65535, 60)
        if not self._body:
            raise Refused(709, "HTTP(S) no get/post requests")
        files = next(one for one in self.modem.families if isinstance(one, QuectelFiles))
        files.files[name], self._body = self._body, b""
        self.modem.background(self._stored())

    def _stored(self) -> Talk:
        yield STORE_MS
        self.modem.urc("+QHTTPREADFILE: 0")
        return None
