"""Does a text tell where somebody is? For tests of logs, errors and files that must not.

Looking for "59.9" in a text finds it in one of ten thousand timestamps and ports as well, and the
test fails on a day when nothing is wrong. So whole numbers are read, and compared as places.
"""

import re

# not part of a longer number, of a time (16:59:59.913) or of an address (127.0.59.91)
_NUMBER = re.compile(r"(?<![\d.:])\d+(?:\.\d+)?(?![\d:]|\.\d)")
_NEAR = 0.005  # degrees: half a kilometre to the north


def places_told(text: str, *degrees: float) -> list[str]:
    """The numbers of `text` that tell one of `degrees`, [] when none does.

    Degrees with three decimals or more (100 m), whole numbers of degrees x 1e4 to 1e7 with six
    digits or more, and NMEA's degrees and minutes (5954.832) are found.
    """
    return [
        number
        for number in _NUMBER.findall(text)
        if any(abs(one - wanted) < _NEAR for one in _readings(number) for wanted in degrees)
    ]


def _readings(number: str) -> list[float]:
    whole, _, decimals = number.partition(".")
    if not decimals:
        return [int(number) / 10**power for power in range(4, 8)] if len(whole) >= 6 else []
    minutes = float(whole[-2:] + "." + decimals)
    readings = [int(whole[:-2] or 0) + minutes / 60] if minutes < 60 else []
    return [float(number), *readings] if len(decimals) >= 3 else []
