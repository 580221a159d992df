"""The tracker as it will be worn: started, heard by its gateway, an alarm to the centre and back.

The gateway is asked by its own command line: what counts is what it has committed and what a sink
confirmed, not what the board believes.
"""

from __future__ import annotations

import time
from typing import Any

from trygg_tools.provision.gateway_side import GatewayRefused, GatewaySide
from trygg_tools.selftest.verdict import Verdict, failed, ok

LOOK_S = 0.5


def heard(gateway: GatewaySide, device: str, before: dict[str, Any], wait_s: float) -> Verdict:
    """A health record that is newer than `before`, committed: MQTT, ack and secrets are right."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < wait_s:
        said = last_health(gateway, device)
        if said and said != before:
            text = f"heard and committed after {passed:.0f} s"
            return ok("gateway", text, seconds=round(passed, 1))
        time.sleep(LOOK_S)
    text = (
        f"not heard in {wait_s:.0f} s: the gateway does not run (`trygg gateway status`), or"
        " network, address or secrets are wrong"
    )
    return failed("gateway", text)


def order_alarm(gateway: GatewaySide, device: str) -> set[int]:
    """Ask for a test alarm, which the tracker hears of when it next speaks; those there were."""
    known = {alarm["id"] for alarm in gateway.alarms(device)}
    gateway.test_alarm(device)
    return known


def alarm_and_back(gateway: GatewaySide, device: str, known: set[int], wait_s: float) -> Verdict:
    """Raised by the tracker and confirmed by a sink; it is marked as a test all the way."""
    began, new = time.monotonic(), list[dict[str, Any]]()
    while (passed := time.monotonic() - began) < wait_s:
        new = [one for one in gateway.alarms(device) if one["id"] not in known and one["test"]]
        for alarm in new:
            if alarm["delivered"]:
                text = f"confirmed by {', '.join(alarm['delivered'])}"
                return ok("test alarm", text, seconds=round(passed, 1), alarm=alarm["id"])
        if new and not gateway.sinks_for_alarms():
            break
        time.sleep(LOOK_S)
    if new:
        return failed("test alarm", _unconfirmed(gateway, new))
    text = (
        f"not raised in {wait_s:.0f} s: the order did not arrive. A tracker that sleeps hears none:"
        " say the same again, and press its reset button when nothing comes"
    )
    return failed("test alarm", text)


def _unconfirmed(gateway: GatewaySide, alarms: list[dict[str, Any]]) -> str:
    """Why a sink may have not confirmed what the gateway has, and what to do."""
    sinks = gateway.sinks_for_alarms()
    if not sinks:
        return (
            "the gateway has it, but no sink is set up for alarms: nobody is told. Fill in"
            " [sinks.centre] of gateway.toml (docs/sinks.md), then `trygg gateway reload`"
        )
    accepted = sorted({name for one in alarms for name in one["accepted"]})
    if accepted:
        return (
            f"the gateway has it, {', '.join(accepted)} took it on but does not say that it keeps"
            " it: a centre's sink is one that stores (docs/sinks.md)"
        )
    troubles = [f"{one['sink']}: {one['trouble']}" for one in sinks if one["trouble"]]
    why = f" ({'; '.join(troubles)})" if troubles else ""
    return f"the gateway has it, no sink has confirmed it{why}: `trygg gateway sinks list`"


def last_health(gateway: GatewaySide, device: str) -> dict[str, Any]:
    """What the gateway last heard of it, {} for nothing."""
    try:
        return gateway.health(device)
    except GatewayRefused:
        return {}
