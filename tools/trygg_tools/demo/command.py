"""`trygg demo`: gateway, webhook receiver and three trackers, started, watched, ended."""

import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from trygg_gateway.ports import PortTaken, demand_free
from trygg_tools.demo import check
from trygg_tools.demo.folder import Folder, Ports
from trygg_tools.demo.processes import DemoError, Process
from trygg_tools.demo.trackers import BoardTracker, SimulatedTracker, Tracker, board_can_run

HOST = "127.0.0.1"
SUMMARY_S = 60  # between two lines of figures
screen = Console(highlight=False, soft_wrap=True)


def command(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its state.")] = Path("run"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo first.")] = False,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Simulated trackers instead of virtual boards.")
    ] = False,
    console_port: Annotated[int, typer.Option(help="Port of the page.")] = 8321,
    listener_port: Annotated[int, typer.Option(help="Port of the trackers' front door.")] = 8883,
    webhook_port: Annotated[int, typer.Option(help="Port of the webhook's receiver.")] = 8099,
    seconds: Annotated[int, typer.Option(help="End by itself after so long; 0: never.")] = 0,
) -> None:
    """Run the whole system here: gateway, page, webhook receiver and three trackers that walk.

    Astrid walks out of her fence after about a minute. A second start goes on where the first
    stopped, with the same trackers and the same journal; `--fresh` begins anew. Ctrl-C ends it.

    Example: `trygg demo --fresh`
    """
    ports = Ports(console_port, listener_port, webhook_port)
    demo = Demo(Folder(folder.resolve()), ports, simulated=simulated or not board_can_run())
    try:
        if fresh:
            demo.folder.clear()
        with ExitStack() as parts:
            demo.start(parts)
            demo.watch(seconds)
    except (DemoError, PortTaken) as error:
        screen.print(f"[red]trygg demo:[/red] {error}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        screen.print("\nall parts ended")
    demo.say_sum()


class Demo:
    """One run of the demo."""

    def __init__(self, folder: Folder, ports: Ports, *, simulated: bool) -> None:
        self.folder = folder
        self.ports = ports
        self._simulated = simulated
        self._lock = threading.Lock()
        logs = folder.root
        self._webhook = Process(
            "the webhook receiver",
            ["-m", "trygg_tools.cli", "webhook", "--secret-file", str(folder.secret),
             "--out", str(folder.received), "--port", str(ports.webhook)],
            logs / "webhook.log",
        )  # fmt: skip
        self._gateway = Process(
            "the gateway",
            ["-m", "trygg_gateway", "run", "--config", str(folder.config)],
            logs / "gateway.log",
        )

    @property
    def page(self) -> str:
        """Where people look."""
        return f"http://{HOST}:{self.ports.console}/"

    # -- the start -------------------------------------------------------------------------

    def start(self, parts: ExitStack) -> None:
        """Start every part, saying so; each is ended when `parts` closes, the last one first."""
        self._demand_ports()
        began = time.monotonic()
        first = self.folder.make(self.ports)
        wearers = self.folder.wearers()
        self._step("folder", f"{self.folder.root} ({'new' if first else 'goes on'})")
        for wearer in wearers:
            self.folder.provision(wearer)
        self._step("registered", ", ".join(wearer.name for wearer in wearers))
        parts.callback(self._webhook.stop)
        self._webhook.start()
        parts.callback(self._gateway.stop)
        self._gateway.start()
        self._webhook.wait_ready(f"http://{HOST}:{self.ports.webhook}/received")
        self._step("webhook", f"receives on port {self.ports.webhook}, keeps received.jsonl")
        self._gateway.wait_ready(self.page)
        self._step("gateway", f"pid {self._gateway.pid}, front door on port {self.ports.listener}")
        kind = SimulatedTracker if self._simulated else BoardTracker
        trackers: Sequence[Tracker] = [kind(wearer, self._line) for wearer in wearers]
        for tracker in trackers:
            parts.callback(tracker.stop)
            tracker.start()
        self._step("trackers", self._what_they_are())
        self._say_what_to_do(time.monotonic() - began)

    def _demand_ports(self) -> None:
        demand_free(HOST, self.ports.console, "--console-port")
        demand_free(HOST, self.ports.listener, "--listener-port")
        demand_free(HOST, self.ports.webhook, "--webhook-port")

    def _what_they_are(self) -> str:
        if not self._simulated:
            return "three virtual boards, the firmware in real MicroPython"
        return "three simulated trackers on CPython (no virtual board: no MicroPython here)"

    def _step(self, part: str, text: str) -> None:
        screen.print(f"  [green]✓[/green] {part:11} {text}")

    def _say_what_to_do(self, took_s: float) -> None:
        config = self.folder.config
        screen.print(f"\nReady after {took_s:.0f} s. Look at [bold]{self.page}[/bold]")
        screen.print(
            "  Astrid walks out of her fence in about a minute: press Take on her alarm,\n"
            "  and her tracker's line here says that it told her.\n"
            f"  Kill the gateway: kill -9 {self._gateway.pid}\n"
            f"  and start it again: {Path(sys.executable).parent}/trygg gateway run"
            f" --config {config}\n"
            "  Ctrl-C ends everything and counts what the webhook has got.\n"
        )

    # -- while it runs ---------------------------------------------------------------------

    def watch(self, seconds: int) -> None:
        """Until Ctrl-C, or `seconds` have passed: say figures, and that the gateway is gone."""
        began = time.monotonic()
        said_s = began
        gateway_was_there = True
        while not seconds or time.monotonic() - began < seconds:
            time.sleep(0.2)
            there = self._gateway.alive
            if gateway_was_there and not there:
                self._line("demo", "the gateway is gone; the trackers keep what they have to say")
            gateway_was_there = there
            if time.monotonic() - said_s >= SUMMARY_S:
                said_s = time.monotonic()
                self._line("demo", check.sentence(check.counted(self.folder.received)))

    def say_sum(self) -> None:
        """What the webhook has got, tracker by tracker."""
        if self.folder.received.exists():
            check.show(check.counted(self.folder.received), screen)

    def _line(self, who: str, line: str) -> None:
        with self._lock:
            colour = {"astrid": "cyan", "bjorn": "yellow", "solveig": "magenta"}.get(who, "white")
            screen.print(f"[{colour}]{who:8}[/{colour}] ", end="")
            screen.print(line, markup=False)
