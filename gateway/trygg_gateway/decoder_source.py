"""The text of the function that reads one kind of frame, written from its rows. Pure.

For a report's beginning it comes out as

    def read(d, end):
        i = 1
        boot = d[i]
        i += 1
        if boot > 127:
            if 0 < d[i] < 128: boot += (d[i] - 1) * 128; i += 1
            else: boot, i = long_var(d, i, boot)
        if not 1 <= boot <= 1073741823: raise Doubt
        ...
        time_s, b1, b2, battery_mv, battery_percent, = unpack0(d, i)
        i += 8
        ...
        if i != end: raise Doubt
        return {"boot": boot, ...}

`d` is the frame, `i` the place reached, `end` where its CRC begins. Nothing looks whether a field
still lies before `end`: who reads past it does not stop there, and that is seen at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from trygg_wire import layouts

Row = tuple[str, str, int, int, int]  # of layouts.py: name, type, low, high, step

_HALF_TURN = 180_000_000
_FIXED = {"u8": "B", "u32": "I", "lat": "i", "lon": "i"}


def source_of(kind: int) -> tuple[str, list[str]]:
    """The source of `read(d, end)` for frames of this kind, and the struct formats it uses."""
    text = _Text()
    text.add("def read(d, end):")
    text.depth = 1
    text.add("i = 1")
    rows = layouts.ROWS[kind]
    _entry(text, rows, "", first=True)
    text.add("if i != end: raise Doubt")
    text.add(f"return {_values(rows, '')}")
    return "\n".join(text.lines) + "\n", text.formats


class _Text:
    """Lines at a depth, and the struct formats that they name by number."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.formats: list[str] = []
        self.depth = 0

    def add(self, *lines: str) -> None:
        self.lines.extend("    " * self.depth + line for line in lines)

    def unpack(self, form: str) -> str:
        self.formats.append(form)
        return f"unpack{len(self.formats) - 1}"


def _values(rows: Iterable[Row], prefix: str) -> str:
    pairs = [f'"{name}": {prefix}{name}' for name, *_ in rows if name != "spare"]
    return "{" + ", ".join(pairs) + "}"


def _entry(text: _Text, rows: Iterable[Row], prefix: str, first: bool) -> None:
    """Read the rows into variables `prefix` + name, which still hold those of the entry before."""
    for fixed, group in groupby(_in_bytes(rows), lambda piece: _width(piece, first) != ""):
        if fixed:
            _fixed(text, list(group), prefix, first)
            continue
        for ((name, form, low, high, step),) in group:
            if form == "list":
                _list(text, name, prefix, low, high)
            elif form in ("text", "bytes", "raw"):
                _bytes(text, prefix + name, form, low, high)
            elif form == "after" and first:
                text.add(f"{prefix}{name} = fix_age_s")
            else:
                _var(text, prefix + name, form, low, high, step)


