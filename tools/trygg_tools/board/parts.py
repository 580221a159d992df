"""Receiver, modem, and what the wearer presses, sees and feels, drawn beside a board's ESP32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trygg_tools.board.harness import CONTROL, DATA, GROUND, SUPPLY, Pin

if TYPE_CHECKING:
    from trygg_tools.board.wiring import Sheet

CHIP, CELL, PMU = "ESP32", "CELL", "AXP2101"
RECEIVERS = {
    "u-blox-m8": "u-blox M8 receiver",
    "u-blox-m10": "u-blox M10 receiver",
    "quectel-l76": "Quectel L76K receiver",
}
MODEMS = {
    "sim7080": "SIM7080G modem",
    "sim7000": "SIM7000G modem",
    "sim7600": "SIM7600 modem",
    "a7670": "A7670 modem",
    "bg95": "Quectel BG95 modem",
}
# pins of a modem's hardware design where they are called otherwise than by SIMCom
ALSO_CALLED = {"bg95": {"TXD": "MAIN_TXD", "RXD": "MAIN_RXD", "DTR": "MAIN_DTR"}}
# what a power chip's output feeds on the modem's side
FED_BY = {
    ("modem", "dc3"): "VBAT",
    ("modem", "bldo1"): "level shifters",
    ("gnss", "bldo2"): "GNSS antenna",
}
FED = "\n1 kΩ or a buffer before RXD: else our\nline feeds it while its supply is off"
PULLED_UP = "1 MΩ from A to 3V3: the chip's\nown pull-up is off while it sleeps"
LEVELS = (
    "TXD, RXD, DTR, STATUS are 1.8 V:\nlevel shifters, if the breakout has none,\n"
    "of a kind that is dead without its supply.\n"
    "PWRKEY by an N-FET: gate at the GPIO\n(100 kΩ to GND), drain at PWRKEY"
)


def of_the_receiver(sheet: Sheet) -> None:
    """The receiver on its own UART; the modem's own one has no line."""
    gnss = sheet.wiring.gnss
    if gnss.number is None:
        return
    wakes_by = dict(sheet.drawn.rail_pins).get("gnss", "")
    pins = [Pin("VCC", "3.3 V"), Pin("GND", "ground"), Pin("RXD", "hears"), Pin("TXD", "speaks")]
    pins += [Pin(wakes_by, "low: standby")] if wakes_by else []
    note = f"UART {gnss.number}, {gnss.baud} Bd"
    note += FED if "gnss" in sheet.rails and not wakes_by else ""
    sheet.add("RECEIVER", RECEIVERS[gnss.receiver], tuple(pins), note)
    lines = [
        (sheet.gpio(gnss.tx, "receiver, we speak"), "RXD", DATA),
        (sheet.gpio(gnss.rx, "receiver, we hear"), "TXD", DATA),
        (sheet.chip_power("GND"), "GND", GROUND),
    ]
    if wakes_by:
        lines.append((sheet.gpio(sheet.rails["gnss"], "receiver awake"), wakes_by, CONTROL))
    if wakes_by or "gnss" not in sheet.rails:
        lines.append((sheet.chip_power("3V3"), "VCC", SUPPLY))
    sheet.join(CHIP, "RECEIVER", *lines)
    if "gnss" in sheet.rails and not wakes_by:
        _switch(sheet, "gnss", "SWITCH_GNSS", "3V3", ("RECEIVER", "VCC"))


def of_the_modem(sheet: Sheet) -> None:
    """The modem on its UART, with the pins that wake, switch and tell of it."""
    modem = sheet.wiring.modem
    if modem is None:
        return
    called = ALSO_CALLED.get(modem.dialect, {})
    lines = [
        (sheet.gpio(modem.uart.tx, "modem, we speak"), called.get("RXD", "RXD"), DATA),
        (sheet.gpio(modem.uart.rx, "modem, we hear"), called.get("TXD", "TXD"), DATA),
        (sheet.chip_power("GND"), "GND", GROUND),
    ]
    named = {"modem_key": "PWRKEY", "modem_dtr": called.get("DTR", "DTR")}
    for rail, printed in named.items():
        if rail in sheet.rails:
            lines.append((sheet.gpio(sheet.rails[rail], printed.lower()), printed, CONTROL))
    for sense, number in sheet.wiring.power.senses:
        if sense == "modem_status":
            lines.append((sheet.gpio(number, "modem is up"), "STATUS", CONTROL))
    pins = [Pin(pin) for _, pin, _ in lines]
    pins += [Pin("VBAT", "0.6 A and more")]
    outputs = sheet.wiring.power.pmu.rails if sheet.wiring.power.pmu else []
    pins += [Pin(FED_BY[rail, output]) for rail, output, _ in outputs if output != "dc3"]
    uart = f"UART {modem.uart.number}, {modem.uart.baud} Bd"
    own = ", its own GNSS" if sheet.wiring.gnss.receiver == "modem" else ""
    note = uart if sheet.here("MODEM") else f"{uart}\n{LEVELS}"
    sheet.add("MODEM", MODEMS[modem.dialect] + own, tuple(pins), note)
    sheet.join(CHIP, "MODEM", *lines)
    _modem_supply(sheet)


