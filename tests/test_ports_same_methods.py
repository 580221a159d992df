"""Each port has the same methods on the chip and in the rig, with the same arguments.

firmware/esp32 cannot be imported on a host, so both sides are read as source.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHIP = ROOT / "firmware" / "esp32"
RIG = ROOT / "tools" / "trygg_tools" / "rig"

# port: (chip's file and class, rig's files and class, its methods with their arguments)
PORTS = {
    "Clock": (
        ("clock.py", "Clock"),
        (("clock.py", "Clock"), ("live_ports.py", "Clock")),
        {"ticks_ms": 0, "utc": 0, "set_utc": 1, "sleep_ms": 1},
    ),
    "Uart": (
        ("uart.py", "Uart"),
        (("uart.py", "Uart"), ("live_ports.py", "Uart")),
        {"read": 0, "write": 1, "baud": 1, "overruns": 0},
    ),
    "Link": (
        ("wifi.py", "WifiLink"),
        (("link.py", "Link"), ("live_ports.py", "Link")),
        {"open": 3, "state": 0, "send": 1, "recv": 0, "close": 0, "signal": 0},
    ),
    "Flash": (
        ("flash.py", "Flash"),
        (("flash.py", "Flash"), ("folder_flash.py", "FolderFlash")),
        {"open": 2, "rename": 2, "remove": 1, "size": 1, "free": 0, "sectors": 0},
    ),
    "Power": (
        ("power.py", "Power"),
        (("power.py", "Power"),),
        {
            "start_reason": 0,
            "battery_mv": 0,
            "charging": 0,
            "temperature_c": 0,
            "rail": 2,
            "sense": 1,
            "retain": 1,
            "retained": 0,
            "mark": 2,
            "marks": 0,
            "deep_sleep": 2,
            "reset": 0,
            "feed": 0,
            "heap_free": 0,
            "heap_room": 0,
            "noise": 0,
        },
    ),
    "Anchor": (
        ("anchor.py", "Anchor"),
        (("anchor.py", "Anchor"),),
        {"look": 1, "seen": 0, "stop": 0},
    ),
    "BoardIo": (
        ("board_io.py", "BoardIo"),
        (("board_io.py", "BoardIo"),),
        {"button": 0, "worn": 0, "has_motion": 0, "motion": 0, "signal": 2},
    ),
}

PARTS_OF_A_PORT = {"axp2101.py", "lis2dh.py"}  # of Power, BoardIo; loaded where there is one


def public_methods(path, class_name):
    """Name -> number of arguments that must be given, self not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            return {
                method.name: len(method.args.args) - 1 - len(method.args.defaults)
                for method in node.body
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
            }
    raise AssertionError(f"no class {class_name} in {path}")


@pytest.mark.parametrize("port", PORTS)
def test_the_chips_part_has_exactly_the_methods_of_its_port(port):
    (file, name), _, methods = PORTS[port]
    assert public_methods(CHIP / file, name) == methods


@pytest.mark.parametrize("port", PORTS)
def test_the_rigs_parts_have_them_too(port):
    _, parts, methods = PORTS[port]
    for file, name in parts:
        found = public_methods(RIG / file, name)
        assert {method: found.get(method) for method in methods} == methods, (file, name)


def test_every_file_of_the_chip_is_a_port_here():
    files = {file.name for file in CHIP.glob("*.py")} - {"__init__.py"}
    assert files - PARTS_OF_A_PORT == {chip[0] for chip, _, _ in PORTS.values()}
