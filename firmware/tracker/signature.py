"""HMAC-SHA256 (RFC 2104), for orders: MicroPython has the hash but not the code."""

from hashlib import sha256

_BLOCK = 64  # SHA-256's


def hmac_sha256(key, *parts):
    """HMAC-SHA256 of the parts one after the other, with a `key` of any length: 32 bytes."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    key = key + bytes(_BLOCK - len(key))
    inner = sha256(bytes([byte ^ 0x36 for byte in key]))
    for part in parts:
        inner.update(part)
    outer = sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def same(one, other):
    """Whether two byte strings are equal, in a time that does not tell where they differ."""
    if len(one) != len(other):
        return False
    difference = 0
    for i in range(len(one)):
        difference |= one[i] ^ other[i]
    return difference == 0
