"""The systemd unit that runs the gateway: written, or printed to be looked at."""

from __future__ import annotations

import grp
import pwd
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from trygg_gateway.cli.opened import DEFAULT, ConfigFile, loaded, told
from trygg_gateway.config import Config
from trygg_gateway.tls import write_new
from trygg_gateway.unit_file import NAME, Unit, text
from trygg_gateway.values import Refused

SYSTEM = Path("/etc/systemd/system")


def install_unit(
    to: Annotated[
        Path, typer.Option(help="Where to write it; - prints it.", show_default=str(SYSTEM / NAME))
    ] = SYSTEM / NAME,
    user: Annotated[
        str, typer.Option(help="As whom it runs.", show_default="who owns the settings' folder")
    ] = "",
    program: Annotated[
        Path | None, typer.Option(help="The `trygg` to start.", show_default="this one")
    ] = None,
    config_file: ConfigFile = DEFAULT,
) -> None:
    """Write a systemd unit that starts the gateway, watches it, and shuts it in.

    It is started again when it ends and when it gives no sign of life for a minute; it can write to
    its own folder and to nothing else. `systemctl reload` takes new settings over.

    Example: `trygg gateway install-unit --config /srv/trygg/gateway.toml`
    """
    config = loaded(config_file)
    with told():
        made = text(_unit(config_file.resolve(), config, user, program))
        if str(to) == "-":
            typer.echo(made, nl=False)
            return
        _write(to, made)
    typer.echo(f"{to}: written. Next:")
    typer.echo(f"  systemctl daemon-reload && systemctl enable --now {NAME}")


def _unit(config_file: Path, config: Config, user: str, program: Path | None) -> Unit:
    folder = config_file.parent
    try:
        entry = pwd.getpwnam(user) if user else pwd.getpwuid(folder.stat().st_uid)
    except KeyError:
        raise Refused(
            f"There is no user {user}. Make one: adduser --system --group --home {folder} {user}"
        ) from None
    path = program or _this_program()
    if not path.is_absolute() or not path.exists():
        raise Refused(f"{path} is no program here. Name it with its whole path: --program")
    group = grp.getgrgid(entry.pw_gid).gr_name
    try:
        unit = Unit(path, config_file, _writable(config), entry.pw_name, group, config.gateway.name)
        text(unit)
    except ValueError as error:
        raise Refused(f"{error}. Move it to a plain path, as /srv/trygg.") from None
    return unit


def _writable(config: Config) -> list[Path]:
    """Where it writes: its data, and the folders of sinks that are files."""
    files = [getattr(sink, "path", None) for sink in config.sinks.values()]
    folders = {path.resolve().parent for path in files if isinstance(path, Path)}
    return [config.gateway.data.resolve(), *sorted(folders)]


def _this_program() -> Path:
    beside = Path(sys.executable).with_name("trygg")
    return beside if beside.exists() else Path(shutil.which("trygg") or "trygg")


def _write(to: Path, made: str) -> None:
    if to.exists() and to.read_text("utf-8") == made:
        return
    new = to.with_name(to.name + ".new")
    new.unlink(missing_ok=True)
    write_new(new, made.encode())
    new.replace(to)
