"""The boards of hardware/boards/*.toml, read and checked: wiring, and what each activity draws.

    board = read_board(board_file("reference-wearable"))
    board.energy.receiver.ua          # µA while the receiver is on, above the awake chip
    config_sections(board)            # what of it belongs into a tracker's /config.json

A file that is wrong is refused with BoardError, which names the file, the key, what is wanted and
what is there. Every figure has a source and says what kind of figure it is; a measurement on the
bench replaces an estimate by editing the row.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

ACTIVITIES = ("sleep", "awake", "receiver", "radio", "signals", "anchor")
OF_A_MODEM = ("edrx", "psm")  # behind them, on boards whose firmware drives one
UA_MAX = 290_000  # what the tracker's ledger can multiply with an hour inside 31 bits

Pin = Annotated[int, Field(ge=-1, le=48)]  # -1: not there


class BoardError(ValueError):
    """A board's file cannot be used; the text says where and why."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Figure(_Table):
    """A current in µA, what kind of figure it is, and where it comes from."""

    ua: int = Field(ge=0, le=UA_MAX)
    kind: Literal["data sheet", "measured", "reported", "estimate"]
    source: str = Field(min_length=10)


class Energy(_Table):
    """What the board draws in each activity; all but `sleep` and `awake` come on top of awake."""

    chemistry: Literal["li_ion", "li_ion_4v35", "lifepo4"]
    battery_mah: int = Field(ge=50, le=10_000)
    boot_ms: int = Field(ge=0, le=10_000)  # awake from the end of a sleep to the first step
    sleep: Figure
    awake: Figure
    receiver: Figure
    radio: Figure
    signals: Figure
    anchor: Figure
    edrx: Figure | None = None  # a modem that is reachable and says nothing
    psm: Figure | None = None  # one that sleeps, attached


class Gnss(_Table):
    """Arguments of esp32/uart.py, and which receiver it is (tracker/receiver_rows.py)."""

    number: int = Field(ge=1, le=2)
    tx: Pin
    rx: Pin
    baud: int = Field(ge=4800, le=921_600)
    receiver: Literal["none", "u-blox-m8", "u-blox-m10", "quectel-l76", "modem"] = "none"


class ModemUart(_Table):
    """Arguments of esp32/uart.py."""

    number: int = Field(ge=1, le=2)
    tx: Pin
    rx: Pin
    baud: int = Field(default=115_200, ge=9600, le=921_600)
    rxbuf: int = Field(default=4096, ge=1024, le=16_384)


class Modem(_Table):
    """The section `modem` as far as the board decides it (tracker/modem/wiring.py)."""

    dialect: Literal["sim7080", "sim7000", "sim7600", "a7670", "bg95"]
    ways: list[Literal["mqtt", "socket"]] = Field(min_length=1, max_length=2)
    apn: str = Field(max_length=100)
    bands: int = Field(default=1, ge=1, le=3)
    uart: ModemUart


class Power(_Table):
    """Arguments of esp32/power.py."""

    battery_pin: Pin
    battery_percent: int = Field(default=200, ge=100, le=1000)
    charging_pin: Pin = -1
    button_pin: Pin = -1
    motion_pin: Pin = -1
    worn_pin: Pin = -1
    rails: list[tuple[str, Pin]] = Field(default_factory=list)
    senses: list[tuple[str, Pin]] = Field(default_factory=list)


class Io(_Table):
    """Arguments of esp32/board_io.py."""

    button_pin: Pin = -1
    led_pin: Pin = -1
    motor_pin: Pin = -1
    worn_pin: Pin = -1
    motion_pin: Pin = -1


class Wiring(_Table):
    """How the firmware's parts are wired; only on boards whose parts it can drive."""

    gnss: Gnss
    power: Power
    io: Io
    modem: Modem | None = None


class Board(_Table):
    """One board. `wiring` is None where the firmware has no driver for its parts yet."""

    name: str = Field(min_length=3)
    chip: Literal["esp32", "esp32s3"]
    arch: Literal["xtensawin"]
    link: Literal["wifi", "modem"]
    note: str = Field(min_length=10)  # what of this was seen on a board, and what was not
    wiring: Wiring | None = None
    energy: Energy


