"""A Uart port whose far end is the test, and a table of lines, for tests of the AT line.

Runs under both interpreters.
"""

TABLE = b"""
+CEREG:||registered
+CMQTTCONNLOST:||lost
+CMQTTRXTOPIC:|N1|topic
+CMQTTRXPAYLOAD:|N1|payload
+QMTRECV:|Q3|received
+CARECV:|S0|data
RDY|R|restart
"""


class Port:
    """What the modem said is put into `came`; what was said to it is in `went`."""

    def __init__(self):
        self.came = b""
        self.went = b""
        self.room = 1 << 20
        self.rates = []

    def read(self):
        """All that came."""
        data, self.came = self.came, b""
        return data

    def write(self, data):
        """Take at most `room` bytes."""
        taken = data[: self.room]
        self.went += taken
        return len(taken)

    def baud(self, rate):
        """Remember the rate."""
        self.rates.append(rate)
