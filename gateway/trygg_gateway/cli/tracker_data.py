"""What is held of a tracker: what is missing, how long it is kept, and all of it deleted."""

from __future__ import annotations

from typing import Any

import typer

from trygg_gateway import gap_book
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    clock,
    journal_of,
    print_json,
    print_table,
)
from trygg_gateway.cli.tracker import Device
from trygg_gateway.values import Refused

_WHY = {
    "": "",
    gap_book.NOT_HELD: "the tracker says it has nothing more",
    gap_book.AGE: "waited long enough",
    gap_book.JOURNAL: "the journal was damaged or restored",
}


def gaps(
    device: Device,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Show which records of a tracker are missing, and whether they are still waited for.

    A tracker numbers its records 1, 2, 3 ... from each start, so what is missing has a number. An
    open gap is asked for with every acknowledgement. A running gateway writes it down within half
    a minute.

    Example: `trygg gateway tracker gaps astrid`
    """
    with journal_of(config_file) as journal:
        boots = journal.read(lambda db: gap_book.told(db, device))
        known = journal.query("SELECT 1 FROM trackers WHERE device = ?", (device,))
        if not boots and not known:
            raise Refused(f"{device} is not registered, and nothing of it is held.")
    if as_json:
        print_json({"device": device, "boots": boots})
        return
    rows = [_shown(boot["boot"], gap) for boot in boots for gap in boot["gaps"]]
    held = ", ".join(f"{boot['boot']} up to {boot['upto']}" for boot in boots) or "none"
    print_table(
        rows,
        ["boot", "missing", "since", "state", "why"],
        f"{device}: nothing is missing. Boots: {held}",
    )


def _shown(boot: int, gap: dict[str, Any]) -> dict[str, Any]:
    first, last = gap["first"], gap["last"]
    return {
        "boot": boot,
        "missing": str(first) if first == last else f"{first} to {last}",
        "since": clock(gap["found_ms"] / 1000),
        "state": gap["state"].replace("_", " "),
        "why": _WHY.get(gap["why"], gap["why"]),
    }


def add_to(app: typer.Typer) -> None:
    """Make these commands of `trygg gateway tracker`."""
    app.command("gaps")(gaps)
