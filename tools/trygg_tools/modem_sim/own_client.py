"""The modem's own MQTT client, as every vendor's commands use it: what radio and paging do to it.

What is to go waits until data can go; what comes waits until the modem can be reached
(network.down). `drop` is what a lost context or a lost supply does: nobody hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from trygg_tools.modem_sim.dialogue import Later
from trygg_tools.modem_sim.far import (
    NO_ROUTE,
    Client,
    Connected,
    Message,
    MqttEars,
    Session,
)

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem

AGAIN_MS = 1000


def _nobody(_acknowledged: bool) -> None:
    """Who hears an acknowledgement that is lost."""


class OwnClient:
    """One client. `heard(message)` and `lost()` are called when the modem has learned of it."""

    def __init__(
        self, modem: Modem, heard: Callable[[Message], None], lost: Callable[[], None]
    ) -> None:
        self._modem = modem
        self._heard = heard
        self._lost = lost
        self._client: Client | None = None
        self._life = 0
        self.session_present = False
        modem.know(self)

    @property
    def connected(self) -> bool:
        """True from the broker's yes until the loss is known."""
        return self._client is not None

    def connect(self, session: Session) -> Later[str]:
        """Told a word of far.Connected.why; without network at once, on a lost radio never."""
        later: Later[str] = Later()
        self.drop()
        life, mqtt = self._life, self._modem.world.mqtt
        if mqtt is None or not self._modem.network.usable:
            later.tell(NO_ROUTE)
            return later
        self._modem.network.touch()
        if self._modem.faults.loses_session():
            session = replace(session, clean=True)
        ears = MqttEars(
            lambda message: self._reach(life, lambda: self._heard(message)),
            lambda: self._reach(life, self._end),
        )
        mqtt.connect(session, ears).then(lambda answer: self._answered(life, answer, later))
        return later

    def _answered(self, life: int, answer: Connected, later: Later[str]) -> None:
        if life != self._life:
            if answer.client is not None:
                answer.client.sever()
            return
        self._modem.network.touch()
        self._client, self.session_present = answer.client, answer.session_present
        later.tell(answer.why)

    def _reach(self, life: int, arrive: Callable[[], None]) -> None:
        def arrives() -> None:
            if life == self._life:
                arrive()

        self._modem.network.down(arrives)

    def _end(self) -> None:
        self._client = None
        self._life += 1
        self._lost()

    # -- what goes out -----------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> Later[bool]:
        """Told True when it is acknowledged or sent."""
        later: Later[bool] = Later()
        tell = _nobody if self._modem.faults.loses_ack() else later.tell
        for _ in range(self._modem.faults.publish_copies()):
            self._go(lambda client: client.publish(topic, payload, qos, retain).then(tell))
        return later

    def subscribe(self, topic: str, qos: int) -> Later[int]:
        """Told the granted quality, 128 refused."""
        later: Later[int] = Later()
        self._go(lambda client: client.subscribe(topic, qos).then(later.tell))
        return later

    def unsubscribe(self, topic: str) -> Later[int]:
        """Told 0 when it is done."""
        later: Later[int] = Later()
        self._go(lambda client: client.unsubscribe(topic).then(later.tell))
        return later

    def _go(self, action: Callable[[Client], None]) -> None:
        """Do it as soon as data can go, unless the connection ends before."""
        life, network = self._life, self._modem.network

        def go() -> None:
            if life != self._life or self._client is None:
                return
            if not network.usable:
                self._modem.schedule.after(AGAIN_MS, go)
                return
            network.touch()
            action(self._client)

        go()

    def disconnect(self) -> None:
        """Say goodbye when it can be said, else only here."""
        client, self._client = self._client, None
        self._life += 1
        if client is not None and self._modem.network.usable:
            self._modem.network.touch()
            client.disconnect()
        elif client is not None:
            client.sever()

    def cut_off(self) -> None:
        """The far end ended it: the modem learns of it when it can be reached."""
        if self._client is not None:
            self._client.sever()
            life = self._life
            self._reach(life, self._end)

    def bring(self, topic: str, payload: bytes) -> None:
        """A message that no broker sent."""
        if self._client is not None:
            self._reach(self._life, lambda: self._heard(Message(topic, payload)))

    def drop(self) -> None:
        """The radio or the supply is gone; also what a connect under way is given up by."""
        client, self._client = self._client, None
        self._life += 1
        if client is not None:
            client.sever()
