"""Rules of neighbours: who must be on a pin's net, who may not, and what a slip of the pen joins.

A data sheet says of many pins exactly what belongs there: a resistor to set a current, a coil, a
capacitor. parts.toml keeps that (`only=`, `needs=`), so a part left out or two nets made one show.
"""

from collections import Counter
from collections.abc import Iterator

from trygg_tools.schematic.circuit import CHIP, GROUND, Circuit, Join, lines
from trygg_tools.schematic.faults import Fault, error
from trygg_tools.schematic.signal_rules import does, each_line

PASSIVES = frozenset({"r", "c", "test-pad", "esd"})
FIXED = frozenset({"r", "c", "led", "esd", "inductor", "flyback", "schottky", "tvs", "motor"})
ACTS_ON = frozenset({"led", "motor", "cellular-antenna", "gnss-antenna"})


def only_these(circuit: Circuit) -> Iterator[Fault]:
    """A pin that says which kinds belong on its net has each of them there and no other."""
    for net, joins in circuit.joins.items():
        for join in joins:
            if not join.pin.only:
                continue
            there = Counter(one.part.kind.name for one in joins if one != join)
            wanted = Counter(join.pin.only)
            missing = wanted - there
            strangers = there.keys() - wanted.keys() - {"test-pad"}
            for kind in missing:
                yield error("neighbour", str(join), f"{net} lacks a part of the kind {kind}")
            for kind in sorted(strangers):
                yield error("neighbour", str(join), f"{net} has a {kind}, which does not belong")


def needed(circuit: Circuit) -> Iterator[Fault]:
    """A pin that says what must be on its line has it there."""
    line_of = lines(circuit)
    on_line: dict[str, set[str]] = {}
    for net, joins in circuit.joins.items():
        on_line.setdefault(line_of[net], set()).update(one.part.kind.name for one in joins)
    for net, joins in circuit.joins.items():
        for join in joins:
            for kind in join.pin.needs:
                if kind not in on_line[line_of[net]]:
                    yield error("neighbour", str(join), f"its line lacks a part of the kind {kind}")


def leads_elsewhere(circuit: Circuit) -> Iterator[Fault]:
    """Where a pin says where its resistor or capacitor leads to, that is where its other end is."""
    for net, joins in circuit.joins.items():
        for join in joins:
            if not join.pin.to:
                continue
            wanted = join.part.net(join.pin.to)
            for one in joins:
                ends = set(one.part.nets.values())
                if one.part.kind.name in ("r", "c") and ends != {net, wanted}:
                    text = f"its other end is wanted on {wanted}, {join.part.ref}'s {join.pin.to}"
                    yield error("neighbour", one.part.ref, text)


def strapped(circuit: Circuit) -> Iterator[Fault]:
    """A pin that sets a part's way of working, or a pole, is where parts.toml says it belongs."""
    for part in circuit.parts:
        names = {pin.name for pin in part.kind.pins}
        for pin, net in part.joined():
            if not pin.on:
                continue
            wanted = part.net(pin.on) if pin.on in names else pin.on
            if net != wanted:
                yield error("strapped", f"{part.ref} {pin.name}", f"on {net}, wanted on {wanted}")


def shorted_parts(circuit: Circuit) -> Iterator[Fault]:
    """A part of two ends has them on two nets."""
    for part in circuit.parts:
        if part.kind.name in FIXED and len(set(part.nets.values())) == 1:
            yield error("shorted", part.ref, f"both ends are on {part.nets['1']}")


def twins(circuit: Circuit) -> Iterator[Fault]:
    """Two signals of one part are not on one line: pins of one name may be, and rails."""
    for line, joins in each_line(circuit):
        names: dict[str, set[str]] = {}
        for join in joins:
            if join.part.kind.name not in FIXED:
                names.setdefault(join.part.ref, set()).add(join.pin.name)
        for ref, pins in names.items():
            if len(pins) > 1:
                yield error("twins", line, f"{ref} has {' and '.join(sorted(pins))} on it")


def stuck(circuit: Circuit) -> Iterator[Fault]:
    """A GPIO, a serial line and an open drain are on no rail and not on the ground."""
    for net in (GROUND, *circuit.rails):
        for join in circuit.joins.get(net, []):
            gpio = join.part.ref == CHIP and join.pin.does == "bidir"
            if gpio or join.pin.marks & {"tx", "rx", "gate"} or join.pin.only:
                yield error("stuck", str(join), f"it is on {net} and can never change")


def unheard(circuit: Circuit) -> Iterator[Fault]:
    """What an output or an open drain says is read by somebody, or does something."""
    for line, joins in each_line(circuit):
        says = [join for join in joins if does(circuit, join) in ("out", "od")]
        if says and not any(_hears(circuit, join, says) for join in joins):
            yield error("unheard", line, f"{says[0]} drives it and nobody reads it")


def _hears(circuit: Circuit, join: Join, says: list[Join]) -> bool:
    """A test pad hears for a person, but the firmware drives nothing for a pad alone."""
    if join.part.kind.name == "test-pad":
        return all(one.pin.does != "bidir" for one in says)
    return join.part.kind.name in ACTS_ON or does(circuit, join) in ("in", "bidir")


def nobody_there(circuit: Circuit) -> Iterator[Fault]:
    """A net has more on it than resistors, capacitors, clamps and test pads."""
    for net, joins in circuit.joins.items():
        kinds = {join.part.kind.name for join in joins}
        if net != GROUND and net not in circuit.rails and kinds <= PASSIVES:
            refs = ", ".join(join.part.ref for join in joins)
            yield error("neighbour", net, f"only {refs} on it: which part was it for?")
