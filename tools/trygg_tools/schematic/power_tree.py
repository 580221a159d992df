"""The power tree: each rail with its voltage, where it comes from, what it gives and who draws.

    tree(circuit)          the rails as boxes, in columns from cradle and cell to the loads
    picture(tree)          an SVG, the same bytes for the same circuit

Averages are the board's own figures ([energy] of its file), peaks those of parts.toml.
"""

from typing import NamedTuple
from xml.sax.saxutils import escape

from trygg_tools.boards import Figure
from trygg_tools.schematic.bom import bought
from trygg_tools.schematic.circuit import Circuit, Rail
from trygg_tools.schematic.supply_rules import feeder, loads, made_from, peak_ma

WIDE, GAP_X, GAP_Y, LINE, PAD = 236, 44, 14, 16, 10
FONT = "font-family='DejaVu Sans, Arial, sans-serif'"


class Box(NamedTuple):
    """One box: its lines of text, its column, the boxes it comes from, whether it can be off."""

    name: str
    lines: tuple[str, ...]
    column: int
    comes_from: tuple[str, ...]
    looks: str  # rail, switched, load

    @property
    def high(self) -> int:
        """Its height in pixels."""
        return LINE * len(self.lines) + PAD


def tree(circuit: Circuit) -> list[Box]:
    """Every rail and, right of it, one box of what draws from it; parents before children."""
    roots = [rail for rail in circuit.rails.values() if not feeder(circuit, rail)]
    boxes: list[Box] = []
    for rail in roots:
        _grow(circuit, rail, boxes, 0 if rail.source.startswith("J") else 1)
    return boxes


def _grow(circuit: Circuit, rail: Rail, boxes: list[Box], column: int) -> None:
    above = feeder(circuit, rail)
    comes_from: tuple[str, ...] = (above,) if above else ()
    source = circuit.part(rail.source)
    if source.kind.name == "bq24074":  # fed by the cell or, on the cradle, by its input
        comes_from = (above, source.net("IN"))
    looks = "switched" if rail.switched else "rail"
    boxes.append(Box(rail.name, _rail_lines(circuit, rail), column, comes_from, looks))
    drawn = _load_lines(circuit, rail)
    if drawn:
        boxes.append(Box(f"{rail.name} draws", drawn, column + 1, (rail.name,), "load"))
    for below in made_from(circuit, rail):
        _grow(circuit, below, boxes, column + 1)


def _rail_lines(circuit: Circuit, rail: Rail) -> tuple[str, ...]:
    source = circuit.part(rail.source)
    volts = f"{rail.min_v:g} to {rail.max_v:g} V"
    name = bought(source).mpn.partition(",")[0]
    lines = [f"{rail.name}   {volts}", f"from {rail.source} {name}"[:34]]
    if peak := peak_ma(circuit, rail):
        lines.append(f"peak {peak} mA of {rail.limit_ma} mA")
    else:
        lines.append(f"gives {rail.limit_ma} mA")
    if rail.switched:
        setting = rail.switched.rpartition(" ")[2]
        lines.append(f"switched: rail {setting}")
    return tuple(lines)


def _load_lines(circuit: Circuit, rail: Rail) -> tuple[str, ...]:
    figures = [(name, getattr(circuit.board.energy, name)) for name in rail.draws]
    averages = [f"{name} {_current(figure)}" for name, figure in figures if figure is not None]
    peaks = [
        f"{ref} {circuit.part(ref).kind.name}: peak {circuit.part(ref).kind.peak_ma} mA"
        for ref in loads(circuit, rail)
    ]
    return tuple(averages + peaks)


def _current(figure: Figure) -> str:
    amount = f"{figure.ua / 1000:g} mA" if figure.ua >= 1000 else f"{figure.ua} µA"
    return f"{amount} ({figure.kind})"


def picture(boxes: list[Box]) -> str:
    """The boxes as an SVG: columns from left to right, arrows from source to load."""
    places = _places(boxes)
    wide = max(x for x, _ in places.values()) + WIDE + PAD
    high = max(places[box.name][1] + box.high for box in boxes) + PAD + 2 * LINE
    rows = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {wide} {high}'"
        f" width='{wide}' height='{high}' {FONT} font-size='12'>",
        f"<rect width='{wide}' height='{high}' fill='white'/>",
    ]
    for box in boxes:
        rows += [_arrow(places[name], places[box.name]) for name in box.comes_from]
    for box in boxes:
        rows += _drawn(box, *places[box.name])
    rows.append(_legend(high))
    return "\n".join([*rows, "</svg>", ""])


def _places(boxes: list[Box]) -> dict[str, tuple[int, int]]:
    """Left upper corners: a box lies below all that is right of the one before it, so no two
    sources' arrows share a way."""
    free: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for box in boxes:
        above = [places[name][1] for name in box.comes_from[:1]]
        y = max([PAD, *above, *(low for column, low in free.items() if column >= box.column)])
        free[box.column] = y + box.high + GAP_Y
        places[box.name] = (PAD + box.column * (WIDE + GAP_X), y)
    return places


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + WIDE, start[1] + LINE
    x2, y2 = end[0], end[1] + LINE
    middle = x2 - GAP_X // 2
    path = f"M{x1} {y1} H{middle} V{y2} H{x2 - 6}"
    head = f"M{x2 - 7} {y2 - 4} L{x2} {y2} L{x2 - 7} {y2 + 4} Z"
    return (
        f"<path d='{path}' fill='none' stroke='#555' stroke-width='1.3'/>"
        f"<path d='{head}' fill='#555'/>"
    )


def _drawn(box: Box, x: int, y: int) -> list[str]:
    fill, stroke, dash = {
        "rail": ("#e8f0fb", "#2b5797", ""),
        "switched": ("#fdf1dc", "#b36b00", " stroke-dasharray='5 3'"),
        "load": ("#f4f4f4", "#999", ""),
    }[box.looks]
    rows = [
        f"<rect x='{x}' y='{y}' width='{WIDE}' height='{box.high}' rx='4'"
        f" fill='{fill}' stroke='{stroke}'{dash}/>"
    ]
    for number, line in enumerate(box.lines):
        weight = " font-weight='bold'" if number == 0 and box.looks != "load" else ""
        text_y = y + PAD + LINE * number + 6
        rows.append(f"<text x='{x + 8}' y='{text_y}'{weight}>{escape(line)}</text>")
    return rows


def _legend(high: int) -> str:
    text = (
        "Blue: always on. Dashed: switched by the firmware. Grey: what draws from the rail;"
        " averages from the board's file, peaks from parts.toml. On paper, nothing measured."
    )
    return f"<text x='{PAD}' y='{high - PAD}' fill='#333'>{escape(text)}</text>"
