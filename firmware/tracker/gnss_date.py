"""The day of a date that a receiver says, week rollovers put right.

A year of two digits is 2000 to 2053, or 1980 to 1999; ZDA's has four and must agree. Satellites
count weeks modulo 1024, and a receiver that is older than its almanac's week says a date that is
1024 or 2048 weeks too early (the rollovers of 1999-08-22 and 2019-04-07). Nothing that runs this
was made before 2020, so 1024 weeks are added to an earlier date, at most twice, until it is not
before 2020. A date that still is (a clock that starts at the GPS epoch, 1980-01-06) or one after
2053 (more than 30 bits of seconds) is refused. So a rolled date is right until August 2039.
"""

ABSENT = -1
FIRST_YEAR = 1980
LAST_YEAR = 2053
ROLLOVER_DAYS = 7168  # 1024 weeks

_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def day_number(ddmmyy):
    """Give the days since 2020-01-01 of a date of six digits: negative before it, None for none."""
    if ddmmyy < 0:
        return None
    year = ddmmyy % 100
    return day_of(ddmmyy // 10000, ddmmyy // 100 % 100, year + (1900 if year >= 80 else 2000))


def day_of(day, month, year):
    """Give the days since 2020-01-01, negative before it, None for what is no date of ours."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        return None
    leap = 1 if year % 4 == 0 else 0  # 2000 was one
    length = _DAYS_BEFORE_MONTH[month] - _DAYS_BEFORE_MONTH[month - 1]
    if not 1 <= day <= length + (leap if month == 2 else 0):
        return None
    before = _DAYS_BEFORE_MONTH[month - 1] + (leap if month > 2 else 0)
    return (year - 2020) * 365 + (year - 2020 + 3) // 4 + before + day - 1


def put_right(day):
    """Add the weeks that a rollover took; None if two rollovers do not make it a day of ours."""
    rollovers = 0
    while day is not None and day < 0:
        day = day + ROLLOVER_DAYS if rollovers < 2 else None
        rollovers += 1
    return day
