"""A new gateway's folder: settings, certificates, a webhook secret; nothing in it is overwritten.

    gateway.toml       every setting, commented
    tls/               ca.key ca.crt ca.der (trackers hold this one) server.key server.crt
    secrets/webhook    the secret shared with a webhook's receiver (whsec_...)
    data/              the journal, once the gateway runs

Folders are 0700 and keys and secrets 0600: a position is nobody else's business.
"""

from __future__ import annotations

import base64
import secrets
import socket
from pathlib import Path
from typing import Any

from trygg_gateway.config_toml import default_toml
from trygg_gateway.tls import issue_server, make_ca, write_new, write_private

TLS_PORT = 8883


class FolderTaken(Exception):
    """There is a gateway in that folder already; the text says so and what to do."""


def make_folder(folder: Path, name: str, hosts: list[str], *, loopback_only: bool = False) -> None:
    """Make the folder of a gateway `name` which trackers reach at `hosts` (names, addresses).

    `loopback_only`: plain MQTT on 127.0.0.1, for trying out; else TLS on every address.
    """
    if (folder / "gateway.toml").exists():
        raise FolderTaken(
            f"{folder} holds a gateway already, nothing was changed. Name another folder, or"
            " `trygg gateway renew` for a new certificate"
        )
    for part in (folder, folder / "tls", folder / "secrets", folder / "data"):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "tls" / "ca.key").exists():
        make_ca(folder / "tls", name)
    issue_server(folder / "tls", hosts)
    if not (folder / "secrets" / "webhook").exists():
        write_private(folder / "secrets" / "webhook", new_secret().encode() + b"\n")
    text = default_toml(_values(name, loopback_only))
    write_new(folder / "gateway.toml", text.encode())  # last: an interrupted init can be repeated


def own_hosts() -> list[str]:
    """The names trackers on the same network are likely to reach this machine by."""
    return list(dict.fromkeys([socket.gethostname(), "localhost", "127.0.0.1"]))


def new_secret() -> str:
    """A secret as Standard Webhooks wants it: whsec_ and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _values(name: str, loopback_only: bool) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {"gateway": {"name": name}}
    if not loopback_only:
        values["listener"] = {
            "host": "0.0.0.0",  # noqa: S104 - behind TLS; trackers come from everywhere
            "port": TLS_PORT,
            "tls": True,
            "cert": "tls/server.crt",
            "key": "tls/server.key",
        }
    return values
