"""A modem: bytes and pins in, bytes out, time given by the host. Pure: no clock, thread or port.

    modem = Modem(PARTS["sim7080"], World(), seed=7)
    modem.key(1, 0); modem.key(0, 1100)
    modem.feed(b"AT\\r", 5000)
    modem.poll(5010)            # b"AT\\r\\r\\nOK\\r\\n"
    modem.next_ms()             # when to poll again

Every method takes the time in milliseconds and lets it pass first. The same part, world, faults,
seed and calls give the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from trygg_tools.modem_sim.conversation import Conversation
from trygg_tools.modem_sim.dialogue import Final, Handler, Payload, Refused, Talk, Task
from trygg_tools.modem_sim.family import Family, handlers
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.modem_sim.gnss import Gnss
from trygg_tools.modem_sim.mouth import Mouth
from trygg_tools.modem_sim.network import Network
from trygg_tools.modem_sim.part import Part
from trygg_tools.modem_sim.power import ON, PSM, Power
from trygg_tools.modem_sim.quirk_table import QUIRKS
from trygg_tools.modem_sim.real_time import RealTime
from trygg_tools.modem_sim.serial_line import SerialLine

if TYPE_CHECKING:
    from trygg_tools.modem_sim.world import World

Trace = Callable[[int, str, bytes], None]
KEEPS_BAUD = "baud"
DEFAULT_BAUD = 115200  # of auto-baud until the host has been heard [K]


class Connection(Protocol):
    """An open connection of the modem's own, for faults to reach it."""

    def cut_off(self) -> None:
        """The far end ends it."""

    def bring(self, topic: str, payload: bytes) -> None:
        """A message comes; nothing on a raw socket."""


