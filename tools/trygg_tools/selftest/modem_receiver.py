"""The receiver inside the modem, asked over AT and judged as the firmware's driver judges it."""

from __future__ import annotations

import importlib
import time

from tracker.modem import lines
from trygg_tools.selftest.bench import Bench
from trygg_tools.selftest.modem_part import at
from trygg_tools.selftest.verdict import Verdict, failed, not_asked, ok

# dialect -> (on, where am I, what its answer begins with, off); the manuals are named in
# firmware/tracker/modem/<dialect>.py, and each row does what GNSS_ON, ASK_FIX and GNSS_OFF do
_ROWS: dict[str, tuple[list[str], str, str, list[str]]] = {
    "sim7080": (["+CFUN=4", "+CGNSPWR=1"], "+CGNSINF", "+CGNSINF:", ["+CGNSPWR=0", "+CFUN=1"]),
    "sim7000": (["+CGNSPWR=1"], "+CGNSINF", "+CGNSINF:", ["+CGNSPWR=0"]),
    "sim7600": (["+CGPS=0", "+CGPS=1,1"], "+CGPSINFO", "+CGPSINFO:", ["+CGPS=0"]),
    "a7670": (["+CGNSSPWR=0", "+CGNSSPWR=1,1"], "+CGNSSINFO", "+CGNSSINFO:", ["+CGNSSPWR=0"]),
    "bg95": (
        ['+QGPSCFG="priority",0', "+QGPSEND", "+QGPS=1"], "+QGPSLOC=2", "+QGPSLOC:",
        ["+QGPSEND", '+QGPSCFG="priority",1'],
    ),
}  # fmt: skip


def modem_receiver(bench: Bench, wait_s: float) -> Verdict:
    """Switched on, asked each second for `wait_s`, switched off; the modem is awake already."""
    dialect = bench.config["modem"]["dialect"]
    on, ask, head, off = _ROWS[dialect]
    part = importlib.import_module(f"tracker.modem.{dialect}")
    bench.rail("gnss", True)
    said = [at(bench, command) for command in on]
    began = time.monotonic()
    try:
        if "OK" not in said[-1]:
            return failed("receiver", "the modem does not switch its receiver on", said=said[-1])
        if not wait_s:
            return not_asked("receiver", "in the modem, switched on; a fix takes --sky SECONDS")
        while (passed := time.monotonic() - began) < wait_s:
            fields = _fields(at(bench, ask), head)
            fix = part.read_fix(fields, 0) if fields else None
            if fix is not None:
                text = f"in the modem: a fix after {passed:.0f} s, {fix.satellites} satellites"
                return ok("receiver", text, fix_s=round(passed), satellites=fix.satellites)
            time.sleep(0.2)
        text = f"in the modem: no fix in {wait_s:.0f} s: put it under the sky, look at the antenna"
        return failed("receiver", text)
    finally:
        for command in off:
            at(bench, command)


def _fields(said: str, head: str) -> list[bytes]:
    """What stands behind `head`, split as the driver splits it; [] for no such line."""
    found = next((line for line in said.splitlines() if line.startswith(head)), "")
    fields: list[bytes] = lines.fields(found.encode()) if found else []
    return fields
