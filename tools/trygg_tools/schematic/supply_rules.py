"""Rules of supplies: every pin joined, every rail fed, in range, with capacitors, not overdrawn."""

from collections import Counter
from collections.abc import Iterator

from trygg_tools.schematic.circuit import GROUND, Circuit, Join, Rail
from trygg_tools.schematic.faults import Fault, error, warning
from trygg_tools.schematic.sheets import OPEN

EFFICIENCY_PERCENT = 85  # of the 3.3 V converter, an estimate to be measured


def forgotten_pins(circuit: Circuit) -> Iterator[Fault]:
    """A pin that is neither on a net nor open on purpose; a supply pin may not be open at all."""
    for part in circuit.parts:
        for pin in part.kind.pins:
            net = part.nets.get(pin.number)
            subject = f"{part.ref} {pin.name}"
            if net is None and pin.does != "nc":
                text = "this pin is on no net; write PIN=NET, or PIN=- to leave it open"
                yield error("forgotten", subject, text)
            if net == OPEN and pin.does == "power_in":
                yield error("forgotten", subject, "a supply pin may not be left open")


def lonely_nets(circuit: Circuit) -> Iterator[Fault]:
    """A net with one pin: mostly a name spelt in two ways."""
    for net, joins in circuit.joins.items():
        if len(joins) == 1:
            yield warning("lonely", net, f"only {joins[0]} is on it; is a name spelt wrong?")


def rails_are_fed(circuit: Circuit) -> Iterator[Fault]:
    """Each rail is driven by the part that wearable.toml names, each supply pin is on a rail."""
    joins = circuit.joins
    for rail in circuit.rails.values():
        makers = [join.part.ref for join in joins.get(rail.name, []) if _gives(join)]
        if rail.source not in makers:
            text = f"{rail.source} should feed it and is not on it"
            yield error("unfed", rail.name, text)
    for net, pins in joins.items():
        for join in pins:
            if join.pin.does == "power_in" and net != GROUND and net not in circuit.rails:
                text = f"this supply pin is on {net}, which no rail of wearable.toml feeds"
                yield error("unfed", str(join), text)


def _gives(join: Join) -> bool:
    """A supply's output, or the cathode of a diode that it comes through."""
    through = join.part.ref.startswith("D") and join.pin.name == "K"
    return join.pin.does == "power_out" or through


def grounds(circuit: Circuit) -> Iterator[Fault]:
    """A pin called GND, VSS or AGND is on the ground, and a supply with a range is not."""
    for net, pins in circuit.joins.items():
        for join in pins:
            ground = join.pin.does == "power_in" and join.pin.min_v is None
            if join.pin.does == "power_in" and ground != (net == GROUND):
                yield error("voltage", str(join), f"it is on {net}")


def supply_ranges(circuit: Circuit) -> Iterator[Fault]:
    """What a rail may come to lies inside what each supply pin on it takes."""
    for net, pins in circuit.joins.items():
        rail = circuit.rails.get(net)
        for join in pins:
            low, high = join.pin.min_v, join.pin.max_v
            if rail is None or low is None or high is None:
                continue
            if rail.min_v < low or rail.max_v > high:
                there = f"{rail.name} is {rail.min_v} to {rail.max_v} V"
                text = f"it takes {low} to {high} V, {there}"
                yield error("voltage", str(join), text)


def diode_drops(circuit: Circuit) -> Iterator[Fault]:
    """Behind a diode a rail is lower than the one before it, by what the diode may lose."""
    for rail in circuit.rails.values():
        lost = circuit.part(rail.source).kind.drop_v
        above = circuit.rails.get(feeder(circuit, rail))
        if lost and above is not None and rail.min_v > round(above.min_v - lost, 3):
            there = f"{above.name} may be {above.min_v} V and {rail.source} loses {lost} V"
            yield error("drop", rail.name, f"it cannot be sure of {rail.min_v} V: {there}")


def capacitors(circuit: Circuit) -> Iterator[Fault]:
    """Every capacitor that a supply pin asks for is there, from its net to the ground."""
    asked: dict[str, Counter[str]] = {}
    for part in circuit.parts:
        for name, values in part.kind.caps.items():
            asked.setdefault(part.net(name), Counter()).update(values)
    for net, wanted in asked.items():
        ends = {net, GROUND}
        there = Counter(
            part.value
            for part in circuit.parts
            if part.kind.name == "c" and set(part.nets.values()) == ends
        )
        missing = wanted - there
        if missing:
            text = f"its parts ask for {', '.join(missing.elements())} more to the ground"
            yield error("capacitor", net, text)


def circles(circuit: Circuit) -> Iterator[Fault]:
    """No rail is made from itself by way of others."""
    for rail in circuit.rails.values():
        way = [rail.name]
        while (above := feeder(circuit, circuit.rails[way[-1]])) and above not in way:
            way.append(above)
        if above == rail.name:
            yield error("unfed", rail.name, f"it is made from itself: {' from '.join(way)}")


def overdrawn(circuit: Circuit) -> Iterator[Fault]:
    """What the parts on a rail can draw at once is no more than its source gives."""
    if any(circles(circuit)):
        return  # no sum has an end there
    for rail in circuit.rails.values():
        peak = peak_ma(circuit, rail)
        if peak > rail.limit_ma:
            text = f"its parts can draw {peak} mA at once, {rail.source} gives {rail.limit_ma}"
            yield error("overdrawn", rail.name, text)


def peak_ma(circuit: Circuit, rail: Rail) -> int:
    """The most that a rail's own parts and the rails made from it can draw together, in mA."""
    own = sum(circuit.part(ref).kind.peak_ma for ref in loads(circuit, rail))
    return own + sum(_drawn_by(circuit, rail, below) for below in made_from(circuit, rail))


def _drawn_by(circuit: Circuit, above: Rail, below: Rail) -> int:
    """What `below` takes from `above`: a load switch passes it on, a converter the power.

    What a part makes for itself (the modem's 1.8 V) is inside that part's own peak."""
    if circuit.part(below.source).kind.peak_ma:
        return 0
    peak = peak_ma(circuit, below)
    if circuit.part(below.source).kind.name != "tps63802":
        return peak
    return round(peak * below.max_v * 100 / (above.min_v * EFFICIENCY_PERCENT))


def loads(circuit: Circuit, rail: Rail) -> list[str]:
    """The parts that draw their peak from that rail: those whose first supply it is."""
    found = []
    for part in circuit.parts:
        fed = [net for pin, net in part.joined() if net in circuit.rails and _takes(pin.does)]
        if part.kind.peak_ma and rail.name in fed[-1:]:
            found.append(part.ref)
    return found


def _takes(does: str) -> bool:
    return does in ("power_in", "passive")


def made_from(circuit: Circuit, rail: Rail) -> list[Rail]:
    """The rails whose source takes its supply from this one."""
    return [below for below in circuit.rails.values() if feeder(circuit, below) == rail.name]


def feeder(circuit: Circuit, rail: Rail) -> str:
    """The rail that the source of this rail takes its supply from; "" for cell and cradle."""
    source = circuit.part(rail.source)
    for pin, net in source.joined():
        supplied = pin.does == "power_in" or (source.ref.startswith("D") and pin.name == "A")
        if supplied and net in circuit.rails and net != rail.name:
            return net
    return ""
