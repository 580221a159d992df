# mypy: ignore-errors
"""machine.I2C with the registers of the parts that the host has put on the bus."""

import ops
import wire

_NOBODY = 19  # ENODEV, as the chip says it


class I2C:
    """One bus whatever its number."""

    def __init__(self, id=0, *, scl=None, sda=None, freq=400000, timeout=50000):
        if scl is None or sda is None:
            raise ValueError("wanted scl and sda")

    def readfrom_mem_into(self, address, register, buffer):
        got = wire.ask(ops.I2C_READ, "<BBB", address, register, len(buffer))
        if len(got) != len(buffer):
            raise OSError(_NOBODY)
        buffer[:] = got

    def writeto_mem(self, address, register, data):
        if not len(wire.ask(ops.I2C_WRITE, "<BB", address, register, data=data)):
            raise OSError(_NOBODY)
