"""The interpreter goes from one thread to the other within a millisecond."""

import subprocess
import sys

ASKED = """
import sys
from trygg_gateway.handover import hand_over_soon
hand_over_soon()
print(sys.getswitchinterval())
"""


def test_a_gateways_threads_wait_a_millisecond_for_one_another():
    said = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True)
    assert float(said.stdout) == 0.001


def test_the_gateway_asks_for_it_before_it_runs(monkeypatch):
    from trygg_gateway.cli import running

    asked = []
    monkeypatch.setattr(running, "loaded", lambda file: running_config())
    monkeypatch.setattr(running, "start_logging", lambda *_: None)
    monkeypatch.setattr(running, "collect_rarely", lambda: None)
    monkeypatch.setattr(running, "hand_over_soon", lambda: asked.append("soon"))
    monkeypatch.setattr(running.os, "umask", lambda mask: 0o022)
    monkeypatch.setattr(running, "run_service", lambda *_, **__: asked.append("run"))
    monkeypatch.setattr(running.asyncio, "run", lambda ran: None)
    running.run()
    assert asked == ["soon", "run"]


def running_config():
    from trygg_gateway.config import Config

    return Config()
