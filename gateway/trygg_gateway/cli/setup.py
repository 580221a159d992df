"""Making a gateway and looking at its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trygg_gateway.cli.opened import DEFAULT, AsJson, ConfigFile, loaded, print_json, told
from trygg_gateway.config import NAME
from trygg_gateway.config_check import findings
from trygg_gateway.config_toml import default_toml
from trygg_gateway.init_folder import make_folder, own_hosts
from trygg_gateway.tls import hosts_of, issue_server, write_private
from trygg_gateway.values import Refused
from trygg_gateway.web.auth import ConsolePassword

PASSWORD_LEAST = 10


def init(
    folder: Annotated[Path, typer.Argument(help="Where the gateway is to live; made if missing.")],
    name: Annotated[str, typer.Option(help="Its name, in the source of every event.")] = "trygg",
    host: Annotated[
        list[str] | None,
        typer.Option(help="A name or address trackers reach it by; may be given again."),
    ] = None,
    loopback: Annotated[
        bool, typer.Option("--loopback", help="Plain MQTT on 127.0.0.1 only, for trying out.")
    ] = False,
) -> None:
    """Make a gateway: settings, certificates, a webhook secret. Nothing is overwritten.

    Example: `trygg gateway init /srv/trygg --name nord --host trygg.kommune.example`
    """
    import re

    with told():
        if not re.match(NAME, name):
            raise Refused(f"name {name!r}: wanted 1 to 32 of a-z, 0-9 and -.")
        try:
            make_folder(folder, name, host or own_hosts(), loopback_only=loopback)
        except OSError as error:
            raise Refused(
                f"{error.filename or folder}: cannot be made: {error.strerror}. Mend that and say"
                " the same again: what is there already stays"
            ) from None
    typer.echo(f"{folder}: gateway {name} is made. Next:")
    typer.echo(f"  trygg gateway check --config {folder / 'gateway.toml'}")
    typer.echo(f"  trygg gateway run --config {folder / 'gateway.toml'}")


def config() -> None:
    """Print the settings there are, each with its meaning and default.

    Example: `trygg gateway config > gateway.toml`
    """
    typer.echo(default_toml(), nl=False)


def check(config_file: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Look at the settings and at the files they name. Exit code 2 if the gateway would not start.

    Example: `trygg gateway check --config /srv/trygg/gateway.toml`
    """
    found = findings(loaded(config_file))
    if as_json:
        print_json([finding._asdict() for finding in found])
    else:
        for finding in found:
            typer.echo(str(finding))
        if not found:
            typer.echo(f"{config_file}: fit")
    if any(finding.level == "error" for finding in found):
        raise typer.Exit(2)


def password(
    file: Annotated[Path, typer.Argument(help="Where to write it, hashed; replaced if there.")],
) -> None:
    """Ask for the console's password and write its hash to a file (mode 0600).

    Example: `trygg gateway password secrets/console`, then
    `password_hash_file = "secrets/console"` in [console].
    """
    chosen = typer.prompt("Password of the console", hide_input=True, confirmation_prompt=True)
    with told():
        if len(chosen) < PASSWORD_LEAST:
            raise Refused(f"The password is too short: wanted {PASSWORD_LEAST} characters or more.")
        new = file.with_name(file.name + ".new")
        new.unlink(missing_ok=True)
        write_private(new, ConsolePassword.of(chosen).text().encode() + b"\n")
        new.replace(file)
    typer.echo(f"{file}: written")


def renew(
    config_file: ConfigFile = DEFAULT,
    host: Annotated[
        list[str] | None,
        typer.Option(help="Names and addresses from now on; none: those of the old certificate."),
    ] = None,
) -> None:
    """Make a new certificate for the front door, signed by the same CA.

    Trackers need nothing new. `trygg gateway reload` shows it to whoever connects from then on.

    Example: `trygg gateway renew --host trygg.kommune.example --host 192.168.1.10`
    """
    cert = loaded(config_file).listener.cert
    with told():
        if cert is None:
            raise Refused("listener.cert is not set, so there is no certificate to renew.")
        issue_server(cert.parent, host or hosts_of(cert))
    typer.echo(f"{cert}: renewed. To show it: trygg gateway reload")
