"""`trygg leaflet`: the wearer's leaflet with the telephone number of those on duty."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trygg_tools.leaflet import text
from trygg_tools.leaflet.page import write
from trygg_tools.leaflet.text import LeafletError


def command(
    pdf: Annotated[Path, typer.Option(help="The file to write.")],
    language: Annotated[str, typer.Option(help="no or en.")] = "no",
    name: Annotated[str, typer.Option(help="Whom to call; none: a line to write on.")] = "",
    phone: Annotated[str, typer.Option(help="Their number; none: a line to write on.")] = "",
) -> None:
    """Print the wearer's leaflet: one page of A4, in Norwegian or English.

    `trygg leaflet --name "Hjemmetjenesten Nord" --phone "22 33 44 55" --pdf leaflet.pdf`
    """
    try:
        leaflet = text.read(text.text_file(language).read_text("utf-8"))
        write(pdf, leaflet, {"name": name, "phone": phone})
    except LeafletError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{pdf}: one page; print it on A4 at 100 %")
