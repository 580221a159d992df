"""The wearable's circuit: parts, nets and rails, with the GPIOs of its board's file.

    circuit = read_circuit(circuit_folder())
    circuit.joins["VGNSS"]        # every pin on that net

Which GPIO a net goes to is said by hardware/boards/<board>.toml alone; wearable.toml only
says which net a setting of that file is. CircuitError where one knows what the other does not.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from trygg_tools.board.uses import Use, Way
from trygg_tools.boards import Board, board_file, boards_folder, read_board
from trygg_tools.schematic.parts import CircuitError, Pin, read_kinds
from trygg_tools.schematic.sheets import OPEN, Placed, read_sheets

CHIP = "U1"
GROUND = "GND"
SERIES_OHM = 1000  # up to this a resistor is part of the line it sits in


class Rail(NamedTuple):
    """A supply: its range in volts, which part makes it and how much it gives."""

    name: str
    min_v: float
    max_v: float
    source: str
    switched: str  # the setting that switches it; "" for always on
    limit_ma: int
    limit_from: str
    draws: tuple[str, ...]


class Join(NamedTuple):
    """One pin of one part on a net."""

    part: Placed
    pin: Pin

    def __str__(self) -> str:
        return f"{self.part.ref} {self.pin.name}"


class Circuit(NamedTuple):
    """Everything that is known of the schematic."""

    board: Board
    parts: list[Placed]
    rails: dict[str, Rail]
    uses: dict[str, Use]  # how the firmware uses the net at the chip, by net
    reserved: list[Use]
    explained: dict[str, str]

    @property
    def joins(self) -> dict[str, list[Join]]:
        """The pins on each net."""
        found: dict[str, list[Join]] = {}
        for part in self.parts:
            for pin, net in part.joined():
                found.setdefault(net, []).append(Join(part, pin))
        return found

    def part(self, ref: str) -> Placed:
        """The part with that reference; CircuitError if none has it."""
        for part in self.parts:
            if part.ref == ref:
                return part
        raise CircuitError(f"the sheets have no part {ref}, which wearable.toml or a rule names")


def circuit_folder() -> Path:
    """hardware/wearable of this checkout: the schematic is not in the wheel."""
    return boards_folder().parent / "wearable"


def read_circuit(folder: Path, board_path: Path | None = None) -> Circuit:
    """The circuit in `folder`, on its board's pins; CircuitError for one that cannot be read."""
    try:
        says = tomllib.loads((folder / "wearable.toml").read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CircuitError(f"wearable.toml: cannot be read: {error}") from None
    board = read_board(board_path or board_file(says["board"]))
    parts = read_sheets(folder, read_kinds(folder / "parts.toml"))
    wired, reserved = _uses(board, says)
    return Circuit(
        board,
        [_with_gpios(part, wired) if part.ref == CHIP else part for part in parts],
        {name: _rail(name, row) for name, row in says["rails"].items()},
        wired,
        reserved,
        says["explained"],
    )


def _rail(name: str, row: dict[str, Any]) -> Rail:
    return Rail(
        name,
        row["min_v"],
        row["max_v"],
        row["from"],
        row.get("switched", ""),
        row["limit_ma"],
        row["limit_from"],
        tuple(row.get("draws", ())),
    )


def _uses(board: Board, says: dict[str, Any]) -> tuple[dict[str, Use], list[Use]]:
    """The use of each net at the chip, and those that no firmware drives yet."""
    uses = {use.setting: use for use in board.uses()}
    nets: dict[str, str] = says["gpio"]
    if uses.keys() != nets.keys():
        unknown = ", ".join(sorted(uses.keys() ^ nets.keys()))
        raise CircuitError(f"wearable.toml [gpio] and the board's file differ in: {unknown}")
    wired = {nets[setting]: use for setting, use in uses.items()}
    reserved = {
        row["net"]: Use(f"reserved {name}", row["pin"], Way[row["way"]])
        for name, row in says["reserved"].items()
    }
    return wired | reserved, list(reserved.values())


def _with_gpios(chip: Placed, wired: dict[str, Use]) -> Placed:
    """The chip with the board's nets on its GPIOs."""
    nets = dict(chip.nets)
    numbers = {pin.name: pin.number for pin in chip.kind.pins}
    for net, use in wired.items():
        number = numbers.get(f"IO{use.pin}")
        if number is None:
            raise CircuitError(f"{use.setting}: {chip.kind.name} has no pin IO{use.pin}")
        if nets.get(number, OPEN) != OPEN:
            raise CircuitError(f"{use.setting}: IO{use.pin} has the net {nets[number]} already")
        nets[number] = net
    spare = [pin.number for pin in chip.kind.pins if pin.number not in nets and pin.does != "nc"]
    return chip._replace(nets=nets | dict.fromkeys(spare, OPEN))


def ohms(value: str) -> float:
    """`4k7`, `100k`, `1M`, `22` in ohm; infinite for what is not fitted."""
    for letter, factor in (("k", 1e3), ("M", 1e6)):
        if letter in value:
            return float(value.replace(letter, ".").rstrip(".")) * factor
    return float(value) if value.isdigit() else float("inf")


def lines(circuit: Circuit) -> dict[str, str]:
    """The line that each net belongs to: nets that a small resistor joins are one line."""
    line = {net: net for net in circuit.joins}
    fixed = {GROUND, *circuit.rails}
    for part in circuit.parts:
        if part.kind.name == "r" and ohms(part.value) <= SERIES_OHM:
            a, b = part.nets["1"], part.nets["2"]
            if a not in fixed and b not in fixed:
                old, new = sorted((line[a], line[b]), reverse=True)
                line = {net: new if to == old else to for net, to in line.items()}
    return line
