"""A recorded log played at another time."""

import pynmea2

from trygg_tools.retime import retimed, retimed_log

RMC = b"$GNRMC,134640.000,A,5954.8340,N,01044.7120,E,1.2,91.0,161126,,,A*"
WHEN_MS = 1_795_000_000_250  # 2026-11-18T11:06:40.250Z


def _with_checksum(body: bytes) -> bytes:
    total = 0
    for byte in body[1:-1]:
        total ^= byte
    return body + b"%02X\r\n" % total


def test_time_and_date_become_the_wanted_ones_and_the_checksum_fits():
    line = retimed(_with_checksum(RMC), WHEN_MS)
    message = pynmea2.parse(line.decode(), check=True)
    assert message.datetime.isoformat() == "2026-11-18T11:06:40.250000+00:00"
    assert (message.lat, message.lon) == ("5954.8340", "01044.7120")
    assert line.endswith(b"\r\n")


def test_a_sentence_without_a_time_stays_as_it_is():
    line = _with_checksum(b"$GPGSA,A,3,04,05,,,,,,,,,,,2.5,1.3,2.1*")
    assert retimed(line, WHEN_MS) == line


def test_a_damaged_sentence_stays_as_damaged():
    line = _with_checksum(RMC).replace(b"5954", b"5953")
    assert retimed(line, WHEN_MS) == line
    for junk in (b"", b"$", b"*", b"$GPRMC*", b"\xff\x00", b"$GPRMC,1*7F"):
        assert retimed(junk, WHEN_MS) == junk


def test_an_unknown_time_stays_unknown():
    line = _with_checksum(b"$GPRMC,,V,,,,,,,,,,N*")
    assert retimed(line, WHEN_MS) == line


def test_a_log_keeps_its_own_rhythm():
    lines = [(0, _with_checksum(RMC)), (1500, _with_checksum(RMC))]
    played = list(retimed_log(lines, WHEN_MS))
    assert [offset for offset, _ in played] == [0, 1500]
    times = [pynmea2.parse(line.decode()).timestamp for _, line in played]
    assert [str(time)[:12] for time in times] == ["11:06:40.250", "11:06:41.750"]
