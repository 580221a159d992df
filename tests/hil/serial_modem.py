"""A simulated modem on a serial port that is wired to a board's modem UART: --modem-port.

The part, its faults and its words are those of `trygg modem`; its MQTT and sockets are real and go
from this machine. Its supply and its power key are not wired: it is on from the beginning, as
`trygg modem run` has it.
"""

import threading
import time

import serial

from trygg_tools.modem_sim.far_paho import PahoMqtt
from trygg_tools.modem_sim.far_real import RealSockets
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.modem_sim.scene import Scene
from trygg_tools.modem_sim.world import World

BAUD = 115_200
TURN_S = 0.01
EPOCH_2020 = 1_577_836_800


class SerialModem:
    """`scene` takes the words of `trygg modem words`."""

    def __init__(self, part: str, port: str) -> None:
        world = World(start_s=int(time.time()) - EPOCH_2020)
        self._ends = (RealSockets(world.schedule), PahoMqtt())
        world.sockets, world.mqtt = self._ends
        self.scene = Scene(PARTS[part], world=world)
        self._port = serial.serial_for_url(port, baudrate=BAUD, timeout=TURN_S)
        self._began = time.monotonic()
        self._ended = threading.Event()
        self.scene.do("power key")
        self._thread = threading.Thread(target=self._live, name="modem", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The port is let go."""
        self._ended.set()
        self._thread.join(5)
        for end in self._ends:
            end.stop()
        self._port.close()

    def _live(self) -> None:
        while not self._ended.is_set():
            heard = self._port.read(4096)
            if heard:
                self.scene.modem.feed(heard, self._now_ms())
            for end in self._ends:
                end.turn()
            said = self.scene.modem.poll(self._now_ms())
            if said:
                self._port.write(said)

    def _now_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)