def boards_folder() -> Path:
    """The boards' files: the checkout's, or what the wheel carries."""
    here = Path(__file__).resolve()
    carried = here.with_name("board_files")
    return carried if carried.is_dir() else here.parents[2] / "hardware" / "boards"


def board_names() -> list[str]:
    """The names of all boards, in order."""
    return sorted(path.stem for path in boards_folder().glob("*.toml"))


def board_file(name: str) -> Path:
    """The file of the board `name`; BoardError names those there are."""
    path = boards_folder() / f"{name}.toml"
    if not path.is_file():
        raise BoardError(f"no board {name!r}; there are: {', '.join(board_names())}")
    return path


def read_board(path: Path) -> Board:
    """The board in the file `path`; BoardError for one that is wrong or uses a pin twice."""
    try:
        board = Board.model_validate(_lists_to_pairs(tomllib.loads(path.read_text("utf-8"))))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardError(f"{path.name}: no TOML: {error}") from None
    except ValidationError as error:
        raise BoardError(f"{path.name}: {_first_fault(error)}") from None
    twice = pins_used_twice(board)
    if twice:
        raise BoardError(f"{path.name}: " + "; ".join(twice))
    return board


def pins_used_twice(board: Board) -> list[str]:
    """A sentence for each pin that two uses claim; a button, strap or sensor may wake, too."""
    if board.wiring is None:
        return []
    gnss, power, io = board.wiring.gnss, board.wiring.power, board.wiring.io
    uses = [("gnss.tx", gnss.tx), ("gnss.rx", gnss.rx), ("power.battery_pin", power.battery_pin)]
    uses += [("power.charging_pin", power.charging_pin), ("io.button_pin", io.button_pin)]
    uses += [("io.led_pin", io.led_pin), ("io.motor_pin", io.motor_pin)]
    uses += [("io.worn_pin", io.worn_pin), ("io.motion_pin", io.motion_pin)]
    uses += [(f"power.rails {name}", pin) for name, pin in power.rails]
    uses += [(f"power.senses {name}", pin) for name, pin in power.senses]
    if board.wiring.modem is not None:
        uart = board.wiring.modem.uart
        uses += [("modem.uart.tx", uart.tx), ("modem.uart.rx", uart.rx)]
    for name in ("button_pin", "worn_pin", "motion_pin"):
        wakes: int = getattr(power, name)
        if wakes not in (-1, getattr(io, name)):
            uses.append((f"power.{name}", wakes))
    taken: dict[int, str] = {}
    faults = []
    for use, pin in uses:
        if pin >= 0 and pin in taken:
            faults.append(f"pin {pin} is used twice: {taken[pin]} and {use}")
        taken.setdefault(pin, use)
    return faults


def energy_section(energy: Energy) -> dict[str, Any]:
    """The `energy` section of /config.json, as tracker/ledger.py and tracker/battery.py want it."""
    return {
        "chemistry": energy.chemistry,
        "battery_mah": energy.battery_mah,
        "boot_ms": energy.boot_ms,
        "ua": [getattr(energy, activity).ua for activity in activities_of(energy)],
    }


def activities_of(energy: Energy) -> tuple[str, ...]:
    """What the board's ledger counts."""
    return ACTIVITIES + OF_A_MODEM if energy.edrx and energy.psm else ACTIVITIES


def config_sections(board: Board) -> dict[str, Any]:
    """The sections of /config.json that the board decides; without `wiring` only `energy`."""
    sections: dict[str, Any] = {"energy": energy_section(board.energy)}
    if board.wiring is not None:
        sections.update(board.wiring.model_dump(mode="json", exclude_unset=True))
    return sections


def _lists_to_pairs(tables: dict[str, Any]) -> dict[str, Any]:
    """TOML has no tuples: rails and senses are written as lists of two."""
    power = tables.get("wiring", {}).get("power", {})
    for name in ("rails", "senses"):
        rows = power.get(name)
        if isinstance(rows, list):
            power[name] = [tuple(row) if isinstance(row, list) else row for row in rows]
    return tables


def _first_fault(error: ValidationError) -> str:
    """The first thing that is wrong: key, what is wanted, what is there."""
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    there = "" if fault["type"] == "missing" else f", not {fault['input']!r}"
    more = len(error.errors()) - 1
    return f"{key}: {fault['msg']}{there}" + (f" (and {more} more faults)" if more else "")
