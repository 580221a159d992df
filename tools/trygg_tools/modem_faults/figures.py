"""What a campaign comes to: numbers for docs/modem_faults.json, tables for docs/modems.md.

Recovery is the time from the fault's end, or from the next record's making if that is later, to a
record at the gateway.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tracker.modem import ladder
from trygg_tools.modem_faults.plan import DIALECTS
from trygg_tools.modem_faults.trial import SAFE, Outcome
from trygg_tools.modem_sim.fault_table import KINDS

WHEN = ("nth=", "at_s=")


def form_of(words: str) -> str:
    """The fault's words without the step at which it struck."""
    return " ".join(word for word in words.split() if not word.startswith(WHEN))


def figures(outcomes: list[Outcome]) -> dict[str, Any]:
    """All that the tables say."""
    tried: dict[str, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    clean, outages = [], []
    for one in outcomes:
        if not one.case.words:
            clean.append(one)
        elif one.outage:
            outages.append(one)
        elif one.struck_ms >= 0:
            tried[form_of(one.case.words)][one.case.dialect].append(one)
    return {
        "faults": {
            form: {dialect: _times(ours) for dialect, ours in sorted(rows.items())}
            for form, rows in sorted(tried.items(), key=lambda row: _place(row[0]))
        },
        "clean": [_clean(one) for one in sorted(clean, key=lambda one: one.case)],
        "outages": [_outage(one) for one in sorted(outages, key=lambda one: one.case)],
        "ladder": _ladder(outcomes),
    }


def _place(form: str) -> tuple[int, str]:
    return list(KINDS).index(form.split()[0]), form


def _times(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    ours = list(outcomes)
    back = [one.back_ms for one in ours if one.back_ms >= 0]
    return {
        "runs": len(ours),
        "mean_s": round(sum(back) / len(back) / 1000, 1) if back else None,
        "worst_s": round(max(back) / 1000, 1) if back else None,
        "alarm_worst_s": round(max(one.alarm_ms for one in ours) / 1000, 1),
        "safe": sum(one.state == SAFE for one in ours),
    }


def _clean(one: Outcome) -> dict[str, Any]:
    return {
        "dialect": one.case.dialect,
        "way": one.case.way,
        "first_s": round(one.back_ms / 1000, 1),
        "alarm_s": round(one.alarm_ms / 1000, 1),
        "longest_s": round(one.longest_ms / 1000, 1),
    }


def _outage(one: Outcome) -> dict[str, Any]:
    return {
        "dialect": one.case.dialect,
        "fault": one.case.words.split()[0],
        "hours": round((one.ended_ms - one.struck_ms) / 3600000),
        "alarm": "open" if one.alarm_open else "none",
        "state": one.state,
        "back_s": round(one.back_ms / 1000),
        "climbs": one.steps[ladder.POWER_KEY - 1] if one.steps else 0,
        "coarser": one.coarser,
        "lost": len(one.lost),
    }


def _ladder(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    names = ladder.NAMES.split("|")
    return [
        {
            "step": names[step],
            "tried": sum(one.steps[step - 1] for one in outcomes if one.steps),
            "helped": sum(one.helped[step - 1] for one in outcomes if one.helped),
        }
        for step in range(1, ladder.STEPS + 1)
    ]


CLEAN = {
    "dialect": "dialect",
    "way": "way",
    "first_s": "first record, s",
    "alarm_s": "call for help, s",
    "longest_s": "longest wait of any record, s",
}
OUTAGES = {
    "dialect": "dialect",
    "fault": "fault",
    "hours": "hours",
    "alarm": "alarm",
    "back_s": "back after, s",
    "climbs": "climbs",
    "coarser": "records thinned",
    "lost": "lost",
}
LADDER = {"step": "step", "tried": "taken", "helped": "the next attempt came through"}


def verdict(line: dict[str, Any]) -> str:
    """The campaign in a sentence or two, from its JSON line."""
    states = line["states"]
    ended = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    return (
        f"`{line['command']}`: {line['runs']:,} runs in which a fault struck, "
        f"{line['simulated_h']:,} simulated hours. They ended: {ended}. Records lost: "
        f"{line['records_lost']}. Identities with two contents: {line['conflicts']}. "
        f"Confirmed by the modem and published again: {line['confirmed_and_published_again']}."
    )


def tables(numbers: dict[str, Any]) -> dict[str, str]:
    """The page's tables, by the name of their place."""
    return {
        "faults": _faults_table(numbers["faults"]),
        "clean": _table(numbers["clean"], CLEAN),
        "outages": _table(numbers["outages"], OUTAGES),
        "ladder": _table(numbers["ladder"], LADDER),
    }


def _table(rows: list[dict[str, Any]], columns: dict[str, str]) -> str:
    return _lines(list(columns.values()), [[_text(row[key]) for key in columns] for row in rows])


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _lines(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _faults_table(faults: dict[str, Any]) -> str:
    """Mean and worst recovery of each dialect, in seconds; the alarm's worst delay of all."""
    lines = []
    for form, rows in faults.items():
        cells = [f"`{form}`", str(sum(row["runs"] for row in rows.values()))]
        cells += [_cell(rows.get(dialect)) for dialect in DIALECTS]
        cells.append(str(max(row["alarm_worst_s"] for row in rows.values())))
        cells.append(str(sum(row["safe"] for row in rows.values())))
        lines.append(cells)
    return _lines(["fault", "runs", *DIALECTS, "alarm at the latest", "safe state"], lines)


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "-"
    return "safe" if row["mean_s"] is None else f"{row['mean_s']} / {row['worst_s']}"
