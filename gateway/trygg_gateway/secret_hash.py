"""How a tracker's password is kept: as a hash that whoever reads the database can do nothing with.

A slow hash protects a password that somebody can guess. Ours are generated and have 144 random
bits, so guessing them is hopeless however fast a guess is, while each check of a slow hash would
cost the door milliseconds, and a thousand trackers that come back at once many seconds. NIST SP
800-63B, 5.1.2.2: a secret of at least 112 random bits needs an approved hash and no more. So: a
salted SHA-256. Journals of before have scrypt hashes, which are still checked.
"""

import base64
import hashlib
import hmac
import secrets

SCRYPT_N, SCRYPT_R, SCRYPT_P = 4096, 8, 1


def hashed(secret: bytes) -> str:
    """`sha256$salt$hash` of a generated secret, with a new salt."""
    salt = secrets.token_bytes(16)
    return f"sha256${_text(salt)}${_text(hashlib.sha256(salt + secret).digest())}"


def scrypted(password: bytes) -> str:
    """`scrypt$n$r$p$salt$hash`, as passwords were kept before version 3 of the journal."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password, salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    return f"scrypt${SCRYPT_N}${SCRYPT_R}${SCRYPT_P}${_text(salt)}${_text(digest)}"


def is_slow(password_hash: str) -> bool:
    """Whether checking it takes milliseconds."""
    return password_hash.startswith("scrypt$")


def password_fits(password: bytes, password_hash: str) -> bool:
    """Whether `password` is the one hashed; the same time for any wrong one."""
    kind, *numbers, salt64, digest64 = password_hash.split("$")
    salt, wanted = base64.b64decode(salt64), base64.b64decode(digest64)
    if kind == "sha256":
        return hmac.compare_digest(hashlib.sha256(salt + password).digest(), wanted)
    n, r, p = map(int, numbers)
    return hmac.compare_digest(hashlib.scrypt(password, salt=salt, n=n, r=r, p=p), wanted)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
