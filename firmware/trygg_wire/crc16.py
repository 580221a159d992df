"""CRC-16/GENIBUS (polynomial 0x1021, start and final xor 0xFFFF), the same on every interpreter.

It finds every single and double flipped bit and every burst of up to sixteen bits in a
frame of our sizes, and zeros added or lost at either end, which a CRC that starts and ends
with 0 does not. CPython has the division in C (`binascii.crc_hqx`); MicroPython has not, so
there it is computed here from a table of sixteen rows, half a byte at a time: small enough for
a tracker's memory. Check value: crc16(b"123456789") == 0xD64E (CRC RevEng catalogue).
"""

_RESIDUE = 0x1D0F  # what is left over any data followed by its CRC, before the final xor

_TABLE = (
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
    0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
)  # fmt: skip


def _crc16_by_table(data, before=0):
    crc = before ^ 0xFFFF
    for byte in data:
        crc = ((crc << 4) & 0xFFFF) ^ _TABLE[(crc >> 12) ^ (byte >> 4)]
        crc = ((crc << 4) & 0xFFFF) ^ _TABLE[(crc >> 12) ^ (byte & 15)]
    return crc ^ 0xFFFF


try:
    from binascii import crc_hqx

    def crc16(data, before=0):
        """The CRC of `data` (bytes-like): 0..65535. `before`: that of the bytes ahead of it."""
        return crc_hqx(data, before ^ 0xFFFF) ^ 0xFFFF

    def fits(data):
        """True if `data` ends with the CRC of what stands before, most significant byte first."""
        return crc_hqx(data, 0xFFFF) == _RESIDUE

except ImportError:
    crc16 = _crc16_by_table

    def fits(data):
        return crc16(data) ^ 0xFFFF == _RESIDUE
