"""A copy of the journal while the gateway runs; looking at one; putting one in its place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from trygg_gateway import journal_backup, journal_check
from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    journal_of,
    loaded,
    now_ms,
    print_json,
    running,
    told,
)
from trygg_gateway.service import JOURNAL
from trygg_gateway.values import Refused

Copy = Annotated[Path, typer.Argument(help="The backup's file.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The new file; it is never overwritten.")],
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Copy the journal to a file, beside a running gateway. It holds everything: mode 0600.

    The copy is checked whole before it takes its name. The gateway remembers where it is, so that
    `tracker forget` can name the copies that somebody's whereabouts are still in.

    Example: `trygg gateway backup /mnt/backup/trygg-2026-11-22.sqlite`
    """
    with journal_of(config_file) as journal:
        copied = journal_backup.backup(journal.path, file, now_ms(), _progress("copied"))
        at_ms = now_ms()
        journal.write(lambda db: journal_backup.note(db, copied, at_ms)).result()
    _progress("")(0, 0)
    if as_json:
        print_json({**copied._asdict(), "path": str(copied.path)})
        return
    size = f"{copied.bytes / 1e6:,.1f} MB"
    typer.echo(f"{file}: {copied.records} records, {size}, whole, in {copied.seconds:.1f} s")


def backup_check(copy: Copy, as_json: AsJson = False) -> None:
    """Look whether a backup is whole: every page, every index, every record's CRC. Exit 0 or 1.

    Example: `trygg gateway backup-check /mnt/backup/trygg-2026-11-22.sqlite`
    """
    with told():
        if not copy.is_file():
            raise Refused(f"{copy} is no file.")
        faults = journal_check.whole(copy)
    if as_json:
        print_json({"path": str(copy), "whole": not faults, "faults": faults})
    else:
        typer.echo("\n".join(f"{copy}: {one}" for one in faults or ["whole"]))
    if faults:
        raise typer.Exit(1)


def restore(
    copy: Copy,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Put a backup in the journal's place; what stood there is set aside, not deleted.

    The gateway must be stopped. What trackers were acknowledged after the copy was made they have
    no more: the next start names it, raises it, and `audit` says `journal` of it.

    Example: `trygg gateway restore /mnt/backup/trygg-2026-11-22.sqlite`
    """
    config = loaded(config_file)
    with told():
        if running(config) is not None:
            raise Refused("A gateway is running on this journal. systemctl stop trygg-gateway")
        target = config.gateway.data / JOURNAL
        if not yes:
            typer.confirm(f"Put {copy} in the place of {target}?", abort=True)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        away = journal_backup.restore(copy, target)
    typer.echo(f"{target}: restored from {copy}" + (f"; the old one is {away}" if away else ""))
    typer.echo("Start the gateway; what the copy lacks is named and raised then.")


def _progress(word: str) -> journal_backup.Progress:
    """Says how far it is, on a terminal only; "" clears the line."""

    def say(done: int, all_: int) -> None:
        if sys.stderr.isatty():
            text = f"{word}: {100 * done // max(1, all_)} %" if word else ""
            typer.echo(f"\r\x1b[K{text}", err=True, nl=False)

    return say
