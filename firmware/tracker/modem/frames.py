"""What a modem's bytes are, before anybody asks what they mean: lines, prompts, counted bytes.

`take` gives one thing at a time:
  - bytes that an earlier line announced by number (a payload may hold quotes, line ends, `OK`,
    `>` or whole lines that look like the modem's own; they are counted, never looked at);
  - the prompt that is waited for;
  - a line, with its row of the dialect's table.

The table is one text, so that it stays in ROM: rows `prefix|kind|name`, the longer of two prefixes
that begin alike first. A kind is "" for a line and nothing more, R for one that says that the modem
has started again or is going down, or where announced bytes stand, and in which comma-separated
field (0 first) their number: N1 on the next line, S0 on the same one, Q3 there between quotes.
"""

from tracker import ticks
from tracker.modem import lines

NOTHING, LINE, COUNTED, PROMPTS = 0, 1, 2, 3
COUNTED_MS = 3000  # from a line that announces bytes to the last of them
# what is longer comes damaged: a heap full of fences has no room in one piece. It is said again
# over a socket (publisher.py), in pieces of a packet.
LINE_MAX = 1400  # a message of 640 bytes in hex, and its topic
COUNTED_MAX = 2048


class Frames:
    """Cuts what `feed` was given. After `take`: `line`, its `row` [prefix, kind, name] or None,
    and for COUNTED its `data`. `cut` counts announced bytes, or ends of lines, that never came or
    were too many: then `line` ends early, or `data` is b""."""

    def __init__(self, table):
        self._table = table
        self._in = b""
        self._wanted = -1  # announced bytes that are coming, quotes included
        self._quotes = 0
        self._skip = 0  # bytes to be passed over; -1: up to the end of the line
        self._since = 0
        self._inline = [
            row.split(b"|")[0] for row in table.split(b"\n") if b"|S" in row or b"|Q" in row
        ]
        self.cut = 0
        self.forget()

    def forget(self):
        """The modem was started again: what came before is nothing."""
        self._in = self.line = self.data = b""
        self._wanted = -1
        self._skip = 0
        self.row = None

    def feed(self, data, now):
        """Take bytes in; give up on announced ones that do not come, and on a line without end."""
        try:
            self._in += self._past(data, now) if self._skip else data
        except MemoryError:  # a heap in pieces: as what is too long
            self._in = b""
            self._skip = self._skip or -1
            self.cut += 1
        if self._wanted >= 0:
            if ticks.diff(now, self._since) >= COUNTED_MS and len(self._in) < self._wanted:
                self.cut += 1
                self._wanted = -1

    def _past(self, data, now):
        """`data` without what is to be passed over."""
        if self._skip < 0:
            end = data.find(b"\n")
            self._skip = -1 if end < 0 else 0
            return b"" if end < 0 else data[end:]
        if ticks.diff(now, self._since) >= COUNTED_MS:
            self._skip = 0
            return data
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        return data[skipped:]

    def waits(self):
        """True while announced bytes are missing: `feed` is to be called for the time's sake."""
        return self._wanted >= 0

    def take(self, now, prompt):
        """The next thing (see above), NOTHING when it is not whole yet; `prompt` b"" for none."""
        if self._wanted >= 0:
            return self._counted()
        skip = 0
        while skip < len(self._in) and self._in[skip] in b"\r\n ":  # a blank follows some prompts
            skip += 1
        if skip:
            self._in = self._in[skip:]
        if prompt and self._in.startswith(prompt):
            self._in = self._in[len(prompt) :]
            return PROMPTS
        for prefix in self._inline:
            if self._in.startswith(prefix):
                return self._same_line(now)
        return self._whole_line(now)

    def _counted(self):
        if len(self._in) < self._wanted:
            return NOTHING
        self.data = self._in[: self._wanted - self._quotes]
        self._in = self._in[self._wanted :]
        self._wanted = -1
        return COUNTED

    def _whole_line(self, now, may_count=True):
        end, upto = self._in.find(b"\n"), LINE_MAX
        if end < 0:
            if len(self._in) <= LINE_MAX:
                return NOTHING
            self._skip = -1
            end = len(self._in)
        if end <= LINE_MAX:
            upto = end
        else:
            self.cut += 1
        self.line, self._in = self._in[:upto].rstrip(b"\r"), self._in[end + 1 :]
        self.row = row_of(self._table, self.line)
        if may_count and self.row is not None and self.row[1][:1] == b"N":
            return self._begin(now, 0)
        return LINE

    def _same_line(self, now):
        """A line whose bytes stand on itself: cut it before them."""
        row = row_of(self._table, self._in[: self._in.find(b":") + 1])
        at = 0
        for _ in range(int(row[1][1:]) + 1):
            at = self._in.find(b",", at) + 1
            if not at or b"\n" in self._in[:at]:
                # it only looked like one, if it is whole at all
                return self._whole_line(now, False)
        quotes = 1 if row[1][:1] == b"Q" else 0
        if len(self._in) < at + quotes:
            return NOTHING
        self.line, self._in, self.row = self._in[: at - 1], self._in[at + quotes :], row
        return self._begin(now, quotes)

    def _begin(self, now, quotes):
        """The line announces bytes; one with no number that makes sense is an ordinary line."""
        said = lines.fields(self.line)
        place = int(self.row[1][1:])
        count = lines.number(said[place]) if place < len(said) else None
        if count is None or count < 0:
            self.row = None
            return LINE
        if count + quotes > COUNTED_MAX:
            self.cut += 1
            self._since = now
            self._skip = max(0, count + quotes - len(self._in))
            self._in = self._in[count + quotes :]
            self.data = b""
            return COUNTED
        self._wanted, self._quotes, self._since = count + quotes, quotes, now
        return self._counted()


def row_of(table, line):
    """[prefix, kind, name] of the first row whose prefix the line begins with; None for none."""
    colon = line.find(b":")
    head = b"\n" + (line if colon < 0 else line[: colon + 1])
    at = table.find(head)
    while at >= 0:
        row = table[at + 1 : table.find(b"\n", at + 1)].split(b"|")
        if line.startswith(row[0]):
            return row
        at = table.find(head, at + 1)
    return None
