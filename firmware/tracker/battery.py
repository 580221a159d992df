"""The battery in per mille, from its voltage and temperature, and when it is said to be low.

`charge` is what is in the cell, `permille` and `percent` what of it can be used at the temperature
of now: in the cold a tracker dies with charge left, so the smaller figure is the one that is said.
The curves are rows in battery_curves.py.
"""

from tracker.battery_curves import CHARGE, COLD, DEFAULT, between, rows

UNKNOWN = 101  # percent
UNKNOWN_PERMILLE = 1010
TEMPERATURE_UNKNOWN = 127
FULL = 1000
RECOVERED_PERCENT = 10  # this far above the limit, or charging, makes a new warning possible


class Battery:
    """The last reading, and one warning for each time it runs low."""

    def __init__(self, chemistry=DEFAULT):
        """`chemistry`: a row's name of battery_curves.py; an unknown one is taken for DEFAULT."""
        if chemistry not in CHARGE:
            chemistry = DEFAULT
        self._curve = rows(CHARGE[chemistry])
        self._cold = rows(COLD[chemistry])
        self.mv = 0
        self.temperature_c = TEMPERATURE_UNKNOWN
        self.charge = UNKNOWN_PERMILLE
        self.permille = UNKNOWN_PERMILLE
        self.percent = UNKNOWN
        self.charging = False
        self.said = False

    def read(self, power, low_percent, charging):
        """Take a reading from a Power port; True once when the charge has become low."""
        self.mv = power.battery_mv()
        self.temperature_c = power.temperature_c()
        self.charging = charging
        self._judge()
        if self.charging or low_percent + RECOVERED_PERCENT <= self.percent:
            self.said = False
        low = self.percent <= low_percent and not self.charging and not self.said
        self.said = self.said or low
        return low

    def _judge(self):
        """Charge and what can be used of it, from voltage and temperature."""
        if self.mv <= 0:
            self.charge = self.permille = UNKNOWN_PERMILLE
        else:
            sag_mv, reach = 0, FULL
            if self.temperature_c != TEMPERATURE_UNKNOWN:
                sag_mv = between(self._cold, 3, self.temperature_c, 1)
                reach = between(self._cold, 3, self.temperature_c, 2)
            self.charge = between(self._curve, 2, self.mv + sag_mv, 1)
            self.permille = max(0, self.charge - (FULL - reach))
        self.percent = self.permille // 10
