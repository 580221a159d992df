"""Runs under MicroPython: a tracker by Peter Hinch's mqtt_as. argv: as umqtt_client.py.

mqtt_as wants a radio; here it is one that is always connected.
"""

import asyncio
import sys

port, count, ca = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.path.insert(0, sys.argv[4])


class Machine:
    """The chip's own number."""

    @staticmethod
    def unique_id():
        return b"\x01\x02\x03"


class Radio:
    """A WLAN interface that is up."""

    STA_IF = AP_IF = 0
    STAT_CONNECTING = 1
    _active = False

    def WLAN(self, *_):
        return self

    def active(self, *on):
        if on:
            self._active = on[0]
        return self._active

    def isconnected(self):
        return True

    def status(self, *_):
        return 3

    def connect(self, *_):
        pass

    def disconnect(self):
        pass

    def config(self, *_, **__):
        return 0

    def ifconfig(self):
        return ("127.0.0.1", "", "", "")


sys.modules["machine"] = Machine
sys.modules["network"] = Radio()

from mqtt_as import MQTTClient, config  # noqa: E402

config["client_id"] = "aase"
config["user"], config["password"] = "aase", "secret"
config["server"], config["port"] = "127.0.0.1", port
config["ssid"], config["wifi_pw"] = "none", "none"
config["queue_len"] = 4
config["clean"], config["clean_init"] = False, False
config["keepalive"] = 60
if ca:
    import ssl

    with open(ca, "rb") as file:
        config["ssl_params"] = {
            "cadata": file.read(),
            "cert_reqs": ssl.CERT_REQUIRED,
            "server_hostname": "localhost",
        }
    config["ssl"] = True


async def main():
    client = MQTTClient(config)
    await client.connect(quick=True)
    await client.subscribe("trygg/v1/nord/aase/down", 1)
    print("subscribed")
    for number in range(count):
        await client.publish("trygg/v1/nord/aase/up", b"%d" % number, qos=1)
        print("acknowledged", number)
    async for _topic, payload, _retained in client.queue:
        print("heard", payload.decode())
        break
    await client.disconnect()


asyncio.run(main())
