"""The TLS side towards a foreign broker."""

import ssl
from pathlib import Path


def broker_tls(
    ca: Path | None = None, cert: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """Its CA (None: the system's) and our certificate, if it wants one. Raises OSError or
    ssl.SSLError on unfit files."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context
