"""Rules of this board: starts, sleep, divider, coils, static, and the pins of its file."""

from collections.abc import Iterator
from itertools import chain

from trygg_tools.board.check import findings
from trygg_tools.board.modules import MODULES
from trygg_tools.board.uses import Way
from trygg_tools.schematic.circuit import CHIP, GROUND, Circuit, lines, ohms
from trygg_tools.schematic.faults import Fault, error, warning
from trygg_tools.schematic.signal_rules import does, each_line

CRADLE = "J2"
DIVIDER_TOLERANCE_PERCENT = 1
PULLED_UP_AT_A_START = ("EN", "IO0")
LEFT_ALONE_AT_A_START = ("IO45", "IO46")


def pulls(circuit: Circuit, net: str) -> set[str]:
    """The rails and the ground that resistors pull this net's line to."""
    line = lines(circuit)
    found = set()
    for part in circuit.parts:
        if part.kind.name != "r" or ohms(part.value) == float("inf"):
            continue
        ends = list(part.nets.values())
        for here, there in (ends, ends[::-1]):
            if line[here] == line[net] and (there == GROUND or there in circuit.rails):
                found.add(there)
    return found


def strapping(circuit: Circuit) -> Iterator[Fault]:
    """What decides a start: EN and GPIO0 pulled up on the board, GPIO45 and 46 left alone."""
    chip = circuit.part(CHIP)
    supply = chip.net("3V3")
    for name in PULLED_UP_AT_A_START:
        if chip.net(name) not in circuit.joins or supply not in pulls(circuit, chip.net(name)):
            yield error("strapping", f"{CHIP} {name}", f"no resistor pulls it up to {supply}")
    for name in LEFT_ALONE_AT_A_START:
        if chip.net(name) in circuit.joins:
            text = f"it is on {chip.net(name)}; a level there at a start ends it: leave it open"
            yield error("strapping", f"{CHIP} {name}", text)


def gates(circuit: Circuit) -> Iterator[Fault]:
    """What a GPIO drives is held while the chip starts: a switch off, a buffer either way."""
    for line, joins in each_line(circuit):
        for join in joins:
            if "gate" in join.pin.marks and GROUND not in pulls(circuit, line):
                text = f"{join} floats while the chip starts: a resistor to the ground is missing"
                yield error("floating", line, text)
            by_gpio = any(one.part.ref == CHIP for one in joins)
            if "held" in join.pin.marks and by_gpio and not pulls(circuit, line):
                yield error("floating", line, f"{join} floats while the chip starts: no resistor")


def wakers(circuit: Circuit) -> Iterator[Fault]:
    """A contact that wakes the chip has its pull-up on the board: the chip's is off asleep."""
    supply = circuit.part(CHIP).net("3V3")
    for net, use in circuit.uses.items():
        if use.wakes and use.way is Way.PULLED_UP and supply not in pulls(circuit, net):
            text = f"{use.setting} wakes the chip, and no resistor pulls it up to {supply}"
            yield error("wake", net, text)


def open_drains(circuit: Circuit) -> Iterator[Fault]:
    """An open drain that somebody reads needs a pull-up."""
    for line, joins in each_line(circuit):
        drains = [join for join in joins if join.pin.does == "od"]
        reads = [join for join in joins if join.pin.does in ("in", "bidir")]
        inside = any("pull" in join.pin.marks for join in joins)
        if drains and reads and not inside and not pulls(circuit, line) & circuit.rails.keys():
            yield error("floating", line, f"{drains[0]} only pulls low and nothing pulls it high")


def divider(circuit: Circuit) -> Iterator[Fault]:
    """The resistors divide the battery as the board's file says."""
    wiring = circuit.board.wiring
    nets = {use.setting: net for net, use in circuit.uses.items()}
    net = nets.get("wiring.power.battery_pin", "")
    legs = {
        there: ohms(part.value)
        for part in circuit.parts
        if part.kind.name == "r" and net in part.nets.values()
        for there in part.nets.values()
        if there != net
    }
    if set(legs) != {"VBAT", GROUND} or wiring is None:
        yield error("divider", net, f"wanted one resistor to VBAT and one to GND, there: {legs}")
        return
    percent = 100 * (legs["VBAT"] + legs[GROUND]) / legs[GROUND]
    wanted = wiring.power.battery_percent
    if not any(join.part.kind.name == "c" for join in circuit.joins.get(net, [])):
        yield error("divider", net, "no capacitor for the ADC's sample beside so much resistance")
    if abs(percent - wanted) > wanted * DIVIDER_TOLERANCE_PERCENT / 100:
        text = (
            f"the resistors make {percent:.0f} %, battery_percent of the board's file is {wanted}"
        )
        yield error("divider", net, text)


