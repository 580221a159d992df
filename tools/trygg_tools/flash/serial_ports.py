"""The serial ports of this machine, by names a person knows."""

from __future__ import annotations

import os
from typing import NamedTuple

from serial.tools import list_ports

# (VID, PID) -> what it is on a workbench; PID None: any of this maker
_KNOWN: dict[tuple[int, int | None], str] = {
    (0x303A, 0x1001): "ESP32-S3, its own USB",
    (0x303A, 0x4001): "ESP32-S3 running MicroPython, its own USB",
    (0x303A, None): "Espressif, its own USB",
    (0x1A86, 0x55D4): "CH9102 (LilyGO T-SIM, T-A7670)",
    (0x1A86, 0x7523): "CH340",
    (0x1A86, None): "WCH USB serial",
    (0x10C4, 0xEA60): "CP210x (ESP32 DevKit)",
    (0x0403, None): "FTDI",
    (0x1546, 0x01A9): "u-blox M10 receiver",
    (0x1546, None): "u-blox receiver",
    (0x1E0E, None): "SIMCom modem",
    (0x2C7C, None): "Quectel modem",
}


class SerialPort(NamedTuple):
    """One port: the path, what it is, and whether a board may be behind it."""

    path: str
    what: str
    maybe_board: bool


def serial_ports() -> list[SerialPort]:
    """Every port that has a USB identity, boards first."""
    found = [
        named(port.device, port.vid, port.pid, port.product or "")
        for port in list_ports.comports()
        if port.vid is not None
    ]
    return sorted(found, key=lambda port: (not port.maybe_board, port.path))


def serial_number(path: str) -> str:
    """What the USB part behind the port is numbered, "" if it has no number or is none."""
    real = os.path.realpath(path)
    return next(
        (one.serial_number or "" for one in list_ports.comports() if one.device == real), ""
    )


def named(path: str, vid: int, pid: int | None, product: str) -> SerialPort:
    """The port with the name that its USB identity has here."""
    what = _KNOWN.get((vid, pid)) or _KNOWN.get((vid, None)) or product or "unknown"
    other = ("receiver", "modem")
    return SerialPort(path, what, not any(word in what for word in other))
