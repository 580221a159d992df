"""What every command needs: the settings, the journal beside a running gateway, a way to print.

Mistakes end a command with one sentence on standard error and exit code 1 (2 for settings that
cannot be used, so that a script can tell them apart); never with a traceback.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trygg_gateway.config import Config, load
from trygg_gateway.config_errors import ConfigError
from trygg_gateway.init_folder import FolderTaken
from trygg_gateway.journal import Journal
from trygg_gateway.journal_file import JournalError
from trygg_gateway.ports import PortTaken
from trygg_gateway.running_file import RUNNING
from trygg_gateway.service import JOURNAL
from trygg_gateway.tls import TlsError
from trygg_gateway.values import Refused

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="TRYGG_CONFIG", help="The gateway's file of settings."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a machine to read.")]
Who = Annotated[str, typer.Option(help="Who does it, for the timeline.", show_default="you")]
DEFAULT = Path("gateway.toml")


@contextmanager
def told() -> Iterator[None]:
    """What is known to go wrong, as a sentence and an exit code."""
    try:
        yield
    except (ConfigError, JournalError, PortTaken) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except (Refused, TlsError, FolderTaken) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:  # whoever read has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        typer.echo(
            f"{error.filename}: {error.strerror}" if error.filename else str(error), err=True
        )
        raise typer.Exit(1) from None


@contextmanager
def journal_of(config_file: Path) -> Iterator[Journal]:
    """The journal of the gateway that the file describes, made if it was never started."""
    with told():
        path = load(config_file).gateway.data / JOURNAL
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = os.umask(0o077)  # a journal made here is nobody else's to read
        try:
            journal = Journal.visit(path)
        finally:
            os.umask(before)
        try:
            yield journal
        finally:
            journal.close()


def loaded(config_file: Path) -> Config:
    """The settings, or the end of the command."""
    with told():
        return load(config_file)


def running(config: Config) -> dict[str, Any] | None:
    """What a running gateway wrote about itself: pid, since_ms, addresses; None if none runs."""
    try:
        said: dict[str, Any] = json.loads((config.gateway.data / RUNNING).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return said if _is_gateway(said["pid"]) else None


def _is_gateway(pid: int) -> bool:
    """Whether that process lives and has a lock, as a gateway has its journal's.

    What a killed gateway wrote stays behind, and by the next boot its number is somebody else's,
    whom a `reload` must not signal. /proc/locks (proc(5)): number, kind, ..., ..., pid.
    """
    if not Path(f"/proc/{pid}").exists():
        return False
    try:
        locks = Path("/proc/locks").read_text("ascii")
    except OSError:
        return True  # nobody can tell here
    words = [line.split() for line in locks.splitlines()]
    return any(one[1] == "FLOCK" and one[4] == str(pid) for one in words if len(one) > 4)


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def whoami(who: str) -> str:
    """The name given, else that of the account."""
    return who or getpass.getuser()


def tell_order(order_id: int, device: str, what: str, as_json: bool) -> None:
    """Say that an order is owed: a sentence, or {"order": id, "device": name}."""
    if as_json:
        print_json({"order": order_id, "device": device})
    else:
        typer.echo(f"order {order_id} for {device}: {what}")


def print_json(value: Any) -> None:
    """One JSON value, indented."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], empty: str) -> None:
    """Rows as aligned columns under their names; the sentence `empty` if there are none."""
    if not rows:
        typer.echo(empty)
        return
    cells = [list(columns)] + [[_cell(row.get(name)) for name in columns] for row in rows]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    for line in cells:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())


def clock(unix_s: float | None) -> str:
    """A time as this machine's clock shows it; - for unknown."""
    if not unix_s:
        return "-"
    return datetime.fromtimestamp(unix_s).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)
