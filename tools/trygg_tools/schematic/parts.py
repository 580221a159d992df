"""The kinds of parts: their pins, what each pin does and stands, and what a buyer orders.

    kinds = read_kinds(folder / "parts.toml")
    kinds["tps22917"].pins        # each a Pin

parts.toml says at its top how a pin is written. A file that is wrong is refused with CircuitError.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

DOES = frozenset({"in", "out", "bidir", "od", "power_in", "power_out", "passive", "nc"})
MARKS = frozenset({"ioff", "pull", "gate", "held", "tx", "rx", "outside", "up"})


class CircuitError(ValueError):
    """A schematic cannot be read; the text says where and why."""


class Pin(NamedTuple):
    """One pin of a kind. Voltages in volts, None where the file says none."""

    number: str
    name: str
    does: str
    marks: frozenset[str] = frozenset()
    min_v: float | None = None  # a supply pin's range
    max_v: float | None = None
    supply: str = ""  # the name of the pin that its level comes from
    takes_v: float | None = None  # the most an input takes
    only: tuple[str, ...] = ()  # the kinds on its net, and no others
    needs: tuple[str, ...] = ()  # kinds that must be on its line
    on: str = ""  # the pin of its part whose net it is on, or the net itself
    to: str = ""  # the pin of its part that what is on its net leads to


class Order(NamedTuple):
    """What is bought: a maker's part number, what replaces it, or why nothing does."""

    mpn: str
    maker: str
    second: str
    only: str


class Kind(NamedTuple):
    """A kind of part. `values`: what is ordered for each value, where a value decides."""

    name: str
    order: Order
    pins: tuple[Pin, ...]
    pins_from: str
    peak_ma: int
    peak_from: str
    esd: bool
    values: dict[str, Order]
    drop_v: float  # the most volts lost between its ends
    caps: dict[str, list[str]]  # what a supply pin asks for to the ground, by the pin's name

    @property
    def by_value(self) -> bool:
        """True for what is told apart by a value: resistors and capacitors."""
        return bool(self.values) or "{" in self.order.mpn

    def pin(self, number: str) -> Pin:
        """The pin with that number."""
        return next(pin for pin in self.pins if pin.number == number)


def read_kinds(path: Path) -> dict[str, Kind]:
    """Every kind in parts.toml; CircuitError for a file that is wrong."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CircuitError(f"{path.name}: cannot be read: {error}") from None
    return {name: _kind(name, table) for name, table in tables.items()}


def _kind(name: str, table: dict[str, Any]) -> Kind:
    pins = tuple(pin_of(line, name) for line in table.get("pins", "").strip().splitlines())
    if not pins or not table.get("pins_from"):
        raise CircuitError(f"parts.toml: {name}: wanted pins and pins_from, where they come from")
    order = _order(table)
    values = {value: _order({"maker": order.maker} | row) for value, row in _rows(table)}
    if not values and not (order.second or order.only):
        raise CircuitError(f"parts.toml: {name}: wanted second, or only: why nothing else fits")
    return Kind(
        name,
        order,
        pins,
        table["pins_from"],
        table.get("peak_ma", 0),
        table.get("peak_from", ""),
        table.get("esd", False),
        values,
        table.get("drop_v", 0.0),
        table.get("caps", {}),
    )


def _rows(table: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    return list(table.get("values", {}).items())


def _order(row: dict[str, Any]) -> Order:
    return Order(
        row.get("mpn", ""), row.get("maker", ""), row.get("second", ""), row.get("only", "")
    )


def pin_of(line: str, kind: str) -> Pin:
    """`1 VIN power_in 1.3-5.5` as a Pin; CircuitError names the word that is none."""
    words = line.split()
    if len(words) < 3 or words[2] not in DOES:
        wanted = ", ".join(sorted(DOES))
        raise CircuitError(f"parts.toml: {kind}: {line!r}: wanted number, name and one of {wanted}")
    pin = Pin(words[0], words[1], words[2])
    for word in words[3:]:
        pin = _marked(pin, word, kind)
    return pin


def _marked(pin: Pin, word: str, kind: str) -> Pin:
    try:
        if word in MARKS:
            return pin._replace(marks=pin.marks | {word})
        if word.startswith("@"):
            return pin._replace(supply=word[1:])
        if word.startswith("only="):
            return pin._replace(only=tuple(word[5:].split(",")))
        if word.startswith("needs="):
            return pin._replace(needs=tuple(word[6:].split(",")))
        if word.startswith("on="):
            return pin._replace(on=word[3:])
        if word.startswith("to="):
            return pin._replace(to=word[3:])
        if word.startswith("takes"):
            return pin._replace(takes_v=float(word[5:]))
        low, high = word.split("-")
        return pin._replace(min_v=float(low), max_v=float(high))
    except ValueError:
        raise CircuitError(f"parts.toml: {kind} {pin.name}: {word!r} is no mark of a pin") from None
