"""Files and TLS contexts of Quectel parts: QFUPL, QFLST, QFDEL, QFDWL; QSSLCFG.

BG95&BG77&BG600L FILE note and SSL note V1.0 (BG96: the same commands). Contexts 0 to 5; the local
time is ignored unless a context says otherwise (default 1), nobody is verified by default (seclevel
0). Error codes of the FILE note: 405 not found, 407 there already, 421 the bytes did not come.
"""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import Tls
from trygg_tools.modem_sim.modem import Modem

KEEPS_FILES = "files"
FILE_LONGEST = 131072
CONTEXTS = 6
DEFAULTS = {
    "sslversion": "4",
    "ciphersuite": "0XFFFF",
    "seclevel": "0",
    "cacert": "",
    "clientcert": "",
    "clientkey": "",
    "ignorelocaltime": "1",
    "negotiatetime": "300",
    "sni": "0",
    "closetimemode": "1",
}


def checksum(data: bytes) -> int:
    """The FILE note's: the exclusive or of all pairs of bytes, an odd last one as a high byte."""
    padded, value = data + bytes(len(data) % 2), 0
    for at in range(0, len(padded), 2):
        value ^= padded[at] << 8 | padded[at + 1]
    return value


class QuectelFiles(Family):
    """The user file system; names may begin with `UFS:`."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        modem.kept.setdefault(KEEPS_FILES, {})

    @property
    def files(self) -> dict[str, bytes]:
        """Name to bytes; outlives the power."""
        files: dict[str, bytes] = self.modem.kept[KEEPS_FILES]
        return files

    def named(self, name: str) -> bytes | None:
        """A file, or None."""
        return self.files.get(name.removeprefix("UFS:"))

    @answers("+QFUPL", SET)
    def upload(self, call: Call) -> Talk:
        """Name, size, seconds: CONNECT, the bytes, then size and checksum."""
        name = text(call, 0, 80).removeprefix("UFS:")
        size = number(call, 1, 1, FILE_LONGEST)
        seconds = number(call, 2, 1, 65535, 5)
        if name in self.files:
            raise Refused(407, "File already existed")
        data = yield Payload(size, seconds * 1000, "\r\nCONNECT\r\n")
        if data is None:
            raise Refused(421, "Timeout")
        self.files[name] = data
        self.modem.say(f"+QFUPL: {size},{checksum(data):x}")
        return None

    @answers("+QFLST", RUN, SET)
    def names(self, call: Call) -> None:
        """A line for each file, or for the one that is named."""
        wanted = text(call, 0, 80, "*").removeprefix("UFS:")
        for name, data in sorted(self.files.items()):
            if wanted in ("*", name):
                self.modem.say(f'+QFLST: "{name}",{len(data)}')

    @answers("+QFDEL", SET)
    def delete(self, call: Call) -> None:
        """One file, or all by `*`."""
        name = text(call, 0, 80).removeprefix("UFS:")
        if name == "*":
            self.files.clear()
        elif self.files.pop(name, None) is None:
            raise Refused(405, "File not found")


class QuectelSsl(Family):
    """`tls(index, host)` is what a context means, or None when a file it names is missing."""

    def on_boot(self) -> None:
        """Contexts are not saved."""
        self._contexts = {index: dict(DEFAULTS) for index in range(CONTEXTS)}

    @answers("+QSSLCFG", SET)
    def configure(self, call: Call) -> None:
        """Word, context, value; without a value it is asked."""
        word = text(call, 0).lower()
        if word not in DEFAULTS:
            raise Refused
        context = self._contexts[number(call, 1, 0, CONTEXTS - 1)]
        if len(call.args) > 2:
            context[word] = text(call, 2, 80, "")
            return
        value = context[word]
        shown = value if value.isdigit() else f'"{value}"'
        self.modem.say(f'+QSSLCFG: "{word}",{call.args[1]},{shown}')

    def tls(self, index: int, host: str) -> Tls | None:
        """seclevel 0 verifies nobody, 1 the server, 2 both."""
        context = self._contexts[index]
        files = next(one for one in self.modem.families if isinstance(one, QuectelFiles))
        level = int(context["seclevel"])
        words = ((), ("cacert",), ("cacert", "clientcert", "clientkey"))[level]
        held = {word: files.named(context[word]) for word in words}
        if None in held.values():
            return None
        return Tls(
            ca=held.get("cacert") or b"",
            cert=held.get("clientcert") or b"",
            key=held.get("clientkey") or b"",
            sni=host if context["sni"] == "1" else "",
            checks_time=context["ignorelocaltime"] == "0",
            now_s=self.modem.clock_s(),
        )
