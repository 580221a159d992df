"""Many wearers for many days, on all cores: what a campaign is made of.

A *case* is one wearer for some days under some settings; everything about it follows from its
fields, so it can be run in any process and gives the same again.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from multiprocessing import get_context
from typing import Any, NamedTuple, TypeVar

from trygg_tools.bench.report import machine
from trygg_tools.boards import board_file, read_board
from trygg_tools.route import moved
from trygg_tools.simulate import life
from trygg_tools.simulate.fences import Area
from trygg_tools.simulate.policies import Policy, first_fix_decides, fixed
from trygg_tools.simulate.run import Run, Scene, go
from trygg_tools.simulate.track import Track
from trygg_tools.simulate.wearer import MOTION, Senses

DAY_S = 86400
RADII = (100, 150, 250)
PLOT_M = (
    (110, -120),
    (130, 90),
    (-20, 160),
    (-140, 60),
    (-100, -110),
)  # a polygon, as a village has
SHAPES = len(RADII) + 1
FIRST_SEED = 5000  # of the wearers of a campaign: others than those the policy was made with

Case_ = TypeVar("Case_")
Came = TypeVar("Came")


class Case(NamedTuple):
    """shape: an index of RADII, or the polygon. buffers_m: a fence for each, 0 the setting's.

    every_s: a fixed policy; 0: ours. settings: ((number, value), …). outings: beyond
    the fence, as a factor of what is usual. first_fix: one fix outside is an exit.
    """

    house: str
    shape: int
    seed: int
    days: int
    settings: tuple[tuple[int, int], ...] = ()
    buffers_m: tuple[float, ...] = (0.0,)
    every_s: int = 0
    senses: Senses = MOTION
    outings: float = 1.0
    first_fix: bool = False
    board: str = "reference-wearable"

    @property
    def home(self) -> tuple[float, float]:
        """Where they live: one of the places, by the seed."""
        places = list(life.PLACES.values())
        return places[self.seed % len(places)]

    @property
    def policy(self) -> Policy:
        """Ours or a fixed one."""
        return fixed(self.every_s) if self.every_s else Policy("ours")

    def areas(self) -> list[Area]:
        """A fence of the same shape for each buffer."""
        corners = tuple(moved(*self.home, north, east) for north, east in PLOT_M)
        round_ = self.shape < len(RADII)
        return [
            Area(
                number,
                self.home,
                radius_m=RADII[self.shape] if round_ else 0.0,
                corners=() if round_ else corners,
                buffer_m=buffer_m,
            )
            for number, buffer_m in enumerate(self.buffers_m, start=1)
        ]

    def track(self) -> Track:
        """Their life, which stays well within the fence when all is well."""
        within_m = 0.8 * (RADII[self.shape] if self.shape < len(RADII) else 110)
        person = life.Person(home=self.home, house=self.house, within_m=within_m)
        often = self.outings
        person = person._replace(
            visit=often * person.visit, drive=often * person.drive, astray=often * person.astray
        )
        return life.generated(self.days, person, self.seed)

    def scene(self) -> Scene:
        """Everything for a run."""
        board = read_board(board_file(self.board))
        return Scene(
            self.track(),
            self.areas(),
            board,
            self.days * DAY_S,
            self.seed,
            settings=self.settings,
            senses=self.senses,
        )

    def run(self) -> tuple[Scene, Run]:
        """Run it."""
        scene = self.scene()
        with first_fix_decides() if self.first_fix else nullcontext():
            return scene, go(scene, self.policy)


def wearers(count: int, days: int) -> Iterator[Case]:
    """So many: all houses with all shapes of fence in turn."""
    houses = list(life.HOMES)
    for number in range(count):
        shape = number // len(houses) % SHAPES
        yield Case(houses[number % len(houses)], shape, FIRST_SEED + number, days)


def each(
    work: Callable[[Case_], Came], cases: Iterable[Case_], jobs: int = 0
) -> Iterator[tuple[Case_, Came]]:
    """(case, what came of it) as they are done, on `jobs` processes; 1: in this one."""
    cases = list(cases)
    if jobs == 1:
        for done, case in enumerate(cases, start=1):
            yield case, work(case)
            _say(done, len(cases))
        return
    with ProcessPoolExecutor(jobs or os.cpu_count(), get_context("spawn")) as pool:
        waiting = {pool.submit(work, case): case for case in cases}
        for done, future in enumerate(as_completed(waiting), start=1):
            yield waiting[future], future.result()
            _say(done, len(cases))


def _say(done: int, of: int) -> None:
    print(f"\r{done} of {of} runs", end="\n" if done == of else "", file=sys.stderr, flush=True)


def line(name: str, command: str, figures: dict[str, Any]) -> str:
    """The one JSON line of a campaign."""
    return json.dumps({"bench": name, "command": command, "machine": machine(), **figures})
