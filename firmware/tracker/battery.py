"""The battery in per cent, from its voltage at rest, and when it is said to be low.

One lithium-ion cell, typical discharge curve at a small load and room temperature: straight lines
between the rows, good to about ten per cent; voltages above or below the rows are full or empty.
"""

UNKNOWN = 101
CURVE = (  # mV, %
    (4180, 100), (4060, 90), (3980, 80), (3920, 70), (3870, 60), (3820, 50),
    (3790, 40), (3770, 30), (3740, 20), (3680, 10), (3450, 5), (3000, 0),
)  # fmt: skip
RECOVERED_PERCENT = 10  # this far above the limit, or charging, makes a new warning possible


def percent(mv):
    """Charge left, 0 .. 100, of a cell at `mv`; UNKNOWN for no voltage at all."""
    if mv <= 0:
        return UNKNOWN
    above_mv, above = CURVE[0]
    if mv >= above_mv:
        return above
    for below_mv, below in CURVE[1:]:
        if mv >= below_mv:
            return below + (mv - below_mv) * (above - below) // (above_mv - below_mv)
        above_mv, above = below_mv, below
    return 0


class Battery:
    """The last reading, and one warning for each time it runs low."""

    def __init__(self):
        self.mv = 0
        self.percent = UNKNOWN
        self.charging = False
        self.said = False

    def read(self, power, low_percent):
        """Take a reading from a Power port; True once when the charge has become low."""
        self.mv = power.battery_mv()
        self.percent = percent(self.mv)
        self.charging = bool(power.charging())
        if self.charging or low_percent + RECOVERED_PERCENT <= self.percent:
            self.said = False
        low = self.percent <= low_percent and not self.charging and not self.said
        self.said = self.said or low
        return low
