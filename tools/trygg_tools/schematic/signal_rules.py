"""Rules of signals: one driver a line, levels that fit, serial lines crossed, no back feed."""

from collections.abc import Iterator

from trygg_tools.board.uses import Way
from trygg_tools.schematic.circuit import CHIP, GROUND, Circuit, Join, Rail, lines
from trygg_tools.schematic.faults import Fault, error

HIGH_PERCENT = 65  # of its supply: from here an input reads a high (CMOS; TTL inputs ask less)
CELL = "BT1"  # the ground is its negative pole
ABOVE_V = 0.3  # what an input without protection takes above its supply


def each_line(circuit: Circuit) -> Iterator[tuple[str, list[Join]]]:
    """Every signal line with its pins; a line runs through small resistors."""
    line_of = lines(circuit)
    found: dict[str, list[Join]] = {}
    for net, joins in circuit.joins.items():
        if net != GROUND and net not in circuit.rails:
            found.setdefault(line_of[net], []).extend(joins)
    yield from found.items()


def does(circuit: Circuit, join: Join) -> str:
    """What a pin does; for a GPIO of the chip what the board's file makes of it."""
    if join.part.ref != CHIP or join.pin.does != "bidir":
        return join.pin.does
    use = circuit.uses.get(join.part.nets[join.pin.number])
    if use is None:
        return "bidir"
    if use.way is Way.BUS and use.setting.endswith(".scl"):
        return "out"  # the clock of a bus is the chip's
    return {Way.OUT: "out", Way.BUS: "bidir", Way.ADC: "passive"}.get(use.way, "in")


def drivers(circuit: Circuit, joins: list[Join]) -> list[Join]:
    """The pins that push a line high or low."""
    return [join for join in joins if does(circuit, join) in ("out", "power_out")]


def two_drivers(circuit: Circuit) -> Iterator[Fault]:
    """Two outputs on one line fight; so do an output and an open drain, or an output and a rail."""
    for line, joins in each_line(circuit):
        pushing = drivers(circuit, joins)
        drains = [join for join in joins if does(circuit, join) == "od"]
        if len(pushing) > 1 or (pushing and drains):
            named = " and ".join(str(join) for join in pushing + drains)
            yield error("conflict", line, f"{named} drive it at the same time")
    for net in (GROUND, *circuit.rails):
        for join in circuit.joins.get(net, []):
            source = circuit.rails[net].source if net in circuit.rails else CELL
            made_here = source == join.part.ref and join.pin.does == "power_out"
            if does(circuit, join) in ("out", "od", "power_out") and not made_here:
                yield error("conflict", net, f"{join} drives it, and it is no source of that rail")


def nobody_drives(circuit: Circuit) -> Iterator[Fault]:
    """An input that nothing drives or pulls reads anything."""
    for line, joins in each_line(circuit):
        reads = [join for join in joins if does(circuit, join) in ("in", "bidir")]
        driven = any(does(circuit, join) in ("out", "od", "bidir", "power_out") for join in joins)
        held = any("pull" in join.pin.marks or join.part.kind.name == "r" for join in joins)
        pad = any(join.part.kind.name == "test-pad" for join in joins)
        if reads and not (driven or held or pad):
            yield error("undriven", line, f"{reads[0]} reads it and nothing drives or pulls it")


def wasted_pulls(circuit: Circuit) -> Iterator[Fault]:
    """A pin with a pull-up of its own is not on the ground: it would draw asleep and awake."""
    for join in circuit.joins.get(GROUND, []):
        if "up" in join.pin.marks:
            yield error("wasted", str(join), "its own pull-up draws into the ground for ever")


def serial_lines(circuit: Circuit) -> Iterator[Fault]:
    """A serial line has a talker at one end and a listener at the other."""
    for line, joins in each_line(circuit):
        roles = [(join, role) for join in joins if (role := serial_role(circuit, join))]
        for role, word in (("tx", "talk"), ("rx", "listen")):
            same = [str(join) for join, is_role in roles if is_role == role]
            if len(same) > 1:
                yield error("serial", line, f"{' and '.join(same)} both {word}: cross the lines")


