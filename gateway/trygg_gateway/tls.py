"""The gateway's own small certificate authority: one CA, one certificate for the front door.

Trackers trust only this CA (they hold it as DER), so no public authority is needed and none can
speak for us. ECDSA on P-256, which an ESP32's mbedTLS does in hardware-friendly time. The CA lives
20 years; the front door's certificate 5, `trygg gateway check` warns 90 days before its end and
`trygg gateway renew` makes the next one, for the trackers nothing changes.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 20 * 365
SERVER_DAYS = 5 * 365
RENEW_DAYS = 90  # before its end a certificate is to be renewed
# A chip's clock says 2000-01-01 until satellites or a gateway tell it the time, and the ESP32 port
# checks certificates by it: younger ones would keep a tracker silent after a change of battery.
_BEFORE_ANY_CLOCK = datetime(1999, 12, 31, tzinfo=UTC)


class TlsError(Exception):
    """A key or certificate cannot be read or made; the text says which file."""


def make_ca(folder: Path, name: str) -> None:
    """Write ca.key (0600), ca.crt (PEM) and ca.der into `folder`; none of them may exist."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(f"Trygg CA of {name}")
    builder = _builder(subject, subject, key.public_key(), CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    cert = builder.sign(key, SHA256())
    write_private(folder / "ca.key", _pem(key))
    write_new(folder / "ca.crt", cert.public_bytes(Encoding.PEM))
    write_new(folder / "ca.der", cert.public_bytes(Encoding.DER))


def issue_server(folder: Path, hosts: list[str], into: Path | None = None) -> None:
    """Write server.key (0600) and server.crt for `hosts` (names, addresses), signed by the CA.

    The CA is in `folder`; the pair goes there too, or to `into`.
    Both are replaced whole, the key first: a gateway started between the two refuses to start
    with "key and certificate do not fit", and a second call mends it.
    """
    ca_key, ca = _read_ca(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_subject(hosts[0]), ca.subject, key.public_key(), SERVER_DAYS)
    for extension, critical in _server_extensions(hosts, ca):
        builder = builder.add_extension(extension, critical=critical)
    cert = builder.sign(ca_key, SHA256())
    into = into or folder
    _replace(into / "server.key", _pem(key))
    _replace(into / "server.crt", cert.public_bytes(Encoding.PEM))


class ClientCertificate(NamedTuple):
    """What a tracker logs in with instead of a password, and what it is known by."""

    cert_der: bytes
    key_der: bytes
    sha256: bytes
    until_s: int  # unix


def issue_client(folder: Path, device: str) -> ClientCertificate:
    """A certificate for a tracker, its CN the device, signed by the CA in `folder`; in no file.

    Valid from before any chip's clock, as long as the CA would be: nobody can renew it over the
    air, and what ends it is `revoke` or `rotate`, not time. Raises TlsError."""
    ca_key, ca = _read_ca(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_subject(device), ca.subject, key.public_key(), CA_DAYS)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    )
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    cert = builder.sign(ca_key, SHA256())
    return ClientCertificate(
        cert.public_bytes(Encoding.DER),
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        cert.fingerprint(SHA256()),
        int(cert.not_valid_after_utc.timestamp()),
    )


def days_left(cert_file: Path, now: datetime | None = None) -> int:
    """Whole days until the certificate ends, negative when it has. Raises TlsError."""
    end = _read_cert(cert_file).not_valid_after_utc
    return (end - (now or datetime.now(UTC))).days


def hosts_of(cert_file: Path) -> list[str]:
    """The names and addresses a certificate is for. Raises TlsError."""
    names = _read_cert(cert_file).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    dns = names.value.get_values_for_type(x509.DNSName)
    addresses = names.value.get_values_for_type(x509.IPAddress)
    return [*dns, *map(str, addresses)]


def der_of(cert_file: Path) -> bytes:
    """A PEM file's first certificate as DER, which trackers read. Raises TlsError."""
    return _read_cert(cert_file).public_bytes(Encoding.DER)


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read. Raises FileExistsError."""
    _write_exclusive(path, data, 0o600)


def write_new(path: Path, data: bytes) -> None:
    """Write a new file that everybody may read. Raises FileExistsError."""
    _write_exclusive(path, data, 0o644)


def _write_exclusive(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    write_private(new, data)
    new.replace(path)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEFORE_ANY_CLOCK)
        .not_valid_after(now + timedelta(days=days))
    )


def _server_extensions(
    hosts: list[str], ca: x509.Certificate
) -> list[tuple[x509.ExtensionType, bool]]:
    authority = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return [
        (x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority), False),
    ]


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read_ca(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    try:
        key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise TlsError(f"{folder / 'ca.key'}: cannot be read as a private key: {error}") from None
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, _read_cert(folder / "ca.crt")


def _read_cert(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TlsError(f"{path}: cannot be read as a certificate: {error}") from None
