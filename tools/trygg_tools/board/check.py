"""Whether a board's wiring can work: what is impossible is an error, what takes care a warning.

    findings(module, uses, numbers)   all of a wiring's, errors first

Nothing is measured here: this is what a data sheet says before a soldering iron is warm.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from trygg_tools.board.modules import STOPS_THE_START, Module
from trygg_tools.board.uses import Use, Way


class Finding(NamedTuple):
    """What is wrong with one setting, and what to do."""

    level: Literal["error", "warning"]
    setting: str
    text: str

    def __str__(self) -> str:
        return f"{self.setting}: {self.text}"


def findings(
    module: Module, uses: Sequence[Use], uarts: Sequence[tuple[str, int]]
) -> list[Finding]:
    """`uses` of pins and `uarts` (setting, number) against what the module has."""
    found = _used_twice(uses) + _uart_faults(module, uarts)
    for use in uses:
        found += _of_pin(module, use)
    return sorted(found, key=lambda finding: finding.level != "error")


def _of_pin(module: Module, use: Use) -> list[Finding]:
    if use.pin not in module.there:
        return [_error(use, f"pin {use.pin} does not exist on the {module.chip}")]
    if use.pin in module.memory:
        return [
            _error(use, f"pin {use.pin} is wired to flash or PSRAM inside the module: take another")
        ]
    return [
        *_direction(module, use),
        *_measured(module, use),
        *_waking(module, use),
        *_at_a_start(module, use),
        *_console(module, use),
    ]


def _direction(module: Module, use: Use) -> list[Finding]:
    if use.pin not in module.input_only:
        return []
    if use.way in (Way.OUT, Way.BUS):
        return [_error(use, f"pin {use.pin} is input only and cannot be driven: take another")]
    if use.way in (Way.PULLED_UP, Way.PULLED_DOWN):
        return [_warning(use, f"pin {use.pin} has no pull inside: the board needs a resistor")]
    return []


def _measured(module: Module, use: Use) -> list[Finding]:
    if use.way is not Way.ADC or use.pin in module.adc:
        return []
    if use.pin in module.adc_no_wifi:
        why = "its converter is not to be had while Wi-Fi is on, which home anchors need"
        return [_error(use, f"pin {use.pin}: {why}; wanted one of {_named(module.adc)}")]
    return [_error(use, f"pin {use.pin} measures no voltage; wanted one of {_named(module.adc)}")]


def _waking(module: Module, use: Use) -> list[Finding]:
    if not use.wakes or use.pin in module.rtc:
        return []
    return [
        _error(
            use,
            f"pin {use.pin} cannot wake the chip from deep sleep; wanted one of"
            f" {_named(module.rtc)}",
        )
    ]


def _at_a_start(module: Module, use: Use) -> list[Finding]:
    said = module.strapping.get(use.pin)
    if said is None:
        return []
    stops = (module.chip, use.pin) in STOPS_THE_START
    if use.way is Way.PULLED_UP and said.startswith("low") and use.setting.endswith("button_pin"):
        return [_warning(use, f"pin {use.pin} is read at every start; {said}. Nobody may press it")]
    if stops and use.way is not Way.OUT and said.startswith("high"):
        return [_error(use, f"pin {use.pin} is read at every start; {said}: take another")]
    return [_warning(use, f"pin {use.pin} is read at every start; {said}: no pull on the board")]


def _console(module: Module, use: Use) -> list[Finding]:
    if use.pin in module.usb:
        return [
            _error(use, f"pin {use.pin} is the chip's USB, console and flash tool: take another")
        ]
    if use.pin in module.console:
        return [
            _error(use, f"pin {use.pin} is the console, which mpremote speaks to: take another")
        ]
    return []


def _used_twice(uses: Sequence[Use]) -> list[Finding]:
    taken: dict[int, Use] = {}
    found = []
    for use in uses:
        first = taken.setdefault(use.pin, use)
        if first is not use:
            found.append(_error(use, f"pin {use.pin} is used twice: {first.setting} has it too"))
    return found


def _uart_faults(module: Module, uarts: Sequence[tuple[str, int]]) -> list[Finding]:
    taken: dict[int, str] = {}
    found = []
    for setting, number in uarts:
        if not 0 < number < module.uarts:
            last = module.uarts - 1
            text = f"UART {number}: the {module.chip} has 1 to {last}, and 0 is the console"
            found.append(Finding("error", setting, text))
        first = taken.setdefault(number, setting)
        if first != setting:
            text = f"UART {number} is used twice: {first} has it too"
            found.append(Finding("error", setting, text))
    return found


def _error(use: Use, text: str) -> Finding:
    return Finding("error", use.setting, text)


def _warning(use: Use, text: str) -> Finding:
    return Finding("warning", use.setting, text)


def _named(numbers: frozenset[int]) -> str:
    """{0, 1, 2, 5} as "0-2, 5"."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
