"""A log as gpsd's gpsdecode reads it (Debian's gpsd-clients; called as a program, not imported).

gpsdecode gives a report when a cycle of sentences is over, and it learns in the first cycles which
sentence ends one: so it says nothing of the first moments of a log and of its last. That is
silence, not a no.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from datetime import datetime
from subprocess import PIPE, STDOUT
from typing import Any

from trygg_tools.vectors.opinions import Opinion, Reading, milliseconds

PROGRAM = "gpsdecode"
_NOT_REAL = (5, 7, 8)  # TPV's status (gps.h): dead reckoning, surveyed or by hand, simulated
LONGEST_S = 60


class GpsdecodeError(RuntimeError):
    """gpsdecode is not there or failed; the text says what to do."""


def read(lines: Iterable[bytes]) -> Reading:
    """Let gpsdecode read the whole log."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise GpsdecodeError(
            f"{PROGRAM}: not found; a log needs three opinions. Install Debian's gpsd-clients"
        )
    said = _run([program, "-j"], b"".join(lines))
    fixes: dict[int, Opinion] = {}
    denied: set[int] = set()
    for line in said.decode("ascii", "replace").splitlines():
        report = json.loads(line) if line.startswith('{"class":"TPV"') else {}
        if "time" not in report:
            continue
        when = datetime.fromisoformat(report["time"])
        at = milliseconds(when.timetz())
        if _is_fix(report):
            fixes.setdefault(at, _opinion(report, when))
        else:
            denied.add(at)
    return Reading(PROGRAM, _version(program), fixes, denied - fixes.keys())


def _is_fix(report: dict[str, Any]) -> bool:
    real = report.get("status") not in _NOT_REAL
    return report.get("mode", 0) >= 2 and real and "lat" in report and "lon" in report


def _opinion(report: dict[str, Any], when: datetime) -> Opinion:
    speed, course = report.get("speed"), report.get("track")
    return Opinion(when.date(), report["lat"], report["lon"], speed, course, None)


def _version(program: str) -> str:
    """`gpsdecode revision 3.22`, said on either stream, gives 3.22."""
    said = _run([program, "-V"], b"").split() or [b"unknown"]
    return said[-1].decode("ascii", "replace")


def _run(command: list[str], data: bytes) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program
            command, input=data, stdout=PIPE, stderr=STDOUT, timeout=LONGEST_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise GpsdecodeError(f"{' '.join(command)}: wanted its reading, got {error}") from None
    return done.stdout
