"""From the tracker through each modem to the sink: real Mosquitto, our own door, a real gateway.

Ten trackers at once, each dialect by both ways, half of them by the gateway's own door with TLS and
half through a Mosquitto; every cable loses, harms and delays bytes. Each sends health, reports and
a call for help, and everything that was safe in a flash is at the sink once.
"""

import base64
import json
import ssl
import time

import pytest

from gateway.gateway_process import GatewayProcess
from gateway.mosquitto import Mosquitto
from trygg_tools.modem_sim.board_end import Cable
from trygg_tools.rig.live import LiveTracker
from trygg_wire import layouts

DIALECTS = ("sim7080", "sim7000", "sim7600", "a7670", "bg95")
SPEED = 20
NAMES = [f"{dialect}-{way}" for dialect in DIALECTS for way in ("mqtt", "socket")]
PRESS_AFTER_S, ENOUGH_S, LATEST_S = 2.0, 8.0, 150.0
SINK = '\n[sinks.archive]\ntype = "file"\npath = "archive.jsonl"\n'


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        folder = tmp_path_factory.mktemp("gateway") / "nord"
        door = {"tls": True, "cert": "tls/server.crt", "key": "tls/server.key", "port": 0}
        gateway = GatewayProcess(folder, SINK, broker={"url": broker.url}, listener=door)
        gateway.broker_port = broker.port
        with gateway:
            yield gateway


def _config(gateway, device, dialect, way, own_door):
    """The credentials of a tracker with a modem, and its authority's certificate."""
    said = gateway.add(device)
    authority = ssl.DER_cert_to_PEM_cert(base64.b64decode(said.pop("ca_der")))
    said["modem"] = {"dialect": dialect, "ways": [way], "apn": "iot"}
    if own_door:
        said |= {"host": "127.0.0.1", "port": gateway.ports["listener"], "tls": "/ca.pem"}
    else:
        said |= {"host": "127.0.0.1", "port": gateway.broker_port, "tls": None}
    return said, authority


def _trackers(gateway, tmp_path, kept):
    for place, dialect in enumerate(DIALECTS):
        for turn, way in enumerate(("mqtt", "socket")):
            device = f"{dialect}-{way}"
            config, authority = _config(gateway, device, dialect, way, (place + turn) % 2 == 0)
            folder = tmp_path / device
            folder.mkdir()
            (folder / "ca.pem").write_text(authority)

            def keep(boot, seq, kind, device=device):
                kept[f"{device}:{boot}:{seq}"] = kind

            cable = Cable(seed=place, piece=256, lost_ppm=100, harmed_ppm=100, delay_ms=40)
            yield LiveTracker(config, folder, speed=SPEED, say=lambda _line: None, kept=keep,
                              part=dialect, cable=cable)  # fmt: skip


def _archived(gateway):
    """The ids at the sink, in their order."""
    file = gateway.folder / "archive.jsonl"
    data = file.read_bytes() if file.exists() else b""
    return [json.loads(line)["id"] for line in data[: data.rfind(b"\n") + 1].splitlines()]


@pytest.mark.timeout(240)
def test_what_every_dialect_keeps_is_at_the_sink_once_by_both_ways_and_both_doors(
    gateway, tmp_path
):
    kept = {}
    trackers = list(_trackers(gateway, tmp_path, kept))
    began = time.monotonic()
    due = [began] * len(trackers)
    try:
        while True:
            now = time.monotonic()
            called = {name.split(":")[0] for name, kind in kept.items() if kind == layouts.ALARM}
            for place, tracker in enumerate(trackers):  # each holds its button until it has called
                waits = NAMES[place] not in called
                tracker.board.pressed = waits and now - began >= PRESS_AFTER_S
                if now >= due[place]:
                    due[place] = now + tracker.step()
            said_all = now - began > ENOUGH_S and called == set(NAMES)
            if said_all and set(_archived(gateway)) >= set(kept):
                break
            assert now - began < LATEST_S, (
                sorted(set(kept) - set(_archived(gateway))), sorted(set(NAMES) - called)
            )  # fmt: skip
            time.sleep(0.005)
    finally:
        for tracker in trackers:
            tracker.modem.stop()
    ids = _archived(gateway)
    ours = [one for one in ids if one in kept]
    assert sorted(ours) == sorted(kept)
    alarms = [name.split(":")[0] for name, kind in kept.items() if kind == layouts.ALARM]
    assert set(alarms) == set(NAMES)