def _in_bytes(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows, but those of bits that fill one byte together."""
    bits: list[Row] = []
    used = 0
    for row in rows:
        if row[1][0] != "b" or row[1] == "bytes":
            yield [row]
            continue
        bits.append(row)
        used += int(row[1][1:])
        if used == 8:
            yield bits
            bits, used = [], 0


def _width(piece: list[Row], first: bool) -> str:
    """The struct letter of a piece of fixed length; "" for any other."""
    form = piece[0][1]
    if len(piece) > 1:
        return "B"
    return "" if form in ("lat", "lon") and not first else _FIXED.get(form, "")


# -- fields of fixed length ----------------------------------------------------------------


def _fixed(text: _Text, pieces: list[list[Row]], prefix: str, first: bool) -> None:
    """Neighbours of fixed length, with one call."""
    form = ">" + "".join(_width(piece, first) for piece in pieces)
    names = [prefix + piece[0][0] if len(piece) == 1 else f"b{n}" for n, piece in enumerate(pieces)]
    if form == ">B":
        text.add(f"{names[0]} = d[i]")
    else:
        text.add(f"{', '.join(names)}, = {text.unpack(form)}(d, i)")
    text.add(f"i += {sum(4 if letter in 'Ii' else 1 for letter in form[1:])}")
    for name, piece in zip(names, pieces, strict=True):
        if len(piece) > 1:
            _bits(text, name, piece, prefix)
        else:
            _fixed_number(text, name, piece[0])


def _bits(text: _Text, byte: str, piece: list[Row], prefix: str) -> None:
    left = 8
    for name, form, low, high, _step in piece:
        width = int(form[1:])
        left -= width
        value = f"{byte} >> {left}" if left else byte
        value = value if left + width == 8 else f"{value} & {(1 << width) - 1}"
        if name != "spare":
            text.add(f"{prefix}{name} = {value}")
            _limit(text, prefix + name, low, high, (1 << width) - 1)
        elif high == 0:
            text.add(f"if {value}: raise Doubt")


def _fixed_number(text: _Text, name: str, row: Row) -> None:
    _name, form, low, high, step = row
    if form == "lat":
        text.add(f"if not {low} <= {name} <= {high}: raise Doubt")
    elif form == "lon":
        text.add(f"if not -{_HALF_TURN} <= {name} < {_HALF_TURN}: raise Doubt")
    else:
        if step > 1 and form == "u8":
            text.add(f"{name} *= {step}")
        _limit(text, name, low, high, 255 * step if form == "u8" else (1 << 32) - 1)


def _limit(text: _Text, name: str, low: int, high: int, most: int) -> None:
    """The limits of a value from 0 to `most`, where it can be past one."""
    if low > 0:
        text.add(f"if not {low} <= {name} <= {high}: raise Doubt")
    elif high < most:
        text.add(f"if {name} > {high}: raise Doubt")


# -- fields of any length ------------------------------------------------------------------


def _number(text: _Text, name: str) -> None:
    """An unsigned number of one byte or two, else as long_var reads it."""
    text.add(f"{name} = d[i]", "i += 1")
    text.add(f"if {name} > 127:")
    text.add(f"    if 0 < d[i] < 128: {name} += (d[i] - 1) * 128; i += 1")
    text.add(f"    else: {name}, i = long_var(d, i, {name})")


def _var(text: _Text, name: str, form: str, low: int, high: int, step: int) -> None:
    if form in ("var", "after"):
        _number(text, name)
        if step > 1:
            text.add(f"{name} *= {step}")
        _limit(text, name, low, high, 1 << 35)
        return
    _number(text, "v")
    text.add("v = -(v + 1 >> 1) if v & 1 else v >> 1")
    if form == "zig":
        text.add(f"{name} = v")
    elif form == "lat":
        text.add(f"{name} += v")
    else:
        text.add(f"if not -{_HALF_TURN} <= v < {_HALF_TURN}: raise Doubt", f"{name} += v")
        text.add(f"if not -{_HALF_TURN} <= {name} < {_HALF_TURN}: {name} = east({name})")
        return
    text.add(f"if not {low} <= {name} <= {high}: raise Doubt")


def _bytes(text: _Text, name: str, form: str, low: int, high: int) -> None:
    if form == "raw":
        text.add(f"v = {high}")
    else:
        _number(text, "v")
        _limit(text, "v", low, high, 1 << 35)
    text.add(f"{name} = d[i : i + v]", "i += v")
    if form == "text":
        text.add(f"{name} = {name}.decode('latin-1')")
        text.add(f"if not ({name}.isascii() and {name}.isprintable()): raise Doubt")


def _list(text: _Text, name: str, prefix: str, low: int, high: int) -> None:
    """Entries as dicts; the first has a way of its own, since others count from the one before."""
    rows = layouts.LISTS[name]
    entry = f"{prefix}{name}_"
    _number(text, f"{entry}n")
    _limit(text, f"{entry}n", low, high, 1 << 35)
    text.add(f"{prefix}{name} = []", f"if {entry}n:")
    text.depth += 1
    _entry(text, rows, entry, first=True)
    text.add(f"{prefix}{name}.append({_values(rows, entry)})")
    text.add(f"for _ in range({entry}n - 1):")
    text.depth += 1
    _entry(text, rows, entry, first=False)
    text.add(f"{prefix}{name}.append({_values(rows, entry)})")
    text.depth -= 2
