"""`trygg wire`: a frame in hex, said in words."""

import json
from typing import Annotated

import typer

from trygg_wire import codec, layouts


def command(
    frame: Annotated[str, typer.Argument(help="The frame, in hex.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what a frame of the wire format holds.

    Example: `trygg wire 1803f403000000000111020a4f`
    """
    try:
        kind, values = codec.decode(bytes.fromhex(frame))
    except (codec.WireError, ValueError) as error:
        typer.echo(f"trygg wire: wanted a whole frame in hex, got one that says: {error}", err=True)
        raise typer.Exit(1) from None
    name = dict(layouts.KINDS)[kind]
    if as_json:
        typer.echo(json.dumps({"kind": name, **values}, default=lambda data: data.hex()))
        return
    typer.echo(name)
    for field, value in values.items():
        typer.echo(f"  {field:22} {value.hex() if isinstance(value, bytes) else value}")
