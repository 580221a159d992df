"""The netlist in KiCad's own form: components, what they are, and the nets.

Its form is that of `(export ...)`, which Pcbnew imports and SKiDL's parser reads here.
A pin's type at a net is what it does there: a GPIO that the firmware drives is an output. No
footprints: they belong to the layout, which nobody has begun. The order is fixed, there is no date.
"""

from trygg_tools.schematic.bom import bought
from trygg_tools.schematic.circuit import Circuit, Join
from trygg_tools.schematic.parts import Kind
from trygg_tools.schematic.sheets import Placed
from trygg_tools.schematic.signal_rules import does

KICADS = {
    "in": "input",
    "out": "output",
    "bidir": "bidirectional",
    "od": "open_collector",
    "power_in": "power_in",
    "power_out": "power_out",
    "passive": "passive",
    "nc": "no_connect",
}


def netlist(circuit: Circuit) -> str:
    """The whole file as text, ending in a line feed."""
    kinds = {part.kind.name: part.kind for part in circuit.parts}
    rows = ['(export (version "E")']
    rows.append('  (design (source "hardware/wearable") (tool "trygg_tools.schematic"))')
    rows.append("  (components")
    rows += [_component(part) for part in circuit.parts]
    rows[-1] += ")"
    rows.append("  (libparts")
    rows += [_libpart(kinds[name]) for name in sorted(kinds)]
    rows[-1] += ")"
    rows.append("  (nets")
    joins = sorted(circuit.joins.items())
    rows += [_net(circuit, code, net, pins) for code, (net, pins) in enumerate(joins, 1)]
    rows[-1] += "))"
    return "\n".join(rows) + "\n"


def _component(part: Placed) -> str:
    order = bought(part)
    fields = f'(fields (field (name "MPN") {_text(order.mpn)}))'
    source = f'(libsource (lib "trygg") (part {_text(part.kind.name)}))'
    value = part.value or order.mpn
    return f"    (comp (ref {_text(part.ref)}) (value {_text(value)}) {fields} {source})"


def _libpart(kind: Kind) -> str:
    pins = "".join(
        f"\n        (pin (num {_text(pin.number)}) (name {_text(pin.name)})"
        f" (type {_text(KICADS[pin.does])}))"
        for pin in kind.pins
    )
    return f'    (libpart (lib "trygg") (part {_text(kind.name)})\n      (pins{pins}))'


def _net(circuit: Circuit, code: int, net: str, joins: list[Join]) -> str:
    nodes = "".join(
        f"\n      (node (ref {_text(join.part.ref)}) (pin {_text(join.pin.number)})"
        f" (pinfunction {_text(join.pin.name)})"
        f" (pintype {_text(KICADS[does(circuit, join)])}))"
        for join in joins
    )
    return f'    (net (code "{code}") (name {_text(net)}){nodes})'


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
