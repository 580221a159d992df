"""The whole tracker over a simulated modem in simulated time: ways, outages, alarms, one radio."""

from math import cos, pi, sin

import pytest

from firmware.test_app import HOME, START_S, at_home, leaving, order, records
from tracker import retained
from tracker.ledger import Ledger
from tracker.modem import arbiter, ladder
from tracker.records import recoveries
from trygg_tools.modem_sim.board_end import Cable
from trygg_tools.modem_sim.far_memory import Guard
from trygg_tools.modem_sim.fault_file import from_words
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.rig.modem_side import ModemSide
from trygg_tools.rig.orders import circle, command, signed_order
from trygg_tools.rig.tracker import ORDER_KEY, SimulatedTracker
from trygg_wire import layouts

DIALECTS = ("sim7080", "sim7000", "sim7600", "a7670", "bg95")
UA = [150, 25000, 11300, 38200, 70000, 75000, 1100, 4]


class Tracker(SimulatedTracker):
    """One with a modem; what the wearer felt is in `board.signals`."""

    def __init__(self, dialect, place=at_home, way="mqtt", tls=False, own_receiver=False, **side):
        if own_receiver:
            side["place"] = place
        super().__init__(
            place,
            world_s=START_S,
            side=lambda ports: ModemSide(dialect, ports, **side),
            modem={"dialect": dialect, "ways": [way], "apn": "iot"},
        )
        self._tls = tls
        self._own_receiver = own_receiver
        self.psk = ""
        self.said = []
        self.side.scene.modem.traces.append(self._heard)
        if tls:
            self.flash.files["/ca.pem"] = b"-----BEGIN CERTIFICATE----- ours " + b"x" * 1500
        if own_receiver:
            self.uart.source = Silent()

    def _heard(self, at_ms, direction, data):
        if direction == ">":
            self.said.append((at_ms, bytes(data)))

    def modem_state(self):
        """What its power says now, which nobody else may have asked while the chip sleeps."""
        self.side.scene.modem.poll_only(self.clock.now_ms)
        return self.side.scene.modem.power.state

    def config(self):
        config = super().config() | {"energy": {"ua": UA, "boot_ms": 0}}
        if self._tls:
            config |= {"tls": "/ca.pem", "port": 8883}
        if self.psk:
            config["modem"] = config["modem"] | {"psk": self.psk}
        if self._own_receiver:
            config["gnss"] = {"receiver": "modem"}
        return config

    def commands(self, start):
        return [text for _, text in self.said if text.startswith(start)]


class Silent:
    """No receiver on the UART."""

    def said(self, _second, _on_for_s):
        return b""


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("way", ["mqtt", "socket"])
def test_every_dialect_reports_by_both_ways_over_a_bad_cable_nothing_lost_nothing_double(
    dialect, way
):
    cable = Cable(seed=3, piece=1, lost_ppm=150, harmed_ppm=150, delay_ms=30)
    tracker = Tracker(dialect, way=way, cable=cable)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    tracker.run(1500)
    tracker.side.uart.cable = Cable()
    tracker.run(1200)
    assert cable.lost + cable.harmed > 0
    seqs = sorted(seq for _, seq in tracker.gateway.records)
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= 6
    assert tracker.gateway.conflicts == 0
    assert layouts.ARMED in [answer["result"] for answer in tracker.gateway.answers]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("way", ["mqtt", "socket"])
def test_tls_gets_the_authority_into_the_modem_once_and_a_clock_that_is_right(dialect, way):
    tracker = Tracker(dialect, way=way, tls=True)
    tracker.run(1000)
    assert len(tracker.gateway.records) >= 4
    uploads = [text for _, text in tracker.said if b"BEGIN CERTIFICATE" in text]
    assert len(uploads) == 1
    assert tracker.starts > 1


@pytest.mark.parametrize("dialect", ["sim7080", "sim7000"])
@pytest.mark.parametrize("way", ["mqtt", "socket"])
def test_a_shared_key_in_place_of_certificates_secures_both_ways(dialect, way):
    """The key's table is named as PSKTABLE where a socket names its files (AT+CASSLCFG)."""
    for key, comes in ((bytes(range(16)), True), (bytes(16), False)):
        guard = Guard(psk=("kari", bytes(range(16))))
        tracker = Tracker(dialect, way=way, tls=True, guard=guard)
        tracker.flash.files["/kari.psk"] = b"kari:" + key.hex().encode() + b"\n"
        tracker.psk = "/kari.psk"
        tracker.run(400)
        assert bool(tracker.gateway.records) == comes
        assert not tracker.commands(b'AT+CASSLCFG=0,"CACERT"')
        assert bool(tracker.commands(b'AT+CASSLCFG=0,"PSKTABLE","kari.psk"')) >= (way == "socket")


