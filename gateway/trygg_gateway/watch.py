"""Notices what trackers do not say themselves: silence above all. Pure; the time comes in.

**Silence** (promise 6). Every record promises when the next comes. Past the promise and its
patience the tracker is silent. The patience is what this tracker has earned by being late and well
(rhythm.py); one at risk has earned none: its battery low and off the charger, an early end said, or
outside its fence. Any record ends the silence, backlog too. A silence is said once, until the
tracker is heard again, whoever closes the alarm.

**What could not be heard is not silence.** While a door is lost, the disk full or the gateway down,
a tracker speaks in vain and tries again, each time after a longer pause. So one that has not been
heard since is silent at the earliest when its pause must be over: `recover_s` after the gateway
hears again. Time never runs ahead of what was read: whoever calls `poll` gives the time up to which
every record has been heard. A clock that is set forward is taken for time in which nobody was
heard; one that is set back takes every promise with it.

**Warnings**: the battery will be flat before the usual charging (battery_course.py), the link is
weak (link_quality.py), it restarts, its clock is wrong (tracker_starts.py), ordered fences are not
in force. Each is said once and is over when the opposite is sure, so that none flickers.

What is learned is JSON (`dump`, `load`), a row for each tracker; losing the last minute of it costs
nothing but that minute's learning, since promises are also in table `devices` (`adopt`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from trygg_gateway import own_records
from trygg_gateway.devices import Device, Record
from trygg_gateway.values import LATE_S, Row
from trygg_gateway.watch_heard import Heard, dbm_of, heard_of
from trygg_gateway.watched import (
    ARMED_S,
    PAUSE_LEAST_S,
    PAUSE_MOST_S,
    TOLD_S,
    FenceOrder,
    Notice,
    Rules,
    Watched,
    at_risk,
    long_words,
    text_of,
    watched_of,
)
from trygg_wire import layouts

Json = dict[str, Any]


class Watch:
    """All trackers of a gateway."""

    def __init__(self, rules: Rules, hearing_since_s: int, deaf_s: int) -> None:
        """It hears from `hearing_since_s` on; before that it could not for `deaf_s` seconds."""
        self.trackers: dict[str, Watched] = {}
        self._rules = rules
        self._silent_at_s: dict[str, int] = {}  # of those that can become silent
        self._deaf_since_s = 0
        self._hearing(hearing_since_s, deaf_s)

    def go_by(self, rules: Rules) -> None:
        """Judge by other rules: when each tracker becomes silent is planned anew."""
        self._rules = rules
        for device, tracker in self.trackers.items():
            self._plan(device, tracker)

    # -- what was heard, and what could not be -----------------------------------------------

    def deaf(self, now_s: int) -> None:
        """From now on not everybody can be heard."""
        self._deaf_since_s = self._deaf_since_s or now_s

    def hears(self, now_s: int) -> None:
        """Everybody can be heard again."""
        if self._deaf_since_s:
            self._hearing(now_s, now_s - self._deaf_since_s)
            self._deaf_since_s = 0

    def _hearing(self, since_s: int, deaf_s: int) -> None:
        self._hearing_since_s = since_s
        self.recover_s = min(PAUSE_MOST_S, PAUSE_LEAST_S + 3 * deaf_s // 2)
        for device, tracker in self.trackers.items():
            self._plan(device, tracker)

    def stepped_back(self, seconds: int) -> None:
        """The clock was set back: what was written down by the old one goes with it."""
        self._hearing_since_s -= seconds
        self._deaf_since_s -= seconds if self._deaf_since_s else 0
        for device, tracker in self.trackers.items():
            tracker.heard_s -= seconds
            tracker.promise_s -= seconds if tracker.promise_s else 0
            self._plan(device, tracker)

    def heard(self, heard: Heard) -> list[Notice]:
        """A record was read; what begins or is over with it."""
        tracker = self.trackers.setdefault(heard.device, Watched())
        now_s = heard.received_s
        notices = self._spoke(heard.device, tracker, now_s)
        tracker.link.record(heard.boot, heard.seq, now_s)
        tracker.starts.record(heard.boot, now_s)
        came_off = False
        if heard.kind != layouts.ANSWER and (heard.boot, heard.seq) > (tracker.boot, tracker.seq):
            came_off = self._newest(tracker, heard)
        tracker.heard_s = max(tracker.heard_s, now_s)
        notices += self._judged(heard.device, tracker, now_s, came_off)
        self._plan(heard.device, tracker)
        return notices

    def heard_at_once(self, records: Sequence[Record]) -> list[Notice]:
        """Records of one tracker that came within one second: what begins or is over with them.

        It is judged once, by the newest. Of the other reports only the link learns, unless one
        says that it came on or off its charger; so a tracker's backlog costs little.
        """
        newest = max(records, key=lambda record: (record[0].boot, record[0].seq))
        tracker = self.trackers.setdefault(newest[0].device, Watched())
        notices = []
        for record in records:
            row, kind, values = record
            if (
                record is not newest
                and kind == layouts.REPORT
                and row.boot == newest[0].boot == tracker.boot
                and bool(values["charging"]) == tracker.battery.charging
            ):
                self._passed(tracker, row, values)
            else:
                notices += self.heard(heard_of(*record))
        return notices

    def _passed(self, tracker: Watched, row: Row, values: Json) -> None:
        """One of many reports that came at once: it was not lost, and says how it got through."""
        tracker.link.record(row.boot, row.seq, row.received_ms // 1000)
        if row.seq > tracker.seq:
            tracker.link.report(values["publishes_repeated"], dbm_of(values["signal"]))

    def _spoke(self, device: str, tracker: Watched, now_s: int) -> list[Notice]:
        since_s = tracker.said.pop(str(own_records.SILENT), 0)
        if not since_s:
            return []
        text = f"heard again, {long_words(now_s - tracker.heard_s)} after it was last heard"
        return [Notice(device, own_records.SILENT, True, now_s, text)]

    def _newest(self, tracker: Watched, heard: Heard) -> bool:
        """Take over what is newer than all before; True if it has just come off its charger."""
        now_s, rules = heard.received_s, self._rules
        heard_all = tracker.heard_s >= self._hearing_since_s and not self._deaf_since_s
        if tracker.promise_s and heard_all and not at_risk(tracker):
            tracker.rhythm.heard(now_s - tracker.promise_s, now_s, rules.most_s)
        spoke_s = heard.made_s if 0 <= now_s - heard.made_s <= LATE_S else now_s
        tracker.boot, tracker.seq = heard.boot, heard.seq
        tracker.promise_s = spoke_s + heard.next_s
        tracker.clock.record(heard.made_s, now_s)
        came_off = tracker.battery.note(now_s, heard.percent, heard.charging)
        tracker.off_charger_told = not heard.charging and (
            tracker.off_charger_told or heard.what == layouts.OFF_CHARGER
        )
        if heard.fence_state is not None:
            tracker.fence_state = heard.fence_state
        if heard.repeated is not None:
            tracker.link.report(heard.repeated, heard.signal_dbm)
        if heard.watchdog is not None:
            tracker.battery.told(now_s, heard.hours_left)
            tracker.starts.health(heard.watchdog, heard.safe_mode, now_s)
            tracker.fence_version, tracker.fence_told_s = heard.fence_version or 0, spoke_s
        return came_off

    # -- silence -----------------------------------------------------------------------------

    def poll(self, now_s: int) -> list[Notice]:
        """Who has become silent; `now_s`: up to then every record has been heard."""
        late = [device for device, at_s in self._silent_at_s.items() if at_s <= now_s]
        return [
            self._falls_silent(device, now_s)
            for device in late
            if not self._deaf_since_s or self.trackers[device].heard_s > self._deaf_since_s
        ]

    def _falls_silent(self, device: str, now_s: int) -> Notice:
        tracker = self.trackers[device]
        tracker.said[str(own_records.SILENT)] = now_s
        del self._silent_at_s[device]
        text = (
            f"silent: its report was due {long_words(now_s - tracker.promise_s)} ago,"
            f" last heard {long_words(now_s - tracker.heard_s)} ago"
        )
        return Notice(device, own_records.SILENT, False, now_s, text)

    @property
    def silent(self) -> int:
        """How many are silent now."""
        return sum(str(own_records.SILENT) in one.said for one in self.trackers.values())

    def patience_s(self, device: str) -> int:
        """Seconds past its promise until it counts as silent."""
        tracker, rules = self.trackers[device], self._rules
        if at_risk(tracker):
            return rules.least_s
        return tracker.rhythm.patience_s(tracker.heard_s, rules.least_s, rules.most_s)

    def hours_left(self, device: str, now_s: int) -> float | None:
        """Hours that its battery lasts; None while that is unknown."""
        return self.trackers[device].battery.hours_left(now_s)

    def _plan(self, device: str, tracker: Watched) -> None:
        """When it becomes silent, if nothing is heard till then."""
        if not tracker.promise_s or str(own_records.SILENT) in tracker.said:
            self._silent_at_s.pop(device, None)
            return
        at_s = tracker.promise_s + self.patience_s(device)
        at_s = max(at_s, tracker.heard_s + self._rules.least_s)
        if tracker.heard_s < self._hearing_since_s:
            at_s = max(at_s, self._hearing_since_s + self.recover_s)
        self._silent_at_s[device] = at_s

    # -- warnings ----------------------------------------------------------------------------

    def _judged(self, device: str, tracker: Watched, now_s: int, came_off: bool) -> list[Notice]:
        starts, clock, link = tracker.starts, tracker.clock, tracker.link
        battery_text, battery_well = self._battery(tracker, now_s, came_off)
        troubles = ", ".join(link.troubles(now_s))
        found = (
            (own_records.FLAT_EARLY, battery_text, battery_well),
            (own_records.WEAK_LINK, troubles, link.is_well),
            (own_records.RESTARTING, starts.trouble(now_s), starts.is_well(now_s)),
            (own_records.CLOCK_WRONG, clock.trouble(now_s), clock.is_well),
        )
        notices = []
        for what, text, well in found:
            notices += self._say(device, tracker, what, text, well, now_s)
        return notices

    def _battery(self, tracker: Watched, now_s: int, came_off: bool) -> tuple[str, bool]:
        battery, rules = tracker.battery, self._rules
        left_h = battery.hours_left(now_s)
        usual_h = battery.hours_to_charging(now_s, rules.zone)
        lasts = left_h is not None and usual_h is not None and left_h > usual_h + 1
        if tracker.off_charger_told:
            return "", battery.charging
        if not battery.too_little(now_s, came_off, rules.needs, rules.zone):
            return "", battery.charging or lasts
        text = f"battery at {battery.percent} %"
        text += f", {left_h:.0f} h left" if left_h is not None else ""
        text += f", usually charged in {usual_h:.0f} h" if usual_h is not None else ""
        return text + (", just off its charger" if came_off else ""), False

    def fences(self, device: str, order: FenceOrder, now_s: int) -> list[Notice]:
        """How far the newest order for fences of a tracker has come."""
        tracker = self.trackers.get(device)
        if tracker is None:
            return []
        text = ""
        since_s = tracker.heard_s - order.ordered_s
        if order.state == "refused":
            text = f"it refused the fences of version {order.version}"
        elif order.state in ("queued", "sent", "received") and since_s >= self._rules.not_armed_s:
            text = (
                f"version {order.version} is not applied {long_words(since_s)} after it was ordered"
            )
        elif order.state == "applied" and tracker.heard_s - order.changed_s >= ARMED_S:
            text = f"version {order.version} is applied, and no fix has brought it into force since"
        elif (
            order.state == "armed"
            and 0 <= tracker.fence_version < order.version
            and tracker.fence_told_s - order.changed_s > TOLD_S
        ):
            text = f"version {order.version} was in force, it now says {tracker.fence_version}"
        well = order.state in ("armed", "applied") and not text
        return self._say(device, tracker, own_records.NOT_ARMED, text, well, now_s)

    def _say(
        self, device: str, tracker: Watched, what: int, text: str, well: bool, now_s: int
    ) -> list[Notice]:
        key = str(what)
        if text and key not in tracker.said:
            tracker.said[key] = now_s
            return [Notice(device, what, False, now_s, text)]
        if key in tracker.said and well and not text:
            del tracker.said[key]
            return [Notice(device, what, True, now_s, "over")]
        return []

    # -- what outlives a restart -------------------------------------------------------------

    def dump(self, device: str) -> str:
        """All that is known of a tracker, as JSON."""
        return text_of(self.trackers[device])

    def load(self, device: str, text: str) -> None:
        """Go on with what `dump` gave; what cannot be read is learned anew."""
        tracker = watched_of(text)
        if tracker is None:
            return
        self.trackers[device] = tracker
        self._plan(device, tracker)

    def adopt(self, state: Device) -> None:
        """Take over what the reader has folded and this watch may have missed at a crash."""
        tracker = self.trackers.setdefault(state.device, Watched())
        if (state.status_boot, state.status_seq) > (tracker.boot, tracker.seq):
            tracker.boot, tracker.seq = state.status_boot, state.status_seq
            tracker.promise_s = state.next_report_by_s
            charging = bool(state.charging)
            tracker.battery.note(state.heard_ms // 1000, state.battery_percent, charging)
            tracker.fence_state = state.fence_state
        if state.heard_ms // 1000 > tracker.heard_s:
            tracker.heard_s = state.heard_ms // 1000
        self._plan(state.device, tracker)

    def keep_only(self, devices: Iterable[str]) -> None:
        """Forget everybody else: who was revoked is not waited for."""
        gone = self.trackers.keys() - set(devices)
        for device in gone:
            del self.trackers[device]
            self._silent_at_s.pop(device, None)
