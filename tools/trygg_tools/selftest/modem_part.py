"""The modem at its own AT port: firmware, SIM, signal, registration; 3GPP TS 27.007 and V.250."""

from __future__ import annotations

import importlib
import re
import time
from typing import Any

from trygg_tools.selftest.bench import Bench
from trygg_tools.selftest.verdict import Verdict, failed, not_there, ok

SILENT = "says nothing: its supply, PWRKEY, TX or RX is wrong"
ANSWER_MS = 900
REGISTER_S = 90.0
SIM_S = 10.0  # from power, or from its PIN, to READY
_REGISTERED = {1: "home network", 5: "roaming"}


def modem(bench: Bench) -> Verdict:
    """Switched on if it is off, asked, and left as it was found on the network."""
    said = bench.config.get("modem")
    if said is None:
        return not_there("modem")
    bench.open_line("modem", said["uart"])
    bench.rail("modem", True)
    if not _wake(bench, said["dialect"]):
        return failed("modem", SILENT)
    at(bench, "E0")
    value: dict[str, Any] = {"firmware": _word(at(bench, "+CGMR"))}
    value["sim"] = _sim(bench, said.get("pin", ""))
    if value["sim"] != "READY":
        return failed("modem", f"the SIM says {value['sim']}: put one in, or give its PIN", **value)
    value["registration"] = _registered(bench)
    value["signal_dbm"] = _signal(at(bench, "+CSQ"))
    if value["registration"] not in _REGISTERED.values():
        text = f"not on a network in {REGISTER_S:.0f} s: the antenna, the APN's contract, the bands"
        return failed("modem", text, **value)
    strength = f"{value['signal_dbm']} dBm" if value["signal_dbm"] is not None else "signal unknown"
    return ok("modem", f"{value['firmware']}, {value['registration']}, {strength}", **value)


def _wake(bench: Bench, dialect: str) -> bool:
    """Whether it answers; its key is pressed as its data sheet says if it does not."""
    part = importlib.import_module(f"tracker.modem.{dialect}")
    bench.rail("modem_dtr", False)
    for tries in range(2):
        for _ in range(3):
            if "OK" in at(bench, ""):
                return True
        if tries:
            break
        bench.link.run(
            f"power.rail('modem_key', True)\ntime.sleep_ms({part.KEY_ON_MS})\n"
            "power.rail('modem_key', False)"
        )
        until = time.monotonic() + part.START_MS / 1000
        while time.monotonic() < until:
            if "OK" in at(bench, ""):
                return True
    return False


def _sim(bench: Bench, pin: str) -> str:
    """What the SIM says; the PIN that provisioning gave is tried once, for three lock the SIM."""
    said = _sim_says(bench)
    if said != "SIM PIN" or not pin:
        return said
    if "OK" not in at(bench, f'+CPIN="{pin}"'):
        return "SIM PIN, and refuses the one in /config.json: do not try again with it"
    return _sim_says(bench, but="SIM PIN")


def _sim_says(bench: Bench, but: str = "NOT READY") -> str:
    """Its word within SIM_S, as it takes seconds to be read; "none" if it has none."""
    until = time.monotonic() + SIM_S
    while True:
        said = _after(at(bench, "+CPIN?"), "+CPIN:")
        if said not in ("", but):
            return said
        if time.monotonic() > until:
            return said or "none"
        time.sleep(0.2)


def _registered(bench: Bench) -> str:
    """In LTE, or else in 2G and 3G, which some of the modems fall back to."""
    until = time.monotonic() + REGISTER_S
    while True:
        for kind in ("CEREG", "CGREG"):
            found = re.search(rf"\+{kind}: *\d,(\d)", at(bench, f"+{kind}?"))
            state = int(found[1]) if found else -1
            if state in _REGISTERED:
                return _REGISTERED[state]
        if time.monotonic() > until:
            return {2: "searching", 3: "denied"}.get(state, "not registered")


def _signal(said: str) -> int | None:
    """AT+CSQ's number in dBm, None for unknown (99); TS 27.007, 8.5."""
    found = re.search(r"\+CSQ: *(\d+)", said)
    return None if found is None or int(found[1]) > 31 else 2 * int(found[1]) - 113


def at(bench: Bench, command: str) -> str:
    """What it answers to AT and the command, within ANSWER_MS."""
    return bench.said("modem", b"AT" + command.encode() + b"\r", ANSWER_MS).decode(
        "ascii", "replace"
    )


def _after(said: str, head: str) -> str:
    found = re.search(re.escape(head) + r" *([^\r\n]*)", said)
    return found[1].strip() if found else ""


def _word(said: str) -> str:
    """The first line that is an answer."""
    lines = [line.strip() for line in said.splitlines()]
    return next((line for line in lines if line and line != "OK" and not line.startswith("AT")), "")
