"""When a tracker's boot began, by a record of that boot that states both clocks; never guessed.

A tracker that starts without the time counts its records' times from its start. Its health record
always says how long it has run; the first one made with the time known therefore dates all others
of that boot, those before it too. Until such a record has come their time is unknown.
"""

from typing import Any

from trygg_gateway.database import Database
from trygg_gateway.decoder import decode
from trygg_gateway.values import unix_of
from trygg_wire import codec, layouts

Json = dict[str, Any]

_HEALTHS = """
    SELECT payload FROM records WHERE device = ? AND boot = ? AND kind = ? AND time_s > 0
    ORDER BY seq DESC LIMIT 5
"""


def start_of(kind: int, values: Json) -> int:
    """When the record's boot began, unix seconds; 0 if the record does not say."""
    if kind != layouts.HEALTH or values["time_is_uptime"] or not values["time_s"]:
        return 0
    return max(0, unix_of(values["time_s"]) - int(values["uptime_s"]))


def start_in(db: Database, device: str, boot: int) -> int:
    """When that boot began, by the journal's health records; 0 while none of them says."""
    for (payload,) in db.execute(_HEALTHS, (device, boot, layouts.HEALTH)).fetchall():
        try:
            start_s = start_of(*decode(payload))
        except codec.WireError:
            continue  # set aside elsewhere, and no clock for others
        if start_s:
            return start_s
    return 0
