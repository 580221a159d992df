"""A password as Mosquitto 2 keeps it in its password file.

    $7$101$salt$digest    PBKDF2, HMAC-SHA-512, 101 rounds, 12 bytes of salt, 64 of digest, base64

as `mosquitto_passwd` writes it (mosquitto 2.0, apps/mosquitto_passwd). A tracker's password has 144
random bits, so few rounds will do; a person's password does not belong here.
"""

import base64
import hashlib
import hmac
import secrets

ROUNDS, SALT_BYTES, DIGEST_BYTES = 101, 12, 64


def broker_hash(password: bytes, salt: bytes | None = None) -> str:
    """The hash of a password, with a new salt unless one is given."""
    salt = salt or secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password, salt, ROUNDS, DIGEST_BYTES)
    return f"$7${ROUNDS}${_text(salt)}${_text(digest)}"


def fits(password: bytes, kept: str) -> bool:
    """Whether a hash is that password's. False for what is no hash of this form."""
    parts = kept.split("$")
    if len(parts) != 5 or parts[1:3] != ["7", str(ROUNDS)]:
        return False
    return hmac.compare_digest(broker_hash(password, base64.b64decode(parts[3])), kept)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
