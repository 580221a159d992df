"""What people see of the gateway, as JSON-ready values: trackers, tracks, alarms, quarantine.

One class that reads the tables, and the things a person does here: take an alarm, close one, and
be written down as having looked. All of it may be called from any thread and may wait for the
disk; only `subscribe` belongs to the event loop.

    trackers()  list, worst first: device group name status status_text last_contact_s
                next_report_by_s silent_at_s hours_left battery_percent battery_mv charging
                signal_dbm fence_state fence_number bound_s fix_age_s position position_withheld
                fences firmware
    position    None or lat lon accuracy_m time_s speed_m_s course_deg
    track()     list of positions, oldest first
    alarms()    list, open ones first, newest first: see alarm_views.py
    orders()    list, newest first: id device kind version state reason ordered_ms ordered_by
                changed_ms expires_s
"""

import asyncio
import json
import weakref
from collections.abc import Callable
from typing import Any

from trygg_gateway import alarm_steps, alarm_views, alarms, order_book, orders, quarantine
from trygg_gateway.about import about_by
from trygg_gateway.alarm_steps import Subject
from trygg_gateway.database import Database
from trygg_gateway.devices import Device
from trygg_gateway.escalation import NOBODY_CALLED, Policy
from trygg_gateway.fence_shapes import shown_fence
from trygg_gateway.journal import Journal, JournalError
from trygg_gateway.notices import Notices
from trygg_gateway.own_records import OWN_BOOT
from trygg_gateway.shown import shown_order, shown_position, shown_tracker
from trygg_gateway.standing import NO_ALARM, WORST_FIRST, OpenAlarm
from trygg_gateway.values import Refused
from trygg_wire import layouts

Json = dict[str, Any]

LOG_SECONDS = 5.0  # for a read of positions to be on disk before they are shown
TELL_S = 7 * 86400  # for so long the wearer's tracker is owed the news that somebody took it

_TRACKERS = f"""
    SELECT t.device, t.grp, t.name, w.patience_s, w.hours_left,
           {", ".join("d." + name for name in Device._fields[1:])}
    FROM trackers AS t LEFT JOIN devices AS d USING (device) LEFT JOIN watch AS w USING (device)
    WHERE t.revoked = 0
"""  # noqa: S608 - our own names
_OPEN_ALARMS = """
    SELECT device, what, raised_s, state FROM alarms
    WHERE state <> 'closed' AND test = 0 AND what < 64
    ORDER BY state = 'raised', raised_s
"""
_FENCE_ORDERS = """
    SELECT device, version, state FROM orders
    WHERE kind = ? AND state NOT IN ('refused', 'expired', 'withdrawn') ORDER BY version
"""
_FENCES = "SELECT device, version, name, body FROM fences ORDER BY device, number"
_TRACK = """
    SELECT lat_e6, lon_e6, accuracy_dm, time_s, speed_dm_s, course_deg FROM positions
    WHERE device = ? AND time_s >= ? ORDER BY time_s
"""


