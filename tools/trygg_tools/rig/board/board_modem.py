"""A simulated modem soldered to a virtual board: its UART, its supply, key, DTR and status pins.

It lives in the board's thread and in the board's time: the host feeds it what the firmware writes
and turns it when something of it is due. With `real` ends its MQTT and its sockets go to real
brokers and real TCP; then it is looked at every LOOK_US. What it says is seen at the board's third
pty, `modem`, too.
"""

from typing import Protocol

from trygg_tools.modem_sim.far_paho import PahoMqtt
from trygg_tools.modem_sim.far_real import RealSockets
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene
from trygg_tools.modem_sim.schedule import NEVER
from trygg_tools.modem_sim.world import World
from trygg_tools.rig.board.chip import Pins

LOOK_US = 20_000  # between two looks at real ends


class Saying(Protocol):
    """Where the modem's bytes go, and the level of its status pin."""

    def __call__(self, data: bytes, status: int) -> None: ...


class BoardModem:
    """`scene`: the modem, its world, and the words that change it.

    `part` is a name of modem_sim/parts.py.
    """

    def __init__(self, part: str, *, real: bool = False, start_s: int = 200000000) -> None:
        world = World(start_s=start_s)
        self._real = (RealSockets(world.schedule), PahoMqtt()) if real else None
        if self._real is not None:
            world.sockets, world.mqtt = self._real
        self.scene = Scene(PARTS[part], world=world)
        self._status = 0

    def sent(self, data: bytes, now_us: int) -> None:
        """The firmware writes to its UART."""
        self.scene.modem.feed(data, now_us // 1000)

    def rate(self, baud: int, now_us: int) -> None:
        """The firmware's side runs at this rate."""
        self.scene.modem.baud(baud, now_us // 1000)

    def pin(self, pins: Pins, pin: int, level: int, now_us: int) -> None:
        """The firmware drives a pin, perhaps one of the modem's."""
        now_ms = now_us // 1000
        if pin == pins.modem_supply:
            self.scene.modem.rail(bool(level), now_ms)
        elif pin == pins.modem_key:
            self.scene.modem.key(level, now_ms)
        elif pin == pins.modem_dtr:
            self.scene.modem.dtr(level, now_ms)

    def turn(self, now_us: int, say: Saying) -> None:
        """Let it do what is due; `say` is given what it says, and its status when that changes."""
        for end in self._real or ():
            end.turn()
        data, status = self.scene.modem.poll(now_us // 1000), self.scene.modem.status()
        if data or status != self._status:
            self._status = status
            say(data, status)

    def next_us(self, now_us: int) -> int | None:
        """When it wants to be turned; None when nothing will happen by itself."""
        due_ms = self.scene.modem.next_ms()
        due_us = None if due_ms >= NEVER else due_ms * 1000
        if self._real is not None:
            due_us = min(due_us or now_us + LOOK_US, now_us + LOOK_US)
        return due_us

    def state(self) -> str:
        """In a word or two: off, asleep, searching, attached."""
        modem = self.scene.modem
        if not modem.status():
            return f"modem {modem.power.state}"
        return "modem attached" if modem.network.registered else "modem searching"

    def close(self) -> None:
        """End what is real."""
        for end in self._real or ():
            end.stop()
