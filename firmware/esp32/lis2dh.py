"""A LIS2DH12 accelerometer (or LIS2DH), set up to say by its INT1 that it was moved.

Loaded only on a board that has one. Registers and bits: ST's LIS2DH12 data sheet DocID025056,
chapter 8; 3 uA at 10 Hz in low power: that of the LIS2DH (DocID022516), the same core; the order of
writing, the dummy read and 16 mg a step of the threshold: ST's wake-up example for the LIS2DE12.
That example has CTRL_REG2 = 0x09; 0x01 filters the interrupt alone, so that the axes tell gravity.
Not found by us in a text of ST's: that the filter's corner is 0.2 Hz at 10 Hz, and that a threshold
holds for both signs.

The filter takes gravity away, so what counts is change. LIMIT is 4 steps, 64 mg: a table gives one
step of noise or two, a slow walk some 100 to 300 mg at waist or wrist and putting it on more. One
sample above it is enough, since a step's peak lasts hardly longer than a sample. The figures of
people are estimates, to be tried on the first board. Who turns in bed is felt for 3 s, too short
for a walk (tracker/motion.py).

INT1 is latched: high from a motion until `release`. An interrupt of 0.1 s would be over before a
woken chip has started, and one in a sleep that it may not end would be forgotten.

Nothing here waits and nothing raises. What the bus does not answer is asked TRIES times in all,
each ended by the bus's own time-out; after that the board is one without a sensor, until a later
look finds it again. A supply that was lost in between is found by the registers, and only then are
they written: a start after a deep sleep costs four reads.
"""

WHO_AM_I, CTRL_1, REFERENCE, INT1_CFG, INT1_SRC, INT1_THS = 0x0F, 0x20, 0x26, 0x30, 0x31, 0x32
AND_ON = 0x80  # with a register's address: the transfer goes on to the next ones
TRIES = 3
LOOK_AGAIN = 250  # questions between two looks: a minute or some, awake
IS_ONE = b"\x33"
# CTRL_REG1 to 6: 10 Hz, 8 bits, X Y Z; filter before INT1; motion to INT1; 2 g; latched; high
CONTROL = b"\x2f\x01\x40\x00\x08\x00"
LIMIT = b"\x04\x00"  # and INT1_DURATION
ANY_AXIS, OFF = b"\x2a", b"\x00"


class Lis2dh:
    """Over a machine.I2C."""

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address
        self.faults = 0  # what was not answered in TRIES
        self._there = self._set_up()
        self._asked = 0

    def there(self):
        """True when it answers and is set up, as last looked."""
        self._asked += 1
        if self._asked >= LOOK_AGAIN:
            self._asked = 0
            self._there = self._set_up()
        return self._there

    def release(self):
        """Let INT1 go; without an answer it stays high, and the wearer is said to move."""
        self._read(INT1_SRC, 1)

    def _set_up(self):
        """ANY_AXIS goes last: what was not finished is seen as not set up."""
        if self._read(WHO_AM_I, 1) != IS_ONE:
            return False
        if self._is_set_up():
            return True
        return (
            self._write(INT1_CFG, OFF)
            and self._write(CTRL_1 | AND_ON, CONTROL)
            and self._write(INT1_THS | AND_ON, LIMIT)
            and self._read(REFERENCE, 1) is not None  # the filter starts from here and now
            and self._write(INT1_CFG, ANY_AXIS)
            and self._is_set_up()
        )

    def _is_set_up(self):
        return (
            self._read(INT1_CFG, 1) == ANY_AXIS
            and self._read(CTRL_1 | AND_ON, len(CONTROL)) == CONTROL
            and self._read(INT1_THS | AND_ON, len(LIMIT)) == LIMIT
        )

    def _read(self, register, count):
        """Its bytes, None without an answer."""
        data = bytearray(count)
        return data if self._tried(self._i2c.readfrom_mem_into, register, data) else None

    def _write(self, register, data):
        return self._tried(self._i2c.writeto_mem, register, data)

    def _tried(self, act, register, data):
        for _ in range(TRIES):
            try:
                act(self._address, register, data)
                return True
            except OSError:
                pass
        self.faults += 1
        return False
