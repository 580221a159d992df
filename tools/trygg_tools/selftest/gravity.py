"""A LIS2DH12 asked itself: which part it is, and gravity on its three axes.

What it says by its interrupt is parts.py's; here the register file is read past the driver, which
reads no axes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trygg_tools.selftest.verdict import Verdict, failed, ok

if TYPE_CHECKING:
    from trygg_tools.selftest.bench import Bench

WHO = 0x33  # LIS2DH12 data sheet, WHO_AM_I
STEP_MG = 16  # of the high byte of an axis, at 2 g
REST_MG = (800, 1200)  # three axes' zero offset of 40 mg, their gain, and a hand near by
_AXES = """
import machine
def axes(number, sda, scl, address):
    sda, scl = machine.Pin(sda), machine.Pin(scl)
    bus = machine.I2C(number, sda=sda, scl=scl, freq=400000, timeout=5000)
    who, out = bytearray(1), bytearray(6)
    try:
        bus.readfrom_mem_into(address, 0x0F, who)
        bus.readfrom_mem_into(address, 0xA8, out)
    except OSError:
        return None
    return [who[0], out[1], out[3], out[5]]
"""


def gravity(bench: Bench) -> Verdict:
    """It answers, is a LIS2DH12, is set up, and feels about 1 g at rest."""
    part, wired = "accelerometer", bench.config["io"]["accelerometer"]
    at = f"I2C {wired['address']:#x}, SDA {wired['sda']}, SCL {wired['scl']}"
    bench.link.run(_AXES)
    said: list[int] | None = bench.ask("axes(**config['io']['accelerometer'])")
    if said is None:
        return failed(part, f"no answer at {at}: its supply, its lines or its address are wrong")
    who, *bytes_ = said
    if who != WHO:
        return failed(part, f"another part at {at}: it says {who:#x}, wanted {WHO:#x}", who=who)
    axes = [(one - 256 if one > 127 else one) * STEP_MG for one in bytes_]
    whole = round(math.hypot(*axes))
    if not REST_MG[0] <= whole <= REST_MG[1]:
        text = f"{whole} mg on its three axes, wanted about 1000: it moves, or it is damaged"
        return failed(part, text, axes_mg=axes)
    if not bench.ask("io.has_motion()"):
        return failed(part, f"cannot be set up at {at}: it does not keep what is written")
    return ok(part, f"{whole} mg at rest", axes_mg=axes)
