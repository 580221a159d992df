"""The supplies that the board switches: driven, and what the battery says to it."""

from __future__ import annotations

import time
from typing import Any

from trygg_tools.selftest.bench import Bench
from trygg_tools.selftest.verdict import Verdict, failed, not_asked, not_there, ok

SETTLE_S = 0.5
LISTEN_MS = 1200  # more than a receiver's second
SAGS_MV = 300  # a cell with a small current from it falls by less
SUPPLIES = ("gnss", "modem")  # the other rails are keys and lines


def rails(bench: Bench) -> Verdict:
    """The battery with the supplies off and on, and a receiver that is silent without its own.

    The modem's is not taken away: a modem that loses it while it writes may lose its settings.
    """
    names = [name for name in _names(bench.config["power"]) if name in SUPPLIES]
    if not names:
        return not_there("rails", "this board switches no supply")
    for name in names:
        bench.rail(name, name == "modem")
    time.sleep(SETTLE_S)
    off_mv: int = bench.ask("power.battery_mv()")
    talked = _talks(bench) if "gnss" in names else 0
    for name in names:
        bench.rail(name, True)
    time.sleep(SETTLE_S)
    on_mv: int = bench.ask("power.battery_mv()")
    value: dict[str, Any] = {"supplies": names, "off_mv": off_mv, "on_mv": on_mv}
    said = f"{', '.join(names)}: battery {off_mv} mV with them off, {on_mv} mV on"
    if off_mv - on_mv > SAGS_MV:
        return failed("rails", f"{said}: the cell is worn out, or a part is short", **value)
    if talked:
        text = f"{said}; the receiver says {talked} bytes while its supply is off: look at it"
        return not_asked("rails", text, **value, talked=talked)
    return ok("rails", said, **value)


def _names(power: dict[str, Any]) -> list[str]:
    """Of the chip's pins and of a power chip, each once."""
    rows = [*power.get("rails", []), *(power.get("pmu") or {}).get("rails", [])]
    return list(dict.fromkeys(row[0] for row in rows))


def _talks(bench: Bench) -> int:
    """How many bytes come from the receiver now, what waited in the line apart."""
    gnss = bench.config["gnss"]
    if gnss.get("receiver") == "modem":
        return 0
    bench.open_line("gnss", {key: gnss[key] for key in ("number", "tx", "rx", "baud")})
    bench.heard("gnss", 10)
    return len(bench.heard("gnss", LISTEN_MS))
