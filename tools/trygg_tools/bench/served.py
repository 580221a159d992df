"""What a gateway that is measured says of itself: how fast, how far behind, how much memory."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_FOLDED_STEP_S = 0.01


async def until(what: Callable[[], bool], step_s: float) -> None:
    """Wait until `what()` holds; what is waited for is a figure and has no event."""
    while not what():  # noqa: ASYNC110 - see above
        await asyncio.sleep(step_s)


def resident_mb(field: str = "VmHWM") -> int:
    """This process' memory in MiB, its highest so far (VmHWM) or now (VmRSS)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) // 1024
    return 0


async def served(
    door: Mapping[str, int], port: int, records: int, behind: Callable[[], int] = lambda: 0
) -> dict[str, Any]:
    """Say `ready`, then measure until so many records are acknowledged and none is `behind`.

    `door` are the counters of the door, `behind()` the records stored and not yet folded. The clock
    runs from the first publish on: `records_per_s` to the last acknowledgement,
    `folded_per_s` until everything is decoded and folded too.
    """
    before_mb = resident_mb("VmRSS")
    print(f"ready {port}", flush=True)
    await until(lambda: door["publishes"] > 0, 0.001)
    began = time.perf_counter()
    most = 0
    while door["pubacks"] < records:
        await asyncio.sleep(0.005)
        most = max(most, behind())
    seconds = time.perf_counter() - began
    at_end = behind()
    print("done", flush=True)
    await until(lambda: behind() <= 0, _FOLDED_STEP_S)
    folded_s = time.perf_counter() - began
    memory = {"memory_mb": resident_mb(), "memory_before_mb": before_mb}
    await asyncio.to_thread(sys.stdin.read)
    return {
        "records_per_s": round(records / seconds),
        "seconds": round(seconds, 3),
        "folded_per_s": round(records / folded_s),
        "reader_behind_most": most,
        "reader_behind_at_end": at_end,
        "reader_seconds_after": round(folded_s - seconds, 3),
        **memory,
    }
