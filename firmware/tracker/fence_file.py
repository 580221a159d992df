"""The fences in force, as they lie in flash: the body of the order that brought them.

Format, version, the FENCES body as it came over the wire, CRC-16. A file that is damaged, or
larger than today's heap, gives no fences and is said: the tracker then has none and reports
version 0, which the gateway sees; a start never fails for it.
"""

import struct

from trygg_wire import codec
from trygg_wire.crc16 import crc16, fits
from trygg_wire.layouts import FENCES

_FORMAT = 1
_HEAD = ">BI"
_HEAD_SIZE = struct.calcsize(_HEAD)


def pack(version, body):
    """The file (bytes) for a FENCES order's `version` and `body`."""
    data = struct.pack(_HEAD, _FORMAT, version) + body
    return data + struct.pack(">H", crc16(data))


def restore(fences, data):
    """Put the fences of a file's bytes in force in the FenceSet `fences`; False if damaged."""
    if len(data) < _HEAD_SIZE + 2 or not fits(data) or data[0] != _FORMAT:
        return False
    version = struct.unpack_from(_HEAD, data, 0)[1]
    try:
        values = codec.decode_body(FENCES, data[_HEAD_SIZE:-2])
        return not fences.replace(version, values)
    except (codec.WireError, MemoryError):
        return False
