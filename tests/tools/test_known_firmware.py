"""A way to publish that does not work is left: known by its firmware, or found out once."""

import pytest

from tools.test_simulated_modem import Tracker
from trygg_tools.modem_sim.parts import PARTS
from trygg_tools.rig import modem_side

KNOWN = [
    ("a7670", "sim7670", "2374B03SIM767XM5A_M", b"AT+CMQTTCONNECT"),
    ("sim7000", "sim7000", "1351B03SIM7000C", b"AT+SMCONN"),
    ("sim7000", "sim7000", "1351B05SIM7000C", b"AT+SMCONN"),
]


@pytest.mark.parametrize(("dialect", "part", "version", "connect"), KNOWN)
def test_a_firmware_that_is_known_for_its_mqtt_is_not_asked_for_it(
    monkeypatch, dialect, part, version, connect
):
    monkeypatch.setitem(modem_side.PARTS, dialect, PARTS[part])
    tracker = Tracker(dialect, tls=True, firmware=version)
    tracker.run(1200)
    assert tracker.commands(connect) == []
    assert tracker.gateway.arrivals[0][2] < 60_000


def test_one_that_is_not_known_is_found_out_once_and_not_at_each_wake():
    tracker = Tracker("sim7080")
    tracker.side.scene.do("quirk mqtt_never_connects")
    tracker.run(3600)
    tried = len(tracker.commands(b"AT+SMCONN"))
    assert tried >= 3
    arrived = len(tracker.gateway.records)
    tracker.run(4 * 3600)
    assert len(tracker.commands(b"AT+SMCONN")) == tried
    assert len(tracker.gateway.records) > arrived
    tracker.run(3 * 3600)
    assert len(tracker.commands(b"AT+SMCONN")) > tried  # after six hours, it may be well again
