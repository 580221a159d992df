"""A simulated modem for a tracker that runs here and now: real brokers, real TCP behind it.

    modem = LiveModem("sim7080", clock, power)       # clock, power: the LiveTracker's
    modem.uart                                       # the firmware's port; `scene` is its world

It lives in the tracker's hurried time; its network is as quick as this machine's.
"""

import time

from trygg_tools.modem_sim.board_end import Cable, ModemPins, ModemUart
from trygg_tools.modem_sim.far_paho import PahoMqtt
from trygg_tools.modem_sim.far_real import RealSockets
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene
from trygg_tools.modem_sim.world import World
from trygg_tools.rig.live_ports import Clock
from trygg_tools.rig.power import Power

EPOCH_UNIX_S = 1577836800  # 2020


class Since:
    """`now_ms`: the tracker's hurried time since the modem was made; it is never stored."""

    now_ms: int  # as rig/clock.py has it

    def __init__(self, speed: int) -> None:
        self._speed = speed
        self._began = time.monotonic()

    def __getattr__(self, name: str) -> int:
        if name != "now_ms":
            raise AttributeError(name)
        return int((time.monotonic() - self._began) * 1000 * self._speed)


class LiveUart(ModemUart):
    """Port Uart; whoever reads lets the real ends go on."""

    ends: tuple[RealSockets, PahoMqtt]

    def read(self) -> bytes:
        """All that has come since the last read."""
        for end in self.ends:
            end.turn()
        return super().read()


class LiveModem:
    """`part` a name of modem_sim/parts.py."""

    def __init__(self, part: str, clock: Clock, power: Power, cable: Cable | None = None) -> None:
        world = World(start_s=int(time.time()) - EPOCH_UNIX_S)
        ends = (RealSockets(world.schedule), PahoMqtt())
        world.sockets, world.mqtt = ends
        self.scene = Scene(PARTS[part], world=world)
        since = Since(clock.speed)
        self.uart = LiveUart(self.scene.modem, since, cable, rxbuf=4096)
        self.uart.ends = ends
        pins = ModemPins(self.scene.modem, since)
        power.switch = pins.rail  # type: ignore[assignment]
        power.level = pins.sense  # type: ignore[assignment]

    def close(self) -> None:
        """The chip sleeps or starts: the modem does not notice."""

    def stop(self) -> None:
        """End every connection."""
        for end in self.uart.ends:
            end.stop()
