"""The options of a real bench, and the bench that they make. Nothing given: the virtual board.

No secret is an option: Wi-Fi comes from a file (--wifi, as `trygg provision` takes it) or from the
environment, TRYGG_HIL_SSID and TRYGG_HIL_PASSWORD.
"""

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from hil.hands import Hands
from hil.real_rig import Wiring
from trygg_tools.provision.board_files import Network

OF_A_REAL_BENCH = {
    "gps-port": "the port wired to the board's UART for its receiver",
    "modem-port": "the port wired to the board's UART for its modem: a simulated one answers",
    "board": "which board it is: a name of `trygg board list`",
    "address": "this machine's address as the board reaches it, in the certificate, too",
    "gateway-port": "the port of this machine that the board comes to; none: a free one",
    "arch": "native code for another chip than the board's file says",
    "wifi": 'a file with {"ssid": ..., "password": ...}, or TRYGG_HIL_SSID and TRYGG_HIL_PASSWORD',
    "power-command": "called with `on` or `off` behind it: a relay in the board's supply",
    "button-command": "called with milliseconds: a relay across the wearer's button",
    "link-command": "called with `on` or `off`: the access point's switch",
    "felt-command": "called with a pattern's name: exit 0 if the motor said it",
}
MUST = ("gps-port", "board", "address")  # with --port
COMMANDS = ("power", "button", "link", "felt")


def add(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("hil", "the bench; for a real board --port and")
    for name, words in OF_A_REAL_BENCH.items():
        group.addoption(f"--{name}", default="", help=words)
    group.addoption("--hands", action="store_true", help="ask a person for what has no command")
    group.addoption("--artefacts", type=Path, help="where logs go; none: build/hil/<time>")
    group.addoption("--flashed", type=Path, help="where images of flashed virtual boards are kept")
    group.addoption("--seed", type=int, default=1, help="of the receiver's errors")
    group.addoption("--replay", type=Path, help="a failure's reproduction.json: run it again")


def demand_whole(config: pytest.Config) -> None:
    """A real board wants some options, and only a real one. UsageError."""
    given = [name for name in OF_A_REAL_BENCH if config.getoption(name.replace("-", "_"))]
    if not config.option.port and (given or config.option.hands):
        raise pytest.UsageError(f"--{(given or ['hands'])[0]} is of a real board: give its --port")
    if config.option.port and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("a real board is one: without -n")
    missing = [name for name in MUST if name not in given]
    if config.option.port and missing:
        raise pytest.UsageError(
            f"--port {config.option.port}: a real board also wants "
            + "; ".join(f"--{name}, {OF_A_REAL_BENCH[name]}" for name in missing)
        )


def as_typed(config: pytest.Config) -> str:
    """The options of this bench as a person would type them again; "" for the virtual one."""
    if not config.option.port:
        return ""
    names = ["port", *OF_A_REAL_BENCH]
    values = [(name, config.getoption(name.replace("-", "_"))) for name in names]
    words = [f"--{name}={shlex.quote(value)}" for name, value in values if value]
    return " ".join([*words, *(["--hands"] if config.option.hands else [])])


def wiring(config: pytest.Config) -> Wiring:
    """What the options say of a real bench."""
    said = config.option
    return Wiring(said.port, said.gps_port, said.board, said.address, said.modem_port, said.arch,
                  _network(said.wifi))  # fmt: skip


def hands(config: pytest.Config, ask: Callable[[str], None]) -> Hands:
    """The commands, and the person if there is one."""
    commands = {what: config.getoption(f"{what}_command") for what in COMMANDS}
    return Hands(commands, ask if config.option.hands else None)


def _network(path: str) -> Network:
    if not path:
        ssid = os.environ.get("TRYGG_HIL_SSID", "")
        return Network(ssid, os.environ.get("TRYGG_HIL_PASSWORD", ""))
    try:
        said = json.loads(Path(path).read_text("utf-8"))
        return Network(said["ssid"], said["password"])
    except (OSError, ValueError, KeyError, TypeError):
        raise pytest.UsageError(
            f"--wifi {path}: {OF_A_REAL_BENCH['wifi']}; it cannot be read as that"
        ) from None
