"""Which record goes to which sink, and what the gateway's own look like outside. Pure.

    type                        data beside device, boot, seq, kind, time, received, late, late_by_s
    no.trygg.alarm.silent       what, text, todo, position, inside, battery_percent, hours_left ...
    no.trygg.warning.<what>     what, text, todo, and the figures it is about
    no.trygg.gateway.<what>     the same, about the gateway itself (subject _gateway)
    no.trygg.ended              what, of (the id of what is over), text
    no.trygg.call               alarm (its id), person, step, text, todo, and what the alarm says
    no.trygg.call_off           alarm (its id), text

A copy is the very event that it repeats, with the same id, and `again` in its data: a receiver that
hears two channels knows it again.

A sink on standby gets what is addressed to it and nothing else, but that a person is forgotten.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from trygg_gateway import own_records
from trygg_gateway.delivery import WHATS, Delivery, Undecodable, attributes_of, delivery, rfc3339
from trygg_gateway.own_records import Said
from trygg_gateway.values import Row

Json = dict[str, Any]

_TYPES: Final = {
    own_records.ALARM_FORM: "no.trygg.alarm.",
    own_records.WARNING: "no.trygg.warning.",
    own_records.ABOUT_GATEWAY: "no.trygg.gateway.",
    own_records.ENDED: "no.trygg.ended",
    own_records.CALL: "no.trygg.call",
    own_records.CALL_OFF: "no.trygg.call_off",
}
_WITH_NAME = (own_records.ALARM_FORM, own_records.WARNING, own_records.ABOUT_GATEWAY)


class Address(NamedTuple):
    """A sink by its name, and which records are for it."""

    sink: str
    standby: bool = False  # only what is addressed to it
    warnings: bool = True  # False: alarms, but no warnings and nothing about the gateway


def what_name(what: int) -> str:
    """The name of an alarm, a tracker's or the gateway's own."""
    return own_records.NAMES[what] if what >= own_records.SILENT else WHATS[what]


def delivery_for(row: Row, gateway: str, address: Address) -> Delivery | None:
    """The delivery of a row to one sink; None: it is not for that one. Raises Undecodable."""
    if row.kind != own_records.OWN_KIND:
        return None if address.standby else delivery(row, gateway)
    try:
        said = own_records.read(row.payload)
    except ValueError as error:
        raise Undecodable(str(error)) from None
    if not _is_for(said, address):
        return None
    if said.of is not None:
        again = _repeated(said.of, gateway)
        return again._replace(row_id=row.id, data={**again.data, "again": True})
    return _own(row, said, gateway)


def _repeated(row: Row, gateway: str) -> Delivery:
    if row.kind != own_records.OWN_KIND:
        return delivery(row, gateway)
    return _own(row, own_records.read(row.payload), gateway)


def _is_for(said: Said, address: Address) -> bool:
    if said.to is not None:
        return address.sink in said.to
    if said.what == own_records.NAMES[own_records.FORGOTTEN]:
        return True  # whatever a sink was given of that person is to go
    if address.standby:
        return False
    form = said.data["of_form"] if said.form == own_records.ENDED else said.form
    return address.warnings or form == own_records.ALARM_FORM


def _own(row: Row, said: Said, gateway: str) -> Delivery:
    type_ = _TYPES[said.form] + (said.what if said.form in _WITH_NAME else "")
    attributes = attributes_of(row, gateway, type_, row.time_s)
    data = {
        "device": row.device,
        "boot": row.boot,
        "seq": row.seq,
        "kind": said.form,
        "time": rfc3339(row.time_s),
        "received": rfc3339(row.received_ms // 1000),
        "late": False,
        "late_by_s": 0,
        **({"what": said.what} if said.what else {}),
        **said.data,
    }
    identity = attributes["id"]
    return Delivery(
        row.id, identity, row.lane, False, row.received_ms, attributes, data, row.received_ms
    )
