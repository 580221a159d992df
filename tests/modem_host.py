"""A host at a simulated modem, in simulated time: it sends lines and reads lines.

host = Host("sim7080"); host.boot()
host.ask("AT+CSQ")          ["+CSQ: 21,0", "OK"]
"""

from __future__ import annotations

import re

from trygg_tools.modem_sim.fault_file import from_words
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene

LASTS = ("OK", "ERROR", ">", "DOWNLOAD", "NORMAL POWER DOWN")


class Host:
    """`scene` is the modem and what is around it; time passes only in `wait` and `ask`."""

    def __init__(self, part="sim7080", faults=(), seed=1, firmware=None):
        rules = [from_words(words) for words in faults]
        self.scene = Scene(PARTS[part], seed, Faults(rules, seed), firmware)
        self.modem = self.scene.modem
        self.now_ms = 0
        self.raw = b""

    def wait(self, ms):
        """Let time pass; what the modem says meanwhile is kept for `lines`."""
        end_ms = self.now_ms + ms
        while self.modem.next_ms() <= end_ms:
            self.now_ms = max(self.now_ms, self.modem.next_ms())
            self.raw += self.modem.poll(self.now_ms)
        self.now_ms = end_ms
        self.raw += self.modem.poll(end_ms)

    def until(self, met, at_most_ms=3600000):
        """Let time pass until `met()` is true; AssertionError when it never is."""
        end_ms = self.now_ms + at_most_ms
        while not met():
            due_ms = self.modem.next_ms()
            assert due_ms <= end_ms, f"not met in {at_most_ms} ms"
            self.wait(max(0, due_ms - self.now_ms))

    def lines(self):
        """The whole lines said since the last call; a prompt is the line ">"."""
        whole, _, rest = self.raw.rpartition(b"\n")
        if rest in (b"> ", b">"):
            whole, rest = self.raw.strip() + b"\n", b""
        self.raw = rest
        lines = re.split(r"[\r\n]+", whole.decode("latin-1"))
        return [line.strip() if line == "> " else line for line in lines if line]

    def send(self, data):
        """Bytes, as they are."""
        self.modem.feed(data, self.now_ms)

    def ask(self, line, at_most_ms=200000):
        """Send a command, wait for its last line, and give all lines that were said."""
        self.send(line.encode("latin-1") + b"\r")
        return self.answer(at_most_ms)

    def answer(self, at_most_ms=200000):
        """Wait for a last line (or a prompt) and give all lines that were said."""
        said = []
        end_ms = self.now_ms + at_most_ms
        while self.now_ms < end_ms:
            said += self.lines()
            if any(line in LASTS or line.startswith("+CME ERROR") for line in said):
                return said
            due_ms = min(self.modem.next_ms(), end_ms)
            self.wait(max(1, due_ms - self.now_ms))
        return said + self.lines()

    def boot(self):
        """Press the key, wait for the start and a registration, echo off, errors in words."""
        self.scene.do("power key")
        self.wait(6000)
        self.until(lambda: self.modem.network.registered)
        self.wait(5000)
        self.lines()
        assert self.ask("ATE0")[-1] == "OK"
        assert self.ask("AT+CMEE=2") == ["OK"]
        return self

    def online(self):
        """And an active context."""
        self.boot()
        one = self.modem.part.name == "sim7000"
        assert self.ask('AT+CNACT=1,"iot"' if one else "AT+CNACT=0,1") == ["OK"]
        self.wait(3000)
        assert self.lines() == ["+APP PDP: ACTIVE" if one else "+APP PDP: 0,ACTIVE"]
        return self

    def connected(self, keep=True):
        """And the modem's own MQTT connected as astrid."""
        self.online()
        for line in (
            'AT+SMCONF="URL","broker.example",1883',
            'AT+SMCONF="CLIENTID","astrid"',
            f'AT+SMCONF="CLEANSS",{0 if keep else 1}',
            'AT+SMCONF="SUBHEX",1',
            "AT+SMCONN",
        ):
            assert self.ask(line) == ["OK"], line
        return self

    def publish(self, payload, topic="trygg/up", qos=1):
        """Publish by the modem's own client; the lines after the payload."""
        said = self.ask(f'AT+SMPUB="{topic}",{len(payload)},{qos},0')
        if said[-1:] != [">"]:
            return said
        self.send(payload)
        return self.answer()
