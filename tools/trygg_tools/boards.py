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

from trygg_tools.board.check import Finding, findings
from trygg_tools.board.modules import MODULES
from trygg_tools.board.uses import Use, uses_of

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
    """Arguments of esp32/uart.py, and which receiver it is (tracker/receiver_rows.py).

    The modem's own receiver (`receiver = "modem"`) has no line of its own.
    """

    number: int | None = Field(default=None, ge=1, le=2)
    tx: Pin = -1
    rx: Pin = -1
    baud: int | None = Field(default=None, ge=4800, le=921_600)
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


# what all three outputs can give, in steps that the chip has
PmuMv = Annotated[int, Field(ge=1600, le=3400, multiple_of=100)]


class Pmu(_Table):
    """Arguments of esp32/axp2101.py: a power chip's I2C, and which rail is which of its outputs; a
    rail may be several."""

    number: int = Field(default=0, ge=0, le=1)
    sda: Pin
    scl: Pin
    rails: list[tuple[str, Literal["dc3", "bldo1", "bldo2"], PmuMv]] = Field(default_factory=list)


class Power(_Table):
    """Arguments of esp32/power.py."""

    battery_pin: Pin = -1  # -1 where a power chip measures
    pmu: Pmu | None = None
    battery_percent: int = Field(default=200, ge=100, le=1000)
    charging_pin: Pin = -1
    button_pin: Pin = -1
    motion_pin: Pin = -1
    worn_pin: Pin = -1
    rails: list[tuple[str, Pin]] = Field(default_factory=list)
    senses: list[tuple[str, Pin]] = Field(default_factory=list)


class Accelerometer(_Table):
    """Arguments of esp32/lis2dh.py: a LIS2DH12's I2C, and its address by its pin SA0."""

    number: int = Field(ge=0, le=1)
    sda: Pin
    scl: Pin
    address: Literal[0x18, 0x19]  # SA0 to ground, to the supply


class Io(_Table):
    """Arguments of esp32/board_io.py."""

    button_pin: Pin = -1
    led_pin: Pin = -1
    motor_pin: Pin = -1
    worn_pin: Pin = -1
    motion_pin: Pin = -1
    accelerometer: Accelerometer | None = None  # where its interrupt has to be set up
    led_on: Literal[0, 1] = 1  # the level at which it lights
    motor_on: Literal[0, 1] = 1


class Drawn(_Table):
    """What a drawing of the board needs besides its wiring."""

    chip: str = Field(default="ESP32 module", min_length=3)  # what the pins belong to
    printed: str = Field(default="GPIO{}", pattern=r"\{\}")  # how a GPIO is printed there
    on_board: list[str] = Field(default_factory=list)  # parts one need not solder on
    rail_pins: list[tuple[str, str]] = Field(default_factory=list)  # a rail that is a part's pin
    note: str = ""


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
    module: Literal["esp32-wroom-32", "esp32-wrover", "esp32-s3-quad", "esp32-s3-octal"]
    arch: Literal["xtensawin"]
    link: Literal["wifi", "modem"]
    note: str = Field(min_length=10)  # what of this was seen on a board, and what was not
    wiring: Wiring | None = None
    drawn: Drawn = Drawn()
    energy: Energy

    def uses(self) -> list[Use]:
        """Every pin that is wired, with its use."""
        return uses_of(self.wiring) if self.wiring is not None else []


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


def which_file(which: str) -> Path:
    """What a person names: a path that ends with .toml, or a board of ours. BoardError."""
    return Path(which) if which.endswith(".toml") else board_file(which)


def read_board(path: Path) -> Board:
    """The board in the file `path`; BoardError for one that is wrong or cannot be wired so."""
    board = parse_board(path)
    faults = [str(found) for found in wiring_findings(board) if found.level == "error"]
    if faults:
        raise BoardError(f"{path.name}: " + "; ".join(faults))
    return board


def parse_board(path: Path) -> Board:
    """What the file says, whether or not it can be wired so; BoardError if it is no board."""
    try:
        return Board.model_validate(_lists_to_pairs(tomllib.loads(path.read_text("utf-8"))))
    except OSError as error:
        raise BoardError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BoardError(f"{path.name}: no TOML: {error}") from None
    except ValidationError as error:
        raise BoardError(f"{path.name}: {_first_fault(error)}") from None


