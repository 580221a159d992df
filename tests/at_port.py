"""A Uart port whose far end is the test, and a table of lines, for tests of the AT line.

Runs under both interpreters.
"""

from tracker.modem.at import LINE, NEXT, QUOTED, RESTART, SAME

TABLE = (
    (b"+CEREG:", LINE, 0, "registered"),
    (b"+CMQTTCONNLOST:", LINE, 0, "lost"),
    (b"+CMQTTRXTOPIC:", NEXT, 1, "topic"),
    (b"+CMQTTRXPAYLOAD:", NEXT, 1, "payload"),
    (b"+QMTRECV:", QUOTED, 3, "received"),
    (b"+CARECV:", SAME, 0, "data"),
    (b"RDY", RESTART, 0, "restart"),
)


class Port:
    """What the modem said is put into `came`; what was said to it is in `went`."""

    def __init__(self):
        self.came = b""
        self.went = b""
        self.room = 1 << 20

    def read(self):
        """All that came."""
        data, self.came = self.came, b""
        return data

    def write(self, data):
        """Take at most `room` bytes."""
        taken = data[: self.room]
        self.went += taken
        return len(taken)
