"""The sheets: one line a part, its value, and the net of each pin.

    U8 tps22917 VIN=V3V3 ON=GNSS_ON VOUT=VGNSS GND=GND CT=-     # what it is for
    R60 r 100k GNSS_ON GND                                      # pins in their order

A name of several pins (GND) joins them all; `-` leaves a pin open on purpose.
"""

import re
from pathlib import Path
from typing import NamedTuple

from trygg_tools.schematic.parts import CircuitError, Kind, Pin

OPEN = "-"
_REFERENCE = re.compile(r"[A-Z]{1,3}[0-9]{1,3}$")


class Placed(NamedTuple):
    """One part on the board. `nets`: net by pin number; what is not in it was forgotten."""

    ref: str
    kind: Kind
    value: str
    nets: dict[str, str]
    purpose: str
    sheet: str

    def net(self, name: str) -> str:
        """The net of the first pin called `name`; OPEN if none is."""
        for pin in self.kind.pins:
            if pin.name == name:
                return self.nets.get(pin.number, OPEN)
        return OPEN

    def joined(self) -> list[tuple[Pin, str]]:
        """Each pin that is on a net, with the net."""
        found = [(pin, self.nets.get(pin.number, OPEN)) for pin in self.kind.pins]
        return [(pin, net) for pin, net in found if net != OPEN]


def read_sheets(folder: Path, kinds: dict[str, Kind]) -> list[Placed]:
    """Every part of sheets/*.txt in order; CircuitError names sheet and line."""
    placed: dict[str, Placed] = {}
    for path in sorted((folder / "sheets").glob("*.txt")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            where = f"{path.name}:{number}"
            part = part_of(line, where, kinds)
            if part.ref in placed:
                raise CircuitError(f"{where}: {part.ref} is there already")
            placed[part.ref] = part
    if not placed:
        raise CircuitError(f"{folder}: no sheets/*.txt with parts in it")
    return list(placed.values())


def part_of(line: str, where: str, kinds: dict[str, Kind]) -> Placed:
    """One line as a part; CircuitError for an unknown kind or pin, or a part without a purpose."""
    text, _, purpose = line.partition("#")
    words = text.split()
    if len(words) < 3 or not _REFERENCE.match(words[0]) or words[1] not in kinds:
        raise CircuitError(f"{where}: wanted reference, a kind of parts.toml and nets: {text!r}")
    if not purpose.strip():
        raise CircuitError(f"{where}: {words[0]}: wanted '# what it is for' at the end")
    kind, rest = kinds[words[1]], words[2:]
    value = rest.pop(0) if kind.by_value else ""
    if kind.values and value not in kind.values:
        known = ", ".join(kind.values)
        raise CircuitError(f"{where}: {words[0]}: {value!r} is no value of {kind.name}: {known}")
    sheet = where.partition(":")[0].removesuffix(".txt")
    nets = _nets(rest, kind, f"{where}: {words[0]}")
    return Placed(words[0], kind, value, nets, purpose.strip(), sheet)


def _nets(words: list[str], kind: Kind, where: str) -> dict[str, str]:
    if not any("=" in word for word in words):
        if len(words) != len(kind.pins):
            raise CircuitError(f"{where}: wanted {len(kind.pins)} nets, there are {len(words)}")
        return {pin.number: net for pin, net in zip(kind.pins, words, strict=True)}
    nets: dict[str, str] = {}
    for word in words:
        name, _, net = word.partition("=")
        numbers = [pin.number for pin in kind.pins if pin.name == name]
        if not numbers or not net:
            raise CircuitError(f"{where}: {word!r}: {kind.name} has no pin of that name, or no net")
        nets |= dict.fromkeys(numbers, net)
    return nets