def test_a_shared_key_is_no_way_to_secure_a_modem_that_has_none():
    for dialect in ("sim7600", "a7670", "bg95"):
        tracker = Tracker(dialect, tls=True)
        tracker.psk = "/kari.psk"
        with pytest.raises(ValueError, match="modem.psk: a " + dialect):
            tracker.run(1)


def test_an_alarm_goes_out_from_psm_and_taken_is_felt_within_ninety_seconds():
    tracker = Tracker("sim7080")
    tracker.run(900)
    while tracker.modem_state() != "psm":
        tracker.run(10)
        assert tracker.seconds() < 1100
    tracker.board.pressed = True
    tracker.run(4)
    tracker.board.pressed = False
    tracker.run(40)
    (alarm,) = records(tracker, layouts.ALARM)
    assert alarm["what"] == layouts.SOS
    tracker.run(200)
    assert tracker.app is not None  # awake, the modem asleep between two pages
    told = tracker.clock.now_ms
    order(tracker, 9, layouts.COMMAND, command(layouts.ALARM_TAKEN, alarm["boot"], alarm["seq"]))
    while "taken" not in tracker.board.signals:
        tracker.run(1)
        assert tracker.clock.now_ms - told <= 90000
    assert tracker.commands(b"AT+CEDRXS=1,4")
    closed = command(layouts.ALARM_CLOSED, alarm["boot"], alarm["seq"])
    key = (tracker.device, ORDER_KEY, 10, layouts.COMMAND, closed)
    tracker.gateway.order(10, signed_order(*key, version=2))
    tracker.run(5 * 3600)
    ledger = Ledger({"ua": UA})
    assert ledger.load(retained.unpack(tracker.power.retained()).ledger)
    charge = {one["activity"]: one["uah"] for one in ledger.charge()}
    assert 0 < charge[layouts.EDRX] < 1100 * 700 // 3600
    assert 12 <= charge[layouts.PSM] <= 21  # 4 uA for most of five hours


def test_hours_without_cover_end_within_a_pause_of_the_networks_return():
    tracker = Tracker("sim7080")
    tracker.run(700)
    tracker.side.scene.do("coverage off 5h")  # 48 h: trygg_tools/modem_faults
    before = len(tracker.gateway.records)
    tracker.run(5 * 3600)
    assert len(tracker.gateway.records) == before
    assert tracker.board.signals.count("alone") == 1
    tracker.run(ladder.PAUSE_MOST_S + 600)
    assert len(tracker.gateway.records) > before + 20
    assert tracker.gateway.conflicts == 0
    seqs = sorted(seq for _, seq in tracker.gateway.records)
    assert seqs == list(range(1, len(seqs) + 1))
    rows = recoveries(retained.unpack(tracker.power.retained()).modem)
    assert {row["step"] for row in rows} >= {3, 6, 7, 8}
    assert {row["step"]: row["tried"] for row in rows}[8] == 1  # the chip's reset: once
    assert sum(row["helped"] for row in rows) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_modems_own_receiver_watches_the_fence(dialect):
    tracker = Tracker(dialect, leaving, own_receiver=True)
    order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
    tracker.run(1500)
    (alarm,) = [one for one in records(tracker, layouts.ALARM) if one["what"] == layouts.LEFT]
    line_s = 600 + 260 * 10 // 13  # when a fix has to be read as outside
    bounds = [one["bound_s"] for one in records(tracker, layouts.REPORT)]
    assert max(bounds) > 0
    said_s = next(ms for _, seq, ms in tracker.gateway.arrivals if seq == alarm["seq"]) // 1000
    assert said_s - line_s <= max(bounds)


