"""Room in the ring of files: what is gathered, what is thinned, and what never goes.

When a record finds no room in the newest file and no slot is free (one stays free for copying, and
while it is not, nothing new is taken before that is so again):
1. Files whose records are all acked go.
2. A file at most half full of records that wait is copied to the newest and goes; nothing is lost.
3. The oldest file that holds anything but alarms is *thinned*: of its other records every second
   one, from the oldest on, is dropped and counted; the rest and its alarms are copied to the
   newest file. So a long silence makes the track coarser, the more so the older it is, and never
   cuts it off; each record dropped has a neighbour that stays.
An alarm is never dropped: a ring full of nothing but alarms has no room. A file that cannot be
read keeps its slot, for nobody knows what is in it.

Copies are written before their file goes, so a cut in between leaves both, with one identity; the
next start goes on with the older ones and removes the copies when it needs their slot.
Errors: OSError from the flash comes through; what was copied by then does not count.
"""

from tracker.record_index import ALARM, IN_RAM
from tracker.segments import OVERHEAD
from trygg_wire.layouts import LANE_ALARM, LANE_LIVE

ENOSPC = 28
_BATCH = 1024  # bytes that are copied in one write


class Ring:
    """`segments` the files, `index` what is in them.

    Counters: `dropped` by thinning, `unreadable` lost to damage, `flash_errors` in removing.
    """

    def __init__(self, segments, index, max_records):
        self._segments = segments
        self._index = index
        self._max_records = max_records
        self.dropped = 0
        self.unreadable = 0
        self.flash_errors = 0

    def make_room(self, size):
        """Have room in index and newest file for a frame; False when there is none to be had."""
        segments = self._segments
        if not segments.can_hold(size):
            return False
        gatherings = len(segments.slots())
        while True:
            if self._index.count < self._max_records:
                if segments.free() and segments.has_room(size):
                    return True
                self.sweep()
                if segments.free() > 1:
                    segments.start()
                    continue
                if gatherings > 0 and self._gather():
                    gatherings -= 1
                    continue
            if not self._thin():
                return self._index.count < self._max_records and segments.has_room(size)

    def sweep(self):
        """Remove the files none of whose records wait, but for one that takes more: that one goes
        if no slot is free, for what is in it are copies that were not finished."""
        unread = self._segments.unread()
        for slot in self._segments.slots():
            if self._index.in_slot(slot) or slot in unread:
                continue
            try:
                if not self._taking_more(slot):
                    self._segments.remove(slot)
            except OSError:
                self.flash_errors += 1

    def _taking_more(self, slot):
        newest = slot == self._segments.newest()
        return newest and self._segments.free() > 0 and self._segments.has_room(0)

    def _gather(self):
        """Copy the emptiest file to the newest if it is at most half full; False if none is."""
        emptiest, unread = -1, self._segments.unread()
        for slot in self._segments.slots():
            if slot == self._segments.newest() or slot in unread:
                continue
            if emptiest < 0 or self._index.in_slot(slot) < self._index.in_slot(emptiest):
                emptiest = slot
        if emptiest < 0:
            return False
        places, size = self._places(emptiest), 0
        for place in places:
            size += OVERHEAD + len(self._segments.read(*self._index.where(place)))
        if 2 * size > self._segments.segment_bytes:
            return False
        self._let_go(emptiest, self._carry(places))
        return True

    def _thin(self):
        """Halve the oldest file with more than alarms in it; False when there is none."""
        victim = self._oldest_with_reports()
        if victim < 0:
            return False
        if victim == self._segments.newest() and not self._segments.start():
            return False
        kept, second = [], False
        for place in self._places(victim):
            if self._index.flags(place) & ALARM:
                kept.append(place)
            else:
                if second:
                    kept.append(place)
                second = not second
        self._let_go(victim, self._carry(kept))
        return True

    def _oldest_with_reports(self):
        oldest, unread = -1, self._segments.unread()
        for place in range(self._index.count):
            slot = self._index.slot(place)
            if slot == IN_RAM or slot in unread or self._index.flags(place) & ALARM:
                continue
            if oldest < 0 or self._segments.age(slot) < self._segments.age(oldest):
                oldest = slot
        return oldest

    def _places(self, slot):
        return [place for place in range(self._index.count) if self._index.slot(place) == slot]

    def _let_go(self, slot, damaged):
        """Remove a file, and strike what still counts as being there, `damaged` of it damaged."""
        self._segments.remove(slot)
        self.unreadable += damaged
        self.dropped += self._index.in_slot(slot) - damaged
        self._index.strike(lambda place: self._index.slot(place) == slot)

    def _carry(self, places):
        """Copy records to the newest file, about _BATCH bytes in a write; only when all are there
        do the copies count. Damaged ones stay behind, and how many these are comes back."""
        moves, damaged = [], 0
        while places:
            records, count = self._batch(places)
            if not count:
                if not self._segments.start():
                    raise OSError(ENOSPC)
                continue
            if records:
                offsets = self._segments.put([record for _, record in records])
                newest = self._segments.newest()
                moves += [(one[0], newest, offset) for one, offset in zip(records, offsets)]
            damaged += count - len(records)
            places = places[count:]
        for place, slot, offset in moves:
            self._index.move(place, slot, offset)
        return damaged

    def _batch(self, places):
        """([(place, record)] that go into the newest file in one write, how many places that is
        with the damaged ones)."""
        records, count, size = [], 0, 0
        for place in places:
            frame = self._segments.read(*self._index.where(place))
            if size + len(frame) > _BATCH and records:
                break
            if not self._segments.has_room(size + len(frame)):
                break
            count += 1
            if frame:
                lane = LANE_ALARM if self._index.flags(place) & ALARM else LANE_LIVE
                records.append((place, (lane,) + self._index.identity(place) + (frame,)))
                size += OVERHEAD + len(frame)
        return records, count
