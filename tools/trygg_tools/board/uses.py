"""What each pin of a board's wiring is used for, in the words of its file."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trygg_tools.boards import Wiring


class Way(Enum):
    """How the firmware uses a pin."""

    OUT = "driven"
    PULLED_UP = "read with a pull-up"
    PULLED_DOWN = "read with a pull-down"
    ADC = "measured"
    BUS = "driven and read, with a pull-up"


class Use(NamedTuple):
    """One use of one pin; `wakes`: it also has to wake the chip from deep sleep."""

    setting: str
    pin: int
    way: Way
    wakes: bool = False


def uses_of(wiring: Wiring) -> list[Use]:
    """Every pin that is wired; what reads a pin and wakes by it is one use."""
    power, io = wiring.power, wiring.io
    found = [
        Use("wiring.power.battery_pin", power.battery_pin, Way.ADC),
        Use("wiring.power.charging_pin", power.charging_pin, Way.PULLED_UP),
        Use("wiring.io.led_pin", io.led_pin, Way.OUT),
        Use("wiring.io.motor_pin", io.motor_pin, Way.OUT),
    ]
    for name, way in (
        ("button_pin", Way.PULLED_UP),
        ("worn_pin", Way.PULLED_UP),
        ("motion_pin", Way.PULLED_DOWN),
    ):
        found += _read_and_waking(name, way, getattr(io, name), getattr(power, name))
    found += [Use(f"wiring.power.rails {name}", pin, Way.OUT) for name, pin in power.rails]
    found += [
        Use(f"wiring.power.senses {name}", pin, Way.PULLED_DOWN) for name, pin in power.senses
    ]
    found += _lines_of(wiring)
    found += _buses_of(wiring)
    return [use for use in found if use.pin >= 0]


def _read_and_waking(name: str, way: Way, read: int, wakes: int) -> list[Use]:
    if read == wakes:
        return [Use(f"wiring.io.{name}", read, way, True)]
    return [
        Use(f"wiring.io.{name}", read, way),
        Use(f"wiring.power.{name}", wakes, way, True),
    ]


def _buses_of(wiring: Wiring) -> list[Use]:
    """The pins of each I2C; two parts on one bus are one use."""
    buses: dict[tuple[int, int, int], str] = {}
    rows = (
        ("wiring.power.pmu", wiring.power.pmu),
        ("wiring.io.accelerometer", wiring.io.accelerometer),
    )
    for setting, part in rows:
        if part is not None:
            buses.setdefault((part.number, part.sda, part.scl), setting)
    found = []
    for (_, sda, scl), setting in buses.items():
        found += [Use(f"{setting}.sda", sda, Way.BUS), Use(f"{setting}.scl", scl, Way.BUS)]
    return found


def _lines_of(wiring: Wiring) -> list[Use]:
    found = []
    if wiring.gnss.number is not None:
        found += [Use("wiring.gnss.tx", wiring.gnss.tx, Way.OUT)]
        found += [Use("wiring.gnss.rx", wiring.gnss.rx, Way.PULLED_UP)]
    if wiring.modem is not None:
        uart = wiring.modem.uart
        found += [Use("wiring.modem.uart.tx", uart.tx, Way.OUT)]
        found += [Use("wiring.modem.uart.rx", uart.rx, Way.PULLED_UP)]
    return found
