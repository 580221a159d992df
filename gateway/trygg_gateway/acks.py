"""What each tracker is told of its records: `{boot, upto, missing}` (promise 2).

`Held` is a set of sequence numbers of one boot as ranges; `Acks` keeps one for each tracker and
boot that is owed an ack, and says when which tracker is due a frame. Pure: the time comes in,
frames go out.

An ack covers what was committed since the ack before it, for the first time or again, and nothing
else: all below is `missing`, which a tracker that has deleted it does not mind. The journal cannot
be asked for more. A board flashed anew under its old name uses numbers that it had before, and what
is held under them may be of its other life: an ack that covered it would make the tracker forget
what nobody holds. What an ack lost on the way would have covered is repeated, and acked again.

A tracker waits DEBOUNCE_MS for its ack, so that a burst of records gets one, and at least
SPACING_MS lie between two; one for an alarm goes at once. More than 32 gaps are said in pages.

Such a board is also taught to go on at a boot of its own: beside the ack of a boot that is not the
newest of its tracker, or in which records clashed (journal_rows.py), goes an empty ack of the
newest, which says to one who was never there to go on beyond.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Any

from trygg_gateway.values import ALARM, CLASH_BOOT, Run, wire_of
from trygg_wire import codec, layouts

DEBOUNCE_MS = 50
SPACING_MS = 250
MISSING_MAX = 32  # ranges in one ack, layouts.ROWS[ACK]
BOOTS_MAX = 20_000  # trackers and boots kept in memory; the longest known goes

Range = tuple[int, int]  # first and last, both held


class Held:
    """Sequence numbers of one boot, 1 and up."""

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self.lasts: list[int] = []

    def add(self, first: int, last: int) -> None:
        """Those from `first` to `last` are held from now on; again is the same."""
        firsts, lasts = self.firsts, self.lasts
        low = bisect_left(lasts, first - 1)  # ranges before it end before `first`, with a gap
        high = bisect_right(firsts, last + 1)  # from it on they begin after `last`, with a gap
        if low < high:  # those between touch: all become one
            first, last = min(first, firsts[low]), max(last, lasts[high - 1])
        firsts[low:high] = [first]
        lasts[low:high] = [last]

    def gaps(self) -> list[Range]:
        """The (first, count) of what lies between the ranges, and before the first."""
        before = [0, *self.lasts]
        found = zip(before, self.firsts, strict=False)
        return [(last + 1, first - last - 1) for last, first in found if first > last + 1]

    def pages(self, most: int = MISSING_MAX) -> list[tuple[int, list[Range]]]:
        """What to say of this boot: one (upto, missing), or several with at most `most` gaps each.

        Every page is true by itself. Each but the first calls all below its own gaps missing,
        since it has no room to say which of it is held: the pages before it say that.
        """
        upto = self.lasts[-1] if self.lasts else 0
        gaps = self.gaps()
        if len(gaps) <= most:
            return [(upto, gaps)]
        size = most - 1
        pages = []
        for at in range(0, len(gaps), size):
            below = [(1, gaps[at][0] - 1)] if at else []
            ends = gaps[at + size][0] - 1 if at + size < len(gaps) else upto
            pages.append((ends, below + gaps[at : at + size]))
        return pages


class Acks:
    """Who is due an ack and what it says. `highest(device)` gives the journal's highest boot."""

    def __init__(self, highest: Callable[[str], int]) -> None:
        self.counters = {"acks": 0, "acks_with_gaps": 0, "boots_taught": 0}
        self._highest = highest
        self._newest: dict[str, int] = {}  # boot of each tracker
        self._two_lives: dict[tuple[str, int], None] = {}  # boots with clashes
        self._fresh: dict[tuple[str, int], Held] = {}  # committed since the last ack
        self._due: dict[tuple[str, int], int] = {}  # when
        self._sent: dict[tuple[str, int], int] = {}  # when last

    def committed(self, runs: Iterable[Run], now_ms: int) -> None:
        """These records are on disk, some perhaps since long ago: their trackers are due.

        A clash is told twice: first as it is kept, then with the identity it came with.
        """
        due, spacing_ms = self._due, now_ms - SPACING_MS
        for device, boot, lane, first, last in runs:
            key = device, boot
            fresh = self._fresh.get(key)
            if fresh is None:
                if boot >= CLASH_BOOT:
                    self._clashed((device, boot - CLASH_BOOT))
                    continue
                fresh = self._begin(key)
            fresh.add(first, last)
            if lane == ALARM:
                due[key] = now_ms
            elif due.get(key, now_ms + 2 * SPACING_MS) >= now_ms + 2 * SPACING_MS:
                sent_ms = min(self._sent.get(key, spacing_ms), now_ms)  # the clock may step back
                spaced = sent_ms + SPACING_MS
                due[key] = max(now_ms + DEBOUNCE_MS, spaced)

    def due(self, now_ms: int) -> list[tuple[str, bytes]]:
        """The (device, frame) pairs to send now."""
        ready = [key for key, when in self._due.items() if when <= now_ms]
        for key in ready:
            del self._due[key]
            self._sent.pop(key, None)  # so that the longest silent is the first
            self._sent[key] = now_ms
        frames = [(key[0], frame) for key in ready for frame in self._frames(key, now_ms)]
        _shorten(self._sent)
        _shorten(self._two_lives)
        return frames

    def next_ms(self) -> int | None:
        """When `due` will have something next; None if nothing was committed since."""
        return min(self._due.values(), default=None)

    def _begin(self, key: tuple[str, int]) -> Held:
        fresh = self._fresh[key] = Held()
        device, boot = key
        newest = self._newest.get(device) or self._highest(device)
        self._newest[device] = max(newest, boot)
        return fresh

    def _clashed(self, key: tuple[str, int]) -> None:
        """Two lives have had this boot: what came before is the other's."""
        self._two_lives[key] = None
        if key in self._fresh:
            self._fresh[key] = Held()

    def _frames(self, key: tuple[str, int], now_ms: int) -> list[bytes]:
        """The pages; and an ack of the newest boot if this is not the newest, or was another's."""
        pages = self._fresh.pop(key).pages()
        self.counters["acks"] += len(pages)
        self.counters["acks_with_gaps"] += any(
            first > 1 for _, missing in pages for first, _ in missing
        )
        frames = [self._frame(key[1], upto, missing, now_ms) for upto, missing in pages]
        boot = self._newest[key[0]]
        if key[1] < boot or key in self._two_lives:
            self.counters["boots_taught"] += 1
            frames.append(self._frame(boot + (key[1] == boot), 0, [], now_ms))
        return frames

    def _frame(self, boot: int, upto: int, missing: list[Range], now_ms: int) -> bytes:
        frame: bytes = codec.encode(
            layouts.ACK,
            {
                "boot": boot,
                "upto": upto,
                "time_s": wire_of(now_ms // 1000),
                "missing": [{"first": first, "count": count} for first, count in missing],
            },
        )
        return frame


def _shorten(known: dict[tuple[str, int], Any]) -> None:
    """Let go of the longest known beyond BOOTS_MAX."""
    while len(known) > BOOTS_MAX:
        del known[next(iter(known))]
