"""One run of the demo: its parts started one after the other, watched, ended in reverse."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from trygg_gateway.ports import demand_free
from trygg_tools.demo import check, keys
from trygg_tools.demo.folder import Folder, Ports, Wearer
from trygg_tools.demo.gateway_watch import GatewayWatch, Seen
from trygg_tools.demo.processes import DemoError, Process
from trygg_tools.demo.trackers import (
    MODEM,
    WIFI,
    BoardTracker,
    SimulatedTracker,
    Tracker,
    board_can_run,
)
from trygg_tools.demo.voice import Voice

HOST = "127.0.0.1"
SUMMARY_S = 60  # between two lines of figures
HEARD_S = 20  # for the first word of every tracker
REGISTER_S = 25  # longer with a modem, which starts and finds its network first
LOOK_S = 0.2

Say = Callable[[str], None]


class Demo:
    """One run of the demo."""

    def __init__(
        self,
        folder: Folder,
        ports: Ports,
        screen: Console,
        *,
        simulated: bool,
        link: str = MODEM,
    ) -> None:
        self.folder = folder
        self.ports = ports
        self._screen = screen
        self._voice = Voice(screen)
        self._simulated = simulated
        self._link = WIFI if simulated else link
        self._boards: dict[str, BoardTracker] = {}
        self._links: dict[str, str] = {}  # device: what its modem was last doing
        self._webhook = Process(
            "the webhook receiver",
            ["-m", "trygg_tools.cli", "webhook", "--secret-file", str(folder.secret),
             "--out", str(folder.received), "--port", str(ports.webhook)],
            folder.root / "webhook.log",
        )  # fmt: skip
        self._gateway = Process(
            "the gateway",
            ["-m", "trygg_gateway", "run", "--config", str(folder.config)],
            folder.root / "gateway.log",
        )
        self._gateways = GatewayWatch(self._gateway, folder.running)
        self.ready = False

    @property
    def page(self) -> str:
        """Where people look."""
        return f"http://{HOST}:{self.ports.console}/"

    @property
    def gateway_again(self) -> str:
        """The command that starts the gateway in another terminal."""
        trygg = Path(sys.executable).parent / "trygg"
        return f"{trygg} gateway run --config {self.folder.config}"

    # -- the start -------------------------------------------------------------------------

    def start(self, parts: ExitStack, *, fresh: bool) -> None:
        """Start every part, saying so; each is ended when `parts` closes, the last one first."""
        began = time.monotonic()
        self._demand_room()
        with self._screen.status("begins", spinner="line") as status:
            wearers = self._make_folder(fresh, status.update)
            self._start_servers(parts, status.update)
            self._start_trackers(parts, wearers, status.update)
        self.ready = True
        self._say_what_to_do(time.monotonic() - began)

    def _demand_room(self) -> None:
        """PortTaken or DemoError while somebody else has the ports or the folder."""
        demand_free(HOST, self.ports.console, "--console-port")
        demand_free(HOST, self.ports.listener, "--listener-port")
        demand_free(HOST, self.ports.webhook, "--webhook-port")
        pid = self._gateways.look().pid
        if pid:
            raise DemoError(
                f"a gateway (pid {pid}) serves {self.folder.root}; end it, or name another --folder"
            )

    def _make_folder(self, fresh: bool, doing: Say) -> list[Wearer]:
        doing("making keys and certificates")
        if fresh:
            self.folder.clear()
        first = self.folder.make(self.ports)
        self._step("folder", f"{self.folder.root} ({'new' if first else 'goes on as it was left'})")
        wearers = self.folder.wearers()
        for wearer in wearers:
            doing(f"registering {wearer.name}")
            self.folder.provision(wearer)
        self._step("registered", ", ".join(f"{w.name} ({w.fence['name']})" for w in wearers))
        return wearers

    def _start_servers(self, parts: ExitStack, doing: Say) -> None:
        doing("starting the webhook receiver and the gateway")
        for process in (self._webhook, self._gateway):
            parts.callback(process.stop)
            process.start()
        self._webhook.wait_ready(f"http://{HOST}:{self.ports.webhook}/received")
        self._step("webhook", f"port {self.ports.webhook}, keeps {self.folder.received}")
        self._gateway.wait_ready(self.page)
        self._step("gateway", f"pid {self._gateway.pid}, front door on port {self.ports.listener}")

    def _start_trackers(self, parts: ExitStack, wearers: Sequence[Wearer], doing: Say) -> None:
        before = self._records()
        for wearer in wearers:
            doing(f"switching on the tracker of {wearer.name}")
            tracker = self._tracker(wearer)
            parts.callback(tracker.stop)
            tracker.start()
        doing("waiting for the trackers' first words")
        self._step("trackers", self._what_they_are())
        silent = self._silent(wearers, before)
        if silent:
            self._step("heard", f"not yet: {', '.join(silent)} (trackers/*/console.log)", "red")
        else:
            self._step("heard", "all three, by the gateway and by the webhook")

    def _tracker(self, wearer: Wearer) -> Tracker:
        if self._simulated:
            return SimulatedTracker(wearer, self._voice.tracker)
        board = BoardTracker(wearer, self._voice.tracker, self._link)
        self._boards[wearer.device] = board
        return board

    def _what_they_are(self) -> str:
        if not self._simulated:
            over = "simulated SIM7080 modems" if self._link == MODEM else "Wi-Fi"
            return f"three virtual boards over {over}: the firmware in real MicroPython"
        if not board_can_run():
            return "three simulated trackers on CPython: MicroPython has no wheel for this machine"
        return "three simulated trackers on CPython, not virtual boards"

    def _silent(self, wearers: Sequence[Wearer], before: Counter[str]) -> list[str]:
        """Who has not been heard after HEARD_S; returns as soon as all have been."""
        until = time.monotonic() + HEARD_S + (REGISTER_S if self._link == MODEM else 0)
        while True:
            now = self._records()
            silent = [w.name for w in wearers if now[w.device] == before[w.device]]
            if not silent or time.monotonic() > until:
                return silent
            time.sleep(LOOK_S)

    def _records(self) -> Counter[str]:
        """How many records the webhook has got of each tracker."""
        got: Counter[str] = Counter()
        for boot in check.counted(self.folder.received):
            got[boot.device] += boot.records
        return got

    def _step(self, part: str, text: str, colour: str = "green") -> None:
        mark = "✓" if colour == "green" else "✗"
        self._screen.print(f"  [{colour}]{mark}[/{colour}] {part:11} {escape(text)}")

    def _say_what_to_do(self, took_s: float) -> None:
        again = "\n                             or type g and Enter here" if keys.listens() else ""
        self._screen.print(
            f"\n  Ready after {took_s:.0f} s. Open [bold]{self.page}[/bold]\n\n"
            "  1. Astrid leaves her fence in about 45 s, her alarm comes about 20 s later:\n"
            "     press Take, and her tracker's line here says that it told her.\n"
            f"  2. Kill the gateway:       kill -9 {self._gateway.pid}\n"
            f"     and start it again in\n"
            f"     another terminal:       {escape(self.gateway_again)}{again}\n"
            "  3. Ctrl-C ends everything and counts what the webhook has got.\n"
        )

    # -- while it runs ---------------------------------------------------------------------

    def watch(self, seconds: int) -> None:
        """Until Ctrl-C, or `seconds` have passed: say what becomes of the parts, obey the keys."""
        began = summed = time.monotonic()
        last = self._gateways.look()
        webhook_there = True
        while not seconds or time.monotonic() - began < seconds:
            typed = keys.typed(LOOK_S)
            seen = self._gateways.look()
            if seen.pid != last.pid:
                self._say_gateway(seen, last)
            last = seen
            if typed == "g" and not seen.pid:
                self._gateway.start()
            if webhook_there and not self._webhook.alive:
                webhook_there = False
                self._voice.demo("the webhook receiver is gone: see webhook.log", "bold red")
            self._say_links()
            if time.monotonic() - summed >= SUMMARY_S:
                summed = time.monotonic()
                self._voice.demo(check.sentence(self._counted()))

    def _say_links(self) -> None:
        """What each modem does, when that has changed."""
        for device, board in self._boards.items():
            doing = board.link()
            if doing != self._links.get(device, ""):
                self._links[device] = doing
                self._voice.tracker(device, doing)

    def _say_gateway(self, seen: Seen, last: Seen) -> None:
        if seen.pid:
            self._voice.demo(f"the gateway is back (pid {seen.pid})", "bold green")
            return
        again = "g and Enter starts it again, or" if keys.listens() else "start it again:"
        how = f" ({self._gateway.how_it_ended})" if last.ours else ""
        self._voice.demo(f"the gateway is gone{how}", "bold red")
        self._voice.demo("the trackers keep what they have to say until it is back")
        self._voice.demo(f"{again} {self.gateway_again}")

    # -- the end ---------------------------------------------------------------------------

    def say_sum(self) -> None:
        """What has ended and what has not, and what the webhook has got, tracker by tracker."""
        seen = self._gateways.look()
        if seen.pid:
            self._screen.print(
                f"all parts ended but the gateway that you started (pid {seen.pid}):"
                " end it with Ctrl-C where you started it"
            )
        else:
            self._screen.print("all parts ended")
        boots = self._counted()
        check.show(boots, self._screen)
        if any(boot.missing for boot in boots):
            self._screen.print(
                "what is missing was on its way when the parts ended; the next start brings it"
            )

    def _counted(self) -> list[check.Boot]:
        """With what the gateway holds, or by the receiver's gaps alone if that cannot be asked."""
        try:
            held = check.held_by_gateway(self.folder.config)
        except DemoError:
            held = {}
        return check.counted(self.folder.received, held)
