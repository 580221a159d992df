"""Alert rules for Prometheus and a dashboard for Grafana, written to a folder."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from trygg_gateway.cli.opened import told

FILES = ("alerts.yml", "dashboard.json")


def monitoring(
    folder: Annotated[Path, typer.Argument(help="Where to write them; made if missing.")],
) -> None:
    """Write alert rules for Prometheus and a dashboard for Grafana; older ones are replaced.

    The figures are at /metrics of the console, or on a port of their own (`[metrics]`). No
    tracker's name is among them.

    Example: `trygg gateway monitoring /etc/prometheus/trygg`
    """
    with told():
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            text = files("trygg_gateway.operating").joinpath(name).read_text("utf-8")
            (folder / name).write_text(text, "utf-8")
            typer.echo(f"{folder / name}: written")
    typer.echo('Prometheus: rule_files: ["alerts.yml"], and a scrape job named trygg')
    typer.echo("Grafana: Dashboards, New, Import, dashboard.json")
