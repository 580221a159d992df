"""`trygg flash` onto a board that runs: the new firmware starts; a cut leaves the old or the new.

The first words of a new firmware may come before the console is read again.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hil.bench import Bench
from hil.centre import until
from hil.test_fence import armed
from hil.test_orders import health_now
from tracker import VERSION
from trygg_tools.firmware_image import firmware_folder
from trygg_wire import layouts

NEXT = "99.1.0"
FLASH_S = 240
LATEST_S = 60.0
AWAKE = ("fix_floor_s=5",)  # with these it does not sleep; who sleeps hears no `trygg flash`
INSIDE = 20  # the flash write in which the power goes, of some sixty
BANNER = r"boot (\d+), cause (\d), wake 0, firmware (\S+), "


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The checkout's firmware, but for its version."""
    return changed(tmp_path / "newer", "tracker/__init__.py", f'"{VERSION}"', f'"{NEXT}"')


@pytest.mark.bench(settings=(*AWAKE, "report_inside_s=60"), speed=4, behind_s=1200)
def test_a_new_firmware_runs_says_its_version_and_keeps_what_was_in_force(
    bench: Bench, newer: Path
) -> None:
    armed(bench)
    with bench.step("trygg flash"):
        done = flashed(bench, newer)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["changed"] is True
    with bench.step("new firmware to its health at the gateway"):
        health = health_now(bench)
    assert health["firmware"] == f"trygg {NEXT}"
    assert health["fence_version"] == 1, "an update must not cost the fences"
    assert health["safe_mode"] == 0
    with bench.step("the same again writes nothing"):
        again = json.loads(flashed(bench, newer).stdout)
    assert (again["written"], again["changed"]) == (0, False)


@pytest.mark.bench(settings=AWAKE)
def test_a_cable_pulled_in_the_midst_leaves_the_old_and_a_second_run_completes(
    bench: Bench, newer: Path
) -> None:
    bench.needs("power", "torn flash")
    bench.power_on()
    assert bench.expect(BANNER)[3].decode() == VERSION
    pull_the_cable_inside(bench)
    with bench.step("trygg flash, its cable pulled"):
        done = flashed(bench, newer)
    assert done.returncode == 1
    assert "the old or the new firmware, whole" in json.loads(done.stdout)["error"]
    assert bench.board.events[-1].kind == "power_cut"
    bench.power_on()
    with bench.step("power to the old firmware"):
        assert bench.expect(BANNER, LATEST_S)[3].decode() == VERSION
        until(lambda: versions(bench), "its health", LATEST_S)
    with bench.step("trygg flash again"):
        done = flashed(bench, newer)
    assert done.returncode == 0, done.stderr
    bench.power_off()
    bench.power_on()
    bench.expect(rf"firmware {NEXT}, ", LATEST_S)


def pull_the_cable_inside(bench: Bench) -> None:
    """In the INSIDEth flash write after `trygg flash` has stopped the tracker."""
    waiting = [True]

    def stopped(line: str) -> None:
        if waiting and "raw REPL" in line:
            waiting.clear()
            bench.board.kill_at_flash_write(INSIDE, 100)

    bench.board.on_line(stopped)


def changed(folder: Path, file: str, right: str, wrong: str) -> Path:
    """The firmware of the checkout in `folder` with one text changed, which must be there once."""
    shutil.copytree(firmware_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / file
    text = path.read_text("utf-8")
    assert text.count(right) == 1, f"{file}: {right!r}"
    path.write_text(text.replace(right, wrong), "utf-8")
    return folder


def flashed(bench: Bench, firmware: Path) -> subprocess.CompletedProcess[str]:
    """`trygg flash` of this folder, a process of its own on the console's port."""
    arch = ["--arch", bench.rig.arch] if bench.rig.arch else []
    with bench.port_free() as port:
        words = ["flash", port, "--board", bench.rig.board_name, "--firmware", str(firmware)]
        return subprocess.run(
            [sys.executable, "-m", "trygg_tools.cli", *words, *arch, "--json", "-q"],
            capture_output=True, text=True, timeout=FLASH_S,
        )  # fmt: skip


def versions(bench: Bench) -> list[str]:
    """Of the health records, in order."""
    return [record["firmware"] for record in bench.centre.records(layouts.HEALTH)]
