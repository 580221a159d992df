"""A sheet as a drawing: each part a box with its pins, at each pin the name of its net.

    sheet_picture(circuit, "4-modem")      an SVG, the same bytes for the same circuit

Nets are joined by name, as on a sheet with labels: rails orange, the ground grey, signals blue.
Resistors, capacitors and other parts of two ends stand in rows below with what they are for.
"""

from typing import NamedTuple
from xml.sax.saxutils import escape

from trygg_tools.schematic.bom import bought
from trygg_tools.schematic.circuit import GROUND, Circuit
from trygg_tools.schematic.sheets import OPEN, Placed

COLUMNS, WIDE, BOX, ROW, TOP, GAP = 3, 540, 220, 17, 44, 24
ABOVE = 64  # for the title
ON_THE_LEFT = frozenset({"in", "power_in", "passive"})
FONT = "font-family='DejaVu Sans, Arial, sans-serif'"


class Leg(NamedTuple):
    """A pin, or several of one name on one net, as drawn."""

    label: str
    net: str
    left: bool


def sheet_names(circuit: Circuit) -> list[str]:
    """The sheets in order."""
    return list(dict.fromkeys(part.sheet for part in circuit.parts))


def sheet_picture(circuit: Circuit, sheet: str) -> str:
    """The sheet's parts as an SVG."""
    parts = [part for part in circuit.parts if part.sheet == sheet]
    boxes = [part for part in parts if len(part.kind.pins) > 2]
    rows: list[str] = []
    bottoms = [ABOVE] * COLUMNS
    for part in sorted(boxes, key=lambda one: -_high(one)):
        column = bottoms.index(min(bottoms))
        rows += _box(circuit, part, column * WIDE + (WIDE - BOX) // 2, bottoms[column])
        bottoms[column] += _high(part) + GAP
    small = [part for part in parts if len(part.kind.pins) <= 2]
    rows += _small_parts(circuit, small, max(bottoms) + GAP)
    high = max(bottoms) + GAP + ROW * (len(small) // 2 + 3)
    return "\n".join([*_page(sheet, COLUMNS * WIDE, high), *rows, "</svg>", ""])


def _page(sheet: str, wide: int, high: int) -> list[str]:
    title = f"{sheet}: a design on paper. Pins with one net's name are joined."
    return [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {wide} {high}'"
        f" width='{wide}' height='{high}' {FONT} font-size='12'>",
        f"<rect width='{wide}' height='{high}' fill='white'/>",
        f"<text x='{GAP}' y='32' font-size='18' font-weight='bold'>{escape(title)}</text>",
    ]


def _legs(part: Placed) -> list[Leg]:
    """The pins that are on a net, those of one name and net together; open ones last."""
    found: dict[tuple[str, str], list[str]] = {}
    does: dict[tuple[str, str], bool] = {}
    for pin in part.kind.pins:
        at = pin.name, part.nets.get(pin.number, OPEN)
        found.setdefault(at, []).append(pin.number)
        does[at] = pin.does in ON_THE_LEFT
    legs = []
    for (name, net), numbers in found.items():
        which = ",".join(numbers)
        if net != OPEN:
            legs.append(Leg(name if which == name else f"{name} ({which})", net, does[name, net]))
    return _balanced(legs)


def _balanced(legs: list[Leg]) -> list[Leg]:
    """Neither side much longer than the other."""
    left = [leg for leg in legs if leg.left]
    right = [leg for leg in legs if not leg.left]
    while len(left) > len(right) + 1:
        right.append(left.pop()._replace(left=False))
    while len(right) > len(left) + 1:
        left.append(right.pop()._replace(left=True))
    return left + right


def _high(part: Placed) -> int:
    legs = _legs(part)
    longer = max(sum(leg.left for leg in legs), sum(not leg.left for leg in legs))
    return TOP + ROW * longer + 6


def _box(circuit: Circuit, part: Placed, x: int, y: int) -> list[str]:
    name = bought(part).mpn.partition(",")[0]
    rows = [
        f"<rect x='{x}' y='{y}' width='{BOX}' height='{_high(part)}' rx='3' fill='#fffdf3'"
        f" stroke='#7a5c00'/>",
        f"<text x='{x + 8}' y='{y + 17}' font-weight='bold'>{part.ref}  {escape(name[:24])}</text>",
        f"<text x='{x + 8}' y='{y + 32}' font-size='10' fill='#555'>"
        f"{escape(_short(part.purpose, 37))}</text>",
    ]
    at = {True: y + TOP + 10, False: y + TOP + 10}
    for leg in _legs(part):
        rows += _leg(circuit, leg, x, at[leg.left])
        at[leg.left] += ROW
    return rows


def _leg(circuit: Circuit, leg: Leg, x: int, y: int) -> list[str]:
    edge, out = (x, x - 18) if leg.left else (x + BOX, x + BOX + 18)
    inside = (x + 6, "start") if leg.left else (x + BOX - 6, "end")
    outside = (out - 4, "end") if leg.left else (out + 4, "start")
    colour = _colour(circuit, leg.net)
    said = f"text-anchor='{outside[1]}' fill='{colour}'"
    return [
        f"<path d='M{edge} {y - 4} H{out}' stroke='{colour}' stroke-width='1.5'/>",
        f"<text x='{inside[0]}' y='{y}' text-anchor='{inside[1]}' font-size='11'>"
        f"{escape(_short(leg.label, 17))}</text>",
        f"<text x='{outside[0]}' y='{y}' {said}>{leg.net}</text>",
    ]


def _colour(circuit: Circuit, net: str) -> str:
    if net == GROUND:
        return "#666666"
    return "#b34700" if net in circuit.rails else "#1f4e99"


def _small_parts(circuit: Circuit, parts: list[Placed], top: int) -> list[str]:
    rows = []
    half = (len(parts) + 1) // 2
    for index, part in enumerate(parts):
        x = GAP + (index // half) * (COLUMNS * WIDE // 2)
        y = top + ROW * (index % half)
        rows += _small_part(circuit, part, x, y)
    return rows


def _small_part(circuit: Circuit, part: Placed, x: int, y: int) -> list[str]:
    what = part.value or part.kind.name
    nets = [part.nets.get(pin.number, OPEN) for pin in part.kind.pins]
    words = [
        f"<tspan fill='{_colour(circuit, net)}'>{escape(_end(part, index))}{net}</tspan>"
        for index, net in enumerate(nets)
    ]
    return [
        f"<text x='{x}' y='{y}' font-weight='bold'>{part.ref}</text>",
        f"<text x='{x + 48}' y='{y}'>{escape(what)}</text>",
        f"<text x='{x + 165}' y='{y}'>{' — '.join(words)}</text>",
        f"<text x='{x + 450}' y='{y}' font-size='10' fill='#555'>"
        f"{escape(_short(part.purpose, 56))}</text>",
    ]


def _end(part: Placed, index: int) -> str:
    """`K ` or `A ` before a diode's nets; nothing where the ends are alike."""
    names = {pin.name for pin in part.kind.pins}
    return f"{part.kind.pins[index].name} " if names == {"A", "K"} else ""


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
