"""What codec.decode gives, five times as fast: each kind's rows compiled when this is imported.

The rows of layouts.py stay the one definition. decoder_source.py writes a function of straight
lines for each kind out of them; neighbours of fixed length are taken with one `struct` call, and
a number of one byte, as most are, is an index and a comparison.

What such a function does not take without question (a byte too few, a value past its limit, a
number in a longer form than needed) it leaves to codec.decode, whose word is final. So there is
one place that says what is wrong with a frame, and one text for it.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct, error
from typing import Any

from trygg_gateway.decoder_source import source_of
from trygg_wire import codec, layouts
from trygg_wire.crc16 import fits

Json = dict[str, Any]
Read = Callable[[bytes, int], Json]  # (frame, where its CRC begins) → values

TURN = 360_000_000  # the whole way round, in 1e-6 degree
_VAR_BYTES = 5


class Doubt(Exception):
    """Not as a frame of ours nearly always is: codec.decode shall say what it is."""


def long_var(frame: bytes, at: int, low_bits: int) -> tuple[int, int]:
    """(value, offset past it) of a number of several bytes; its first, 128 or more, is read."""
    value = low_bits & 127
    for place in range(1, _VAR_BYTES):
        byte = frame[at]
        at += 1
        value |= (byte & 127) << 7 * place
        if byte < 128:
            if byte:
                return value, at
            break
    raise Doubt


def east(degrees_e6: int) -> int:
    """The same longitude from -180 up to but not 180 degrees."""
    return (degrees_e6 + TURN // 2) % TURN - TURN // 2


def compiled(kind: int) -> Read:
    """The function that reads frames of this kind. It raises Doubt, IndexError or struct.error."""
    text, formats = source_of(kind)
    names: Json = {f"unpack{n}": Struct(form).unpack_from for n, form in enumerate(formats)}
    names |= {"Doubt": Doubt, "long_var": long_var, "east": east}
    code = compile(text, f"<rows of kind {kind}>", "exec")
    exec(code, names)  # noqa: S102 - written from our own rows, as a named tuple's methods are
    read: Read = names["read"]
    return read


_READ = {layouts.VERSION << 4 | kind: compiled(kind) for kind in layouts.ROWS}


def decode(frame: bytes) -> tuple[int, Json]:
    """(kind, values) of a frame; raises WireError. In everything the same as codec.decode."""
    if 4 <= len(frame) <= layouts.FRAME_MAX and type(frame) is bytes and fits(frame):
        first = frame[0]
        read = _READ.get(first)
        if read is not None:
            try:
                return first & 15, read(frame, len(frame) - 2)
            except (Doubt, IndexError, error):
                pass
    kind, values = codec.decode(frame)
    return kind, values
