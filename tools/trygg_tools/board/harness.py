"""A drawing of parts and the wires between them, as the text that WireViz draws.

    harness = Harness("title", parts, cables)
    harness.text()        # its YAML, the same for the same harness

One cable joins two parts; each of its wires one pin of either. The keys are WireViz's (its
docs/syntax.md). A string in YAML's double quotes is a JSON string.
"""

import json
from typing import Any, NamedTuple

# colours of WireViz by what a wire carries
SUPPLY, GROUND, DATA, CONTROL, MEASURED = "RD", "BK", "GN", "BU", "OG"
CLOSER = "ranksep=0.5; nodesep=0.15"  # graphviz's, inches: WireViz's own leaves a metre of paper
ON_BOARD, BY_HAND = "#E8EEF4", "#FFF6DD"  # behind parts


class Pin(NamedTuple):
    """A pin as it is printed beside it, and what it is for ("" where the print says that)."""

    printed: str
    what: str = ""


class Part(NamedTuple):
    """A board, a module or a handful of components; `here`: soldered there when one buys it."""

    name: str
    title: str
    pins: tuple[Pin, ...]
    note: str = ""
    here: bool = True


class Wire(NamedTuple):
    """From one part's pin to the other's, by their prints."""

    left: str
    right: str
    colour: str


class Cable(NamedTuple):
    """The wires between two parts."""

    left: str
    right: str
    wires: tuple[Wire, ...]


class Harness(NamedTuple):
    """Parts and cables; a cable names its parts."""

    title: str
    made_by: str
    parts: tuple[Part, ...]
    cables: tuple[Cable, ...]

    def text(self) -> str:
        """What WireViz reads; ValueError for a cable that leads to no pin."""
        self._checked()
        cables = {f"W{number}": cable for number, cable in enumerate(self.cables, start=1)}
        here = {part.name: part.here for part in self.parts}
        lines = [
            f"# {self.title}",
            f"# made by `{self.made_by}`: change the board's file, not this",
        ]
        lines += ["options:", '  fontname: "DejaVu Sans"', '  bgcolor: "WH"']
        lines += ["tweak:", f'  append: "{CLOSER}"', "connectors:"]
        for part in self.parts:
            lines += _table(part.name, _connector(part))
        lines += ["cables:"]
        for name, cable in cables.items():
            lines += _table(name, _cable(cable, here[cable.left] and here[cable.right]))
        lines += ["connections:"]
        for name, cable in cables.items():
            lines += _joined(name, cable)
        return "\n".join(lines) + "\n"

    def _checked(self) -> None:
        pins = {part.name: {pin.printed for pin in part.pins} for part in self.parts}
        for cable in self.cables:
            for wire in cable.wires:
                for part, pin in ((cable.left, wire.left), (cable.right, wire.right)):
                    if pin not in pins[part]:
                        raise ValueError(f"{self.title}: a wire leads to {part} {pin}: no such pin")


def _connector(part: Part) -> dict[str, Any]:
    table: dict[str, Any] = {"type": part.title, "show_pincount": False}
    table["bgcolor"] = ON_BOARD if part.here else BY_HAND
    table["pins"] = [_name(pin.printed) for pin in part.pins]
    if any(pin.what for pin in part.pins):
        table["pinlabels"] = [pin.what or " " for pin in part.pins]
    if part.note:
        table["notes"] = part.note
    return table


def _cable(cable: Cable, on_board: bool) -> dict[str, Any]:
    return {
        "type": "on the board" if on_board else "wires",
        "show_name": False,
        "show_wirecount": False,
        "show_wirenumbers": False,
        "colors": [wire.colour for wire in cable.wires],
    }


def _joined(name: str, cable: Cable) -> list[str]:
    ends: tuple[tuple[str, list[Any]], ...] = (
        (cable.left, [_name(wire.left) for wire in cable.wires]),
        (name, list(range(1, len(cable.wires) + 1))),
        (cable.right, [_name(wire.right) for wire in cable.wires]),
    )
    rows = [f"{part}: {json.dumps(pins, ensure_ascii=False)}" for part, pins in ends]
    return [f"  - - {rows[0]}", *(f"    - {row}" for row in rows[1:])]


def _name(printed: str) -> str | int:
    """A pin that is printed as a number is one to WireViz, too: it finds no "17"."""
    return int(printed) if printed.isdecimal() else printed


def _table(name: str, table: dict[str, Any]) -> list[str]:
    rows = [f"    {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return [f"  {name}:", *rows]