def wiring_findings(board: Board) -> list[Finding]:
    """What is wrong with the wiring on this module, errors first; nothing for one without."""
    module = MODULES[board.module]
    if module.chip != board.chip:
        return [Finding("error", "module", f"{board.module} has no {board.chip} in it")]
    if board.wiring is None:
        return []
    found = findings(module, board.uses(), _uarts(board.wiring))
    return _lines_missing(board, board.wiring) + found


def _uarts(wiring: Wiring) -> list[tuple[str, int]]:
    found = []
    if wiring.gnss.number is not None:
        found.append(("wiring.gnss.number", wiring.gnss.number))
    if wiring.modem is not None:
        found.append(("wiring.modem.uart.number", wiring.modem.uart.number))
    return found


def _lines_missing(board: Board, wiring: Wiring) -> list[Finding]:
    """A receiver or modem that is named and that no line leads to."""
    found = []
    gnss = wiring.gnss
    if (board.link == "modem") != (wiring.modem is not None):
        text = f'link is "{board.link}": wanted [wiring.modem] with a UART, and only then'
        found.append(Finding("error", "wiring.modem", text))
    if gnss.receiver == "modem" and wiring.modem is None:
        text = 'receiver = "modem" and no [wiring.modem]: name the receiver that is there'
        found.append(Finding("error", "wiring.gnss.receiver", text))
    if gnss.receiver != "modem" and (gnss.number is None or gnss.rx < 0 or gnss.baud is None):
        text = "the receiver has no UART: wanted number, tx, rx and baud"
        found.append(Finding("error", "wiring.gnss", text))
    if (wiring.power.battery_pin < 0) == (wiring.power.pmu is None):
        text = "wanted battery_pin, or [wiring.power.pmu] where a power chip measures; one of them"
        found.append(Finding("error", "wiring.power", text))
    return found + _senses_missing(wiring)


def _senses_missing(wiring: Wiring) -> list[Finding]:
    """An accelerometer without its interrupt or its bus, or with one that leads elsewhere."""
    sensor, pmu, setting = wiring.io.accelerometer, wiring.power.pmu, "wiring.io.accelerometer"
    if sensor is None:
        if wiring.io.motion_pin < 0:
            return []
        text = f"nobody sets up what is there: right for a switch, a LIS2DH12 wants [{setting}]"
        return [Finding("warning", "wiring.io.motion_pin", text)]
    found = []
    if wiring.io.motion_pin < 0:
        text = "it says motion by its INT1: wanted wiring.io.motion_pin and wiring.power.motion_pin"
        found.append(Finding("error", setting, text))
    if min(sensor.sda, sensor.scl) < 0:
        found.append(Finding("error", setting, "it is set up by I2C: wanted sda and scl"))
    if pmu is not None and pmu.number == sensor.number and not same_bus(pmu, sensor):
        text = f"I2C {sensor.number} is wiring.power.pmu's, on other pins: wanted those, or another"
        found.append(Finding("error", f"{setting}.number", text))
    return found


def same_bus(pmu: Pmu | None, sensor: Accelerometer) -> bool:
    """Whether power chip and accelerometer share one I2C."""
    at = (sensor.number, sensor.sda, sensor.scl)
    return pmu is not None and (pmu.number, pmu.sda, pmu.scl) == at


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
    """TOML has no tuples: rails and senses are written as lists of lists."""
    power = _table_in(_table_in(tables, "wiring"), "power")
    rows_of = ((power, "rails"), (power, "senses"), (_table_in(power, "pmu"), "rails"))
    for table, name in (*rows_of, (_table_in(tables, "drawn"), "rail_pins")):
        rows = table.get(name)
        if isinstance(rows, list):
            table[name] = [tuple(row) if isinstance(row, list) else row for row in rows]
    return tables


def _table_in(table: dict[str, Any], name: str) -> dict[str, Any]:
    """The table of that name; an empty one where there is none or something else."""
    found = table.get(name)
    return found if isinstance(found, dict) else {}


def _first_fault(error: ValidationError) -> str:
    """The first thing that is wrong: key, what is wanted, what is there."""
    fault = error.errors()[0]
    key = ".".join(str(part) for part in fault["loc"])
    there = "" if fault["type"] == "missing" else f", not {fault['input']!r}"
    more = len(error.errors()) - 1
    return f"{key}: {fault['msg']}{there}" + (f" (and {more} more faults)" if more else "")
