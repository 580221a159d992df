"""Running the gateway."""

from __future__ import annotations

import asyncio
import os

import typer

from trygg_gateway.cli.opened import DEFAULT, ConfigFile, loaded, told
from trygg_gateway.garbage import collect_rarely
from trygg_gateway.handover import hand_over_soon
from trygg_gateway.logs import start_logging
from trygg_gateway.service import run as run_service


def run(config_file: ConfigFile = DEFAULT) -> None:
    """Run the gateway until Ctrl-C or SIGTERM. Prints one line when it is ready.

    Example: `trygg gateway run --config /srv/trygg/gateway.toml`
    """
    config = loaded(config_file)
    os.umask(0o077)  # whatever is made from here on is nobody else's to read
    start_logging(config.log.form, config.log.level)
    collect_rarely()
    hand_over_soon()
    with told():
        asyncio.run(run_service(config, lambda line: typer.echo(line), file=config_file))
