"""As much of a ThingsBoard platform as its gateway wants, over a broker, and what arrived there.

The gateway counts itself connected only when `getSessionLimits` is answered, which it asks on
`v1/devices/me/rpc/request/<n>`; it is told that it has no limits. Each pack of telemetry is
{device: [{"ts", "values"}, ...]}. It may tell the fields of one message apart, in several entries.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from trygg_tools.peers.thingsboard import TELEMETRY

_ASK = "v1/devices/me/rpc/request/"
_ANSWER = "v1/devices/me/rpc/response/"
_NO_LIMITS = {
    "maxPayloadSize": 65_536,
    "maxInflightMessages": 10_000,
    "rateLimits": {},
    "gatewayRateLimits": {},
}


class Platform:
    """Listens on the broker at `port` from `with` on; `arrived(device, values)` gets each entry.

    `arrived` is called in the client's thread. `ready` is set once a gateway has been answered.
    """

    def __init__(self, port: int, arrived: Callable[[str, dict[str, Any]], None]) -> None:
        self.ready = threading.Event()
        self._arrived = arrived
        self._subscribed = threading.Event()
        self._port = port
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="platform")
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Platform:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        if not self._subscribed.wait(10):
            raise TimeoutError("the platform could not subscribe at its broker in 10 s")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(TELEMETRY, 1), (_ASK + "+", 1)])

    def _on_message(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        if message.topic == TELEMETRY:
            self._take(json.loads(message.payload))
        elif json.loads(message.payload).get("method") == "getSessionLimits":
            request = message.topic.removeprefix(_ASK)
            client.publish(_ANSWER + request, json.dumps(_NO_LIMITS), qos=1)
            self.ready.set()

    def _take(self, pack: dict[str, list[dict[str, Any]]]) -> None:
        for device, entries in pack.items():
            for entry in entries:
                self._arrived(device, entry.get("values", entry))
