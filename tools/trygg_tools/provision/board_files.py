"""What a tracker's board is given: /config.json, its CA, and what else stands beside them."""

from __future__ import annotations

import base64
import json
import ssl
from typing import Any, NamedTuple

from trygg_tools.boards import Board, config_sections

CONFIG = "/config.json"
CA_DER, CA_PEM = "/ca.der", "/ca.pem"  # Wi-Fi's TLS reads DER, modems PEM


class Network(NamedTuple):
    """How the tracker reaches the world: a Wi-Fi network, or a SIM."""

    ssid: str = ""
    wifi_password: str = ""
    apn: str = ""
    pin: str = ""


def board_files(board: Board, credentials: dict[str, Any], network: Network) -> dict[str, bytes]:
    """The files by their paths on the board; /config.json last, for with it the tracker begins."""
    said = dict(credentials)
    files: dict[str, bytes] = {}
    authority = said.pop("ca_der", None)
    if authority is not None:
        der = base64.b64decode(authority)
        files = {CA_DER: der, CA_PEM: ssl.DER_cert_to_PEM_cert(der).encode()}
    for key, path in (("cert_der", "/client.crt"), ("key_der", "/client.key")):
        if key in said:
            files[path] = base64.b64decode(said.pop(key))
    config = {**said, **config_sections(board), **_link(board, network)}
    config["tls"] = (CA_PEM if "modem" in config else CA_DER) if said["tls"] else None
    files[CONFIG] = json.dumps(config).encode()
    return files


def network_kept(new: Network, config: bytes) -> Network:
    """`new`, and for what it leaves out what the tracker's own /config.json says.

    Without it a tracker that gets new secrets would forget its Wi-Fi, and nobody would hear it.
    """
    try:
        said = json.loads(config)
        wifi, modem = said.get("wifi") or {}, said.get("modem") or {}
        old = Network(
            wifi.get("ssid", ""), wifi.get("password", ""), modem.get("apn", ""),
            modem.get("pin", ""),
        )  # fmt: skip
    except (ValueError, AttributeError):
        return new
    ssid, password = (new if new.ssid else old)[:2]
    return Network(ssid, password, new.apn or old.apn, new.pin or old.pin)


def _link(board: Board, network: Network) -> dict[str, Any]:
    """The section wifi or modem, with what the board's file does not know."""
    if board.wiring is None or board.wiring.modem is None:
        return {"wifi": {"ssid": network.ssid, "password": network.wifi_password}}
    modem: dict[str, Any] = config_sections(board)["modem"]
    more = {"apn": network.apn, "pin": network.pin}
    return {"modem": {**modem, **{key: value for key, value in more.items() if value}}}
