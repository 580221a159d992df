"""The SIM70x0's sockets: +CAOPEN, +CASEND, +CARECV, +CACLOSE (TCP/UDP note V1.03, AT manual V1.05).

SIM7080: `CAOPEN=cid,pdp,"TCP","host",port`. SIM7000 (limit `one_pdp`): `CACID=cid` first, no PDP
index and no type, and `+CASEND: cid,0,length` behind the OK. Observed order: the result of CAOPEN
stands before its OK (LilyGo-T-SIM7080G issue 179). +CARECV has no cid in front of the length: the
manual says it has, modules do not (TinyGSM's note).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trygg_tools.modem_sim.command_line import READ, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import (
    BAD_TLS,
    EXPIRED,
    LOST,
    NO_HOST,
    NO_ROUTE,
    OPEN,
    REFUSED,
    Tls,
)
from trygg_tools.modem_sim.files70 import Files70
from trygg_tools.modem_sim.own_socket import OwnSocket

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

SOCKETS = 13
OPEN_MS = 75000
PAYLOAD_MS = 5000
READ_LONGEST = 1460
SEND_LONGEST = 1460
# the manual's results of CAOPEN
RESULTS = {OPEN: 0, NO_HOST: 20, NO_ROUTE: 21, REFUSED: 23, EXPIRED: 24, BAD_TLS: 27, LOST: 27}
NO_ANSWER = 27
BAD_PARAMETER = 4


class CaSockets(Family):
    """TCP and TLS sockets, each with a buffer that is read by length."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.on_boot()

    def on_boot(self) -> None:
        """No socket, plain TCP."""
        self._sockets: dict[int, OwnSocket] = {}
        self._over: set[int] = set()  # closed by the far end, not yet by the host
        self._announced: set[int] = set()  # +CADATAIND was said, and the buffer not emptied since
        self._ssl: dict[int, dict[str, str]] = {}

    def on_off(self) -> None:
        """Gone without a word."""
        for socket in self._sockets.values():
            socket.drop()
        self._sockets.clear()

    def on_pdp(self, index: int, active: bool) -> None:
        """Without the context every socket is closed."""
        if not active:
            for cid, socket in sorted(self._sockets.items()):
                socket.drop()
                self.modem.urc(f"+CASTATE: {cid},0")
            self._sockets.clear()

    # -- settings ----------------------------------------------------------------------------

    @answers("+CACID", SET)
    @answers("+CACFG", SET)
    def choose(self, call: Call) -> None:
        """Taken; the number is said again in each command."""

    @answers("+CASSLCFG", SET)
    def secure(self, call: Call) -> None:
        """cid, word (quoted or not), value: SSL, CRINDEX, CACERT, CERT, PSKTABLE, PROTOCOL."""
        cid, word = number(call, 0, 0, SOCKETS - 1), text(call, 1).upper()
        if word not in ("SSL", "CRINDEX", "CACERT", "CERT", "PSKTABLE", "PROTOCOL"):
            raise Refused
        self._ssl.setdefault(cid, {})[word] = text(call, 2, 230)

    def _tls(self, cid: int) -> Tls | None:
        given = self._ssl.get(cid, {})
        if given.get("SSL", "0") != "1":
            return None
        files = next(one for one in self.modem.families if isinstance(one, Files70))
        index = int(given.get("CRINDEX", "0")) if given.get("CRINDEX", "0").isdigit() else 0
        get = given.get
        return files.tls(min(index, 5), get("CACERT", ""), get("CERT", ""), get("PSKTABLE", ""))

    # -- opening -----------------------------------------------------------------------------

    @answers("+CAOPEN", SET)
    def open(self, call: Call) -> Talk:
        """Connect; the result in a line, then OK."""
        cid = number(call, 0, 0, SOCKETS - 1)
        at = 1 if self.modem.part.limits.get("one_pdp") else 3
        if at == 3:
            number(call, 1, 0, 3)
            if text(call, 2).upper() not in ("TCP", "UDP"):
                raise Refused
        host, port = text(call, at, 64), number(call, at + 1, 1, 65535)
        if cid in self._sockets:
            raise Refused
        if cid in self._over and self.modem.quirk("cid_sticks"):
            self.modem.say(f"+CAOPEN: {cid},{BAD_PARAMETER}")
            return None
        self._over.discard(cid)
        self._announced.discard(cid)
        if not self.modem.network.pdp:
            self.modem.say(f"+CAOPEN: {cid},{RESULTS[NO_ROUTE]}")
            return None
        socket = OwnSocket(self.modem, lambda: self._came(cid), lambda: self._closed(cid))
        why = yield socket.open(host, port, self._tls(cid)).within(OPEN_MS)
        if why == OPEN:
            self._sockets[cid] = socket
        else:
            socket.drop()
        self.modem.say(f"+CAOPEN: {cid},{RESULTS.get(why, NO_ANSWER)}")
        return None

    @answers("+CAOPEN", READ)
    def opened(self, call: Call) -> None:
        """A line for each socket."""
        for cid in sorted(self._sockets):
            self.modem.say(f'+CAOPEN: {cid},0,"TCP"')

    @answers("+CACLOSE", SET)
    def close(self, call: Call) -> Talk:
        """ERROR when there is none."""
        cid = number(call, 0, 0, SOCKETS - 1)
        if cid in self._over:
            self._over.discard(cid)
            return None
        self._of(call).close()
        self._sockets.pop(cid)
        yield 100
        return None

    def _of(self, call: Call) -> OwnSocket:
        socket = self._sockets.get(number(call, 0, 0, SOCKETS - 1))
        if socket is None:
            raise Refused(3)
        return socket

    # -- bytes -------------------------------------------------------------------------------

    @answers("+CASEND", SET)
    def send(self, call: Call) -> Talk:
        """cid, length; then the bytes."""
        cid, length = number(call, 0, 0, SOCKETS - 1), number(call, 1, 1, SEND_LONGEST)
        socket = self._of(call)
        data = yield Payload(length, number(call, 2, 0, 10000, PAYLOAD_MS))
        if data is None or not socket.connected:
            raise Refused
        socket.send(data)
        if self.modem.part.limits.get("one_pdp") and not self.modem.quirk("casend_untold"):
            self.modem.background(self._told(f"+CASEND: {cid},0,{length}"))
        return None

    def _told(self, line: str) -> Talk:
        yield 30
        self.modem.urc(line)
        return None

    @answers("+CARECV", SET)
    def read(self, call: Call) -> None:
        """cid, at most so many bytes."""
        cid, most = number(call, 0, 0, SOCKETS - 1), number(call, 1, 1, READ_LONGEST)
        data = b"" if cid in self._over else self._of(call).read(most)
        if cid in self._sockets and not self._sockets[cid].waiting:
            self._announced.discard(cid)
        if data:
            self.modem.mouth.frame(f"+CARECV: {len(data)},", data)
        else:
            self.modem.say("+CARECV: 0")

    @answers("+CARECV", READ)
    def unread(self, call: Call) -> None:
        """A line for each socket with something to read."""
        for cid, socket in sorted(self._sockets.items()):
            if socket.waiting:
                self.modem.say(f"+CARECV: {cid},{socket.waiting}")

    @answers("+CAACK", SET)
    def acknowledged(self, call: Call) -> None:
        """Sent in all, not acknowledged."""
        self.modem.say(f"+CAACK: {self._of(call).sent},0")

    @answers("+CASTATE", READ)
    def states(self, call: Call) -> None:
        """1 connected."""
        for cid in sorted(self._sockets):
            self.modem.say(f"+CASTATE: {cid},1")

    def _came(self, cid: int) -> None:
        """Told when the buffer was empty before (note V1.03): who does not read all is not told."""
        if cid in self._sockets and cid not in self._announced:
            self._announced.add(cid)
            self.modem.urc(f"+CADATAIND: {cid}")

    def _closed(self, cid: int) -> None:
        """The far end closed: what was not read is gone (seen: TinyGSM #437)."""
        if self._sockets.pop(cid, None) is not None:
            self._over.add(cid)
            self.modem.urc(f"+CASTATE: {cid},0")
