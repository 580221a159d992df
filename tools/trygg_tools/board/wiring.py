"""A board's wiring as a drawing: what its file says, between parts with their pins' own names.

    harness_of("esp32-bench", board).text()      # what WireViz draws

The ESP32 stands in the middle, what feeds it on the left. What is on the board when one buys it has
another ground than what is soldered on. A modem's pins have the names of its hardware design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trygg_tools.board.harness import (
    CONTROL,
    DATA,
    GROUND,
    MEASURED,
    SUPPLY,
    Cable,
    Harness,
    Part,
    Pin,
    Wire,
)
from trygg_tools.board.parts import (
    CELL,
    CHIP,
    PMU,
    of_the_modem,
    of_the_receiver,
    of_the_wearer,
)

if TYPE_CHECKING:
    from trygg_tools.boards import Board, Wiring

DIVIDER = "DIVIDER"


class NothingWired(ValueError):
    """The board's file has no wiring to draw."""


class Sheet:
    """What is drawn so far; the chip's pins in the order in which they were first needed."""

    def __init__(self, board: Board, wiring: Wiring) -> None:
        self.drawn, self.wiring = board.drawn, wiring
        self.rails = dict(wiring.power.rails)
        self.parts: list[Part] = []
        self.cables: list[Cable] = []
        self._chip: dict[str, Pin] = {}

    def gpio(self, number: int, what: str) -> str:
        """The chip's pin as it is printed."""
        printed = self.drawn.printed.format(number)
        return self._chip.setdefault(printed, Pin(printed, what)).printed

    def chip_power(self, printed: str) -> str:
        """3V3 or GND of the chip's board."""
        return self._chip.setdefault(printed, Pin(printed)).printed

    def here(self, name: str) -> bool:
        """Whether this part is on the board when one buys it."""
        return name.lower() in self.drawn.on_board

    def add(self, name: str, title: str, pins: tuple[Pin, ...], note: str = "") -> None:
        """A part."""
        self.parts.append(Part(name, title, pins, note, self.here(name)))

    def join(self, left: str, right: str, *wires: tuple[str, str, str]) -> None:
        """A cable of (left pin, right pin, colour)."""
        self.cables.append(Cable(left, right, tuple(Wire(*wire) for wire in wires)))

    def whole(self, title: str, made_by: str, note: str) -> Harness:
        """The drawing, with the chip in its middle."""
        chip = Part(CHIP, self.drawn.chip, tuple(self._chip.values()), note)
        return Harness(title, made_by, (chip, *self.parts), tuple(self.cables))


def harness_of(name: str, board: Board) -> Harness:
    """The drawing of the board that is called `name`; NothingWired."""
    if board.wiring is None:
        raise NothingWired(f"{name}: its file has no [wiring], so there is nothing to draw")
    sheet = Sheet(board, board.wiring)
    if board.wiring.power.pmu is None:
        _cell(sheet)
    else:
        _power_chip(sheet)
    of_the_receiver(sheet)
    of_the_modem(sheet)
    of_the_wearer(sheet)
    return sheet.whole(board.name, f"trygg board wiring {name} --write FOLDER", board.drawn.note)


def _cell(sheet: Sheet) -> None:
    """Cell, charger and regulator, and the divider that the battery is measured by."""
    power = sheet.wiring.power
    pins = [Pin("3V3", "regulated"), Pin("GND", "ground"), Pin("BAT+", "the cell itself")]
    wires = [
        ("3V3", sheet.chip_power("3V3"), SUPPLY),
        ("GND", sheet.chip_power("GND"), GROUND),
    ]
    if power.charging_pin >= 0:
        pins.append(Pin("PGOOD", "low: on the charger"))
        wires.append(("PGOOD", sheet.gpio(power.charging_pin, "on the charger"), CONTROL))
    sheet.add(CELL, "Li-ion cell, charger, 3.3 V regulator", tuple(pins))
    sheet.join(CELL, CHIP, *wires)
    times = power.battery_percent / 100
    note = "two equal resistors, 100 nF\nat MID: half the cell's voltage"
    if times != 2:
        note = f"100 nF at MID:\n1/{times:g} of the cell's voltage"
    pins = [Pin("BAT+"), Pin("GND"), Pin("MID")]
    sheet.add(DIVIDER, "divider", tuple(pins), note)
    sheet.join(CELL, DIVIDER, ("BAT+", "BAT+", SUPPLY), ("GND", "GND", GROUND))
    measured = sheet.gpio(power.battery_pin, "battery, an ADC pin")
    sheet.join(DIVIDER, CHIP, ("MID", measured, MEASURED))


def _power_chip(sheet: Sheet) -> None:
    """The power chip between cell and board: it feeds, measures and switches."""
    pmu = sheet.wiring.power.pmu
    assert pmu is not None
    outputs = tuple(Pin(output.upper(), f"{mv} mV: {rail}") for rail, output, mv in pmu.rails)
    pins = (Pin("DC1", "3.3 V"), Pin("GND", "ground"), Pin("SDA"), Pin("SCL"), *outputs)
    note = "cell at VBAT, USB or cradle at VBUS:\nit measures the one and sees the other"
    sheet.add(PMU, "power chip and charger, I2C 0x34", pins, note)
    sheet.join(
        PMU, CHIP,
        ("DC1", sheet.chip_power("3V3"), SUPPLY),
        ("GND", sheet.chip_power("GND"), GROUND),
        ("SDA", sheet.gpio(pmu.sda, "I2C SDA"), DATA),
        ("SCL", sheet.gpio(pmu.scl, "I2C SCL"), DATA),
    )  # fmt: skip