class Modem:
    """One part in one world. `kept` is its non-volatile memory, `traces` hear its dialogue."""

    def __init__(
        self,
        part: Part,
        world: World,
        faults: Faults | None = None,
        seed: int = 0,
        firmware: str | None = None,
    ) -> None:
        self.part = part
        self.world = world
        self.schedule = world.schedule
        self.firmware = part.firmware(firmware)
        self.quirks = set(self.firmware.quirks)
        self.rng = random.Random(seed)  # noqa: S311  (a simulation's chance, not a secret)
        self.kept: dict[str, Any] = {KEEPS_BAUD: 0 if self.quirk("auto_baud") else part.baud}
        self.traces: list[Trace] = []
        self.faults = faults or Faults()
        self._connections: WeakValueDictionary[int, Connection] = WeakValueDictionary()
        self._connection_number = 0
        self.wire = SerialLine(self.schedule, self.rng)
        self.mouth = Mouth(self)
        self.power = Power(self)
        self.conversation = Conversation(self)
        self.network = Network(self)
        self.gnss = Gnss(self)
        self.clock = RealTime(self)
        self.families: list[Family] = [family(self) for family in part.families]
        self.table: dict[tuple[str, str], Handler] = {}
        for family in self.families:
            self.table.update(handlers(family))
        self._tasks: list[Task] = []
        self.faults.begin(self)

    # -- the host's side ---------------------------------------------------------------------

    def feed(self, data: bytes, now_ms: int) -> None:
        """The host begins to send these bytes."""
        self.schedule.run(now_ms)
        if data:
            whole_ms = self.wire.heard_at(data)
            self.schedule.after(whole_ms - now_ms, lambda: self._hear(data))
            self.schedule.run(now_ms)

    def poll(self, now_ms: int) -> bytes:
        """What has reached the host since the last poll."""
        self.schedule.run(now_ms)
        return self.wire.poll(now_ms)

    def poll_only(self, now_ms: int) -> None:
        """Let time pass; what has reached the host stays for `poll`."""
        self.schedule.run(now_ms)

    def next_ms(self) -> int:
        """When something can have changed for the host; schedule.NEVER when nothing will."""
        return min(self.schedule.next_ms(), self.wire.next_ms())

    def baud(self, rate: int, now_ms: int) -> None:
        """The host's side of the wire runs at this rate."""
        self.schedule.run(now_ms)
        self.wire.host_baud = rate

    def rail(self, on: bool, now_ms: int) -> None:
        """The modem's supply; without it the clock stops and the receiver forgets the sky."""
        self.schedule.run(now_ms)
        self.power.rail(on)
        if not on:
            self.faults.started(by_rail=True)
            self.clock.lose()
            self.gnss.forget()

    def key(self, level: int, now_ms: int) -> None:
        """PWRKEY, 1 pressed (low)."""
        self.schedule.run(now_ms)
        self.power.key(level)

    def dtr(self, level: int, now_ms: int) -> None:
        """DTR, 1 high."""
        self.schedule.run(now_ms)
        self.power.dtr(level)

    def status(self) -> int:
        """STATUS, 1 while the part is up."""
        return self.power.status()

    # -- for families ------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line of the answer."""
        self.mouth.say(text)

    def urc(self, text: str) -> None:
        """An unsolicited line."""
        self.mouth.urc(text)

    def quirk(self, name: str) -> bool:
        """True when this firmware version has that quirk."""
        return name in self.quirks

    def add_quirk(self, name: str) -> None:
        """The firmware has one more quirk; ValueError names the known."""
        if name not in QUIRKS:
            raise ValueError(f"quirk: wanted one of {', '.join(QUIRKS)}, got {name!r}")
        self.quirks.add(name)
        if name == "auto_baud":
            self.kept[KEEPS_BAUD] = 0

    def clock_s(self) -> int | None:
        """Seconds since 2020 by the modem's own clock; None while it shows 1980."""
        return self.clock.second() if self.clock.is_set else None

    def background(self, talk: Talk) -> Task:
        """Go on with something after the last line of its command; it ends with the power."""
        task = Task(self.schedule, talk, _no_prompt, _ignore)
        self._tasks = [one for one in self._tasks if one.alive]
        self._tasks.append(task)
        task.start()
        return task

    def know(self, connection: Connection) -> None:
        """A connection that faults may reach, for as long as somebody holds it."""
        self._connection_number += 1
        self._connections[self._connection_number] = connection

    @property
    def connections(self) -> list[Connection]:
        """Those there are, the oldest first."""
        return [connection for _, connection in sorted(self._connections.items())]

    def each_family(self, tell: Callable[[Family], None]) -> None:
        """Call `tell` with each family, the part's order."""
        for family in self.families:
            tell(family)

    def strike(self, stage: str, text: str = "") -> None:
        """A place where faults may happen."""
        if self.faults.rules:
            self.faults.strike(self, stage, text)

    def trace(self, direction: str, data: bytes) -> None:
        """Show the dialogue to who listens: ">" heard, "<" said, "*" what happened."""
        for trace in self.traces:
            trace(self.schedule.now_ms, direction, data)

    def note(self, words: str) -> None:
        """Show what happened to who listens."""
        if self.traces:
            self.trace("*", words.encode())

    def asleep_in_psm(self) -> bool:
        """True while the UART is dead."""
        return self.power.state != ON

    # -- lives -------------------------------------------------------------------------------

    def boot(self) -> None:
        """The part is up: defaults, the words of the start, the search for a network."""
        self.wire.modem_baud = self.kept[KEEPS_BAUD]
        self.wire.heard_baud = DEFAULT_BAUD
        self.each_family(lambda family: family.on_boot())
        self.gnss.boot()
        self.strike("boot")
        if self.power.state != ON:
            return
        if self.kept[KEEPS_BAUD] or self.part.rdy_with_auto_baud:
            self.faults.boot_lines(self, self.part.boot_lines)
        starts = self.power.starts
        sim_lines = self.part.sim_lines if self.world.sim else self.part.no_sim_lines
        self.schedule.after(self.part.sim_ms, lambda: self._lines(starts, sim_lines))
        last_lines = self.part.last_lines if self.world.sim else ()
        self.schedule.after(self.part.sms_ms, lambda: self._lines(starts, last_lines))
        self.network.boot()

    def _lines(self, starts: int, lines: tuple[str, ...]) -> None:
        if starts == self.power.starts and self.power.state == ON:
            for line in lines:
                self.urc(line)

    def ended(self) -> None:
        """Off, crashed or in PSM: nothing that was under way goes on."""
        self.note(f"now {self.power.state}")
        self.faults.started(by_rail=False)
        self.conversation.reset()
        self.mouth.reset()
        for task in self._tasks:
            task.drop()
        self._tasks.clear()
        self.each_family(lambda family: family.on_off())
        self.gnss.off()
        self.network.off(dozing=self.power.state == PSM)

    def _hear(self, data: bytes) -> None:
        if self.power.deaf() or self.faults.deaf(self):
            return
        heard = self.wire.as_heard(data)
        self.trace(">", heard)
        self.conversation.hear(heard)


def _no_prompt(_wish: Payload, _task: Task) -> None:
    raise TypeError("a background task has no prompt: only a command may ask for a payload")


def _ignore(_final: Final | None, _refused: Refused | None) -> None:
    """What a background task ends with is nobody's answer."""
