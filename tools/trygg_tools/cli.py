"""The one command, `trygg`: every room's commands under the name people would look for."""

import typer

app = typer.Typer(
    name="trygg",
    help="Trackers for people with dementia: the gateway, the virtual trackers, the bench.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # a local variable may be a secret
)


def _add_rooms() -> None:
    """Hang each room's commands on the one command."""
    from trygg_gateway.cli import app as gateway
    from trygg_tools import bench_command, firmware_command, webhook, wire_command
    from trygg_tools.board import command as board
    from trygg_tools.demo import check
    from trygg_tools.demo import command as demo
    from trygg_tools.flash import command as flash
    from trygg_tools.leaflet import command as leaflet
    from trygg_tools.modem_sim import command as modem
    from trygg_tools.provision import command as provision
    from trygg_tools.provision import inventory_command as inventory
    from trygg_tools.replay import command as replay
    from trygg_tools.selftest import command as selftest
    from trygg_tools.simulate import campaign
    from trygg_tools.simulate import command as simulate
    from trygg_tools.vectors import command as vectors

    app.add_typer(gateway, name="gateway")
    app.add_typer(board.app, name="board")
    app.command("demo")(demo.command)
    app.command("demo-check")(check.command)
    app.command("bench", context_settings=bench_command.SETTINGS)(bench_command.command)
    app.command("flash")(flash.command)
    app.command("firmware")(firmware_command.command)
    app.command("traceback")(firmware_command.traceback)
    app.add_typer(provision.app, name="provision")
    app.add_typer(inventory.app, name="inventory")
    app.command("leaflet")(leaflet.command)
    app.command("replay")(replay.command)
    app.command("selftest")(selftest.command)
    app.command("simulate")(simulate.command)
    app.command("campaign")(campaign.command)
    app.add_typer(modem.app, name="modem")
    app.add_typer(vectors.app, name="vectors")
    app.command("webhook")(webhook.command)
    app.command("wire")(wire_command.command)


def main() -> None:
    """Entry of the `trygg` command."""
    _add_rooms()
    app()


if __name__ == "__main__":
    main()
