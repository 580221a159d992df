"""What is held of a tracker: what is missing, how long it is kept, and all of it deleted."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from trygg_gateway import forgetting, gap_book, let_go
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    Who,
    clock,
    journal_of,
    loaded,
    now_ms,
    print_json,
    print_table,
    running,
    whoami,
)
from trygg_gateway.cli.tracker import Device
from trygg_gateway.config import Config
from trygg_gateway.journal import Journal
from trygg_gateway.journal_file import old_journals
from trygg_gateway.journal_reading import wipe_log
from trygg_gateway.service import JOURNAL
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


def keep(
    device: Device,
    days: Annotated[
        int, typer.Option(help="Days that its records are kept; 0: as the settings say.", min=0)
    ],
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Set how long the records and positions of one tracker are kept.

    What is older is deleted once every sink has it, within the hour on a running gateway. What the
    sinks were given is theirs: a file sink's file is not touched.

    Example: `trygg gateway tracker keep astrid --days 14`
    """
    with journal_of(config_file) as journal:
        if not journal.query("SELECT 1 FROM trackers WHERE device = ?", (device,)):
            raise Refused(f"{device} is not registered.")
        by, at_ms = whoami(who), now_ms()
        journal.write(lambda db: let_go.set_retention(db, device, days, by, at_ms)).result()
    settings = loaded(config_file).retention.days
    if as_json:
        print_json({"device": device, "days": days or settings, "own": bool(days)})
    else:
        typer.echo(f"{device}: kept for {days or settings} days")


def forget(
    device: Device,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    who: Who = "",
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Delete everything that is held of a tracker and its wearer, for good.

    Records, positions, alarms, fences, orders, registration and secrets go; the tracker may not
    speak any more. That it was forgotten, when and on whose word stays, and so do the numbers of
    its records, so that none is taken as new. Then it says what it cannot reach: what sinks were
    given, and backups.

    Example: `trygg gateway tracker forget astrid`
    """
    config = loaded(config_file)
    if not yes:
        typer.confirm(f"Delete all that is held of {device}, for good?", abort=True)
    with journal_of(config_file) as journal:
        by, at_ms = whoami(who), now_ms()
        id_ = journal.write(lambda db: forgetting.ask(db, device, by, at_ms)).result()
        forgetting.write_down(config.gateway.data, device, by, at_ms)
        deleted = _waited_for(config, journal, id_, as_json)
        copies = journal.query("SELECT path, at_ms FROM backups ORDER BY id")
    _tell_forgotten(config, device, deleted, copies, as_json)


def _waited_for(config: Config, journal: Journal, id_: int, as_json: bool) -> dict[str, int]:
    """What was deleted, once all is; by the running gateway, or here when none runs."""
    select = "SELECT state, deleted FROM forgotten WHERE id = ?"
    shown = -1
    while True:
        ((state, said),) = journal.query(select, (id_,))
        deleted: dict[str, int] = json.loads(said)
        if state == forgetting.DONE:
            return deleted
        if deleted.get("records", 0) != shown and not as_json:
            shown = deleted.get("records", 0)
            typer.echo(f"{shown} records deleted so far", err=True)
        if running(config) is None:
            _forget_here(journal)
        else:
            time.sleep(0.2)


def _forget_here(journal: Journal) -> None:
    """One slice by this process, which shares the journal with no gateway."""
    asked = journal.read(forgetting.asked)
    if asked:
        known, at_ms = let_go.LetGo(), now_ms()
        journal.write(lambda db: forgetting.step(db, asked[0], known, at_ms)).result()
        wipe_log(journal.path)


def _tell_forgotten(
    config: Config,
    device: str,
    deleted: dict[str, int],
    copies: list[tuple[str, int]],
    as_json: bool,
) -> None:
    sinks = {name: getattr(sink, "path", None) for name, sink in config.sinks.items()}
    old = sorted(map(str, old_journals(config.gateway.data / JOURNAL)))
    if as_json:
        print_json({
            "device": device,
            "deleted": deleted,
            "not_reached": {"sinks": sorted(sinks), "backups": [path for path, _ in copies],
                            "old_journals": old},
        })  # fmt: skip
        return
    counts = ", ".join(f"{count} {table}" for table, count in deleted.items()) or "nothing"
    typer.echo(f"{device}: forgotten; deleted: {counts}")
    for name, path in sinks.items():
        where = f" ({path})" if path else ""
        typer.echo(f"not reached: what sink {name}{where} was given. Delete it there.")
    for path, at_ms in copies:
        typer.echo(f"not reached: the backup of {clock(at_ms / 1000)}, {path}. Delete it.")
    for place in old:
        typer.echo(f"not reached: {place}, set aside when the journal was mended. Delete it.")


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
    app.command("keep")(keep)
    app.command("forget")(forget)
