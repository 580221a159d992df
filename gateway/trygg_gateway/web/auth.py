"""Who may see the console: one password, sessions in memory, and a brake on guessing.

The password is kept as scrypt (RFC 7914) and checked in a thread, one at a time, so that guessing
costs the guesser and not the event loop. A session is 256 random bits; the server keeps only its
SHA-256, in memory, for twelve hours: a restart asks for the password again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

SESSION_S = 12 * 3600
MAX_SESSIONS = 500
FREE_FAILURES = 5
WAIT_S = 30
QUIET_S = 900
MAX_ADDRESSES = 2000
_LEAST_N = 2**10
_SCRYPT_LIMIT = 64 * 1024 * 1024


class PasswordFormatError(ValueError):
    """The text is not a password hash of this console; says what was wanted."""


class ConsolePassword(NamedTuple):
    """A password as scrypt parameters, salt and digest; never the password itself."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> ConsolePassword:
        """Hash a new password with a fresh salt (about 50 ms and 16 MB)."""
        salt = secrets.token_bytes(16)
        return cls(2**14, 8, 1, salt, _scrypt(password, salt, 2**14, 8, 1))

    @classmethod
    def from_text(cls, text: str) -> ConsolePassword:
        """Read what `text` wrote, as it stands in the password file."""
        parts = text.strip().split("$")
        if len(parts) != 6 or parts[0] != "scrypt":
            raise PasswordFormatError(f"wanted scrypt$n$r$p$salt$digest, got {len(parts)} parts")
        try:
            n, r, p = (int(part) for part in parts[1:4])
            salt, digest = (base64.b64decode(part, validate=True) for part in parts[4:])
        except (ValueError, binascii.Error) as error:
            raise PasswordFormatError(f"wanted scrypt$n$r$p$salt$digest: {error}") from None
        costs = min(n, r, p) > 0 and n & (n - 1) == 0 and n >= _LEAST_N
        if not costs or 128 * n * r * p >= _SCRYPT_LIMIT or not salt or len(digest) != 32:
            raise PasswordFormatError("the scrypt parameters are outside what this console takes")
        return cls(n, r, p, salt, digest)

    def text(self) -> str:
        """One line for the password file."""
        salt, digest = (base64.b64encode(part).decode() for part in (self.salt, self.digest))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${digest}"

    def matches(self, password: str) -> bool:
        """Whether this is the password. Blocks for one scrypt; call it in a thread."""
        guess = _scrypt(password, self.salt, self.n, self.r, self.p)
        return hmac.compare_digest(guess, self.digest)


class Sessions:
    """The open sessions, oldest forgotten first when there are too many."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._ends: OrderedDict[bytes, float] = OrderedDict()

    def open(self) -> str:
        """A new session's token, for the cookie."""
        token = secrets.token_urlsafe(32)
        self._ends[_name(token)] = self._now() + SESSION_S
        while len(self._ends) > MAX_SESSIONS:
            self._ends.popitem(last=False)
        return token

    def holds(self, token: str) -> bool:
        """Whether the token is of an open session that has not run out."""
        ends = self._ends.get(_name(token))
        return ends is not None and self._now() < ends

    def end(self, token: str) -> None:
        """Forget the session; an unknown token is no error."""
        self._ends.pop(_name(token), None)


class Brake:
    """Slows guessing: after five failures an address may try once in thirty seconds.

    A quarter of an hour without a failure makes it forget.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Seconds this address must wait before its next try; 0 = may try now."""
        count, last = self._failures.get(address, (0, 0.0))
        if count < FREE_FAILURES or self._now() > last + QUIET_S:
            return 0
        return max(0, int(last + WAIT_S - self._now() + 0.999))

    def failed(self, address: str) -> None:
        """Count one wrong password. The address longest quiet is forgotten first."""
        count, last = self._failures.pop(address, (0, 0.0))
        count = 0 if self._now() > last + QUIET_S else count
        self._failures[address] = (count + 1, self._now())
        while len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)

    def passed(self, address: str) -> None:
        """Forget the address's failures."""
        self._failures.pop(address, None)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=n, r=r, p=p, maxmem=_SCRYPT_LIMIT, dklen=32)


def _name(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