def coils(circuit: Circuit) -> Iterator[Fault]:
    """A motor has a diode across it, cathode at its supply."""
    for motor in circuit.parts:
        if motor.kind.name != "motor":
            continue
        ends = (motor.net("P"), motor.net("N"))
        diodes = [
            part.ref
            for part in circuit.parts
            if part.ref.startswith("D") and (part.net("K"), part.net("A")) == ends
        ]
        if not diodes:
            text = f"no diode with its cathode at {ends[0]} and its anode at {ends[1]}"
            yield error("coil", motor.ref, text)


def touched(circuit: Circuit) -> Iterator[Fault]:
    """What a finger reaches has a part against static on its net."""
    guarded = {
        net
        for part in circuit.parts
        if part.kind.esd
        for net in part.nets.values()
        if net != GROUND
    }
    touching = chain.from_iterable(circuit.joins.values())
    for join in touching:
        net = join.part.nets[join.pin.number]
        if "outside" in join.pin.marks and net not in guarded:
            yield error("static", net, f"{join} can be touched and no part there takes a spark")


def dead_when_worn(circuit: Circuit) -> Iterator[Fault]:
    """Nothing on the board can put voltage on a contact: a diode stands before the charger."""
    yield from _dead_signals(circuit)
    cradle = circuit.part(CRADLE)
    for join in circuit.joins[cradle.net("5V")]:
        allowed = join.part is cradle or join.part.ref.startswith(("D", "TP", "C"))
        anode = join.part.kind.name != "schottky" or join.pin.name == "A"
        if not (allowed and anode):
            text = f"{join} could feed the contacts on the wearer's skin"
            yield error("contacts", cradle.net("5V"), text)


def _dead_signals(circuit: Circuit) -> Iterator[Fault]:
    """The cradle's other contacts: no pin drives their line and nothing pulls it to a rail."""
    line_of = lines(circuit)
    contacts = circuit.part(CRADLE)
    touched = {
        line_of[contacts.nets[pin.number]]: contacts.nets[pin.number]
        for pin in contacts.kind.pins
        if "outside" in pin.marks and pin.does != "power_out"
    }
    for line, joins in each_line(circuit):
        if line not in touched:
            continue
        net = touched[line]
        for join in joins:
            if does(circuit, join) in ("out", "bidir", "power_out") or "pull" in join.pin.marks:
                yield error("contacts", net, f"{join} can put voltage on the wearer's skin")
        for rail in sorted(pulls(circuit, net) & circuit.rails.keys()):
            yield error("contacts", net, f"a resistor puts {rail} on the wearer's skin")


def accelerometers_address(circuit: Circuit) -> Iterator[Fault]:
    """SA0 of a LIS2DH12 says the address that the firmware asks: 0x18 low, 0x19 high."""
    wiring = circuit.board.wiring
    bus = wiring.io.accelerometer if wiring else None
    for part in circuit.parts:
        if part.kind.name == "lis2dh12" and bus is not None:
            levels = {GROUND: 0x18, part.net("VDD_IO"): 0x19}
            if levels.get(part.net("SA0")) != bus.address:
                text = f"SA0 is on {part.net('SA0')}, the board's file asks at {bus.address:#x}"
                yield error("address", part.ref, text)


def boards_pins(circuit: Circuit) -> Iterator[Fault]:
    """The board's pins and those kept for later fit the module, each used once."""
    module = MODULES[circuit.board.module]
    for found in findings(module, circuit.board.uses() + circuit.reserved, []):
        make = error if found.level == "error" else warning
        yield make("pin", found.setting, found.text)


def modules_fit(circuit: Circuit) -> Iterator[Fault]:
    """The module drawn is the one that the board's file names: octal PSRAM is an R8."""
    mpn = circuit.part(CHIP).kind.order.mpn
    if circuit.board.module == "esp32-s3-octal" and not ("ESP32-S3" in mpn and "R8" in mpn):
        yield error("module", CHIP, f"{mpn} has no octal PSRAM, the board's file says it has")