def test_gnss_is_never_started_while_lte_is_active_where_they_share_the_radio():
    for dialect in ("sim7080", "sim7000", "bg95"):
        tracker = Tracker(dialect, leaving, own_receiver=True)
        order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
        tracker.run(1200)
        on = [at for at, text in tracker.said if text in (b"AT+CGNSPWR=1\r", b"AT+QGPS=1\r")]
        assert len(on) > 3
        connected = False
        for _, text in tracker.said:
            if text in (b"AT+SMCONN\r",) or text.startswith(b"AT+QMTCONN="):
                connected = True
            elif text.startswith((b"AT+SMDISC", b"AT+QMTDISC")):
                connected = False
            elif text in (b"AT+CGNSPWR=1\r", b"AT+QGPS=1\r"):
                assert not connected, dialect
        assert tracker.side.scene.modem.power.unasked == 0


def test_a_fault_in_a_publish_costs_no_record_and_no_second_publish_of_a_confirmed_one():
    faults = Faults([from_words("silence seconds=90 on=+SMPUB* nth=2")], seed=7)
    tracker = Tracker("sim7080", faults=faults)
    tracker.run(1200)
    seqs = sorted(seq for _, seq in tracker.gateway.records)
    assert seqs == list(range(1, len(seqs) + 1))
    assert tracker.gateway.conflicts == 0
    assert tracker.gateway.repeats <= 1


def test_the_worst_of_sharing_the_radio_is_part_of_the_stated_bound():
    shared, own = Tracker("sim7080", own_receiver=True), Tracker("sim7080")
    for tracker in (shared, own):
        order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
        tracker.run(900)
    bounds = [records(one, layouts.REPORT)[-1]["bound_s"] for one in (shared, own)]
    assert bounds[0] - bounds[1] == arbiter.Arbiter(True).worst_s()


def sixteen_rings():
    """The values of an order of 16 fences with 24 corners each: some two kilobytes."""
    fence = circle(HOME[0], HOME[1], 200)["fences"][0]
    fence |= {"shape": layouts.POLYGON, "radius_dm": 0}
    corners = [
        {"lat_e6": HOME[0] + round(3000 * cos(turn / 12 * pi)),
         "lon_e6": HOME[1] + round(6000 * sin(turn / 12 * pi))}
        for turn in range(24)
    ]  # fmt: skip
    rows = [fence | {"number": number, "rings": [{"points": corners}]} for number in range(1, 17)]
    return {"utc_offset_min": 60, "dst": layouts.EU, "fences": rows}


@pytest.mark.parametrize("dialect", ["sim7080", "sim7000"])
def test_an_order_too_long_for_the_modem_s_mqtt_comes_by_the_socket_at_once(dialect):
    tracker = Tracker(dialect)
    tracker.run(600)
    order(tracker, 7, layouts.FENCES, sixteen_rings())
    tracker.run(1500)
    assert layouts.ARMED in [answer["result"] for answer in tracker.gateway.answers]
    assert tracker.commands(b"AT+CAOPEN")
    before = len(tracker.commands(b"AT+SMCONN"))
    sockets = len(tracker.commands(b"AT+CAOPEN"))
    assert sockets <= 3
    tracker.run(3000)
    assert len(tracker.commands(b"AT+SMCONN")) > before, "the first way for all that it carries"
    assert len(tracker.commands(b"AT+CAOPEN")) == sockets


STATES = {"sim7080": b"AT+SMSTATE?", "sim7600": b"AT+CMQTTCONNECT?", "bg95": b"AT+QMTCONN?"}


@pytest.mark.parametrize("dialect", sorted(STATES))
def test_after_a_sleep_of_its_line_the_modem_is_asked_whether_it_is_connected_still(dialect):
    """It may have said meanwhile that it is not. No answer: connected anew, and nothing lost."""
    asked = STATES[dialect].decode()[2:].rstrip("?")
    silent = [from_words(f"lost_answer nth=2 on={asked}?")]
    for faults in (None, Faults(silent, seed=1)):
        tracker = Tracker(dialect, faults=faults)
        order(tracker, 7, layouts.FENCES, circle(HOME[0], HOME[1], 200))
        tracker.run(120)
        tracker.board.pressed = True
        tracker.run(4)
        tracker.board.pressed = False
        tracker.run(400)
        assert len(tracker.commands(STATES[dialect])) >= 3
        assert bool(faults is None) or faults.happened
        seqs = sorted(seq for _, seq in tracker.gateway.records)
        assert seqs == list(range(1, len(seqs) + 1))
        assert tracker.gateway.conflicts == 0
