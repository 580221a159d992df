"""Let three parsers and the tracker read a log, and say what is still to be explained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trygg_tools.nmea_log import read_log
from trygg_tools.vectors import by_gpsdecode, by_pynmea2, by_pynmeagps, expected_file
from trygg_tools.vectors.agreement import ABOUT, PARSERS, Explained, differences, rows
from trygg_tools.vectors.expected_file import TRACKER, Judged
from trygg_tools.vectors.tracked import tracked


class NotAgreedError(ValueError):
    """The parsers do not agree and nobody has said why; the text is a line for each difference."""


def judged(lines: Sequence[bytes], explained: dict[str, Explained]) -> Judged:
    """Judge a log. Raises NotAgreedError, and by_gpsdecode.GpsdecodeError without gpsdecode."""
    readings = [one.read(lines) for one in (by_pynmea2, by_pynmeagps, by_gpsdecode)]
    found = differences(readings)
    fixes = rows(readings, explained)
    ours = tracked(fixes, lines)
    missing = [
        f"{one.about}: {ABOUT[one.about]}, {one.moments} times, {one.example}"
        for one in found
        if one.about not in explained
    ]
    if ours.withheld and TRACKER not in explained:
        why = ", ".join(ours.reasons) or "no reason counted"
        missing.append(f"{TRACKER}: it withholds {len(ours.withheld)} of {len(fixes)} ({why})")
    missing += [f"fault: {one}" for one in ours.faults]
    if missing:
        raise NotAgreedError("\n".join(missing))
    unused = explained.keys() - {one.about for one in found} - {TRACKER if ours.withheld else ""}
    if unused:
        raise NotAgreedError(f"{', '.join(sorted(unused))}: explained, but nothing differs there")
    return Judged(readings, found, explained, fixes, ours)


def explanation(text: str) -> tuple[str, Explained]:
    """Read `date=pynmea2: gpsdecode adds a rollover`; `tracker=...` has nobody to choose."""
    about, _, rest = text.partition("=")
    if about == TRACKER and rest.strip():
        return about, Explained(TRACKER, rest.strip())
    right, _, because = rest.partition(":")
    if about not in ABOUT or right not in PARSERS or not because.strip():
        raise ValueError(
            f'--explain {text!r}: wanted "WHAT=WHO: WHY" with WHAT of {", ".join(ABOUT)}, WHO is'
            f' right of {", ".join(PARSERS)}; or "tracker=WHY"'
        )
    return about, Explained(right, because.strip())


def checked(log: Path) -> list[str]:
    """What is wrong between a log, its expected file and the parsers of today; none: all well."""
    expected = log.with_suffix(".json")
    if not expected.exists():
        return [f"{expected.name} is missing"]
    said = expected_file.load(expected)
    lines = [line for _, line in read_log(log)[1]]
    try:
        now = judged(lines, expected_file.explanations(said))
    except NotAgreedError as error:
        return str(error).splitlines()
    wrong = []
    seen, written = [list(row) for row in now.rows], said["fixes"]
    if len(seen) != len(written):
        wrong.append(f"the parsers see other fixes: {len(seen)}, not {len(written)}")
    elif differ := [at for at, row in enumerate(seen) if row != written[at]]:
        wrong.append(f"the parsers see other fixes: {len(differ)} differ, first number {differ[0]}")
    if expected_file.value(now)["tracker"] != said["tracker"]:
        wrong.append(f"the tracker withholds {now.tracked.withheld}, another set than written")
    return wrong
