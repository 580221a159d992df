"""SKELETON being written: the fourteen behaviours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trygg_tools.modem_sim.modem import Modem


class Faults:
    def __init__(self) -> None:
        self.rules: list[object] = []

    def begin(self, modem: Modem) -> None: ...
    def strike(self, modem: Modem, stage: str, text: str) -> None: ...
    def key_is_dead(self) -> bool:
        return False

    def deaf(self, modem: Modem) -> bool:
        return False

    def boot_lines(self, modem: Modem, lines: tuple[str, ...]) -> None:
        for line in lines:
            modem.urc(line)
