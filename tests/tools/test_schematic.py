"""The wearable's schematic is without a fault and on its board's pins; what is planted is found."""

import itertools
import random
import shutil

import pytest

from planted_schematic import copy_into, plant
from trygg_tools.boards import board_file
from trygg_tools.schematic.circuit import CHIP, circuit_folder, read_circuit
from trygg_tools.schematic.parts import CircuitError
from trygg_tools.schematic.rules import faults, found

FOLDER = circuit_folder()


@pytest.fixture(scope="module")
def circuit():
    return read_circuit(FOLDER)


@pytest.fixture
def bench(tmp_path):
    return copy_into(tmp_path)


def test_the_schematic_has_no_fault_and_no_unexplained_warning(circuit):
    assert [str(fault) for fault in faults(circuit)] == []


def test_every_gpio_is_the_one_of_the_boards_file(circuit):
    pins = {pin.number: pin.name for pin in circuit.part(CHIP).kind.pins}
    on = {net: pins[number] for number, net in circuit.part(CHIP).nets.items()}
    for net, use in circuit.uses.items():
        assert on[net] == f"IO{use.pin}", use.setting
    wired = {use.setting for use in circuit.uses.values()} - {u.setting for u in circuit.reserved}
    assert wired == {use.setting for use in circuit.board.uses()}


def test_a_pin_moved_in_the_boards_file_moves_in_the_netlist(tmp_path):
    moved = tmp_path / "reference-wearable.toml"
    text = board_file("reference-wearable").read_text("utf-8")
    moved.write_text(text.replace("led_pin = 12", "led_pin = 42"), "utf-8")
    there = read_circuit(FOLDER, moved)
    assert there.part(CHIP).net("IO42") == "LED"
    assert there.part(CHIP).net("IO12") == "-"


def test_no_gpio_is_named_in_the_sheets_but_those_that_decide_a_start_usb_and_spare_ones():
    text = (FOLDER / "sheets/1-chip.txt").read_text("utf-8")
    named = {word for word in text.split() if word.startswith("IO") and not word.endswith("=-")}
    assert named == {"IO0=BOOT", "IO19=USB_DM", "IO20=USB_DP"}


def test_a_setting_that_the_boards_file_lacks_is_refused(bench):
    plant(bench, "wearable.toml", '"wiring.io.led_pin" = "LED"', '"wiring.io.lamp_pin" = "LED"')
    with pytest.raises(CircuitError, match=r"differ in: wiring\.io\.lamp_pin, wiring\.io\.led_pin"):
        read_circuit(bench)


