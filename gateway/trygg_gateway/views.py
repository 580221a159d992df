"""What people see of the gateway, as JSON-ready values: trackers, tracks, alarms, quarantine.

One class that reads the tables, and the things a person does here: take an alarm, close one, and
be written down as having looked. All of it may be called from any thread and may wait for the
disk; only `subscribe` belongs to the event loop.

    trackers()  list, worst first: device group name status status_text last_contact_s
                next_report_by_s battery_percent battery_mv charging signal_dbm fence_state
                fence_number bound_s fix_age_s position position_withheld fences firmware
    position    None or lat lon accuracy_m time_s speed_m_s course_deg
    track()     list of positions, oldest first
    alarms()    list, open ones first, newest first: id device name what reason fence_number
                fence_name test state raised_s stored_s late_by_s position fix_age_s taken_by
                closed_cause timeline [at_ms event who text] delivered [sink]
    orders()    list, newest first: id device kind version state reason ordered_ms ordered_by
                changed_ms expires_s
"""

import asyncio
import json
import weakref
from collections.abc import Callable
from typing import Any

from trygg_gateway import alarm_book, order_book, orders, quarantine
from trygg_gateway.alarm_book import Subject
from trygg_gateway.database import Database
from trygg_gateway.devices import Device
from trygg_gateway.fence_shapes import shown_fence
from trygg_gateway.journal import Journal, JournalError
from trygg_gateway.notices import Notices
from trygg_gateway.shown import shown_alarm, shown_order, shown_position, shown_tracker
from trygg_gateway.standing import NO_ALARM, WORST_FIRST, OpenAlarm
from trygg_wire import layouts

Json = dict[str, Any]

LOG_SECONDS = 5.0  # for a read of positions to be on disk before they are shown
TELL_S = 7 * 86400  # for so long the wearer's tracker is owed the news that somebody took it

_TRACKERS = f"""
    SELECT t.device, t.grp, t.name, {", ".join("d." + name for name in Device._fields[1:])}
    FROM trackers AS t LEFT JOIN devices AS d USING (device) WHERE t.revoked = 0
"""  # noqa: S608 - our own names
_OPEN_ALARMS = """
    SELECT device, what, raised_s, state FROM alarms WHERE state <> 'closed' AND test = 0
    ORDER BY state = 'raised', raised_s
"""
_FENCE_ORDERS = """
    SELECT device, version, state FROM orders WHERE kind = ? AND state NOT IN ('refused', 'expired')
    ORDER BY version
"""
_FENCES = "SELECT device, version, name, body FROM fences ORDER BY device, number"
_TRACK = """
    SELECT lat_e6, lon_e6, accuracy_dm, time_s, speed_dm_s, course_deg FROM positions
    WHERE device = ? AND time_s >= ? ORDER BY time_s
"""
_ALARMS = """
    SELECT a.id, a.device, coalesce(t.name, a.device), a.what, a.reason, a.fence_number,
           f.name, a.test, a.state, a.raised_s, a.stored_ms, a.late_by_s, a.fix_age_s,
           a.lat_e6, a.lon_e6, a.accuracy_dm, a.speed_dm_s, a.course_deg, a.taken_by,
           a.closed_cause
    FROM alarms AS a LEFT JOIN trackers AS t USING (device)
    LEFT JOIN fences AS f ON f.device = a.device AND f.version = a.fence_version
        AND f.number = a.fence_number
"""
_NEWEST = " ORDER BY a.state = 'closed', a.raised_s DESC, a.id DESC LIMIT ?"


