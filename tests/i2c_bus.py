"""machine.I2C over one simulated chip, for a driver of the board's that runs on CPython."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

DRIVERS = Path(__file__).parents[1] / "firmware" / "esp32"


def driver_module(name: str) -> ModuleType:
    """A file of firmware/esp32, which is no package."""
    found = importlib.util.spec_from_file_location(name, DRIVERS / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class Bus:
    """A transfer that the chip does not answer is an OSError, as on the board."""

    def __init__(self, chip: Any, address: int) -> None:
        self.chip = chip
        self._address = address

    def readfrom_mem_into(self, address: int, register: int, buffer: Any) -> None:
        got = self.chip.read(register, len(buffer)) if address == self._address else None
        if got is None:
            raise OSError(19)
        buffer[:] = got

    def writeto_mem(self, address: int, register: int, data: Any) -> None:
        if address != self._address or not self.chip.write(register, bytes(data)):
            raise OSError(19)