# what is planted: sheet, what stands there, what comes instead, the fault that must be found
PLANTED = [
    ("an unconnected supply", "5-receiver.txt", "V_IO=VGNSS VCC=VGNSS", "VCC=VGNSS",
     "forgotten U3 V_IO"),
    ("a supply left open", "5-receiver.txt", "V_IO=VGNSS VCC=VGNSS", "V_IO=- VCC=VGNSS",
     "forgotten U3 V_IO"),
    ("a rail that nothing feeds", "5-receiver.txt", "VOUT=VGNSS", "VOUT=-", "unfed VGNSS"),
    ("a rail that is made from itself", "4-modem.txt", "U7 tps22917 VIN=VSYS",
     "U7 tps22917 VIN=V1V8_MODEM", "unfed VMODEM"),
    ("a supply pin on a signal", "6-wearer.txt", "VDD_IO=V3V3", "VDD_IO=MOTION_SDA",
     "unfed U4 VDD_IO"),
    ("a ground pin on a supply", "3-supplies.txt", "AGND=GND", "AGND=VSYS", "voltage U6 AGND"),
    ("the modem's voltage on a sensor", "6-wearer.txt", "VDD=V3V3 VDD_IO=V3V3",
     "VDD=VMODEM VDD_IO=V3V3", "voltage U4 VDD"),
    ("the battery on the chip", "1-chip.txt", "3V3=V3V3", "3V3=VBAT", "voltage U1 3V3"),
    ("a chip without a capacitor", "2-cradle.txt", "C10 c 1u CHARGER_IN GND",
     "C10 c 1u CRADLE_5V GND", "capacitor CHARGER_IN"),
    ("two outputs together", "5-receiver.txt", "2Y=GNSS_TXD_3V3", "2Y=MODEM_TXD_3V3",
     "conflict MODEM_TXD_3V3"),
    ("an output on a rail", "5-receiver.txt", "2Y=GNSS_TXD_3V3", "2Y=V3V3", "conflict V3V3"),
    ("an open drain on an output", "2-cradle.txt", "CHG_N=CHARGE_N", "CHG_N=LED", "conflict LED"),
    ("an input that nothing drives", "4-modem.txt", "1Y=MODEM_RXD 2A", "1Y=- 2A",
     "undriven MODEM_RXD"),
    ("TX to TX", "5-receiver.txt", "TXD=GNSS_TXD RXD=GNSS_RXD", "TXD=GNSS_RXD RXD=GNSS_TXD",
     "serial U9"),
    ("TX to TX without a buffer", "5-receiver.txt", "TXD=GNSS_TXD", "TXD=GNSS_RXD_3V3",
     "serial GNSS_RXD_3V3"),
    ("RX to RX", "1-chip.txt", "RXD0=CONSOLE_RX", "RXD0=GNSS_TXD_3V3", "serial GNSS_TXD_3V3"),
    ("1.8 V where 3.3 V are read", "4-modem.txt", "STATUS=MODEM_STATUS UART1_TXD",
     "STATUS=MOTION UART1_TXD", "level MOTION"),
    ("3.3 V on a line of 1.8 V", "4-modem.txt", "UART1_DTR=MODEM_DTR ",
     "UART1_DTR=MODEM_DTR_3V3 ", "level MODEM_DTR_3V3"),
    ("a line that feeds a receiver that is off", "5-receiver.txt", "RXD=GNSS_RXD ",
     "RXD=GNSS_RXD_3V3 ", "backfeed GNSS_RXD_3V3"),
    ("no pull-up on a strapping pin", "1-chip.txt", "R2 r 10k V3V3 BOOT", "R2 r 10k EN BOOT",
     "strapping U1 IO0"),
    ("no pull-up on the reset", "1-chip.txt", "R1 r 10k V3V3 EN ", "R1 r 10k GND EN ",
     "strapping U1 EN"),
    ("a pull on GPIO45", "1-chip.txt", "IO45=-", "IO45=V3V3", "strapping U1 IO45"),
    ("a load switch that floats", "4-modem.txt", "R40 r 1M MODEM_ON GND",
     "R40 r 1M MODEM_KEY GND", "floating MODEM_ON"),
    ("a motor's gate that floats", "6-wearer.txt", "R75 r 100k MOTOR GND",
     "R75 r 100k LED GND", "floating MOTOR"),
    ("no pull-up on what wakes", "6-wearer.txt", "R73 r 1M V3V3 STRAP_N",
     "R73 r 1M V3V3 BUTTON_N", "wake STRAP_N"),
    ("an open drain without a pull-up", "2-cradle.txt", "R15 r 100k V3V3 CRADLE_N",
     "R15 r 100k V3V3 CHARGE_N", "floating CRADLE_N"),
    ("another divider than the board's", "3-supplies.txt", "R23 r 1M BATTERY_HALF GND",
     "R23 r 511k BATTERY_HALF GND", "divider BATTERY_HALF"),
    ("a divider's missing leg", "3-supplies.txt", "R22 r 1M VBAT BATTERY_HALF",
     "R22 r 1M VSYS BATTERY_HALF", "divider BATTERY_HALF"),
    ("a coil without a diode", "6-wearer.txt", "D72 flyback K=V3V3 A=MOTOR_LOW",
     "D72 flyback K=MOTOR_LOW A=V3V3", "coil M1"),
    ("a contact without protection", "6-wearer.txt", "D71 esd STRAP_PAD GND",
     "D71 esd STRAP_N GND", "static STRAP_PAD"),
    ("a contact that the board can feed", "2-cradle.txt", "D1 schottky A=CRADLE_5V K=CHARGER_IN",
     "D1 schottky K=CRADLE_5V A=CHARGER_IN", "contacts CRADLE_5V"),
    ("a current that no resistor sets", "2-cradle.txt", "R14 r 1k8 ISET GND",
     "R14 r 1k8 ILIM GND", "neighbour U5 ISET"),
    ("the chip's USB on the skin", "2-cradle.txt", "R11 r 22 SWITCH_DP USB_DP",
     "R11 r 22 CRADLE_DP USB_DP", "contacts CRADLE_DP"),
    ("a supply on the skin", "2-cradle.txt", "R10 r 10k CRADLE_ID GND",
     "R10 r 10k CRADLE_ID V3V3", "contacts CRADLE_ID"),
    ("a switch to the skin that is always closed", "2-cradle.txt", "OE_N=CRADLE_N", "OE_N=GND",
     "stuck U12 OE_N"),
    ("a pull-up inside a part on the ground", "6-wearer.txt", "SA0=V3V3", "SA0=GND",
     "wasted U4 SA0"),
    ("an accelerometer at another address than the board's", "6-wearer.txt", "SA0=V3V3", "SA0=GND",
     "address U4"),
    ("a translator that works backwards", "4-modem.txt", "DIR=V1V8_MODEM", "DIR=GND",
     "strapped U11 DIR"),
    ("a converter that never starts", "3-supplies.txt", "EN=VSYS", "EN=GND", "strapped U6 EN"),
    ("a converter that does not sleep", "3-supplies.txt", "MODE=GND", "MODE=VSYS",
     "strapped U6 MODE"),
    ("a charger that is off", "2-cradle.txt", "CE_N=GND", "CE_N=VSYS", "strapped U5 CE_N"),
    ("a charger that is suspended", "2-cradle.txt", "EN1=GND", "EN1=CHARGER_IN",
     "strapped U5 EN1"),
    ("an accelerometer on SPI", "6-wearer.txt", "CS=V3V3", "CS=GND", "strapped U4 CS"),
    ("USB through the wrong half of the switch", "2-cradle.txt", "SEL=GND", "SEL=V3V3",
     "strapped U12 SEL"),
    ("a cell turned round", "2-cradle.txt", "BT1 cell P=VBAT T=BAT_NTC N=GND",
     "BT1 cell P=GND T=BAT_NTC N=VBAT", "strapped BT1 N"),
    ("a clamp that shorts the cradle", "2-cradle.txt", "D10 tvs K=CRADLE_5V A=GND",
     "D10 tvs K=GND A=CRADLE_5V", "strapped D10 A"),
    ("a pull-up above the supply of who drives", "4-modem.txt", "MODEM_RXD_3V3 V3V3",
     "MODEM_RXD_3V3 VMODEM", "level MODEM_RXD_3V3"),
    ("a slow start to the ground", "4-modem.txt", "C42 c 10n CT_MODEM VSYS",
     "C42 c 10n CT_MODEM GND", "neighbour C42"),
    ("a charging current set from a supply", "2-cradle.txt", "R14 r 1k8 ISET GND",
     "R14 r 1k8 ISET VSYS", "neighbour R14"),
    ("a stranger at the feedback", "3-supplies.txt", "C23 c 100n BATTERY_HALF GND",
     "C23 c 100n FB GND", "neighbour U6 FB"),
    ("a buffer that floats at a start", "4-modem.txt", "R42 r 1M MODEM_DTR_3V3 GND",
     "R42 r 1M MODEM_ON GND", "floating MODEM_DTR_3V3"),
    ("a coil between wrong pins", "3-supplies.txt", "L1 inductor COIL_A COIL_B",
     "L1 inductor COIL_A VSYS", "neighbour U6 L2"),
    ("a bus without its pull-up", "6-wearer.txt", "R77 r 4k7 V3V3 MOTION_SCL",
     "R77 r 4k7 V3V3 MOTION_SDA", "neighbour U4 SCL"),
    ("a resistor with both ends on one net", "6-wearer.txt", "R74 r 270 LED LED_A",
     "R74 r 270 LED_A LED_A", "shorted R74"),
    ("two signals of one part together", "4-modem.txt", "RST=SIM_CARD_RST CLK=SIM_CARD_CLK",
     "RST=SIM_CARD_CLK CLK=SIM_CARD_CLK", "twins SIM_CARD_CLK"),
    ("a serial line on the ground", "1-chip.txt", "RXD0=CONSOLE_RX", "RXD0=GND", "stuck U1 RXD0"),
    ("an output that nobody reads", "6-wearer.txt", "Q2 nmos G=MOTOR ", "Q2 nmos G=LED ",
     "unheard MOTOR"),
    ("a switch that drives nothing", "6-wearer.txt", "D=MOTOR_LOW  #", "D=LED_LOW  #",
     "unheard LED_LOW"),
    ("resistors that lead nowhere", "5-receiver.txt", "FEED=RF_GNSS_ANT", "FEED=RF_CELL_ANT",
     "neighbour RF_GNSS_ANT"),
    ("a name spelt in two ways", "5-receiver.txt", "TIMEPULSE=GNSS_PPS", "TIMEPULSE=GNSS_PSS",
     "lonely GNSS_PSS"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sheet", "old", "new", "fault"),
    [row[1:] for row in PLANTED],
    ids=[row[0] for row in PLANTED],
)
def test_a_planted_fault_is_found(bench, sheet, old, new, fault):
    plant(bench, f"sheets/{sheet}", old, new)
    assert fault in {one.name for one in faults(read_circuit(bench))}


PLANTED_IN_FILES = [
    ("a modem with GSM's bursts of 2 A", "parts.toml", "peak_ma = 600", "peak_ma = 2000",
     "overdrawn VSYS"),
    ("a supply that the chip does not take", "wearable.toml",
     "[rails.V3V3]\nmin_v = 3.2\nmax_v = 3.4", "[rails.V3V3]\nmin_v = 3.2\nmax_v = 3.7",
     "voltage U1 3V3"),
    ("a cradle too low for diode and charger", "wearable.toml", "min_v = 4.85", "min_v = 4.75",
     "drop CHARGER_IN"),
    ("a module without octal PSRAM", "parts.toml", 'mpn = "ESP32-S3-WROOM-1-N8R8"',
     'mpn = "ESP32-S3-WROOM-1-N8R2"', "module U1"),
    ("an explanation of nothing", "wearable.toml", "[explained]\n",
     '[explained]\n"lonely GNSS_PPS" = "it was a test pad"\n', "explained lonely GNSS_PPS"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [row[1:] for row in PLANTED_IN_FILES],
    ids=[row[0] for row in PLANTED_IN_FILES],
)
def test_a_fault_planted_in_a_table_is_found(bench, name, old, new, fault):
    plant(bench, name, old, new)
    assert fault in {one.name for one in faults(read_circuit(bench))}


def test_a_kept_pin_that_the_boards_file_uses_is_refused(bench):
    plant(bench, "wearable.toml", "pin = 5,", "pin = 12,")
    with pytest.raises(CircuitError, match="IO12 has the net LED already"):
        read_circuit(bench)


def test_a_kept_pin_that_the_psram_takes_is_refused(bench):
    plant(bench, "wearable.toml", "charge_working = { pin = 5,", "charge_working = { pin = 35,")
    wrong = [fault for fault in faults(read_circuit(bench)) if fault.rule == "pin"]
    assert wrong[0].subject == "reserved charge_working"
    assert "wired to flash or PSRAM" in wrong[0].text


def test_a_warning_with_its_reason_stays_quiet_and_without_it_does_not(bench):
    plant(bench, "sheets/1-chip.txt", "IO6=-", "IO6=SPARE")
    assert {fault.name for fault in faults(read_circuit(bench))} == {"lonely SPARE"}
    plant(bench, "wearable.toml", "[explained]\n", '[explained]\n"lonely SPARE" = "a spare"\n')
    assert faults(read_circuit(bench)) == []
    assert [fault.name for fault in found(read_circuit(bench))] == ["lonely SPARE"]


def test_every_part_that_is_left_out_is_missed_but_for_bare_pads(circuit):
    unmissed = [part.ref for part in circuit.parts if not faults_without(circuit, part)]
    pads = {part.ref for part in circuit.parts if part.kind.name == "test-pad"}
    assert set(unmissed) <= pads


def faults_without(circuit, part):
    try:
        return found(circuit._replace(parts=[one for one in circuit.parts if one is not part]))
    except CircuitError as refused:
        return [refused]


def test_nets_that_are_made_one_are_found(circuit):
    """A sample of the 2,701 pairs; all of them were tried once, see hardware/wearable/README.md."""
    pairs = list(itertools.combinations(sorted(circuit.joins), 2))
    for kept, lost in random.Random(6).sample(pairs, 40):
        if lost in circuit.rails or lost == "GND":
            kept, lost = lost, kept
        assert found(joined(circuit, kept, lost)), f"{kept} and {lost} joined, and no rule says so"


def test_a_board_whose_ground_has_another_name_is_judged_and_not_a_crash(circuit):
    assert found(joined(circuit, "V3V3", "GND"))


def joined(circuit, kept, lost):
    parts = [
        part._replace(nets={n: kept if net == lost else net for n, net in part.nets.items()})
        for part in circuit.parts
    ]
    uses = {kept if net == lost else net: use for net, use in circuit.uses.items()}
    return circuit._replace(parts=parts, uses=uses)


REFUSED = [
    ("sheets/6-wearer.txt", "R74 r 270", "R74 resistance 270", "a kind of parts.toml"),
    ("sheets/6-wearer.txt", "R74 r 270 LED LED_A", "R74 r 270 LED", "wanted 2 nets, there are 1"),
    ("sheets/6-wearer.txt", "R74 r 270", "R73 r 270", "R73 is there already"),
    ("sheets/6-wearer.txt", " # (3.3 - 2.0) / 270 = 4.8 mA", "", "what it is for"),
    ("sheets/6-wearer.txt", "C73 c 100n", "C73 c 120n", "no value of c"),
    ("sheets/6-wearer.txt", "INT1=MOTION", "INT=MOTION", "no pin of that name"),
    ("parts.toml", "11 INT2 out @VDD_IO", "11 INT2 output @VDD_IO", "wanted number, name and one"),
    ("parts.toml", "11 INT2 out @VDD_IO", "11 INT2 out VDD_IO", "no mark of a pin"),
    ("parts.toml", 'second = "LIS2DE12TR (same pads and registers, 8 bits)"\n', "", "why nothing"),
    ("parts.toml", "[lis2dh12]", "[lis2dh12", "cannot be read"),
    ("wearable.toml", "[explained]", "[explained", "cannot be read"),
]


@pytest.mark.parametrize(("name", "old", "new", "words"), REFUSED)
def test_what_cannot_be_read_is_refused_with_its_place(bench, name, old, new, words):
    plant(bench, name, old, new)
    with pytest.raises(CircuitError, match=words):
        read_circuit(bench)


def test_a_schematic_without_sheets_is_refused(bench):
    shutil.rmtree(bench / "sheets")
    with pytest.raises(CircuitError, match=r"no sheets/\*\.txt"):
        read_circuit(bench)
