"""A TLS context with a pre-shared key, for a simulated modem's real far end.

Python's ssl has this from 3.13 on. Before, OpenSSL, which ssl is made of, is told directly: the
context's own pointer stands behind its object's head, and is believed only when OpenSSL reads the
same options there as Python does. Where neither can be had it is an ssl.SSLError. RFC 4279, 5487.
"""

from __future__ import annotations

import ctypes
import ssl
import sys
from typing import Any

KEY_LONGEST = 256  # OpenSSL's PSK_MAX_PSK_LEN, and its identity's
AGREES = ctypes.CFUNCTYPE(
    ctypes.c_uint,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_void_p,
    ctypes.c_uint,
    ctypes.c_void_p,
    ctypes.c_uint,
)


class PskContext(ssl.SSLContext):
    """One that keeps OpenSSL's callback alive as long as itself."""

    agrees: Any = None


def psk_context(identity: str, key: bytes) -> ssl.SSLContext:
    """A client's context of TLS 1.2 that knows this key and no certificate; ssl.SSLError."""
    if not key or max(len(key), len(identity.encode())) >= KEY_LONGEST:
        raise ssl.SSLError("a pre-shared key and its identity are 1 to 255 bytes")
    context = PskContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("PSK")
    if hasattr(context, "set_psk_client_callback"):
        context.set_psk_client_callback(lambda _hint: (identity, key))
    else:
        _tell_openssl(context, identity.encode(), key)
    return context


def _tell_openssl(context: PskContext, identity: bytes, key: bytes) -> None:
    import _ssl

    if sys.implementation.name != "cpython" or not hasattr(_ssl, "__file__"):
        raise ssl.SSLError("a pre-shared key needs Python 3.13, or the ends in memory (--alone)")
    openssl = ctypes.CDLL(_ssl.__file__)
    inside = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    openssl.SSL_CTX_get_options.argtypes = [ctypes.c_void_p]
    openssl.SSL_CTX_get_options.restype = ctypes.c_uint64
    if openssl.SSL_CTX_get_options(inside) != int(context.options) & (1 << 64) - 1:
        raise ssl.SSLError("a pre-shared key needs Python 3.13: this one's contexts are unknown")

    def agree(_s: Any, _hint: Any, name: int, name_room: int, psk: int, psk_room: int) -> int:
        if len(identity) >= name_room or len(key) > psk_room:
            return 0
        ctypes.memmove(name, identity + b"\0", len(identity) + 1)
        ctypes.memmove(psk, key, len(key))
        return len(key)

    context.agrees = AGREES(agree)
    openssl.SSL_CTX_set_psk_client_callback.argtypes = [ctypes.c_void_p, AGREES]
    openssl.SSL_CTX_set_psk_client_callback.restype = None
    openssl.SSL_CTX_set_psk_client_callback(inside, context.agrees)
