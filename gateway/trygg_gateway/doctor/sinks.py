"""Whether each sink's other end is there. Nothing is delivered: a connection, TLS, and goodbye."""

import os
import socket
import ssl
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trygg_gateway.doctor.finding import Finding, error, good, note, warning

SECONDS = 5.0
_PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883, "nats": 4222, "tls": 4222,
          "postgresql": 5432, "postgres": 5432}  # fmt: skip
_TLS = ("https", "mqtts")


def reach(named: Collection[str], on_call: Collection[str]) -> Iterator[Finding]:
    """Whether an alarm gets to anybody who does not look at the page: sinks, and a calendar."""
    if not named:
        yield warning(
            "sinks", "none is set up", "An alarm is only on the page; no centre, no telephone",
            "Add a table [sinks. ...]: `trygg gateway config` shows them, docs/sinks.md tells",
        )  # fmt: skip
    elif not on_call:
        yield note(
            "sinks", "nobody is on call",
            "Alarms go to the sinks; nobody is called who does not answer there",
            "Tables [people. ...] and [on_call. ...], if people are to be called",
        )  # fmt: skip


def look(name: str, section: Any) -> Iterator[Finding]:
    """One sink, by the settings' own words: `url`, `path`, `ca`."""
    part = f"sink {name}"
    url, path = getattr(section, "url", None), getattr(section, "path", None)
    if isinstance(url, str):
        yield _reached(part, url, getattr(section, "ca", None))
    elif isinstance(path, Path):
        yield _writable(part, path)
    else:
        yield note(part, f"is of type {section.type} and was not tried", "It has no address to try")


def _reached(part: str, url: str, ca: Path | None) -> Finding:
    place = urlsplit(url)
    port = place.port or _PORTS.get(place.scheme)
    if not place.hostname or port is None:
        return note(part, "its address has no host and port to try", "")
    where = f"{place.scheme}://{place.hostname}:{port}"
    try:
        with socket.create_connection((place.hostname, port), SECONDS) as line:
            if place.scheme in _TLS:
                context = ssl.create_default_context(cafile=ca)
                context.wrap_socket(line, server_hostname=place.hostname).close()
    except ssl.SSLCertVerificationError as failure:
        return error(
            part, f"{where}: its certificate does not hold: {failure.verify_message}",
            "Nothing is delivered until it does", "Give its CA in `ca`, or have it renewed",
        )  # fmt: skip
    except OSError as failure:
        return warning(
            part, f"{where}: {failure.strerror or failure}",
            "Nothing is lost: all of it waits in the journal. But alarms do not get there",
            "Is it up, and is the way to it open?",
        )  # fmt: skip
    return good(part, f"{where} answers")


def _writable(part: str, path: Path) -> Finding:
    target = path if path.exists() else path.parent
    if not target.exists() or not os.access(target, os.W_OK):
        return error(
            part, f"{target} cannot be written to", "All of it waits in the journal",
            "Give it to this user",
        )  # fmt: skip
    return good(part, f"{path} can be written to")
