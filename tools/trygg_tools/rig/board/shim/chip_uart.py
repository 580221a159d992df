# mypy: ignore-errors
"""machine.UART: the host holds the receive buffer, so it fills and drops while we compute."""

import struct

import ops
import timers
import wire


class UART:
    """UART 1 or 2; reads give None when there is nothing, as on the chip."""

    INV_TX = 4194304
    INV_RX = 524288
    IRQ_RXIDLE = 4096

    def __init__(self, number, baudrate=115200, **settings):
        if number == 0:
            raise ValueError("UART(0) is disabled (dedicated to REPL)")
        if number not in (1, 2):
            raise ValueError(f"UART({number}) does not exist")
        self._number = number
        self._rxbuf = 256
        self._timeout = 0
        self.init(baudrate, **settings)

    def init(
        self,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx=-1,
        rx=-1,
        rts=-1,
        cts=-1,
        txbuf=256,
        rxbuf=0,
        timeout=0,
        timeout_char=0,
        invert=0,
        flow=0,
    ):
        self._rxbuf = rxbuf or self._rxbuf
        self._timeout = timeout
        wire.ask(ops.UART_OPEN, "<BIH", self._number, baudrate, self._rxbuf)

    def deinit(self):
        wire.ask(ops.UART_CLOSE, "<B", self._number)

    def any(self):
        (waiting,) = struct.unpack("<H", wire.ask(ops.UART_ANY, "<B", self._number))
        return waiting

    def read(self, count=-1):
        got = b""
        left = 65535 if count is None or count < 0 else count
        while left:
            part = bytes(wire.ask(ops.UART_READ, "<BH", self._number, min(left, 512)))
            if not part and (got or not self._waited()):
                break
            got += part
            left -= len(part)
        return got or None

    def readinto(self, buffer, count=-1):
        data = self.read(len(buffer) if count < 0 else count)
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            part = self.read(1)
            if part is None:
                break
            line += part
        return line or None

    def write(self, data):
        if isinstance(data, str):
            data = data.encode()
        for start in range(0, len(data), 2048):
            wire.ask(
                ops.UART_WRITE, "<B", self._number, data=memoryview(data)[start : start + 2048]
            )
        return len(data)

    def txdone(self):
        return True

    def flush(self):
        pass

    def _waited(self):
        """True when the read may try again: something came within the time-out."""
        until = wire.now_us() + self._timeout * 1000
        while wire.now_us() < until:
            timers.wait_until(min(until, wire.now_us() + 1000))
            if self.any():
                return True
        return False
