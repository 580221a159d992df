"""Small files in /state that are either the old one or the new one, never half of either.

A file is written beside the old one and renamed over it; what is inside carries its own CRC,
checked by whom it belongs to. Also the boot counter, which lives in such a file.
"""

import struct
from binascii import crc32

_BOOT = "<II"


def _name(name):
    return "/state/" + name + ".bin"


def save(flash, name, data):
    """Replace the file `name` by `data`; OSError when the flash fails, the old file then stays."""
    with flash.open(_name(name) + ".new", "wb") as file:
        file.write(data)
    flash.rename(_name(name) + ".new", _name(name))


def load(flash, name):
    """The file's bytes; b"" when there is none or it cannot be read."""
    if flash.size(_name(name)) <= 0:
        return b""
    try:
        with flash.open(_name(name), "rb") as file:
            return file.read()
    except OSError:
        return b""


def save_boot(flash, boot):
    """Keep the number of this start; OSError when it cannot be written."""
    save(flash, "boot", struct.pack(_BOOT, boot, crc32(struct.pack("<I", boot)) & 0xFFFFFFFF))


def last_boot(flash):
    """The number of the last start, 0 when there was none or its file is damaged."""
    data = load(flash, "boot")
    if len(data) != 8:
        return 0
    boot, crc = struct.unpack_from(_BOOT, data)
    return boot if crc == crc32(data[:4]) & 0xFFFFFFFF else 0