class Views:
    """The tables as people see them. `nudge(device)` is told of orders to send at once."""

    def __init__(
        self,
        journal: Journal,
        now_ms: Callable[[], int],
        nudge: Callable[[str], None] = lambda device: None,
        counters: Callable[[], Json] = dict,
    ) -> None:
        self._journal = journal
        self._now_ms = now_ms
        self._nudge = nudge
        self._counters = counters
        self._subscribers: weakref.WeakSet[Notices] = weakref.WeakSet()

    # -- looking ---------------------------------------------------------------------------

    def trackers(self) -> list[Json]:
        """Every tracker that may speak, with its last state, worst first."""
        return self._journal.read(self._trackers)

    def _trackers(self, db: Database) -> list[Json]:
        now_s = self._now_ms() // 1000
        worst = {
            device: OpenAlarm(what, state == "taken")
            for device, what, _, state in db.execute(_OPEN_ALARMS).fetchall()
        }
        fences = _fences(db)
        shown = [
            shown_tracker(row, worst.get(row[0], NO_ALARM), fences.get(row[0], []), now_s)
            for row in db.execute(_TRACKERS).fetchall()
        ]
        return sorted(shown, key=lambda t: (WORST_FIRST.index(t["status"]), t["name"]))

    def track(self, device: str, since_s: int) -> list[Json]:
        """The positions a tracker told of since a time, oldest first."""
        found = self._journal.query(_TRACK, (device, since_s))
        return [shown for row in found if (shown := shown_position(*row)) is not None]

    def alarms(self, open_only: bool = False, limit: int = 200) -> list[Json]:
        """The newest alarms, open ones first, each with its timeline."""
        where = " WHERE a.state <> 'closed'" if open_only else ""
        return self._journal.read(
            lambda db: [
                _alarm(db, row)
                for row in db.execute(_ALARMS + where + _NEWEST, (limit,)).fetchall()
            ]
        )

    def orders(self, limit: int = 200) -> list[Json]:
        """The newest orders and how far each has come."""
        rows = self._journal.query(
            "SELECT id, device, kind, version, state, reason, ordered_ms, ordered_by, changed_ms,"
            " expires_s FROM orders ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [shown_order(row) for row in rows]

    def quarantine(self, limit: int = 100) -> list[Json]:
        """What the gateway could not read, newest first."""
        return self._journal.read(lambda db: quarantine.newest(db, limit))

    def counters(self) -> Json:
        """The gateway's counters, by name."""
        return self._counters()

    def log_read(self, who: str, what: str) -> None:
        """Write down that `who` is shown the whereabouts named by `what`; committed on return.

        Raises JournalError when the disk does not take it in LOG_SECONDS: then nothing is shown.
        """
        insert = "INSERT INTO reads (at_ms, who, what) VALUES (?, ?, ?)"
        values = (self._now_ms(), who, what)
        logged = self._journal.write(lambda db: db.execute(insert, values).rowcount)
        try:
            logged.result(LOG_SECONDS)
        except TimeoutError:
            raise JournalError(
                f"log that {who} reads {what}: wanted it on disk in {LOG_SECONDS} s, and it is not,"
                " so no position is shown. Look at the disk of gateway.data"
            ) from None

    # -- doing -----------------------------------------------------------------------------

    def take(self, alarm_id: int, who: str) -> Json:
        """Write that a person took the alarm, and let its wearer know. Raises Refused."""
        now_ms = self._now_ms()

        def act(db: Database) -> Subject:
            subject = alarm_book.take(db, alarm_id, who, now_ms)
            _tell(db, subject, layouts.ALARM_TAKEN, who, now_ms)
            return subject

        return self._done(alarm_id, act)

    def close(self, alarm_id: int, who: str, cause: str) -> Json:
        """Write that a person closed the alarm and why. Raises Refused."""
        now_ms = self._now_ms()

        def act(db: Database) -> Subject:
            subject = alarm_book.close(db, alarm_id, who, cause, now_ms)
            _tell(db, subject, layouts.ALARM_CLOSED, who, now_ms)
            return subject

        return self._done(alarm_id, act)

    def _done(self, alarm_id: int, act: Callable[[Database], Subject]) -> Json:
        subject = self._journal.write(act).result()
        self._nudge(subject.device)
        self.changed("alarms")
        self.changed("trackers")
        rows = self._journal.read(
            lambda db: [
                _alarm(db, row)
                for row in db.execute(_ALARMS + " WHERE a.id = ?", (alarm_id,)).fetchall()
            ]
        )
        return rows[0]

    # -- being told ------------------------------------------------------------------------

    def changed(self, what: str) -> None:
        """Tell every subscriber that "trackers" or "alarms" changed. From any thread."""
        for notices in list(self._subscribers):
            notices.tell(what)

    def subscribe(self) -> Notices:
        """Change notices from now on, {"changed": "trackers"|"alarms"}, in this event loop."""
        notices = Notices(asyncio.get_running_loop())
        self._subscribers.add(notices)
        return notices


def _fences(db: Database) -> dict[str, list[Json]]:
    """Each tracker's fence set in force: the newest it applied, else the newest ordered."""
    version_of: dict[str, int] = {}
    applied: dict[str, int] = {}
    for device, version, state in db.execute(_FENCE_ORDERS, (layouts.FENCES,)).fetchall():
        version_of[device] = version
        if state in (orders.APPLIED, orders.ARMED):
            applied[device] = version
    version_of |= applied
    fences: dict[str, list[Json]] = {}
    for device, version, name, body in db.execute(_FENCES).fetchall():
        if version == version_of.get(device):
            fences.setdefault(device, []).append(shown_fence(name, json.loads(body)))
    return fences


def _alarm(db: Database, row: tuple[Any, ...]) -> Json:
    events = db.execute(
        "SELECT at_ms, event, who, text FROM alarm_events WHERE alarm_id = ? ORDER BY at_ms, id",
        (row[0],),
    ).fetchall()
    return shown_alarm(row, events)


def _tell(db: Database, subject: Subject, command: int, who: str, now_ms: int) -> None:
    """Owe the wearer's tracker the news about its alarm, if it may still be spoken to."""
    registered = db.execute(
        "SELECT 1 FROM trackers WHERE device = ? AND revoked = 0", (subject.device,)
    ).fetchone()
    if registered is not None:
        _, boot, seq = alarm_book.as_sent(db, subject)
        body = orders.command_body(command, boot, seq)
        until_s = now_ms // 1000 + TELL_S
        order_book.queue(db, subject.device, layouts.COMMAND, body, until_s, who, now_ms)
