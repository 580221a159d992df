"""The other end of a bench: a real gateway with TLS as its own process, and a webhook receiver.

    centre.records(layouts.ALARM)    what the gateway has committed
    centre.alarms()                  `trygg gateway alarms list`
    centre.webhook.received(...)     what has arrived behind it
    centre.kill(); centre.start()    the same port again

Its log goes to gateway.log in the test's folder of artefacts, bodies of the webhook to
webhook.jsonl.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gateway.gateway_process import GatewayProcess
from gateway.receiver import served
from journey.demo_process import quiet_ports
from trygg_gateway.tls import issue_server
from trygg_wire import codec

SINK = """
[sinks.webhook]
type = "http"
url = "{url}"
secret_file = "secrets/webhook"
"""
OWN_BOOT = 1 << 29  # from here on boots are the gateway's own numbers (own_records.py)
EVERYWHERE = "0.0.0.0"  # a real board comes over the network, and TLS is on


class Centre(GatewayProcess):
    """Gateway and webhook; `device` is the one tracker of this bench."""

    def __init__(self, folder: Path, artefacts: Path, address: str, device: str,
                 port: int = 0) -> None:  # fmt: skip
        self._ending = ExitStack()
        self._kept = artefacts / "webhook.jsonl"
        self.webhook = self._ending.enter_context(served(self._kept))
        super().__init__(folder)
        self.device = device
        self.err = artefacts / "gateway.log"
        issue_server(folder / "tls", [address, "localhost"])
        loopback = address in ("127.0.0.1", "localhost")
        listener = {
            "host": "127.0.0.1" if loopback else EVERYWHERE, "port": port or quiet_ports(1)[0],
            "tls": True, "cert": "tls/server.crt", "key": "tls/server.key",
        }  # fmt: skip
        self.settings(SINK.format(url=self.webhook.url), listener=listener)
        self.start()

    def close(self) -> None:
        """The gateway ends, then the webhook."""
        try:
            self.end()
        finally:
            self._ending.close()

    def said(self, *words: object) -> Any:
        """`trygg gateway WORDS --json`, which has to succeed, as a value."""
        done = self.command(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def told(self, *words: object) -> str:
        """`trygg gateway WORDS`, which has to succeed; what it printed."""
        done = self.command(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def alarms(self) -> list[dict[str, Any]]:
        """The tracker's alarms, closed ones too, newest first."""
        rows = self.said("alarms", "list", "--all")
        return [alarm for alarm in rows if alarm["device"] == self.device]

    def records(self, kind: int) -> list[dict[str, Any]]:
        """The values of all records of a kind (trygg_wire.layouts) that are committed, in order."""
        rows = self.rows("SELECT payload FROM records WHERE kind = ? ORDER BY id", kind)
        return [codec.decode(payload)[1] for (payload,) in rows]

    def rows(self, query: str, value: object) -> list[Any]:
        """What a query of the journal gives, as tuples."""
        file = self.folder / "data" / "journal.sqlite"
        db = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            return db.execute(query, (value,)).fetchall()
        finally:
            db.close()

    def identities(self) -> list[tuple[int, int]]:
        """(boot, seq) of all records that the tracker has brought, in the order of their commit."""
        rows = self.rows("SELECT boot, seq FROM records WHERE device = ? ORDER BY id", self.device)
        return [(boot, seq) for boot, seq in rows if boot < OWN_BOOT]

    def arrived(self) -> list[dict[str, Any]]:
        """This tracker's events in the order in which the webhook took them, each once."""
        lines = self._kept.read_text("utf-8").splitlines()
        events = [json.loads(line) for line in lines]
        return [event for event in events if event["subject"] == self.device]

    def doubled(self) -> list[tuple[Any, ...]]:
        """Records that the webhook keeps more than once, under ids that differ: an effect that came
        twice. The same id again is none: who ends in the midst of a delivery delivers it again."""
        found = [
            (event["type"], event["data"]["boot"], event["data"]["seq"])
            for event in self.arrived()
            if "seq" in event["data"]
        ]
        return [one for one in set(found) if found.count(one) > 1]

    def received(self, kind: str = "") -> int:
        """How many different events of this tracker, of types that begin so, the webhook keeps."""
        return int(self.webhook.received(device=self.device, type=kind)["unique"])


def until(true: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """The first true value of `true()`; an AssertionError that names `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < end, f"not in {seconds:.0f} s: {what}"
        time.sleep(0.05)
