"""A simulated modem where a simulated tracker has its Link: its UART, its pins, the gateway behind.

The gateway of rig/gateway.py listens in the modem's world at 1883, and with TLS at 8883: both the
modem's own MQTT and our client over its sockets speak real packets to it.
"""

from collections.abc import Callable
from typing import Any

from trygg_tools.modem_sim.board_end import Cable, ModemPins, ModemUart
from trygg_tools.modem_sim.far_memory import ANY, Guard
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene
from trygg_tools.modem_sim.world import World
from trygg_tools.rig.clock import Clock
from trygg_tools.rig.gateway import Gateway
from trygg_tools.rig.power import Power

PLAIN, SECURED = 1883, 8883


class ModemSide:
    """`uart` is the firmware's Uart port; `scene` the modem and its world."""

    def __init__(
        self,
        part: str,
        ports: tuple[Clock, Power, Gateway],
        *,
        seed: int = 0,
        faults: Faults | None = None,
        cable: Cable | None = None,
        place: Callable[[int], Any] | None = None,
        firmware: str | None = None,
        guard: Guard | None = None,
    ) -> None:
        """`guard`: what TLS has to satisfy; any authority's file where it is None."""
        clock, power, gateway = ports
        world = World(start_s=clock.start_s)
        if place is not None:
            world.place = place
        self.scene = Scene(PARTS[part], seed=seed, faults=faults, firmware=firmware, world=world)
        for port, asks in ((PLAIN, None), (SECURED, guard or Guard())):
            self.scene.net.listen(ANY, port, gateway.accept, after=gateway.poll, guard=asks)
        self.uart = ModemUart(self.scene.modem, clock, cable)
        pins = ModemPins(self.scene.modem, clock)
        power.switch = pins.rail  # type: ignore[assignment]
        power.level = pins.sense  # type: ignore[assignment]

    def coming_ms(self) -> tuple[int, int]:
        """The ms until something arrives at the tracker, as Link's; the far end sees to itself."""
        return self.uart.wait_ms(), -1

    def close(self) -> None:
        """The chip sleeps or starts: the modem does not notice."""
