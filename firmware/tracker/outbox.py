"""Records wait here, in flash, until the gateway's ack covers them (promise 2).

What `append` returned True for is in a closed file and survives any power cut; a record is never
kept in RAM to spare the flash. An acked record is struck from the index in RAM, and a file goes
when all its records are struck; after a restart some acked records may therefore be sent again,
which is harmless: their identity makes the effect once.

What is sent next (promise 3): alarms, then live records, then backlog, each oldest first. Backlog
is what is older than LATE_S, and everything from before the last start.

A full ring makes room as ring.py says: the oldest track becomes coarser, and no alarm goes. When it
has no room for all the alarms in it, and when the flash fails, up to HELD records wait in RAM
alone, alarms before others; `settle` brings them into flash when it can. A start finds none of
them, so whoever may sleep asks `held` and `alarms_held` before.
"""

from tracker.record_index import ALARM, IN_RAM, SENT, TRIES, RecordIndex
from tracker.ring import Ring
from tracker.segments import SEGMENT_BYTES, SLOTS, Segments
from trygg_wire.layouts import LANE_ALARM, LANE_LIVE, LATE_S

MAX_RECORDS = 1120
HELD = 16
MAX_LIVE = 64


class Outbox:
    """Append, see what is next, ack; `flash` is a Flash port.

    Counters: `dropped` records given up or refused, `unreadable` ones lost to damage, `torn`
    stretches skipped when opening, `flash_errors`.
    """

    def __init__(self, flash, slots=SLOTS, segment_bytes=SEGMENT_BYTES, max_records=MAX_RECORDS):
        self._segments = Segments(flash, slots, segment_bytes)
        self._index = RecordIndex()
        self._ring = Ring(self._segments, self._index, max_records)
        self._max_records = max_records
        self._floor = (0, 0)
        self._held = {}  # (boot, seq): frame, of records that are not in flash
        self._recent = []  # (boot, seq, at_s) of the newest records, at most LATE_S old
        self._last = (0, 0)  # the newest that was made here
        self._taught = 0
        self._try = 2
        self._failed = 0
        self._dropped = 0
        self._lost = 0

    # -- opening ---------------------------------------------------------------------------

    def open(self, floor=(0, 0)):
        """Find what waits in flash; records before `floor` (boot, seq) are acked. Never fails."""
        self._floor = floor
        self._last = (floor[0], floor[1] - 1)
        self._segments.open(self._take)
        self._ring.sweep()

    def _take(self, slot, offset, lane, boot, seq):
        """Enter a record that was found in flash; of two copies that a cut has left, the older."""
        if (boot, seq) < self._floor:
            return
        if (boot, seq) <= self._last and self._index.find(boot, seq) >= 0:
            return
        if self._index.count == self._max_records:
            self._forget_oldest()
        if self._index.count < self._max_records:
            self._enter(slot, offset, lane, boot, seq)
        else:
            self._dropped += 1

    def _forget_oldest(self):
        """Take the oldest eighth, but no alarm, out of a full index; their files stay."""
        left = self._max_records // 8 + 1

        def oldest(place):
            nonlocal left
            if not left or self.is_alarm(place):
                return False
            left -= 1
            return True

        before = self._index.count
        self._index.strike(oldest)
        self._dropped += before - self._index.count

    def floor(self):
        """(boot, seq) before which every record is acked or dropped: what `open` wants."""
        if self._segments.unread():
            return self._floor  # what is in there is not known
        lowest = (self._last[0], self._last[1] + 1)
        for place in range(self._index.count):
            lowest = min(lowest, self._index.identity(place))
        return lowest

    def highest_boot(self):
        """The highest boot of a record that waits, 0 when none does."""
        highest = 0
        for place in range(self._index.count):
            highest = max(highest, self._index.identity(place)[0])
        return highest

    def made(self, boot, seq):
        """Records up to (boot, seq) have been made here; none after it."""
        self._last = max(self._last, (boot, seq))

    # -- appending -------------------------------------------------------------------------

    def append(self, lane, boot, seq, frame, now_s):
        """Keep a frame: True when it is safe in flash, False when RAM holds it or nothing does.

        `now_s` is the tracker's own count of seconds, by which live becomes backlog.
        """
        self._forget_late(now_s)
        self._recent = self._recent[1 - MAX_LIVE :] + [(boot, seq, now_s)]
        self._last = max(self._last, (boot, seq))
        try:
            if self._ring.make_room(len(frame)):
                (offset,) = self._segments.put([(lane, boot, seq, frame)])
                self._enter(self._segments.newest(), offset, lane, boot, seq)
                return True
        except OSError:
            self._failed += 1
        self._hold(lane, boot, seq, frame)
        return False

    def settle(self):
        """Bring into flash what RAM holds, alarms first, and read files that could not be read;
        what the flash still refuses stays as it is."""
        self._segments.look_again(self._take)
        for alarms in (True, False):
            for identity in sorted(self._held):
                place = self._index.find(*identity)
                if self.is_alarm(place) != alarms:
                    continue
                try:
                    self._bring_in(identity)
                except OSError:
                    self._failed += 1
                    return

    def _bring_in(self, identity):
        frame = self._held[identity]
        if not self._ring.make_room(len(frame)):
            return
        place = self._index.find(*identity)  # making room may have moved it
        lane = LANE_ALARM if self.is_alarm(place) else LANE_LIVE
        (offset,) = self._segments.put([(lane, identity[0], identity[1], frame)])
        self._index.move(place, self._segments.newest(), offset)
        del self._held[identity]

    def settled(self):
        """True while nothing is in RAM alone and every file could be read."""
        return not self._held and not self._segments.unread()

    def held(self):
        """The number of records that are in RAM alone."""
        return len(self._held)

    def alarms_held(self):
        """True while an alarm is in RAM alone."""
        for identity in self._held:
            if self.is_alarm(self._index.find(*identity)):
                return True
        return False

    def _hold(self, lane, boot, seq, frame):
        """Keep in RAM what flash did not take; an alarm may push out another record."""
        if len(self._held) >= HELD and lane == LANE_ALARM:
            self._push_out()
        if len(self._held) >= HELD:
            self._dropped += 1
            return
        self._held[(boot, seq)] = frame
        self._enter(IN_RAM, 0, lane, boot, seq)

    def _push_out(self):
        for place in range(self._index.count):
            if self._index.slot(place) == IN_RAM and not self.is_alarm(place):
                self._dropped += 1
                self._strike(lambda other, place=place: other == place)
                return

    def _enter(self, slot, offset, lane, boot, seq):
        self._index.enter(slot, offset, ALARM if lane == LANE_ALARM else 0, boot, seq)
        self._last = max(self._last, (boot, seq))

    # -- sending ---------------------------------------------------------------------------

    def next(self, now_s):
        """The place of the record to send next, -1 when all are sent; good until append or ack."""
        first = -1
        for place in range(self._index.count):
            flags = self._index.flags(place)
            if flags & TRIES:
                continue
            if flags & ALARM:
                return place
            if first < 0:
                first = place
        live = -1 if first < 0 else self._first_live(now_s)
        return first if live < 0 else live

    def _first_live(self, now_s):
        """The oldest unsent record younger than LATE_S, -1 when there is none."""
        self._forget_late(now_s)
        if not self._recent:
            return -1
        live = -1
        oldest = self._recent[0][:2]
        for place in range(self._index.count - 1, -1, -1):
            if self._index.identity(place) < oldest:
                break
            if not self._index.flags(place) & TRIES:
                live = place
        return live

    def _forget_late(self, now_s):
        while self._recent and now_s - self._recent[0][2] > LATE_S:
            self._recent = self._recent[1:]

    def identity(self, place):
        """(boot, seq) of the record at a place."""
        return self._index.identity(place)

    def is_alarm(self, place):
        """True when the record at a place is an alarm."""
        return bool(self._index.flags(place) & ALARM)

    def in_ram(self, place):
        """True when RAM alone holds the record at a place."""
        return self._index.slot(place) == IN_RAM

    def frame(self, place):
        """The frame of the record at a place; b"" when it is damaged, OSError when not read now."""
        slot, offset = self._index.where(place)
        if slot == IN_RAM:
            return self._held[self._index.identity(place)]
        return self._segments.read(slot, offset)

    def sent(self, place):
        """Remember that the record at a place is on its way."""
        self._index.set_flags(place, self._index.flags(place) & ALARM | SENT | self._try)

    def again(self, boot, seq):
        """Let a record go again whose publish nobody has confirmed."""
        place = self._index.find(boot, seq)
        if place >= 0:
            self._index.set_flags(place, self._index.flags(place) & ~TRIES)

    def lost(self, place):
        """Strike a record that cannot be read any more, and count it."""
        self._lost += 1
        self._strike(lambda other: other == place)

    def retry(self):
        """Let records be sent again that were sent before the last call of retry; give how many.

        Called once in the time an ack may take, this waits for each between one and two times it.
        """
        self._try ^= TRIES
        again = 0
        for place in range(self._index.count):
            flags = self._index.flags(place)
            if flags & TRIES == self._try:
                self._index.set_flags(place, flags & ~TRIES)
                again += 1
        return again

    # -- acks ------------------------------------------------------------------------------

    def ack(self, boot, upto, missing):
        """Let go of what the gateway holds; (records, alarms among them) that were struck.

        `missing` is the ack's list of ranges {first, count}; see WIRE.md. An ack of records that
        were never made here is of another's: it covers nothing and is remembered for `taught`.
        Neither does an ack cover what was not sent since this start.
        """
        if (boot, upto) > self._last:
            self._taught = max(self._taught, boot)
            return 0, 0

        def held(place):
            of_boot, seq = self._index.identity(place)
            if of_boot != boot or seq > upto or not self._index.flags(place) & SENT:
                return False
            for hole in missing:
                if 0 <= seq - hole["first"] < hole["count"]:
                    return False
            return True

        alarms = self.alarms_waiting()
        before = self._index.count
        self._strike(held)
        if self._index.count < before:
            self._ring.sweep()
        return before - self._index.count, alarms - self.alarms_waiting()

    def taught(self):
        """The highest boot of acks of another's since the last call, 0 when there was none."""
        boot, self._taught = self._taught, 0
        return boot

    def waiting(self):
        """The number of records that no ack has covered."""
        return self._index.count

    def alarms_waiting(self):
        """The number of alarms that no ack has covered."""
        alarms = 0
        for place in range(self._index.count):
            alarms += self._index.flags(place) & ALARM
        return alarms

    @property
    def torn(self):
        """Torn or damaged stretches skipped when the ring was opened."""
        return self._segments.torn

    @property
    def dropped(self):
        """Records given up: thinned, or refused."""
        return self._dropped + self._ring.dropped

    @property
    def unreadable(self):
        """Records that damage has taken."""
        return self._lost + self._ring.unreadable

    @property
    def flash_errors(self):
        """Times the flash refused."""
        return self._segments.flash_errors + self._ring.flash_errors + self._failed

    def _strike(self, goes):
        """Take records out of the index, and out of RAM those that are only there."""

        def gone(place):
            if not goes(place):
                return False
            if self._held:
                self._held.pop(self._index.identity(place), None)
            return True

        self._index.strike(gone)
