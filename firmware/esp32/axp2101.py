"""A power chip AXP2101 between cell, charger and board, as far as a tracker needs it.

It fits power.py by shape: an ADC that reads the cell, a pin that is low on the charger, and rails.
Loaded only on a board that has one. Registers and bits: X-Powers AXP2101 data sheet V1.4, chapter
6.13. It gives DCDC3 up to 1.54 V only; the chips on LilyGO's boards go on to 3.4 V in steps of
100 mV from 1.6 V at code 88, as LilyGO's own software sets them.

Nothing here waits and nothing raises. What the bus does not answer is asked TRIES times in all,
each ended by the bus's own time-out; after that the cell reads 0 mV, which is unknown, the charger
as it was last seen, and a rail stays as it is: the modem's ladder and the next search ask again.
"""

ADDRESS = 0x34
TRIES = 3
STATUS, ADC_ON, VBAT, TS_PIN = 0x00, 0x30, 0x34, 0x50
DCDC_ON, DCDC3_MV, LDO_ON, BLDO1_MV, BLDO2_MV = 0x80, 0x84, 0x90, 0x96, 0x97
VBUS_GOOD, BATTERY_THERE = 0x20, 0x08  # of STATUS
CHARGE, NOT_CHARGING = 0x07, 0x05  # of the register after it
TS_IS_FREE = 0x10  # else a board without a thermistor never charges
MEASURE, OF_CELL = 0x03, 0x01  # of ADC_ON: the TS pin and the cell


class Axp2101:
    """Over a machine.I2C. `rails`: ((name, "dc3", "bldo1" or "bldo2", millivolts), ...); a name may
    have several outputs."""

    def __init__(self, i2c, rails):
        self._i2c = i2c
        self._rails = rails
        self._two = bytearray(2)
        self._one = memoryview(self._two)[:1]
        self._away = 1  # as a charging pin: 1 off the charger
        self.faults = 0  # what was not answered in TRIES

    def read_uv(self):
        """The cell in microvolts; 0 when there is none, or the chip does not answer."""
        if not self._change(TS_PIN, TS_IS_FREE, TS_IS_FREE):
            return 0
        if not self._change(ADC_ON, MEASURE, OF_CELL):
            return 0
        if not self._ask(STATUS, self._one) or not self._two[0] & BATTERY_THERE:
            return 0
        if not self._ask(VBAT, self._two):  # both in one: the high byte holds the low one still
            return 0
        return ((self._two[0] & 0x3F) << 8 | self._two[1]) * 1000

    def value(self):
        """0 in the cradle, charging or full; 1 out of it, or in it and the charger refuses."""
        if self._ask(STATUS, self._two):
            refuses = self._two[1] & CHARGE == NOT_CHARGING
            self._away = 0 if self._two[0] & VBUS_GOOD and not refuses else 1
        return self._away

    def rail(self, name, on):
        """Switch one of its outputs, at its voltage; False for a name that is none of them."""
        own = False
        for named, output, mv in self._rails:
            if named == name:
                own = True
                if output == "dc3":
                    self._switch(DCDC3_MV, 0x7F, 88 + (mv - 1600) // 100, DCDC_ON, 0x04, on)
                elif output == "bldo1":
                    self._switch(BLDO1_MV, 0x1F, (mv - 500) // 100, LDO_ON, 0x10, on)
                else:
                    self._switch(BLDO2_MV, 0x1F, (mv - 500) // 100, LDO_ON, 0x20, on)
        return own

    def _switch(self, level, mask, code, enable, bit, on):
        """The voltage before it comes on; if that cannot be set it stays off."""
        if not on or self._change(level, mask, code):
            self._change(enable, bit, bit if on else 0)

    def _change(self, register, mask, bits):
        """Some bits of a register, if they differ; False when the chip does not answer."""
        if not self._ask(register, self._one):
            return False
        wanted = self._two[0] & ~mask | bits
        if wanted == self._two[0]:
            return True
        self._two[0] = wanted
        return self._tried(self._i2c.writeto_mem, register, self._one)

    def _ask(self, register, into):
        return self._tried(self._i2c.readfrom_mem_into, register, into)

    def _tried(self, act, register, data):
        for _ in range(TRIES):
            try:
                act(ADDRESS, register, data)
                return True
            except OSError:
                pass
        self.faults += 1
        return False
