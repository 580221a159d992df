"""Bad input on a whole gateway with both doors: counted, visible, kept, and the neighbours go on.

Damaged NMEA and an order whose HMAC does not fit end at the tracker (tests/firmware/test_nmea.py,
test_orders.py); a wrong key in the settings and a journal of a newer schema end before the start
(the last two tests here). Everything else meets a running gateway, and after each of them
another tracker's record is committed and acknowledged.
"""

import itertools
import json
import sqlite3
import time

import paho.mqtt.client as mqtt
import pytest

from gateway.gateway_process import GatewayProcess, until
from gateway.mosquitto import Mosquitto
from gateway.raw_tracker import RawTracker
from gateway.records import alarm, report
from trygg_wire import codec, layouts, packets
from trygg_wire.crc16 import crc16

MEGABYTE = 1 << 20
UP = "trygg/v1/nord/{}/up"


def _now():
    return int(time.time())


def _of_another_version(frame):
    head = bytes((2 << 4 | frame[0] & 15,)) + frame[1:-2]
    return head + crc16(head).to_bytes(2, "big")


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, broker):
    folder = tmp_path_factory.mktemp("gateway") / "nord"
    password = folder.parent / "password"
    password.write_text("gateway-secret\n")
    password.chmod(0o600)
    tables = {"url": broker.url, "username": "gateway", "password_file": str(password)}
    gateway = GatewayProcess(folder, broker=tables)
    with gateway:
        yield gateway


@pytest.fixture(scope="module")
def astrid(gateway):
    """The neighbour: her next record is committed, acknowledged and shown, whatever happened."""
    line = gateway.tracker(gateway.add("astrid"))
    numbers = itertools.count(1)

    def goes_on():
        seq = next(numbers)
        line.publish(report(1, seq, _now()), seq)
        while True:
            kind, flags, body = line.receive()
            if kind == packets.PUBACK and packets.read_puback(body) == seq:
                return
            if kind == packets.PUBLISH:
                line.write(packets.puback(packets.read_publish(flags, body)[2]))

    yield goes_on
    line.close()


def _set_aside(gateway):
    return json.loads(gateway.command("quarantine", "list", "--json").stdout)


def _reasons(gateway):
    return [stray["reason"] for stray in _set_aside(gateway)]


def _counted(gateway, part, name):
    return gateway.ask("/api/health").json()["counters"][part][name]


def test_a_frame_of_an_unknown_version_is_acked_kept_and_shown(gateway, astrid):
    line = gateway.tracker(gateway.add("bjorn"))
    frame = _of_another_version(report(1, 1, _now()))
    line.publish(frame, 9)
    assert packets.read_puback(line.expect(packets.PUBACK)[1]) == 9
    assert any("version 2, wanted 1" in reason for reason in _reasons(gateway))
    assert _counted(gateway, "ingest", "unreadable") >= 1
    line.close()
    astrid()


@pytest.mark.parametrize("junk", [b"", b"\x00", b"{}", bytes(3000), report(1, 2)[:-1]])
def test_bytes_that_are_no_frame_are_acked_kept_and_shown(gateway, astrid, junk):
    before = _counted(gateway, "ingest", "unreadable")
    line = gateway.tracker(gateway.add(f"junk-{len(junk)}"))
    line.publish(junk, 3)
    assert packets.read_puback(line.expect(packets.PUBACK)[1]) == 3
    assert _counted(gateway, "ingest", "unreadable") == before + 1
    line.close()
    astrid()


def test_a_whole_frame_with_a_value_past_its_limit_is_acked_and_set_aside(gateway, astrid):
    frame = bytearray(alarm(1, 7, _now())[:-2])
    assert frame[8:10] == bytes((layouts.LEFT, layouts.CROSSED))  # WIRE.md, kind 2
    frame[8] = 99  # what: 1 to 6
    bad = bytes(frame) + crc16(frame).to_bytes(2, "big")
    with pytest.raises(codec.WireError, match="what"):
        codec.decode(bad)
    line = gateway.tracker(gateway.add("liv"))
    line.publish(bad, 4)
    assert packets.read_puback(line.expect(packets.PUBACK)[1]) == 4
    until(lambda: any("what" in reason for reason in _reasons(gateway)), "the alarm set aside")
    line.close()
    astrid()


def test_a_tracker_nobody_registered_is_refused_at_our_door(gateway, astrid):
    line = RawTracker(gateway.ports["listener"], "nobody", "nord")
    assert line.log_in(b"a guess")[1] in (4, 5)
    line.close()
    assert _counted(gateway, "listener", "refused_auth") >= 1
    astrid()


def test_a_tracker_nobody_registered_is_set_aside_from_a_broker(gateway, astrid, broker):
    _publish_by_broker(broker, UP.format("nobody"), report(1, 1, _now()))
    wanted = "nobody registered nobody"
    until(lambda: wanted in _reasons(gateway), "the stranger's record set aside")
    assert _counted(gateway, "ingest", "unknown_device") >= 1
    astrid()


def test_a_megabyte_at_our_door_ends_that_connection_only(gateway, astrid):
    line = gateway.tracker(gateway.add("ole"))
    try:
        line.publish(bytes(MEGABYTE), 5)
    except ConnectionError:
        pass  # it was cut while we still sent
    assert line.receive() is None
    assert _counted(gateway, "listener", "oversize") >= 1
    line.close()
    astrid()


def test_a_megabyte_from_a_broker_is_counted_and_the_next_record_comes_through(
    gateway, astrid, broker
):
    gateway.add("kari")
    before = _counted(gateway, "ingest", "unreadable")
    _publish_by_broker(broker, UP.format("kari"), bytes(MEGABYTE))
    _publish_by_broker(broker, UP.format("kari"), report(1, 1, _now()))
    until(lambda: _counted(gateway, "ingest", "unreadable") == before + 1, "the megabyte counted")
    until(lambda: _heard(gateway, "kari"), "kari's record behind it")
    astrid()


def _publish_by_broker(broker, topic, payload):
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.username_pw_set("gateway", "gateway-secret")
    client.connect("127.0.0.1", int(broker.url.rpartition(":")[2]))
    client.loop_start()
    try:
        client.publish(topic, payload, qos=1).wait_for_publish(20)
    finally:
        client.disconnect()
        client.loop_stop()


def _heard(gateway, device):
    found = [t for t in gateway.ask("/api/trackers").json()["trackers"] if t["device"] == device]
    return found and found[0]["status"] != "waiting"


def test_settings_with_a_wrong_key_are_refused_by_name(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord", journal={"comit_rows": 5})
    done = gateway.try_to_run()
    assert done.returncode == 2
    for word in ("gateway.toml", "journal.comit_rows", "commit_rows"):
        assert word in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_a_journal_of_a_newer_schema_is_refused_with_what_to_do(tmp_path):
    gateway = GatewayProcess(tmp_path / "nord")
    with gateway:
        pass
    with sqlite3.connect(tmp_path / "nord/data/journal.sqlite") as db:
        db.execute("UPDATE meta SET value = 999 WHERE key = 'schema'")
        db.execute("PRAGMA user_version = 999")  # both say it; one alone would be damage
    db.close()
    done = gateway.try_to_run()
    assert done.returncode != 0
    assert "999" in done.stderr, done.stderr
    assert "journal.sqlite" in done.stderr
    assert "Traceback" not in done.stderr
