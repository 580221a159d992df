"""`trygg demo`: the options, and what a newcomer is told when it cannot start."""

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from trygg_gateway.ports import PortTaken
from trygg_tools.demo.ending import one_interrupt
from trygg_tools.demo.folder import Folder, Ports
from trygg_tools.demo.processes import DemoError
from trygg_tools.demo.run import Demo
from trygg_tools.demo.trackers import MODEM, WIFI, board_can_run

INTERRUPTED = 130  # as a shell says it of Ctrl-C


class Link(StrEnum):
    """How the boards reach the gateway."""

    MODEM = MODEM
    WIFI = WIFI


screen = Console(highlight=False, soft_wrap=True)


def command(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its state.")] = Path("run"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo first.")] = False,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Simulated trackers instead of virtual boards.")
    ] = False,
    link: Annotated[Link, typer.Option(help="What the virtual boards speak over.")] = Link.MODEM,
    console_port: Annotated[int, typer.Option(help="Port of the page.")] = 8321,
    listener_port: Annotated[int, typer.Option(help="Port of the trackers' front door.")] = 8883,
    webhook_port: Annotated[int, typer.Option(help="Port of the webhook's receiver.")] = 8099,
    seconds: Annotated[int, typer.Option(help="End by itself after so long; 0: never.")] = 0,
) -> None:
    """Run the whole system here: gateway, page, webhook receiver and three trackers that walk.

    Astrid walks out of her fence after about 45 seconds; about 20 seconds later the page shows
    her alarm. Ctrl-C ends every part and counts what the webhook has got.

    A second start goes on where the first stopped, with the same trackers, alarms and journal;
    only the walks begin again. `--fresh` begins anew.

    Example: `trygg demo --fresh`
    """
    ports = Ports(console_port, listener_port, webhook_port)
    without_boards = simulated or not board_can_run()
    demo = Demo(Folder(folder.resolve()), ports, screen, simulated=without_boards, link=link.value)
    with one_interrupt():
        try:
            with ExitStack() as parts:
                demo.start(parts, fresh=fresh)
                demo.watch(seconds)
        except (DemoError, PortTaken) as error:
            screen.print("[bold red]trygg demo cannot go on:[/bold red]", end=" ")
            screen.print(str(error), markup=False)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            if not demo.ready:
                screen.print("ended before it was ready; nothing runs on")
                raise typer.Exit(INTERRUPTED) from None
        demo.say_sum()
