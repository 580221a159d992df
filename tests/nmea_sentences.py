# ruff: noqa: UP031
"""Sentences for the tests of nmea and fix, made by hand-written templates; both interpreters."""


def sentence(body):
    """Frame a body: `$`, XOR as two hex digits, CRLF."""
    check = 0
    for c in body.encode():
        check ^= c
    return ("$%s*%02X\r\n" % (body, check)).encode()


def rmc(clock="101530.00", status="A", place="5955.62000,N,01042.06000,E", knots="3.110",
        course="42.70", date="140626", mode="A", talker="GN"):  # fmt: skip
    tail = ",".join((clock, status, place, knots, course, date, "", "", mode))
    return sentence(talker + "RMC," + tail)


def gga(clock="101530.00", place="5955.62000,N,01042.06000,E", quality="1", satellites="11",
        hdop="0.83", talker="GN"):  # fmt: skip
    return sentence(
        talker + "GGA," + ",".join((clock, place, quality, satellites, hdop, "41.3,M,39.9,M,,"))
    )


def gns(modes, clock="101530.00", place="5955.62000,N,01042.06000,E"):
    return sentence("GNGNS," + ",".join((clock, place, modes, "11,0.83,41.3,39.9,,,V")))


def gll(clock="101530.00", place="5955.62000,N,01042.06000,E", status="A", mode="A"):
    return sentence("GNGLL," + ",".join((place, clock, status, mode)))


def vtg(course="42.70", knots="3.110"):
    return sentence("GNVTG," + course + ",T,,M," + knots + ",N,5.760,K,A")


def zda(date, clock="101530.00"):
    return sentence("GNZDA," + clock + "," + date + ",00,00")


def gst(clock="101530.00", north="2.10", east="1.80", talker="GN", ranges="4.0"):
    return sentence(
        talker + "GST," + ",".join((clock, ranges, "2.1", "1.8", "10.0", north, east, "3"))
    )


def gsa(dimensions="3", talker="GN"):
    return sentence(talker + "GSA,A," + dimensions + ",02,05,12,13,15,,,,,,,,1.41,0.83,1.14")


def gsv(talker="GP"):
    return sentence(talker + "GSV,2,1,08,17,23,253,46,29,68,333,34,14,20,249,22,25,63,311,46")


def clock(second):
    """hhmmss.ss, so many seconds after 10:15:30."""
    second += 36930
    return "%02d%02d%02d.00" % (second // 3600 % 24, second // 60 % 60, second % 60)


def epoch(second, **changes):
    """RMC and GGA of one moment; a change is given to each of the two that has such a field."""
    changes["clock"] = clock(second)
    ours = ("clock", "place", "talker")
    for_rmc = {
        k: v
        for k, v in changes.items()
        if k in ours or k in ("status", "knots", "course", "date", "mode")
    }
    for_gga = {
        k: v for k, v in changes.items() if k in ours or k in ("quality", "satellites", "hdop")
    }
    return rmc(**for_rmc) + gga(**for_gga)