def _modem_supply(sheet: Sheet) -> None:
    pmu = sheet.wiring.power.pmu
    if pmu is not None:
        wires = [(output.upper(), FED_BY[rail, output], SUPPLY) for rail, output, _ in pmu.rails]
        sheet.join(PMU, "MODEM", *wires)
    elif "modem" in sheet.rails:
        _switch(sheet, "modem", "SWITCH_MODEM", "BAT+", ("MODEM", "VBAT"))
    else:
        sheet.join(CELL, "MODEM", ("BAT+", "VBAT", SUPPLY))


def _switch(sheet: Sheet, rail: str, name: str, source: str, fed: tuple[str, str]) -> None:
    """A load switch between the cell's `source` and a part: high at ON feeds it."""
    pins = (Pin("VIN"), Pin("VOUT"), Pin("ON", "high: on"))
    sheet.add(name, "load switch", pins, "100 kΩ from ON to ground:\noff while nobody drives it")
    on = sheet.gpio(sheet.rails[rail], f"{fed[0].lower()}'s supply")
    sheet.join(CELL, name, (source, "VIN", SUPPLY))
    sheet.join(name, CHIP, ("ON", on, CONTROL))
    sheet.join(name, fed[0], ("VOUT", fed[1], SUPPLY))


def of_the_wearer(sheet: Sheet) -> None:
    """Button, strap, accelerometer, light and motor, as far as they are wired."""
    io = sheet.wiring.io
    ground = ("GND", "B", GROUND)
    two = (Pin("A"), Pin("B"))
    if io.button_pin >= 0:
        sheet.add("BUTTON", "closes to ground", two, PULLED_UP)
        sheet.join(CHIP, "BUTTON", (sheet.gpio(io.button_pin, "button"), "A", CONTROL), ground)
    if io.worn_pin >= 0:
        sheet.add("STRAP", "contact, closed when worn", two, PULLED_UP)
        sheet.join(CHIP, "STRAP", (sheet.gpio(io.worn_pin, "strap"), "A", CONTROL), ground)
    if io.motion_pin >= 0:
        _accelerometer(sheet)
    if io.led_pin >= 0:
        _light(sheet, io.led_pin, io.led_on)
    if io.motor_pin >= 0:
        _motor(sheet, io.motor_pin, io.motor_on)


def _accelerometer(sheet: Sheet) -> None:
    """Its interrupt, and the I2C that it is set up by if it has to be."""
    io, name = sheet.wiring.io, "ACCELEROMETER"
    pins = [Pin("VDD"), Pin("GND"), Pin("INT1", "high: moved")]
    wires = [("3V3", "VDD", SUPPLY), ("GND", "GND", GROUND)]
    wires.append((sheet.gpio(io.motion_pin, "motion"), "INT1", CONTROL))
    if io.accelerometer is None:
        sheet.add(name, "its interrupt", tuple(pins))
    else:
        bus = io.accelerometer
        pins += [Pin("SDA"), Pin("SCL"), Pin("CS", "to VDD: I2C")]
        pins += [Pin("SA0", "to VDD" if bus.address & 1 else "to GND")]
        wires.append((sheet.gpio(bus.sda, "I2C SDA"), "SDA", DATA))
        wires.append((sheet.gpio(bus.scl, "I2C SCL"), "SCL", DATA))
        note = "4.7 kΩ from SDA and from SCL to VDD"
        sheet.add(name, f"LIS2DH12, I2C {bus.address:#x}", tuple(pins), note)
    sheet.join(CHIP, name, *wires)


def _light(sheet: Sheet, number: int, on: int) -> None:
    """On at 1 it hangs between pin and ground, on at 0 between supply and pin."""
    pins = (Pin("+", "anode"), Pin("-", "cathode"))
    sheet.add("LED", f"light, on when {'high' if on else 'low'}", pins, "1 kΩ in series")
    pin = sheet.gpio(number, "light")
    wires = [(pin, "+", CONTROL), ("GND", "-", GROUND)]
    if not on:
        wires = [("3V3", "+", SUPPLY), (pin, "-", CONTROL)]
    sheet.join(CHIP, "LED", *wires)


def _motor(sheet: Sheet, number: int, on: int) -> None:
    """Behind a transistor: the pin drives no motor itself."""
    fet = "N-FET, 10 kΩ from IN to ground" if on else "P-FET, 10 kΩ from IN to 3V3"
    title = f"motor and driver, on when {'high' if on else 'low'}"
    pins = (Pin("3V3"), Pin("GND"), Pin("IN"))
    sheet.add("MOTOR", title, pins, f"{fet},\na diode across the motor")
    wires = [("3V3", "3V3", SUPPLY), ("GND", "GND", GROUND)]
    sheet.join(CHIP, "MOTOR", *wires, (sheet.gpio(number, "motor"), "IN", CONTROL))