class Views:
    """The tables as people see them. `nudge(device)` is told of orders to send at once."""

    def __init__(
        self,
        journal: Journal,
        now_ms: Callable[[], int],
        nudge: Callable[[str], None] = lambda device: None,
        counters: Callable[[], Json] = dict,
        policy: Policy = NOBODY_CALLED,
        acted: Callable[[], None] = lambda: None,
    ) -> None:
        """`policy` says who is called next; `acted()` is told of every step of a person."""
        self._journal = journal
        self._now_ms = now_ms
        self._nudge = nudge
        self._counters = counters
        self._policy = policy
        self._acted = acted
        self._subscribers: weakref.WeakSet[Notices] = weakref.WeakSet()
        self.about = about_by(journal.query)  # a tracker's name and fences, by its device

    def go_by(self, policy: Policy) -> None:
        """Who is called next is said by another policy from now on."""
        self._policy = policy

    # -- looking ---------------------------------------------------------------------------

    def trackers(self) -> list[Json]:
        """Every tracker that may speak, with its last state, worst first."""
        return self._journal.read(self._trackers)

    def _trackers(self, db: Database) -> list[Json]:
        now_s = self._now_ms() // 1000
        worst = {
            device: OpenAlarm(what, state != "raised")
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
        """Alarms with their timelines: open ones first, of those what nobody has taken."""
        return self._journal.read(
            lambda db: alarm_views.newest(db, open_only, limit, self._policy, self._now_ms())
        )

    def alarm(self, alarm_id: int) -> Json:
        """One alarm, as `alarms` shows it. Raises Refused if there is none."""
        if not self._journal.query("SELECT 1 FROM alarms WHERE id = ?", (alarm_id,)):
            raise Refused(f"There is no alarm {alarm_id}.")
        return self._journal.read(
            lambda db: alarm_views.one(db, alarm_id, self._policy, self._now_ms())
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
        return self._done(
            alarm_id,
            who,
            lambda db, now_ms: (
                alarm_steps.take(db, alarm_id, who, now_ms),
                layouts.ALARM_TAKEN,
            ),
        )

    def on_the_way(self, alarm_id: int, who: str) -> Json:
        """Write that a person is on the way; with that they have taken it. Raises Refused."""
        return self._moved(alarm_id, alarms.ON_THE_WAY, who)

    def at_the_person(self, alarm_id: int, who: str) -> Json:
        """Write that a person is with the wearer. Raises Refused."""
        return self._moved(alarm_id, alarms.AT_THE_PERSON, who)

    def _moved(self, alarm_id: int, state: str, who: str) -> Json:
        def act(db: Database, now_ms: int) -> tuple[Subject, int]:
            subject, took = alarm_steps.move(db, alarm_id, state, who, now_ms)
            return subject, layouts.ALARM_TAKEN if took else 0

        return self._done(alarm_id, who, act)

    def pass_on(self, alarm_id: int, who: str) -> Json:
        """Write that a person gives it to the next, who is called at once. Raises Refused."""
        return self._done(
            alarm_id,
            who,
            lambda db, now_ms: (alarm_steps.pass_on(db, alarm_id, who, now_ms), 0),
        )

    def close(self, alarm_id: int, who: str, cause: str) -> Json:
        """Write that a person closed the alarm and why. Raises Refused."""
        return self._done(
            alarm_id,
            who,
            lambda db, now_ms: (
                alarm_steps.close(db, alarm_id, who, cause, now_ms),
                layouts.ALARM_CLOSED,
            ),
        )

    def reopen(self, alarm_id: int, who: str, cause: str) -> Json:
        """Write that a person opened it again and why; people are called anew. Raises Refused."""
        return self._done(
            alarm_id,
            who,
            lambda db, now_ms: (alarm_steps.reopen(db, alarm_id, who, cause, now_ms), 0),
        )

    def _done(
        self, alarm_id: int, who: str, act: Callable[[Database, int], tuple[Subject, int]]
    ) -> Json:
        """Commit a step; the command it gives (0: none) is owed to the wearer's tracker."""
        now_ms = self._now_ms()

        def step(db: Database) -> Subject:
            subject, command = act(db, now_ms)
            if command:
                _tell(db, subject, command, who, now_ms)
            return subject

        subject = self._journal.write(step).result()
        self._nudge(subject.device)
        self._acted()
        self.changed("alarms")
        self.changed("trackers")
        return self.alarm(alarm_id)

    def set_fences(self, device: str, fences: list[Json], who: str) -> Json:
        """Order a tracker to keep these fences and no others, as {"order": id}. Raises Refused.

        Their schedules go by the clock that on_call goes by.
        """
        if not fences:
            raise Refused(
                "With no fence the tracker raises no alarm when its wearer leaves. If that is"
                f" meant: trygg gateway fence set {device} --none"
            )
        zone = str(self._policy.zone) if any(one.get("schedule") for one in fences) else ""
        now_ms = self._now_ms()
        order_id = self._journal.write(
            lambda db: order_book.queue_fences(db, device, fences, 0, who, now_ms, zone)
        ).result()
        self._nudge(device)
        self.changed("trackers")
        return {"order": order_id}

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


def _tell(db: Database, subject: Subject, command: int, who: str, now_ms: int) -> None:
    """Owe the wearer's tracker the news about its alarm, if it may still be spoken to.

    Of what the gateway itself raised no tracker knows.
    """
    if subject.boot == OWN_BOOT:
        return
    registered = db.execute(
        "SELECT 1 FROM trackers WHERE device = ? AND revoked = 0", (subject.device,)
    ).fetchone()
    if registered is not None:
        _, boot, seq = alarm_steps.as_sent(db, subject)
        body = orders.command_body(command, boot, seq)
        until_s = now_ms // 1000 + TELL_S
        order_book.queue(db, subject.device, layouts.COMMAND, body, until_s, who, now_ms)
