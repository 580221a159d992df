"""The gateway as a technician's tool uses it: its own command line, in a process of its own.

Secrets pass through files of mode 0600 in a folder of mode 0700 that is gone afterwards; none is
ever a word of a command or a line of output. The gateway may be running or not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PATIENCE_S = 120  # it waits itself for others that write, and says so


class GatewayRefused(Exception):
    """The gateway would not; the text is its own sentence."""


class GatewaySide:
    """One gateway, by its settings file."""

    def __init__(self, config: Path) -> None:
        self._config = config

    def add(self, device: str, group: str, name: str) -> dict[str, Any]:
        """Register a tracker; its credentials."""
        named = ["--name", name] if name else []
        try:
            return self._issued(["tracker", "add", device, "--group", group, *named])
        except GatewayRefused as error:
            if "registered already" not in str(error):
                raise
            raise GatewayRefused(
                f"{error} Another unit in its place is `trygg provision swap`, new secrets for the"
                " same one `trygg provision rotate`"
            ) from None

    def rotate(self, device: str) -> dict[str, Any]:
        """New credentials for a tracker that is registered; the old ones are void from now on."""
        return self._issued(["tracker", "rotate", device])

    def revoke(self, device: str) -> None:
        """It may speak no more."""
        self._run(["tracker", "revoke", device])

    def order_settings(self, device: str, values: list[str]) -> None:
        """NAME=VALUE each, as an order that is sent when the tracker is first heard."""
        self._run(["order", "settings", device, *values])

    def order_settings_again(self, device: str) -> None:
        """All that was ever ordered of it, for a board that has none of it."""
        self._run(["order", "again", device])

    def order_fences(self, device: str, file: Path) -> None:
        """The fences of a GeoJSON file, likewise."""
        self._run(["fence", "set", device, str(file)])

    def test_alarm(self, device: str) -> None:
        """Ask the tracker for an alarm that is marked as a test."""
        self._run(["order", "send", device, "test-alarm"])

    def alarms(self, device: str) -> list[dict[str, Any]]:
        """The tracker's alarms, closed ones too, newest first."""
        said: list[dict[str, Any]] = json.loads(self._run(["alarms", "list", "--all", "--json"]))
        return [alarm for alarm in said if alarm["device"] == device]

    def sinks_for_alarms(self) -> list[dict[str, Any]]:
        """How each sink stands that the settings send alarms to."""
        said: list[dict[str, Any]] = json.loads(self._run(["sinks", "list", "--json"]))
        return [one for one in said if any(lane["lane"] == "alarm" for lane in one["lanes"])]

    def health(self, device: str) -> dict[str, Any]:
        """What the tracker last said of itself; {} if nothing was heard yet."""
        said: dict[str, Any] = json.loads(self._run(["tracker", "health", device, "--json"]))
        return said

    def _issued(self, words: list[str]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="trygg-provision-") as folder:  # mode 0700
            out = Path(folder) / "credentials.json"
            self._run([*words, "--out", str(out)])
            said: dict[str, Any] = json.loads(out.read_text("utf-8"))
        return said

    def _run(self, words: list[str]) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - our own command line
                [sys.executable, "-m", "trygg_gateway", *words, "--config", str(self._config)],
                capture_output=True, text=True, timeout=PATIENCE_S, check=False,
                start_new_session=True,  # Ctrl-C is ours: what it has begun it ends
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise GatewayRefused(
                f"`trygg gateway {' '.join(words[:2])}` has not ended in {PATIENCE_S} s: a full"
                " disk, or a machine that is too busy. Look with `trygg gateway doctor`, then say"
                " the same again"
            ) from None
        if done.returncode:
            raise GatewayRefused(_sentence(done.stderr) or _sentence(done.stdout))
        return done.stdout


def _sentence(said: str) -> str:
    """The last line that says something, without "error: " before it."""
    lines = [line.strip() for line in said.splitlines() if line.strip(" ╭╰│─")]
    return lines[-1].removeprefix("error: ") if lines else ""
