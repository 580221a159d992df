"""The chip behind a port, asked and written by esptool, which runs as a program of its own.

esptool is GPL: it is called, never imported. Its words are read for what a technician must know.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

from trygg_tools.flash.errors import FlashError, of_the_port
from trygg_tools.flash.image import Image

PATIENCE_S = 300
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
_NAMES = {"ESP32-S3": "esp32s3", "ESP32": "esp32"}


class Chip(NamedTuple):
    """What answered: "esp32" or "esp32s3", its MAC address, megabytes of flash (0 unknown)."""

    name: str
    mac: str
    flash_mb: int


def probe(port: str) -> Chip:
    """Ask the chip. Raises FlashError: nobody answers, another chip, no port."""
    said = _esptool(port, ["flash-id"])
    kind = re.search(r"Connected to (\S+) on", said)  # the type names its package, too
    mac = re.search(r"MAC:\s+([0-9a-f:]{17})", said)
    size = re.search(r"Detected flash size:\s+(\d+)MB", said)
    name = _NAMES.get(kind[1]) if kind else None
    if name is None:
        raise FlashError(
            f"{port}: wanted an ESP32 or ESP32-S3, got {kind[1] if kind else 'another chip'}. The"
            " firmware does not run on it: take the board away"
        )
    return Chip(name, mac[1] if mac else "", int(size[1]) if size else 0)


def write(
    port: str, chip: Chip, image: Image, on: Callable[[int], None] = lambda percent: None
) -> None:
    """MicroPython into the chip's flash, checked by its MD5. Raises FlashError."""
    if image.chip != chip.name:
        raise FlashError(
            f"{port}: the chip is an {chip.name}, the image {image.path.name} is for an"
            f" {image.chip}. Take the image for {chip.name}"
        )

    def heard(line: str) -> None:
        percent = _PERCENT.search(line)
        if percent and "riting" in line:
            on(int(float(percent[1])))

    _esptool(port, ["write-flash", hex(image.offset), str(image.path)], heard)


def _esptool(
    port: str, arguments: list[str], heard: Callable[[str], None] = lambda line: None
) -> str:
    # the ROM's own loader where there is no USB to reset by: the mock knows no stub
    plain = ["--no-stub"] if "://" in port else []
    command = [sys.executable, "-m", "esptool", "--port", port, *plain, *arguments]
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        start_new_session=True,  # Ctrl-C must not leave half an image
    ) as process:  # fmt: skip
        watchdog = threading.Timer(PATIENCE_S, process.kill)
        watchdog.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            heard(line)
        process.wait()
        watchdog.cancel()
    said = "".join(lines)
    if process.returncode:
        raise _judged(port, said)
    return said


def _judged(port: str, said: str) -> FlashError:
    """What esptool's words mean at a bench."""
    if "No module named esptool" in said:
        return FlashError("esptool is missing: `pip install 'trygg[technician]'`")
    if "ermission denied" in said or "busy" in said or "could not open" in said:
        return of_the_port(port, OSError(said))
    if "rownout" in said:
        return FlashError(
            f"{port}: the board resets for low voltage while it is written. Charge its battery, or"
            " use a shorter cable on a port of the computer itself"
        )
    if "Failed to connect" in said or "No serial data received" in said:
        return FlashError(
            f"{port}: no chip answers. Hold BOOT, press reset, let go of BOOT, and try again; a"
            " cable that only charges has no data lines"
        )
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "no words")
    return FlashError(f"{port}: esptool gave up: {last.strip()}. Try again; then another cable")
