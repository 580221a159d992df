"""Certificates and TLS contexts of SIM7600 and A76XX: CCERTDOWN, CCERTLIST, CCERTDELE, CSSLCFG.

SIM7500_SIM7600 AT manual V3.00, SSL chapter; A76XX SSL note. Contexts 0 to 9, version 4 is "all".
The local time is ignored unless a context says otherwise ("ignorelocaltime", default 1).
"""

from __future__ import annotations

from trygg_tools.modem_sim.command_line import RUN, SET, Call
from trygg_tools.modem_sim.dialogue import Payload, Refused, Talk
from trygg_tools.modem_sim.family import Family, answers, number, text
from trygg_tools.modem_sim.far import Tls
from trygg_tools.modem_sim.modem import Modem

KEEPS_FILES = "files"
FILE_LONGEST = 10240
INPUT_MS = 60000  # how long the module waits for the bytes [K]
CONTEXTS = 10
PLAIN = {"sslversion": "4", "authmode": "0", "ignorelocaltime": "1", "negotiatetime": "300"}
FILES = ("cacert", "clientcert", "clientkey", "password")
WORDS = {*PLAIN, *FILES, "enablesni", "ciphersuites", "keypwd"}


class SimcomSsl(Family):
    """`tls(index, sni)` is what a context means for the far end, or None when a file is missing."""

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        modem.kept.setdefault(KEEPS_FILES, {})
        self._contexts: dict[int, dict[str, str]] = {}

    def on_boot(self) -> None:
        """Contexts are not saved, files are."""
        self._contexts = {index: dict(PLAIN) for index in range(CONTEXTS)}

    @property
    def _files(self) -> dict[str, bytes]:
        files: dict[str, bytes] = self.modem.kept[KEEPS_FILES]
        return files

    @answers("+CCERTDOWN", SET)
    def download(self, call: Call) -> Talk:
        """A file by length; a file of that name is replaced."""
        name = text(call, 0, 108)
        data = yield Payload(number(call, 1, 1, FILE_LONGEST), INPUT_MS)
        if data is None:
            raise Refused
        self._files[name] = data
        return None

    @answers("+CCERTLIST", RUN)
    def names(self, call: Call) -> None:
        """A line for each file."""
        for name in sorted(self._files):
            self.modem.say(f'+CCERTLIST: "{name}"')

    @answers("+CCERTDELE", SET)
    def delete(self, call: Call) -> None:
        """ERROR when there is none of that name."""
        if self._files.pop(text(call, 0), None) is None:
            raise Refused

    @answers("+CSSLCFG", SET)
    def configure(self, call: Call) -> None:
        """Word, context, value."""
        word = text(call, 0).lower()
        index = number(call, 1, 0, CONTEXTS - 1)
        if word not in WORDS:
            raise Refused
        self._contexts[index][word] = text(call, 2)

    def tls(self, index: int, host: str) -> Tls | None:
        """The context for a connection to `host`; None when a file it names is not there."""
        context = self._contexts[index]
        mode = context["authmode"]
        needed = {"1": ("cacert",), "2": FILES[:3], "3": FILES[1:3]}.get(mode, ())
        held = {word: self._files.get(context.get(word, "")) for word in needed}
        if None in held.values():
            return None
        return Tls(
            ca=held.get("cacert") or b"",
            cert=held.get("clientcert") or b"",
            key=held.get("clientkey") or b"",
            sni=host if context.get("enablesni") == "1" else "",
            checks_time=context["ignorelocaltime"] == "0",
            now_s=self.modem.clock_s(),
        )
