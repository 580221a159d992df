"""One UART of the chip, never blocking.

The driver's receive buffer drops what comes when it is full and tells nobody. A read that
finds it full is therefore counted as one overrun: something may be missing, the sentence's
checksum decides.
"""

from machine import UART

TX_BUFFER = 512


class Uart:
    """Bytes from and to the part on one UART."""

    def __init__(self, number, tx, rx, baud=9600, rxbuf=2048):
        """`number` 1 or 2; `tx`, `rx` GPIO numbers; `rxbuf` bytes kept between two reads."""
        self._rxbuf = rxbuf
        self._overruns = 0
        self._uart = UART(
            number, baudrate=baud, tx=tx, rx=rx, rxbuf=rxbuf, txbuf=TX_BUFFER, timeout=0
        )

    def read(self):
        """All that has come since the last read; b"" when nothing has."""
        waiting = self._uart.any()
        if not waiting:
            return b""
        if waiting >= self._rxbuf:
            self._overruns += 1
        return self._uart.read(waiting) or b""

    def write(self, data):
        """Hand over at most TX_BUFFER bytes; the number taken, 0 while the last are going out."""
        if not self._uart.txdone():
            return 0
        return self._uart.write(data[:TX_BUFFER]) or 0

    def baud(self, rate):
        """Go on at another rate."""
        self._uart.init(baudrate=rate)

    def overruns(self):
        """How often a read found the receive buffer full."""
        return self._overruns
