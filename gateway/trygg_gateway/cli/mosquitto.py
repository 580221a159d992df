"""Mosquitto beside the gateway: its configuration, rights and credentials, made by a command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from trygg_gateway.cli.opened import (
    DEFAULT,
    AsJson,
    ConfigFile,
    journal_of,
    loaded,
    now_ms,
    print_json,
    told,
)
from trygg_gateway.config import Config, is_loopback
from trygg_gateway.init_folder import own_hosts
from trygg_gateway.journal import Journal
from trygg_gateway.mosquitto.folder import Written, keep, make, owner_of
from trygg_gateway.mosquitto.texts import GATEWAY_USER, Place
from trygg_gateway.registry import Registry
from trygg_gateway.values import Refused

CLASH: Final = (
    "listener.port is {port}, too: of the gateway and Mosquitto only the first to start has it."
    " Give Mosquitto another (--port), or set listener.enabled = false if all trackers come"
    " through it."
)


def mosquitto_config(
    folder: Annotated[Path, typer.Argument(help="Where Mosquitto's files are to be.")],
    host: Annotated[
        list[str] | None,
        typer.Option(help="A name or address trackers reach it by; may be given again."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port it listens on.", min=1, max=65535)] = 8883,
    bind: Annotated[str, typer.Option(help="Address it listens on; none: every one.")] = "",
    user: Annotated[
        str,
        typer.Option(help="As whom it runs.", show_default="who owns the settings, as the gateway"),
    ] = "",
    plain: Annotated[bool, typer.Option("--plain", help="No TLS; 127.0.0.1 only.")] = False,
    config_file: ConfigFile = DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Set up a Mosquitto in which a tracker reaches its own two topics and nothing else.

    Writes its configuration (TLS by the gateway's own CA, nobody without a password, memory that
    is written to disk every second and drops nothing), the rights, and each tracker's user. With
    `broker.mosquitto = FOLDER` in the settings `tracker add`, `rotate` and `revoke` keep the last
    two in step and have the broker read them, for which it runs as the same user. It may be given
    again: what is there is replaced.

    Example: `trygg gateway mosquitto-config mosquitto --host trygg.example`
    """
    config = loaded(config_file)  # a mistake in it is said before anything is written
    folder = folder.resolve()
    with told():
        near = ["localhost", "127.0.0.1", *([bind] if bind else [])]
        hosts = list(dict.fromkeys([*(host or own_hosts()), *near]))
        runs_as = user or owner_of(config_file.resolve().parent)
        place = Place(folder, port, "127.0.0.1" if plain else bind, runs_as)
        make(place, None if plain else _authority(config_file), hosts, _secrets(config_file))
    with journal_of(config_file) as journal:
        written = _kept(folder, config_file, journal)
    settings = _settings(config_file, place, plain)
    if as_json:
        print_json({**written._asdict(), "folder": str(folder), "settings": settings})
        return
    typer.echo(f"{folder}: {written.users} trackers may log in. The broker {written.told}")
    _tell_without(written)
    if config.listener.enabled and config.listener.port == port:
        typer.echo(CLASH.format(port=port), err=True)
    typer.echo(f"Start it:  mosquitto -c {folder / 'mosquitto.conf'}")
    typer.echo("In gateway.toml:\n\n[broker]")
    typer.echo("\n".join(f'{key} = "{value}"' for key, value in settings.items()))


def follow(config: Config, config_file: Path, journal: Journal) -> None:
    """Trackers have changed: a Mosquitto named in the settings learns of it; say what is to do."""
    if config.broker.mosquitto is None:
        return
    written = _kept(config.broker.mosquitto, config_file, journal)
    typer.echo(f"mosquitto: {written.users} trackers may log in. The broker {written.told}")
    _tell_without(written)


def _kept(folder: Path, config_file: Path, journal: Journal) -> Written:
    if not (folder / "mosquitto.conf").exists():
        raise Refused(
            f"{folder} has no mosquitto.conf. Make it: trygg gateway mosquitto-config {folder}"
        )
    registry = Registry(journal, now_ms)
    return keep(folder, _secrets(config_file), registry.all(), registry.broker_hashes())


def _tell_without(written: Written) -> None:
    for device in written.without:
        typer.echo(
            f"{device}: cannot log in there, its password was made before Mosquitto's hash was"
            f" kept. `trygg gateway tracker rotate {device} --out FILE` gives it a new one"
        )


def _settings(config_file: Path, place: Place, plain: bool) -> dict[str, str]:
    """The keys of [broker] that fit it, for a gateway on this machine."""
    near = "localhost" if not place.bind or is_loopback(place.bind) else place.bind
    said = {
        "url": f"{'mqtt' if plain else 'mqtts'}://{near}:{place.port}",
        "username": GATEWAY_USER,
        "password_file": "secrets/broker",
        "mosquitto": _short(place.folder, config_file),
    }
    return said if plain else {**said, "ca": said["mosquitto"] + "/ca.crt"}


def _short(folder: Path, config_file: Path) -> str:
    home = config_file.resolve().parent
    return str(folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)


def _authority(config_file: Path) -> Path:
    tls = config_file.resolve().parent / "tls"
    if not (tls / "ca.key").exists():
        raise Refused(
            f"{tls} has no CA, which `trygg gateway init` makes. With --plain Mosquitto listens on"
            " 127.0.0.1 without TLS."
        )
    return tls


def _secrets(config_file: Path) -> Path:
    return config_file.resolve().parent / "secrets"
