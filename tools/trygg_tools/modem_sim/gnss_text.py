"""A fix in the words that vendors' commands share: degrees and minutes, knots, NMEA lines."""

from __future__ import annotations

from datetime import datetime, timedelta

from trygg_tools.modem_sim.gnss import Fix
from trygg_tools.modem_sim.real_time import EPOCH
from trygg_tools.nmea_sentence import Moment, gga, rmc

DM_S_PER_KNOT = 5.14444


def when(fix: Fix) -> datetime:
    """The fix's moment, UTC."""
    return EPOCH + timedelta(seconds=fix.world_s)


def minutes(angle_e6: int, width: int) -> str:
    """ddmm.mmmmmm with `width` digits of degrees, without sign."""
    degrees, rest = divmod(abs(angle_e6), 1_000_000)
    whole, part = divmod(rest * 60, 1_000_000)
    return f"{degrees:0{width}d}{whole:02d}.{part:06d}"


def decimal(angle_e6: int) -> str:
    """d.dddddd with a minus sign."""
    degrees, rest = divmod(abs(angle_e6), 1_000_000)
    return f"{'-' if angle_e6 < 0 else ''}{degrees}.{rest:06d}"


def north(fix: Fix) -> str:
    """N or S."""
    return "N" if fix.lat_e6 >= 0 else "S"


def east(fix: Fix) -> str:
    """E or W."""
    return "E" if fix.lon_e6 >= 0 else "W"


def knots(fix: Fix) -> float:
    """The speed in knots."""
    return fix.speed_dm_s / DM_S_PER_KNOT


def nmea(fix: Fix | None, world_s: int) -> bytes:
    """RMC and GGA of this second, with a fix or without."""
    unix_s = int((EPOCH + timedelta(seconds=world_s)).timestamp())
    if fix is None:
        moment = Moment(unix_s, False, 0.0, 0.0, 0.0, 0.0, 0, 99.0, 0.0, 0.0)
    else:
        error_m = fix.error_dm / 10
        moment = Moment(
            unix_s,
            True,
            fix.lat_e6 / 1e6,
            fix.lon_e6 / 1e6,
            fix.speed_dm_s / 10,
            float(fix.course_deg),
            fix.satellites,
            hdop(fix),
            error_m,
            error_m,
        )
    return rmc(moment) + gga(moment)


def hdop(fix: Fix) -> float:
    """A dilution that fits the error: 3 m are 0.8."""
    return round(0.5 + fix.error_dm / 100, 1)
