"""What modems' answers have in common: fields, clocks, signal. Bytes in, integers out."""

EPOCH_YEAR = 2020
_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)  # before each month


def fields(line):
    """The comma-separated fields after the colon, bare of quotes and blanks."""
    return [field.strip(b' "') for field in line[line.find(b":") + 1 :].split(b",")]


def first(answer):
    """The fields of an Answer's first line; [] when it has none."""
    return fields(answer.lines[0]) if answer.lines else []


def number(digits):
    """A whole number, with or without a sign; None for anything else."""
    body = digits[1:] if digits[:1] in (b"-", b"+") else digits
    if not body or len(body) > 9:
        return None
    value = 0
    for digit in body:
        if not 48 <= digit <= 57:
            return None
        value = 10 * value + digit - 48
    return -value if digits[:1] == b"-" else value


def scaled(digits, places):
    """A decimal number times ten to the `places`, the rest cut off; None for anything else."""
    whole, _, part = digits.partition(b".")
    part = part[:places]
    if not whole + part:
        return None
    return number((whole or b"0") + part + b"0" * (places - len(part)))


def read_clock(line):
    """UTC in seconds since 2020 of `+CCLK: "yy/MM/dd,hh:mm:ss+zz"` (zz quarter hours); 0: not set.

    A modem that has not been told the time says 1980 or 1970; anything before 2020 is "not set".
    """
    text = line[line.find(b'"') + 1 : line.rfind(b'"')]
    numbers = [number(text[at : at + 2]) for at in (0, 3, 6, 9, 12, 15)]
    zone = number(text[17:])
    if len(text) < 17 or None in numbers or (zone is None and len(text) > 17):
        return 0
    year, month, day, hour, minute, second = numbers
    if not 20 <= year < 54 or not 1 <= month <= 12 or not 1 <= day <= 31:
        return 0
    seconds = (days_since_2020(2000 + year, month, day) * 24 + hour) * 3600 + minute * 60 + second
    return max(0, seconds - 900 * (zone or 0))


def days_since_2020(year, month, day):
    """Days from 2020-01-01 to a date of 2020 to 2099."""
    leaps = (year - 1 - 2016) // 4 + (1 if year % 4 == 0 and month > 2 else 0)
    return 365 * (year - EPOCH_YEAR) + leaps + _DAYS[month - 1] + day - 1


def read_signal(answer):
    """`+CSQ: rssi,ber` as a report's signal: dBm = -115 + 2 * signal; 0 unknown (99, or none)."""
    found = first(answer)
    rssi = number(found[0]) if found else None
    return 0 if rssi is None or not 0 <= rssi <= 31 else max(1, rssi)


def is_registered(answer):
    """`+CEREG: n,stat[,...]` says home (1) or roaming (5)."""
    found = first(answer)
    return len(found) > 1 and found[1] in (b"1", b"5")


def is_sim_ready(answer):
    """`+CPIN: READY`."""
    return bool(answer.lines) and answer.lines[0][-5:] == b"READY"


def from_hex(text):
    """The bytes of hexadecimal digits; None when they are none."""
    if len(text) % 2:
        return None
    for digit in text:
        if not (48 <= digit <= 57 or 65 <= digit <= 70 or 97 <= digit <= 102):
            return None
    return bytes.fromhex(text.decode())
