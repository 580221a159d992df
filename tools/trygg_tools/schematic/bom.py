"""What to buy: one line for each part number, with what replaces it or why nothing does."""

import csv
import io

from trygg_tools.schematic.circuit import Circuit
from trygg_tools.schematic.parts import Order
from trygg_tools.schematic.sheets import Placed

COLUMNS = (
    "references", "count", "value", "part_number", "maker", "second_source", "why_no_second",
    "function", "pins_from",
)  # fmt: skip
ZERO_OHM = Order("RC0402JR-070RL", "Yageo", "CRCW04020000Z0ED (Vishay)", "")


def bought(part: Placed) -> Order:
    """What is ordered for this part."""
    if part.kind.values:
        return part.kind.values[part.value]
    order = part.kind.order
    if not part.kind.by_value:
        return order
    if part.value == "0":
        return ZERO_OHM
    codes = {"yageo": yageo(part.value), "vishay": vishay(part.value)}
    return order._replace(mpn=order.mpn.format(**codes), second=order.second.format(**codes))


def yageo(value: str) -> str:
    """A resistor's value as Yageo writes it: `4k7` 4K7, `22` 22R, `1M` 1M."""
    upper = value.upper()
    return upper if upper[-1:] in "KM" or not upper.isdigit() else f"{upper}R"


def vishay(value: str) -> str:
    """A resistor's value as Vishay writes it, four signs: `4k7` 4K70, `22` 22R0, `511k` 511K."""
    code = yageo(value)
    return (code + "0000")[:4]


def bom(circuit: Circuit) -> str:
    """The list as CSV, lines ending in a line feed, in the order of the sheets."""
    lines: dict[tuple[Order, str], list[Placed]] = {}
    for part in circuit.parts:
        lines.setdefault((bought(part), part.value), []).append(part)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for (order, value), parts in lines.items():
        table.writerow(_row(order, value, parts))
    return text.getvalue()


def _row(order: Order, value: str, parts: list[Placed]) -> tuple[str, ...]:
    purposes = dict.fromkeys(part.purpose for part in parts)
    return (
        " ".join(part.ref for part in parts),
        str(len(parts)),
        value,
        order.mpn,
        order.maker,
        order.second,
        order.only,
        "; ".join(purposes),
        parts[0].kind.pins_from,
    )
