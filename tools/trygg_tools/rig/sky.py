"""What a receiver says of where somebody is: RMC, GGA and GST once a second, while it has power.

`place` is a function of the true second (since 2020) that gives (lat_e6, lon_e6, speed_dm_s,
course_deg, error_dm) or None where there is no reception. A receiver that was switched on needs
`search_s` until its first fix, and says so meanwhile. Integers only; runs under both interpreters.
"""

# ruff: noqa: UP031  (percent formats: MicroPython's format() knows no nested widths)

_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_S = 86400


def sentence(body: str) -> bytes:
    """Frame a body: `$`, checksum, CRLF."""
    check = 0
    for letter in body:
        check ^= ord(letter)
    return ("$%s*%02X\r\n" % (body, check)).encode()


def date_text(world_s: int) -> str:
    """Write the day of a second since 2020 as ddmmyy."""
    day, year = world_s // _DAY_S, 2020
    while day >= (366 if year % 4 == 0 else 365):
        day -= 366 if year % 4 == 0 else 365
        year += 1
    month = 0
    length = 31
    while day >= length:
        day -= length
        month += 1
        length = 29 if month == 1 and year % 4 == 0 else _MONTHS[month]
    return "%02d%02d%02d" % (day + 1, month + 1, year % 100)


def time_text(world_s: int) -> str:
    """Write the time of day as hhmmss.00."""
    second = world_s % _DAY_S
    return "%02d%02d%02d.00" % (second // 3600, second // 60 % 60, second % 60)


def _angle(degrees_e6: int, width: int) -> str:
    """Write an angle without its sign as [d]ddmm.mmmmm."""
    units = abs(degrees_e6) * 6  # hundred-thousandths of a minute
    minutes = units % 6000000
    return "%0*d%02d.%05d" % (width, units // 6000000, minutes // 100000, minutes % 100000)


def _tenths(value: int) -> str:
    return "%d.%d" % (value // 10, value % 10)


class Sky:
    """The sentences of each second; `search_s` for the first fix after the supply came on."""

    def __init__(self, place, search_s: int = 4) -> None:  # type: ignore[no-untyped-def]
        self.place = place
        self.search_s = search_s

    def said(self, world_s: int, on_for_s: int) -> bytes:
        """The sentences about the second `world_s`, the receiver on since `on_for_s` seconds."""
        here = self.place(world_s) if on_for_s >= self.search_s else None
        when = time_text(world_s)
        if here is None:
            rmc = "GNRMC,%s,V,,,,,,,%s,,,N" % (when, date_text(world_s))
            return sentence(rmc) + sentence("GNGGA,%s,,,,,0,00,99.99,,,,,," % when)
        lat_e6, lon_e6, speed_dm_s, course_deg, error_dm = here
        where = "%s,%s,%s,%s" % (
            _angle(lat_e6, 2), "S" if lat_e6 < 0 else "N",
            _angle(lon_e6, 3), "W" if lon_e6 < 0 else "E",
        )  # fmt: skip
        knots_e2 = speed_dm_s * 9000 // 463
        knots = "%d.%02d" % (knots_e2 // 100, knots_e2 % 100)
        rmc = "GNRMC,%s,A,%s,%s,%d.0,%s,,,A" % (when, where, knots, course_deg, date_text(world_s))
        gga = "GNGGA,%s,%s,1,11,0.90,41.3,M,39.9,M,," % (when, where)
        error = _tenths(error_dm)
        gst = "GNGST,%s,%s,%s,%s,0.0,%s,%s,5.0" % (when, error, error, error, error, error)
        return sentence(rmc) + sentence(gga) + sentence(gst)
