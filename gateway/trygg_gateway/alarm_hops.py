"""How long each hop of an alarm takes, read from the timelines. Pure but for the database.

    outside_to_raised       the first fix outside → the tracker raised it
    raised_to_stored        → on the gateway's disk
    stored_to_channel       → a further channel began, since the first had not confirmed
    stored_to_called        → a person was called (each)
    call_to_delivered       called → that person's sink has confirmed it
    call_to_accepted        called → it was taken on its way there, and no more is known
    stored_to_taken         → a person took it
    taken_to_on_the_way, taken_to_at_the_person, stored_to_told (the wearer), stored_to_closed

Stored → confirmed by each sink is trygg_alarm_delivery_seconds. Test alarms are left out: nobody
hurries for them. A line is counted once, from when the process began.
"""

from collections.abc import Callable
from typing import Final

from trygg_gateway import alarms
from trygg_gateway.database import Database

BATCH: Final = 500

# a line's event → (the event it is counted from, the hop's name)
HOPS: Final = {
    alarms.RAISED: (alarms.OUTSIDE, "outside_to_raised"),
    alarms.STORED: (alarms.RAISED, "raised_to_stored"),
    alarms.CHANNEL: (alarms.STORED, "stored_to_channel"),
    alarms.CALLED: (alarms.STORED, "stored_to_called"),
    alarms.CALL_DELIVERED: (alarms.CALLED, "call_to_delivered"),
    alarms.CALL_ACCEPTED: (alarms.CALLED, "call_to_accepted"),
    alarms.TAKEN: (alarms.STORED, "stored_to_taken"),
    alarms.ON_THE_WAY: (alarms.TAKEN, "taken_to_on_the_way"),
    alarms.AT_THE_PERSON: (alarms.TAKEN, "taken_to_at_the_person"),
    alarms.TOLD: (alarms.STORED, "stored_to_told"),
    alarms.CLOSED: (alarms.STORED, "stored_to_closed"),
}

_NEW = """
    SELECT e.id, e.alarm_id, e.at_ms, e.event, a.test FROM alarm_events AS e JOIN alarms AS a
    ON a.id = e.alarm_id WHERE e.id > ? ORDER BY e.id LIMIT ?
"""
_BEFORE = """
    SELECT max(at_ms) FROM alarm_events WHERE alarm_id = ? AND event = ? AND at_ms <= ?
"""


class Hops:
    """Observes the lines that are new since the last look: `observe(hop, seconds)`."""

    def __init__(self, observe: Callable[[str, float], None]) -> None:
        self.more = False  # whether the last look found more lines than it took
        self._observe = observe
        self._last = 0

    def begin(self, db: Database) -> None:
        """What is there already was counted by another life of the gateway."""
        self._last = db.execute("SELECT coalesce(max(id), 0) FROM alarm_events").fetchone()[0]

    def read(self, db: Database) -> set[int]:
        """Count what is new, BATCH lines at most; the alarms that they are of."""
        alarms_touched = set()
        lines = db.execute(_NEW, (self._last, BATCH)).fetchall()
        self.more = len(lines) == BATCH
        for id_, alarm_id, at_ms, event, test in lines:
            self._last = id_
            alarms_touched.add(alarm_id)
            if event in HOPS and not test:
                self._count(db, alarm_id, at_ms, event)
        return alarms_touched

    def _count(self, db: Database, alarm_id: int, at_ms: int, event: str) -> None:
        since, hop = HOPS[event]
        (since_ms,) = db.execute(_BEFORE, (alarm_id, since, at_ms)).fetchone()
        if since_ms is not None:
            self._observe(hop, (at_ms - since_ms) / 1000)
