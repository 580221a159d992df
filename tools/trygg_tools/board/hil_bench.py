"""The bench of tests/hil with a real board, drawn: host, adapters, meter, relay, and the board.

    bench_of("esp32-modem-bench", board).text()

Each adapter is one option of the tests: the console `--port`, and in place of the receiver and of
the modem `--gps-port` and `--modem-port`. The board's receiver and modem are taken off its pins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trygg_tools.board.harness import CONTROL, DATA, GROUND, SUPPLY, Cable, Harness, Part, Pin, Wire
from trygg_tools.board.wiring import NothingWired

if TYPE_CHECKING:
    from trygg_tools.boards import Board

CONSOLE_PINS = {"esp32": (1, 3), "esp32s3": (43, 44)}  # UART0: we speak, we hear
ADAPTER = (Pin("USB", "to the host"), Pin("GND"), Pin("TXD", "speaks"), Pin("RXD", "hears"))
THREE_VOLTS = "USB-serial adapter, 3.3 V levels"
IN_SERIES = "1 kΩ in series with TXD, its VCC not joined:\nelse it feeds a board that is off"


def bench_of(name: str, board: Board) -> Harness:
    """The bench for the board that is called `name`; NothingWired."""
    wiring = board.wiring
    if wiring is None:
        raise NothingWired(f"{name}: its file has no [wiring], so no bench can be drawn for it")
    speaks, hears = CONSOLE_PINS[board.chip]
    lines = {"CONSOLE": ("--port, 115200 Bd", speaks, hears)}
    if wiring.gnss.number is not None:
        lines["GPS"] = (f"--gps-port, {wiring.gnss.baud} Bd", wiring.gnss.tx, wiring.gnss.rx)
    if wiring.modem is not None:
        uart = wiring.modem.uart
        lines["MODEM"] = (f"--modem-port, {uart.baud} Bd", uart.tx, uart.rx)
    printed = board.drawn.printed.format
    dut = [Pin("BAT+", "in place of the cell"), Pin("GND", "ground")]
    button = printed(wiring.io.button_pin) if wiring.io.button_pin >= 0 else ""
    dut += [Pin(button, "button")] if button else []
    parts = [_host(list(lines)), _meter(), _relay()]
    cables = [_cable("HOST", "METER", ("USB", "USB", DATA)), *_supply(button)]
    for adapter, (option, tx, rx) in lines.items():
        parts.append(Part(adapter, THREE_VOLTS, ADAPTER, f"{option}\n{IN_SERIES}", False))
        dut += [
            Pin(printed(rx), f"{adapter.lower()}, we hear"),
            Pin(printed(tx), f"{adapter.lower()}, we speak"),
        ]
        cables.append(_cable("HOST", adapter, (f"USB {adapter}", "USB", DATA)))
        wires = (("TXD", printed(rx), DATA), ("RXD", printed(tx), DATA), ("GND", "GND", GROUND))
        cables.append(_cable(adapter, "DUT", *wires))
    parts.append(Part("DUT", board.drawn.chip, tuple(dut), f"{board.name}\nno USB cable, no cell"))
    made_by = f"trygg board wiring {name} --bench --write FOLDER"
    return Harness(f"HIL bench with {board.name}", made_by, tuple(parts), tuple(cables))


def _host(adapters: list[str]) -> Part:
    pins = [Pin("USB", "the meter"), Pin("USB RELAY"), *(Pin(f"USB {name}") for name in adapters)]
    note = "pytest tests/hil, gateway, broker\nand webhook run here; a hub with its\nown supply"
    return Part("HOST", "computer", tuple(pins), note, here=False)


def _meter() -> Part:
    pins = (Pin("USB"), Pin("VOUT", "3.9 V, as a cell"), Pin("GND"))
    note = (
        "PPK2 as a source; or a supply with\nan INA219 in its plus line, which\ntells no µA apart"
    )
    return Part("METER", "supply and current meter", pins, note, here=False)


def _relay() -> Part:
    pins = [Pin("USB", "switched by the host"), Pin("COM1", "--power-command"), Pin("NO1")]
    pins += [Pin("COM2", "--button-command"), Pin("NO2")]
    note = "1: the power cut, the board is off\nat once; 2: across the button"
    return Part("RELAY", "USB relay, two contacts", tuple(pins), note, here=False)


def _supply(button: str) -> list[Cable]:
    switched = [("NO1", "BAT+", SUPPLY)]
    switched += [("NO2", button, CONTROL), ("COM2", "GND", GROUND)] if button else []
    return [
        _cable("HOST", "RELAY", ("USB RELAY", "USB", CONTROL)),
        _cable("METER", "RELAY", ("VOUT", "COM1", SUPPLY)),
        _cable("METER", "DUT", ("GND", "GND", GROUND)),
        _cable("RELAY", "DUT", *switched),
    ]


def _cable(left: str, right: str, *wires: tuple[str, str, str]) -> Cable:
    return Cable(left, right, tuple(Wire(*wire) for wire in wires))
