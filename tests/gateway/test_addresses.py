"""Which record goes to which sink, how late it says it is, and what damaged own records do."""

import asyncio
import json

import pytest

from gateway.alarm_rig import AlarmRig
from gateway.forwarder_rig import ListSink, until
from gateway.records import NOW_MS, NOW_S, alarm, report, row
from trygg_gateway import alarm_book, own_records
from trygg_gateway.config import parse
from trygg_gateway.delivery import LATE_S, Undecodable, aged, delivery
from trygg_gateway.forwarder import Forwarder, Outlet
from trygg_gateway.journal import set_cursor
from trygg_gateway.outlets import outlets
from trygg_gateway.own_delivery import Address, delivery_for
from trygg_gateway.own_records import OWN_BOOT, OWN_KIND, entry_of, payload_of
from trygg_gateway.service import Service
from trygg_gateway.sinks.port import Later
from trygg_gateway.values import ALARM, LANES, LIVE, Row
from trygg_wire import topics


class Keeping(ListSink):
    """Keeps the deliveries whole."""

    async def deliver(self, entries):
        answer = await super().deliver(entries)
        self.kept = [*getattr(self, "kept", []), *entries]
        return answer


def test_each_sink_gets_its_own_and_every_cursor_goes_on(tmp_path):
    rig = AlarmRig(tmp_path / "journal.sqlite")
    sinks = {"centre": Keeping(), "sms": Keeping(), "sms-ingrid": Keeping()}

    async def forward():
        forwarder = Forwarder(
            rig.journal,
            [Outlet("centre", sinks["centre"], LANES), Outlet("sms", sinks["sms"], [ALARM], True),
             Outlet("sms-ingrid", sinks["sms-ingrid"], [ALARM], True)],
            gateway="nord", set_cursor=set_cursor, tell=alarm_book.sink_said, now_ms=rig.clock,
        )  # fmt: skip
        await forwarder.start()
        last = rig.journal.query("SELECT max(id) FROM records")[0][0]
        await until(lambda: all(rig.journal.cursor(name, ALARM) == last for name in sinks))
        await forwarder.stop()

    id_ = rig.raised()
    rig.go(25)
    asyncio.run(forward())
    assert sinks["centre"].got == ["astrid:1:1"]
    assert sinks["sms"].got == ["astrid:1:1"]
    assert sinks["sms-ingrid"].got == [f"astrid:{OWN_BOOT}:1"]
    shown = rig.views.alarm(id_)
    assert sorted(shown["delivered"]) == ["centre", "sms"]
    events = [line["event"] for line in shown["timeline"]]
    assert events.count("delivered") == 2
    assert events.count("call_delivered") == 1
    rig.close()


def test_an_alarm_says_how_late_it_is_at_each_try(tmp_path):
    rig = AlarmRig(tmp_path / "journal.sqlite")
    rig.raised()
    sink = Keeping(script=[Later("not now"), None])

    async def forward():
        forwarder = Forwarder(
            rig.journal, [Outlet("centre", sink, [ALARM])], gateway="nord",
            set_cursor=set_cursor, tell=alarm_book.sink_said, now_ms=rig.clock, chance=lambda: 0.0,
        )  # fmt: skip
        await forwarder.start()
        await until(lambda: sink.calls == 1)
        rig.now_ms += 3_600_000
        await until(lambda: sink.got)
        await forwarder.stop()

    asyncio.run(forward())
    (entry,) = sink.kept
    assert (entry.late, entry.data["late"], entry.data["late_by_s"]) == (True, True, 3600)
    rig.close()


def test_what_is_not_late_is_left_as_it_is():
    entry = delivery(row(alarm(1, 1)), "nord")
    assert aged(entry, NOW_MS + LATE_S * 1000) is entry
    assert aged(entry, NOW_MS + (LATE_S + 1) * 1000).data["late_by_s"] == LATE_S + 1


def own_row(payload):
    return Row(7, *entry_of("astrid", 3, payload, NOW_MS))


def test_an_own_record_is_an_event_with_an_identity_of_its_own():
    data = {"text": "silent", "todo": "go"}
    entry = delivery_for(own_row(payload_of("alarm", "silent", data)), "nord", Address("centre"))
    assert entry.id == f"astrid:{OWN_BOOT}:3"
    assert entry.attributes["type"] == "no.trygg.alarm.silent"
    assert entry.attributes["subject"] == "astrid"
    assert entry.data["todo"] == "go"
    json.dumps(entry.data)


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"[]", b"null", b"\xff", b'{"form": "alarm"}',
                b'{"form": "copy", "what": "", "data": {}, "to": ["sms"], "of": {"id": 1}}'],
)  # fmt: skip
def test_a_damaged_own_record_is_passed_and_counted(payload):
    with pytest.raises(Undecodable):
        delivery_for(own_row(payload), "nord", Address("sms"))


def test_the_numbers_of_own_records_are_nobody_elses():
    assert OWN_BOOT == 1 << 30
    assert OWN_KIND > 15, "the wire's kinds have four bits"
    assert not topics.is_name(own_records.GATEWAY)
    assert set(own_records.NAMES) == {*range(64, 70), *range(80, 91)}
    assert own_records.form_of(own_records.SILENT) == "alarm"
    assert own_records.form_of(own_records.NOT_ARMED) == "warning"
    assert own_records.form_of(own_records.DEAF) == "gateway"


def test_a_copy_of_a_live_record_is_that_record():
    first = row(report(1, 9, NOW_S), lane=LIVE)
    said = own_records.read(own_records.copy_payload(first, ["sms"]))
    assert said.of == first


def test_every_sink_is_told_that_a_person_is_forgotten():
    payload = payload_of(own_records.ABOUT_GATEWAY, "forgotten", {"text": "", "device": "astrid"})
    own = Row(1, *entry_of(own_records.GATEWAY, 1, payload, NOW_MS))
    for address in (Address("sms", standby=True), Address("centre", warnings=False)):
        assert delivery_for(own, "nord", address).data["what"] == "forgotten"


def test_a_sink_on_standby_is_in_the_alarm_lane_alone(tmp_path):
    text = "[sinks.sms]\ntype = 'file'\npath = 'x'\nstandby = true\nwarnings = false\n"
    (outlet,) = outlets(parse(text, tmp_path / "gateway.toml"))
    assert outlet.lanes == [ALARM]
    assert outlet.address == Address("sms", True, False)


def test_a_gateway_can_do_without_its_watch(tmp_path):
    text = "[watch]\nenabled = false\n[listener]\nport = 0\n[console]\nenabled = false\n"
    service = Service(parse(text, tmp_path / "gateway.toml"))
    try:
        assert service.watcher is None
        assert b"trygg_watch_" not in service.metrics.text()
    finally:
        service.journal.close()


def test_the_figures_of_watch_and_alarms_are_shown_without_anybodys_name(tmp_path):
    text = "[listener]\nport = 0\n[console]\nenabled = false\n"
    service = Service(parse(text, tmp_path / "gateway.toml"))
    try:
        service.metrics.observe_hop("stored_to_taken", 12.0)
        service.metrics.observe_commit(0.004)
        shown = service.metrics.text().decode()
    finally:
        service.journal.close()
    for name in (
        "trygg_watch_silences_total", "trygg_watch_silent", "trygg_alarms_people_called_total",
        "trygg_alarm_unconfirmed_seconds", "trygg_reader_behind_seconds", "trygg_hearing",
        'trygg_alarm_hop_seconds_count{hop="stored_to_taken"} 1.0',
        "trygg_commit_seconds_count 1.0",
    ):  # fmt: skip
        assert name in shown, name
