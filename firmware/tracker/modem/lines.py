"""What modems' answers have in common: fields, clocks, signal. Bytes in, integers out."""

from tracker.gnss_date import day_of


def fields(line):
    """The comma-separated fields after the colon, bare of quotes and blanks."""
    return [field.strip(b' "') for field in line[line.find(b":") + 1 :].split(b",")]


def number(digits):
    """A whole number, with or without a sign; None for anything else."""
    body = digits[1:] if digits[:1] in (b"-", b"+") else digits
    if not body.isdigit() or len(body) > 9:
        return None
    value = int(body)
    return -value if digits[:1] == b"-" else value


def read_clock(line):
    """UTC in seconds since 2020 of `+CCLK: "yy/MM/dd,hh:mm:ss+zz"` (zz quarter hours); 0: not set.

    A modem that has not been told the time says 1980 or 1970; anything before 2020 is "not set".
    """
    text = line[line.find(b'"') + 1 : line.rfind(b'"')]
    numbers = [number(text[at : at + 2]) for at in (0, 3, 6, 9, 12, 15)]
    zone = number(text[17:])
    if len(text) < 17 or None in numbers or (zone is None and len(text) > 17):
        return 0
    day = day_of(numbers[2], numbers[1], 2000 + numbers[0])
    if day is None or numbers[0] < 20:
        return 0
    seconds = ((day * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
    return max(0, seconds - 900 * (zone or 0))


def say_clock(utc):
    """What AT+CCLK wants of a time since 2020: yy/MM/dd,hh:mm:ss+00."""
    day, month, year = utc // 86400 + 1, 1, 2020
    while True:
        end = day_of(1, month % 12 + 1, year + month // 12)
        if day <= end:
            break
        month, year = month % 12 + 1, year + month // 12
    day -= day_of(1, month, year)
    time = (year - 2000, month, day, utc // 3600 % 24, utc // 60 % 60, utc % 60)
    return b"%02d/%02d/%02d,%02d:%02d:%02d+00" % time


def signal_of(line):
    """`+CSQ: rssi,ber` as a report's signal: dBm = -115 + 2 * signal; 0 unknown (99, or none)."""
    rssi = number(fields(line)[0])
    return 0 if rssi is None or not 0 <= rssi <= 31 else max(1, rssi)
