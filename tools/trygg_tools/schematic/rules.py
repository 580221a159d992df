"""All rules over a circuit, and what of their warnings is explained.

faults(circuit)      errors first; empty when the schematic may be drawn
"""

from collections.abc import Callable, Iterator

from trygg_tools.schematic import board_rules, neighbour_rules, signal_rules, supply_rules
from trygg_tools.schematic.circuit import Circuit
from trygg_tools.schematic.faults import Fault, error

RULES: tuple[Callable[[Circuit], Iterator[Fault]], ...] = (
    supply_rules.forgotten_pins,
    supply_rules.lonely_nets,
    supply_rules.rails_are_fed,
    supply_rules.grounds,
    supply_rules.supply_ranges,
    supply_rules.diode_drops,
    supply_rules.capacitors,
    supply_rules.circles,
    supply_rules.overdrawn,
    signal_rules.two_drivers,
    signal_rules.nobody_drives,
    signal_rules.wasted_pulls,
    signal_rules.serial_lines,
    signal_rules.crossed_translators,
    signal_rules.levels,
    signal_rules.fed_backwards,
    neighbour_rules.only_these,
    neighbour_rules.needed,
    neighbour_rules.leads_elsewhere,
    neighbour_rules.strapped,
    neighbour_rules.shorted_parts,
    neighbour_rules.twins,
    neighbour_rules.stuck,
    neighbour_rules.unheard,
    neighbour_rules.nobody_there,
    board_rules.strapping,
    board_rules.gates,
    board_rules.wakers,
    board_rules.open_drains,
    board_rules.divider,
    board_rules.coils,
    board_rules.touched,
    board_rules.dead_when_worn,
    board_rules.accelerometers_address,
    board_rules.boards_pins,
    board_rules.modules_fit,
)


def found(circuit: Circuit) -> list[Fault]:
    """Everything that every rule finds, each once, errors first."""
    faults = dict.fromkeys(fault for rule in RULES for fault in rule(circuit))
    return sorted(faults, key=lambda fault: (fault.level != "error", fault.name))


def faults(circuit: Circuit) -> list[Fault]:
    """Errors, warnings without a reason, and reasons without a warning."""
    everything = found(circuit)
    names = {fault.name for fault in everything if fault.level == "warning"}
    stale = [
        error("explained", name, "wearable.toml explains a warning that does not come up")
        for name in circuit.explained
        if name not in names
    ]
    return stale + [
        fault
        for fault in everything
        if fault.level == "error" or fault.name not in circuit.explained
    ]
