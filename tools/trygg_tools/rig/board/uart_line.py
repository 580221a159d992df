"""One serial line into the chip: bytes arrive at the baud rate, wait in the receive buffer, or
are lost.

Nothing runs while bytes arrive: what has arrived by `now` is worked out when somebody looks.
"""

from collections import deque


class UartLine:
    """The far end's bytes on their way into one UART, and its buffer."""

    def __init__(self, baud: int = 9600) -> None:
        self.baud = baud
        self.lost_full = 0  # came while the buffer was full
        self.lost_off = 0  # came while the UART was off or the chip slept
        self._coming: deque[tuple[int, bytes]] = deque()  # (first byte's arrival in us, bytes)
        self._free_us = 0  # the line is busy until then
        self._buffer = bytearray()
        self._rxbuf = 0  # 0: the UART is off

    def feed(self, data: bytes, now_us: int) -> None:
        """The far end sends `data` from `now_us` on, after what it is sending already."""
        start = max(now_us, self._free_us)
        self._coming.append((start, data))
        self._free_us = start + len(data) * self._byte_us()

    def open(self, baud: int, rxbuf: int, now_us: int) -> None:
        """The firmware starts the UART; an own baud rate is taken to be the far end's too."""
        self._arrive(now_us)
        self.baud = baud
        self._rxbuf = rxbuf
        self._buffer.clear()

    def close(self, now_us: int) -> None:
        """The UART is off: what waits is gone, what comes is lost."""
        self._arrive(now_us)
        self._buffer.clear()
        self._rxbuf = 0

    def waiting(self, now_us: int) -> int:
        """Bytes in the receive buffer."""
        self._arrive(now_us)
        return len(self._buffer)

    def read(self, at_most: int, now_us: int) -> bytes:
        """The oldest bytes of the buffer."""
        self._arrive(now_us)
        data = bytes(self._buffer[:at_most])
        del self._buffer[:at_most]
        return data

    def _byte_us(self) -> int:
        return 10_000_000 // self.baud

    def _arrive(self, now_us: int) -> None:
        while self._coming and self._coming[0][0] <= now_us:
            start, data = self._coming.popleft()
            here = min(len(data), (now_us - start) // self._byte_us() + 1)
            self._keep(data[:here])
            if here < len(data):
                self._coming.appendleft((start + here * self._byte_us(), data[here:]))
                return

    def _keep(self, data: bytes) -> None:
        if not self._rxbuf:
            self.lost_off += len(data)
            return
        room = max(0, self._rxbuf - len(self._buffer))
        self._buffer += data[:room]
        self.lost_full += max(0, len(data) - room)
