"""What the outbox knows of each record without reading flash: ten bytes a record.

Rows stand in the order of appending, in blocks of 64 that come and go with the number of records:
640 bytes on an ordinary day, 11 KB for 1,120 records, never one large piece of a board's heap.
"""

import struct

ALARM = 1  # flag: the record is an alarm
TRIES = 6  # flags: 0 to be sent, else on its way since try 2 or 4
SENT = 8  # flag: sent at least once since this start
IN_RAM = 255  # the slot of a record that only RAM holds

_ROW = "<BBHHI"  # slot, flags, offset in the file, place of the boot in the list of boots, seq
_SIZE = 10
_BLOCK = 64


class RecordIndex:
    """Rows by their place, 0 the oldest; a place is good until the next `strike`."""

    def __init__(self):
        self.count = 0
        self._blocks = []
        self._boots = []
        self._per_slot = bytearray(IN_RAM + 1)

    def enter(self, slot, offset, flags, boot, seq):
        """Add a record at the end."""
        if self.count == len(self._blocks) * _BLOCK:
            self._blocks.append(bytearray(_BLOCK * _SIZE))
        if boot not in self._boots:
            self._boots.append(boot)
        row = (slot, flags, offset, self._boots.index(boot), seq)
        struct.pack_into(_ROW, self._blocks[-1], self.count % _BLOCK * _SIZE, *row)
        self.count += 1
        self._per_slot[slot] += 1

    def slot(self, place):
        """The slot whose file holds the record, or IN_RAM."""
        return self._blocks[place // _BLOCK][place % _BLOCK * _SIZE]

    def flags(self, place):
        """ALARM and the try."""
        return self._blocks[place // _BLOCK][place % _BLOCK * _SIZE + 1]

    def set_flags(self, place, flags):
        """Change the flags."""
        self._blocks[place // _BLOCK][place % _BLOCK * _SIZE + 1] = flags

    def where(self, place):
        """(slot, offset) of the record in flash."""
        block, at = self._blocks[place // _BLOCK], place % _BLOCK * _SIZE
        return block[at], block[at + 2] | block[at + 3] << 8

    def move(self, place, slot, offset):
        """The record has been copied to another file."""
        block, at = self._blocks[place // _BLOCK], place % _BLOCK * _SIZE
        self._per_slot[block[at]] -= 1
        self._per_slot[slot] += 1
        block[at] = slot
        struct.pack_into("<H", block, at + 2, offset)

    def identity(self, place):
        """(boot, seq) of the record."""
        block, at = self._blocks[place // _BLOCK], place % _BLOCK * _SIZE
        which, seq = struct.unpack_from("<HI", block, at + 4)
        return self._boots[which], seq

    def find(self, boot, seq):
        """The place of a record, -1 when it is not here."""
        if boot not in self._boots:
            return -1
        wanted = struct.pack("<HI", self._boots.index(boot), seq)
        for number, block in enumerate(self._blocks):
            at = block.find(wanted)
            while at >= 0:
                place = number * _BLOCK + at // _SIZE
                if at % _SIZE == 4 and place < self.count:
                    return place
                at = block.find(wanted, at + 1)
        return -1

    def in_slot(self, slot):
        """The number of records whose file this is."""
        return self._per_slot[slot]

    def strike(self, goes):
        """Take out the records for which goes(place) is true, keeping the others' order."""
        kept = 0
        for place in range(self.count):
            if goes(place):
                self._per_slot[self.slot(place)] -= 1
                continue
            if kept < place:
                block, at = self._blocks[place // _BLOCK], place % _BLOCK * _SIZE
                to = kept % _BLOCK * _SIZE
                self._blocks[kept // _BLOCK][to : to + _SIZE] = block[at : at + _SIZE]
            kept += 1
        self.count = kept
        self._blocks = self._blocks[: (kept + _BLOCK - 1) // _BLOCK]
        if not kept:
            self._boots = []