def serial_role(circuit: Circuit, join: Join) -> str:
    """`tx`, `rx` or "": from the pin, for a GPIO from the setting's last word."""
    use = circuit.uses.get(join.part.nets[join.pin.number]) if join.part.ref == CHIP else None
    if use is not None:
        role = use.setting.rpartition(".")[2]
        return role if role in ("tx", "rx") else ""
    return next((mark for mark in ("tx", "rx") if mark in join.pin.marks), "")


def crossed_translators(circuit: Circuit) -> Iterator[Fault]:
    """A level shifter leads a talker to a listener: roles pass from its input to its output."""
    pairs = {"lvc2g34": (("1A", "1Y"), ("2A", "2Y")), "lvc2t45": (("A1", "B1"), ("A2", "B2"))}
    line_of = lines(circuit)
    roles: dict[str, set[str]] = {}
    for line, joins in each_line(circuit):
        roles[line] = {serial_role(circuit, join) for join in joins} - {""}
    for part in circuit.parts:
        for into, out_of in pairs.get(part.kind.name, ()):
            ends = [roles.get(line_of.get(part.net(name), ""), set()) for name in (into, out_of)]
            if "rx" in ends[0] or "tx" in ends[1]:
                text = f"{into} wants the talker ({part.net(into)}) and {out_of} the listener"
                yield error("serial", part.ref, text)


def level_rail(circuit: Circuit, join: Join) -> Rail | None:
    """The rail that a pin's levels come from."""
    net = join.part.net(join.pin.supply) if join.pin.supply else ""
    return circuit.rails.get(net)


def levels(circuit: Circuit) -> Iterator[Fault]:
    """A line's high is high for who reads it, and no more than that takes."""
    for line, joins in each_line(circuit):
        for rail in high_rails(circuit, joins):
            for join in joins:
                if does(circuit, join) in ("in", "bidir"):
                    yield from _level(circuit, line, rail, join)
                elif does(circuit, join) == "out":
                    yield from _too_high(circuit, line, rail, join)


def high_rails(circuit: Circuit, joins: list[Join]) -> list[Rail]:
    """The rails that make a line high: of its drivers, and of the pull-ups on it."""
    found = {}
    for join in joins:
        rail = None
        if does(circuit, join) in ("out", "bidir"):
            rail = level_rail(circuit, join)
        elif join.part.kind.name == "r":
            ends = [circuit.rails[n] for n in join.part.nets.values() if n in circuit.rails]
            rail = ends[0] if ends else None
        if rail is not None:
            found[rail.name] = rail
    return list(found.values())


def _level(circuit: Circuit, line: str, rail: Rail, join: Join) -> Iterator[Fault]:
    own = level_rail(circuit, join)
    if own is rail:
        return
    yield from _too_high(circuit, line, rail, join)
    if own is not None and rail.min_v * 100 < own.max_v * HIGH_PERCENT:
        wanted = own.max_v * HIGH_PERCENT / 100
        text = f"{rail.name} makes it {rail.min_v} V, {join} wants {wanted:.1f} V for a high"
        yield error("level", line, text)


def _too_high(circuit: Circuit, line: str, rail: Rail, join: Join) -> Iterator[Fault]:
    """More than the pin takes; an output, too, is fed by a pull-up above its supply."""
    own = level_rail(circuit, join)
    takes = join.pin.takes_v if join.pin.takes_v is not None else own and own.max_v + ABOVE_V
    if own is not rail and takes is not None and rail.max_v > takes:
        text = f"{rail.name} makes it {rail.max_v} V, {join} takes {takes:g} V"
        yield error("level", line, text)


def fed_backwards(circuit: Circuit) -> Iterator[Fault]:
    """A line that can be high while its reader's supply is off feeds that supply through it."""
    for line, joins in each_line(circuit):
        for rail in high_rails(circuit, joins):
            for join in joins:
                own = level_rail(circuit, join)
                if own is None or "ioff" in join.pin.marks or not own.switched:
                    continue
                if rail.switched != own.switched:
                    text = f"{rail.name} holds it high while {own.name} is off: {join} is fed by it"
                    yield error("backfeed", line, text)
