"""The gateway as a process of its own, for the benches that measure what it takes in.

    python -m trygg_tools.bench.gateway_under_test listener FOLDER
    python -m trygg_tools.bench.gateway_under_test broker FOLDER --url mqtt://127.0.0.1:1883
    python -m trygg_tools.bench.gateway_under_test paho-acknowledging FOLDER --url ...

It prints `ready PORT` when trackers may come (PORT is 0 behind a broker), `done` when so many
records are acknowledged, and when its stdin ends and all is folded one JSON line (Figures).

`listener` and `broker` are the whole service with its defaults, but for console and metrics, with
as many trackers registered as are said. Three more doors commit nothing, to compare with:
`broker-read-only` reads and checks every record as the gateway does and acknowledges at once,
`broker-uncommitted` does not even look at it, and `paho-acknowledging` is no part of the gateway:
a plain paho client that acknowledges each message as it comes.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from trygg_gateway.broker import Broker
from trygg_gateway.config import Config
from trygg_gateway.garbage import collect_rarely
from trygg_gateway.handover import hand_over_soon
from trygg_gateway.ingest import Ingest
from trygg_gateway.journal import Journal
from trygg_gateway.logs import start_logging
from trygg_gateway.registry import Registry, hashed
from trygg_gateway.service import Service
from trygg_gateway.tls import issue_server, make_ca
from trygg_gateway.values import Incoming, Parcel
from trygg_tools.bench import served
from trygg_tools.bench.generator import GROUP, device

DOORS = ("listener", "broker", "broker-read-only", "broker-uncommitted", "paho-acknowledging")
HOST = "127.0.0.1"


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def acknowledge(incoming: Incoming) -> None:
    """Confirm publishes unread."""
    incoming.confirm(incoming.token, len(incoming.messages))


def acknowledge_read(parcel: Parcel) -> bool:
    """Confirm records that were read and checked, and forget them: a journal that keeps nothing."""
    parcel.confirm(parcel.token, parcel.count)
    return True


class Whole:
    """The service; `counted` is the door through which records come."""

    def __init__(self, config: Config, door: str, trackers: int) -> None:
        self._service = Service(config)
        register(self._service.journal, trackers)
        self.counted = self._service.doors[door]

    async def run(self, records: int) -> dict[str, Any]:
        """Serve until stdin ends, then wait for the reader to have folded everything."""
        service = self._service
        await service.start()
        if isinstance(self.counted, Broker):
            await served.until(partial(getattr, self.counted, "connected"), 0.02)
        port = getattr(self.counted, "port", 0)
        counters, folded = service.journal.counters, service.reader.counters
        figures = await served.served(
            self.counted.counters, port, records, lambda: counters["records"] - folded["folded"]
        )
        figures |= counters | folded | service.acks.counters
        await service.stop()
        return figures


class Uncommitted:
    """The broker door, every publish confirmed by `deliver` without being kept."""

    def __init__(self, url: str, deliver: Callable[[Incoming], None]) -> None:
        self._door = Broker(url=url, client_id="bench-uncommitted", deliver=deliver)

    async def run(self, records: int) -> dict[str, Any]:
        """Serve until stdin ends."""
        await self._door.start()
        await served.until(lambda: self._door.connected, 0.02)
        figures = await served.served(self._door.counters, 0, records)
        await self._door.stop()
        return figures


class PahoAcknowledging:
    """A plain paho client on MQTT 3.1.1 that acknowledges by hand and stores nothing."""

    def __init__(self, url: str) -> None:
        self._port = int(url.rsplit(":", 1)[1])
        self._counters = {"publishes": 0, "pubacks": 0}
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id="bench-paho",
            clean_session=False,
            manual_ack=True,
        )
        self._client.on_message = self._take
        self._client.on_connect = lambda client, *_: client.subscribe("trygg/v1/#", qos=1)

    def _take(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        self._counters["publishes"] += 1
        client.ack(message.mid, message.qos)
        self._counters["pubacks"] += 1

    async def run(self, records: int) -> dict[str, Any]:
        """Serve until stdin ends."""
        subscribed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_subscribe(*_: object) -> None:
            loop.call_soon_threadsafe(subscribed.set)

        self._client.on_subscribe = on_subscribe
        await asyncio.to_thread(self._client.connect, HOST, self._port)
        self._client.loop_start()
        await subscribed.wait()
        figures = await served.served(self._counters, 0, records)
        await asyncio.to_thread(self._client.loop_stop)
        return figures


def register(journal: Journal, trackers: int) -> None:
    """Register so many trackers of the bench, all with the password "bench"."""
    password = hashed(b"bench")
    rows = [(device(n), GROUP, device(n), password, bytes(32), now_ms()) for n in range(trackers)]
    insert = (
        "INSERT INTO trackers (device, grp, name, password_hash, order_key, added_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)"
    )
    journal.write(lambda db: db.executemany(insert, rows)).result()


def _reading(folder: Path, trackers: int) -> Ingest:
    """Ingest as in service, before a journal that keeps nothing."""
    journal = Journal.open(folder / "journal.db")
    register(journal, trackers)
    return Ingest(acknowledge_read, Registry(journal, now_ms), now_ms)


def config_of(told: argparse.Namespace) -> Config:
    """The settings of the service: defaults, but for its doors and its one sink, if it has one."""
    folder, door = told.folder, told.door
    listener: dict[str, Any] = {"enabled": door == "listener", "host": HOST, "port": 0}
    listener["max_connections"] = told.trackers + 10
    if told.tls:
        make_ca(folder, "bench")
        issue_server(folder, [HOST])
        listener |= {"tls": True, "cert": folder / "server.crt", "key": folder / "server.key"}
    return Config.model_validate(
        {
            "gateway": {"name": "bench", "data": folder / "data"},
            "listener": listener,
            "broker": {"url": told.url or None, "client_id": "bench"},
            "sinks": {"far": _sink(told.sink)} if told.sink else {},
            "console": {"enabled": False},
            "metrics": {"enabled": False},
        }
    )


def _sink(told: str) -> dict[str, Any]:
    """The settings of a sink: an MQTT broker's URL, or a file's path."""
    if told.startswith("mqtt:"):
        return {"type": "mqtt", "url": told}
    return {"type": "file", "path": told}


def _gateway(told: argparse.Namespace) -> Whole | Uncommitted | PahoAcknowledging:
    if told.door == "paho-acknowledging":
        return PahoAcknowledging(told.url)
    if told.door == "broker-uncommitted":
        return Uncommitted(told.url, acknowledge)
    if told.door == "broker-read-only":
        return Uncommitted(told.url, _reading(told.folder, told.trackers).deliver)
    return Whole(config_of(told), told.door, told.trackers)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("door", choices=DOORS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="")
    parser.add_argument("--tls", action="store_true", help="the listener demands TLS")
    parser.add_argument("--sink", default="", help="mqtt://HOST:PORT or a file's path")
    parser.add_argument("--trackers", type=int, default=50)
    parser.add_argument("--records", type=int, default=100_000)
    told = parser.parse_args()
    start_logging("console", "warning")
    collect_rarely()  # as the service does, both
    hand_over_soon()
    print(json.dumps(asyncio.run(_gateway(told).run(told.records))), flush=True)


if __name__ == "__main__":
    main()
