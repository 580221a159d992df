"""Somebody who listens at a broker: a session of their own that outlives the broker's absence."""

import secrets
import threading

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion


class Ear:
    """`heard` are (topic, payload, retain) in the order in which they came."""

    def __init__(self, port, topic="#", password=None, user=None):
        self.heard = []
        self._port = port
        self._topic = topic
        self._login = user, password
        self._id = f"ear-{secrets.token_hex(4)}"
        self.open()

    def open(self):
        """Connect, or connect again; returns when it listens."""
        listening = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._id, clean_session=False)
        client.username_pw_set(*self._login)
        client.on_connect = lambda client, *_: client.subscribe(self._topic, 1)
        client.on_subscribe = lambda *_: listening.set()
        client.on_message = lambda _c, _d, message: self.heard.append(
            (message.topic, bytes(message.payload), message.retain)
        )
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        assert listening.wait(30)
        self._client = client

    def close(self):
        """Be gone; what comes meanwhile is kept for it by the broker."""
        self._client.disconnect()
        self._client.loop_stop()
