"""The body of an order that is in force, as it lies in flash: fences, anchors.

Format, version, the body as it came over the wire, CRC-16. What is kept is what was signed, so
that a later firmware reads it by its own rows.
"""

import struct

from trygg_wire.crc16 import crc16, fits

_FORMAT = 1
_HEAD = ">BI"
_HEAD_SIZE = struct.calcsize(_HEAD)


def parts(version, body):
    """The file for an order's `version` and `body`, in parts: the body may be large, and is not
    copied."""
    head = struct.pack(_HEAD, _FORMAT, version)
    return head, body, struct.pack(">H", crc16(body, crc16(head)))


def unpack(data):
    """(version, body as a memoryview) of a file's bytes, None if it is damaged."""
    if len(data) < _HEAD_SIZE + 2 or not fits(data) or data[0] != _FORMAT:
        return None
    return struct.unpack_from(_HEAD, data, 0)[1], memoryview(data)[_HEAD_SIZE:-2]
