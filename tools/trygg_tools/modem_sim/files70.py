"""Files and TLS contexts of the SIM70x0: +CFSINIT, +CSSLCFG (AT manual V1.05, SSL note).

What is written lies in `modem.kept["files"]` and outlives the power; contexts do not (NO_SAVE). A
file counts for TLS only after CONVERT has made it known as CA, certificate with key, or PSK table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trygg_tools.modem_sim.command_line import READ, RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import Tls

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

KEEPS_FILES, KEEPS_KNOWN = "files", "known files"
FILE_LONGEST = 10240
NAME_LONGEST = 230
CONTEXTS = 6
CERT, CA, PSK = 1, 2, 3  # CONVERT's kinds
RANGES = {
    "SSLVERSION": (0, 5), "IGNORERTCTIME": (0, 1), "CTXINDEX": (0, CONTEXTS - 1),
    "PROTOCOL": (1, 2), "KEEPALIVE": (0, 65535),
}  # fmt: skip


class Files70(Family):
    """`tls(...)` is what a context and names mean for the far end."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        modem.kept.setdefault(KEEPS_FILES, {})
        modem.kept.setdefault(KEEPS_KNOWN, {})
        self.on_boot()

    def on_boot(self) -> None:
        """The file system is closed, the contexts are the default."""
        self._open = False
        self._contexts: list[dict[str, str]] = [
            {"SSLVERSION": "3", "IGNORERTCTIME": "0", "SNI": ""} for _ in range(CONTEXTS)
        ]

    @property
    def _files(self) -> dict[str, bytes]:
        files: dict[str, bytes] = self.modem.kept[KEEPS_FILES]
        return files

    # -- files -------------------------------------------------------------------------------

    @answers("+CFSINIT", RUN)
    def begin(self, call: Call) -> None:
        """Open the file system; ERROR when it is open."""
        if self._open:
            raise Refused
        self._open = True

    @answers("+CFSTERM", RUN)
    def end(self, call: Call) -> None:
        """Close it."""
        if not self._open:
            raise Refused
        self._open = False

    @answers("+CFSWFILE", SET)
    def write(self, call: Call) -> Talk:
        """Directory, name, 0 new | 1 append, length, ms for the bytes."""
        number(call, 0, 0, 3)
        name = text(call, 1, NAME_LONGEST)
        append = number(call, 2, 0, 1)
        length = number(call, 3, 1, FILE_LONGEST)
        if not self._open:
            raise Refused
        data = yield Payload(length, number(call, 4, 100, 10000), "\r\nDOWNLOAD\r\n")
        if data is None:
            raise Refused
        self._files[name] = self._files.get(name, b"") + data if append else data
        return None

    @answers("+CFSGFIS", SET)
    def size(self, call: Call) -> None:
        """How long a file is."""
        name = text(call, 1, NAME_LONGEST)
        if not self._open or name not in self._files:
            raise Refused
        self.modem.say(f"+CFSGFIS: {len(self._files[name])}")

    @answers("+CFSDFILE", SET)
    def delete(self, call: Call) -> None:
        """Delete a file."""
        if not self._open or self._files.pop(text(call, 1, NAME_LONGEST), None) is None:
            raise Refused

    @answers("+CFSGFRS", READ)
    def free(self, call: Call) -> None:
        """How much room there is."""
        if not self._open:
            raise Refused
        taken = sum(len(data) for data in self._files.values())
        self.modem.say(f"+CFSGFRS: {max(0, 6000000 - taken)}")

    # -- contexts ----------------------------------------------------------------------------

    @answers("+CSSLCFG", SET)
    def configure(self, call: Call) -> None:
        """A word in either case, its context, its value."""
        word = text(call, 0).upper()
        if word == "CONVERT":
            self._convert(call)
            return
        context = self._contexts[number(call, 1, 0, CONTEXTS - 1)]
        if word == "CTXINDEX":
            self._show(number(call, 1, 0, CONTEXTS - 1))
        elif word == "SNI":
            context[word] = text(call, 2, 253)
        elif word == "CIPHERSUITE":
            number(call, 2, 0, 7)
            context[f"{word} {call.args[2]}"] = str(number(call, 3, 0, 0xFFFF))
        elif word in RANGES:
            context[word] = str(number(call, 2, *RANGES[word]))
        else:
            raise Refused

    def _show(self, index: int) -> None:
        context = self._contexts[index]
        self.modem.say(
            f"+CSSLCFG: {index},{context['SSLVERSION']},,{context['IGNORERTCTIME']},1,"
            f'"{context["SNI"]}"'
        )

    def _convert(self, call: Call) -> None:
        kind = number(call, 1, CERT, PSK)
        names = [text(call, 2)] + ([text(call, 3)] if kind == CERT else [])
        if any(not self._files.get(name) for name in names):
            raise Refused
        self.modem.kept[KEEPS_KNOWN][names[0]] = (kind, *names)

    def knows(self, name: str, kind: int) -> bool:
        """True when CONVERT has taken that file as such."""
        known: tuple[int, ...] = self.modem.kept[KEEPS_KNOWN].get(name, (0,))
        return known[0] == kind

    def tls_by_names(self, index: int, ca: str, second: str) -> Tls:
        """As +SMSSL names them: the second is a certificate or a PSK table, whichever it is."""
        if second and self.knows(second, PSK):
            return self.tls(index, ca, "", second)
        return self.tls(index, ca, second)

    def tls(self, index: int, ca: str, cert: str, psk: str = "") -> Tls:
        """The context for a connection; Refused when a file is not known."""
        for name, kind in ((ca, CA), (cert, CERT), (psk, PSK)):
            if name and not self.knows(name, kind):
                raise Refused
        context = self._contexts[index]
        _, _, key = self.modem.kept[KEEPS_KNOWN][cert] if cert else (0, "", "")
        return Tls(
            ca=self._files[ca] if ca else b"",
            cert=self._files[cert] if cert else b"",
            key=self._files[key] if key else b"",
            psk=psk_of(self._files[psk]) if psk else None,
            sni=context["SNI"],
            checks_time=context["IGNORERTCTIME"] == "0",
            now_s=self.modem.clock_s(),
        )


def psk_of(table: bytes) -> tuple[str, bytes]:
    """(identity, key) of a PSK table's first line, `identity:hex` as OpenSSL's; Refused if none."""
    identity, _, digits = table.split(b"\n")[0].strip().partition(b":")
    try:
        return identity.decode(), bytes.fromhex(digits.decode())
    except ValueError:
        raise Refused from None
