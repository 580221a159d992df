"""The bench of tests/hil: its options, its fixture, and what each test leaves behind.

The same tests run against the virtual board (nothing given) and a real one (--port and the rest;
docs/hil.md). Each leaves a folder of artefacts: console.log, gateway.log, webhook.jsonl,
steps.jsonl, played.nmea, and after a failure reproduction.json.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from pytest_embedded import Dut

from hil import options, reproduction
from hil.bench import Bench
from hil.centre import Centre
from hil.real_rig import RealRig
from hil.rig import HOME, Rig, Wish
from hil.steps import Steps
from hil.technician import Technician
from hil.virtual_rig import VirtualRig
from hil.wearer import BAUD, Act, Wearer
from micropython_wheel import PUBLISHED
from trygg_tools.replay.target import open_target

REAL_S = 3600  # a real board sleeps as long as it sleeps
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BENCH = pytest.StashKey[Bench]()
ARTEFACTS = pytest.StashKey[Path]()
FOLDER = pytest.StashKey[Path]()
REPLAY = pytest.StashKey[reproduction.Reproduction | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    options.demand_whole(config)
    config.stash[ARTEFACTS] = _artefacts(config)
    config.stash[REPLAY] = None
    if config.option.replay is not None:
        try:
            found = reproduction.read(config.option.replay)
        except reproduction.NoReproduction as error:
            raise pytest.UsageError(str(error)) from None
        config.stash[REPLAY] = found
        config.option.seed = found.seed
        config.args[:] = [str(HERE / found.test)]


def _artefacts(config: pytest.Config) -> Path:
    """One folder for the run, the same for each of xdist's processes."""
    if hasattr(config, "workerinput"):
        return Path(config.workerinput["artefacts"])
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime())
    folder = config.option.artefacts or ROOT / "build" / "hil" / f"{stamp}-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return Path(folder).resolve()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["artefacts"] = str(node.config.stash[ARTEFACTS])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a real bench only what asks for a bench: the rest tests the harness itself."""
    if config.option.port:
        others = [item for item in items if "bench" not in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)
        for item in items:
            item.add_marker(pytest.mark.timeout(REAL_S))


def pytest_report_header(config: pytest.Config) -> list[str]:
    where = config.option.port or "virtual"
    lines = [f"board: {where}, commit {reproduction.commit()}, seed {config.option.seed}"]
    lines.append(f"artefacts: {config.stash[ARTEFACTS]}")
    again = config.stash[REPLAY]
    if again is not None:
        lines.append(f"again: {again.test}, which failed on commit {again.commit}")
    return lines


# -- the bench -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def flashed(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the image of a flashed virtual board is kept for this run, by all its processes."""
    if pytestconfig.option.flashed is not None:
        return Path(pytestconfig.option.flashed)
    top = tmp_path_factory.getbasetemp()
    folder = (top.parent if "PYTEST_XDIST_WORKER" in os.environ else top) / "flashed"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def artefacts(request: pytest.FixtureRequest) -> Path:
    """This test's own folder."""
    name = re.sub(r"[^\w.-]+", "-", request.node.name)
    folder = request.config.stash[ARTEFACTS] / request.node.path.stem / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    request.node.stash[FOLDER] = Path(folder)
    return Path(folder)


@pytest.fixture
def wish(request: pytest.FixtureRequest) -> Wish:
    """What the test asks of the bench, by its marker."""
    marker = request.node.get_closest_marker("bench")
    return Wish(**(marker.kwargs if marker else {}))


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path, flashed: Path, wish: Wish) -> Iterator[Rig]:
    """The virtual board, or the real one that --port names."""
    config, found = request.config, None
    if config.option.port:
        hands = options.hands(config, lambda words: _ask(config, words))
        found = RealRig(options.wiring(config), hands, wish)
    else:
        found = VirtualRig(tmp_path / "board", flashed, wish)
    try:
        if found.unfit():
            pytest.skip(found.unfit())
        yield found
    finally:
        found.close()


def _ask(config: pytest.Config, words: str) -> None:
    """A person at the bench does it and presses Enter."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        input(f"\n>>> {words}, then press Enter: ")


@pytest.fixture
def steps(artefacts: Path, record_property: Any) -> Steps:
    """How long each step takes."""
    return Steps(artefacts / "steps.jsonl", record_property)


@pytest.fixture
def centre(request: pytest.FixtureRequest, rig: Rig, tmp_path: Path,
           artefacts: Path) -> Iterator[Centre]:  # fmt: skip
    """The gateway and the webhook behind it."""
    device = f"hil-{crc32(request.node.nodeid.encode()):08x}"
    port = int(request.config.option.gateway_port or 0)
    found = Centre(tmp_path / "gateway", artefacts, rig.address, device, port)
    yield found
    found.close()


@pytest.fixture
def port(request: pytest.FixtureRequest) -> str | None:
    """Of the board's console, for pytest-embedded; the board is ready and off."""
    if "bench" not in request.fixturenames:
        return None
    rig, centre = request.getfixturevalue("rig"), request.getfixturevalue("centre")
    wish, steps = request.getfixturevalue("wish"), request.getfixturevalue("steps")
    with steps.step("firmware and settings onto the board"):
        rig.prepare(Technician(wish, rig.board_name, centre, centre.device, rig.network, rig.arch))
    return str(rig.console_port)


@pytest.fixture
def bench(request: pytest.FixtureRequest, rig: Rig, centre: Centre, dut: Dut, artefacts: Path,
          steps: Steps, record_property: Any) -> Iterator[Bench]:  # fmt: skip
    """Everything, the board off and its wearer at home."""
    again: reproduction.Reproduction | None = request.config.stash[REPLAY]
    script: list[Act] = again.acts if again is not None else []
    record_property("board", rig.kind)
    record_property("seed", request.config.option.seed)
    record_property("commit", reproduction.commit())
    record_property("artefacts", str(artefacts))
    wearer = Wearer(
        open_target(rig.gps_port, BAUD),
        rig.utc,
        request.config.option.seed,
        HOME,
        script,
        rig.speed,
    )
    made = Bench(rig, centre, wearer, dut, steps, artefacts)
    request.node.stash[BENCH] = made
    wearer.start()
    yield made
    wearer.end()
    (artefacts / "console.log").write_text(made.console(), "utf-8")
    (artefacts / "played.nmea").write_text(reproduction.nmea(wearer.played), "utf-8")


# -- what a failure leaves -----------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    report = yield
    folder = item.stash.get(FOLDER, None)
    if report.failed and report.when != "teardown" and folder is not None:
        made = item.stash.get(BENCH, None)  # none if it failed while it was flashed
        found = reproduction.Reproduction(
            item.nodeid, item.config.option.seed, reproduction.commit(),
            options.as_typed(item.config), str(call.excinfo.value),
            made.wearer.played if made is not None else [],
        )  # fmt: skip
        report.sections.append(("play it again", reproduction.write(folder, found)))
    if report.skipped and not item.config.option.port and PUBLISHED:
        report.outcome = "failed"
        report.longrepr = f"skipped, which nothing may be on the virtual board: {report.longrepr}"
    return report
