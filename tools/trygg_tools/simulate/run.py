"""A policy on a track from beginning to end: what came of it, without the objects that did it."""

from collections.abc import Callable
from typing import NamedTuple

from trygg_tools.boards import Board
from trygg_tools.simulate import verdict
from trygg_tools.simulate.energy import cell_mv, charge
from trygg_tools.simulate.fences import Area
from trygg_tools.simulate.policies import OURS, Policy
from trygg_tools.simulate.radio import Network
from trygg_tools.simulate.track import Track
from trygg_tools.simulate.wearer import MOTION, Alarm, Senses, Wearer

HOUR_S = 3600


class Scene(NamedTuple):
    """What all policies of a comparison have in common; seconds 0: to the track's end."""

    track: Track
    areas: list[Area]
    board: Board
    seconds: int = 0
    seed: int = 1
    network: Network = Network()
    settings: tuple[tuple[int, int], ...] = ()
    battery_mah: int = 0  # 0: never runs down
    senses: Senses = MOTION

    @property
    def length_s(self) -> int:
        """How long it is run."""
        return self.seconds or max(1, self.track.end_s - self.track.start_s)


class Hour(NamedTuple):
    """What was spent up to the end of an hour."""

    spent: dict[str, int]
    starts: int


class Run(NamedTuple):
    """What came of it; see Wearer for most names. bound_s: the longest it stated, and the least."""

    policy: Policy
    seconds: int
    alarms: list[Alarm]
    blind_s: list[int]
    positions: list[tuple[int, int]]
    bound_s: int
    least_bound_s: int
    spent: dict[str, int]
    starts: int
    hours: list[Hour]
    searches: int
    fixes: int
    sessions: int
    bytes_up: int
    bytes_down: int
    steps: int
    said: list[tuple[int, float, float]]


def go(
    scene: Scene, policy: Policy = OURS, passed: Callable[[int], None] = lambda _seconds: None
) -> Run:
    """Run it; `passed` hears of every hour's seconds."""
    wearer = Wearer(
        scene.track,
        scene.areas,
        scene.board,
        policy,
        scene.seed,
        scene.network,
        scene.settings,
        scene.senses,
    )
    hours: list[Hour] = []
    done_s = 0
    while done_s < scene.length_s:
        # a sleep may have passed the hour already: the next one ends where it should
        step_s = min(HOUR_S, scene.length_s - done_s)
        done_s += step_s
        wearer.run(max(0, done_s - wearer.seconds()))
        hours.append(Hour(dict(wearer.spent), wearer.starts))
        if scene.battery_mah:
            used_mah = charge(scene.board, wearer.spent, wearer.starts).total / 1000
            wearer.power.set_battery(cell_mv(100 - 100 * used_mah / scene.battery_mah))
        passed(step_s)
    return _came_of(wearer, hours)


def judged(scene: Scene, run: Run, areas: list[Area] | None = None) -> verdict.Verdict:
    """What was true against what was said, of all fences or of these."""
    until_s = scene.track.start_s + scene.length_s
    where = scene.areas if areas is None else areas
    return verdict.judge(scene.track, where, run.alarms, until_s, blind_s=run.blind_s)


def _came_of(wearer: Wearer, hours: list[Hour]) -> Run:
    if wearer.refusals():
        raise ValueError(f"the tracker refused its fences or settings: {wearer.refusals()}")
    least_s, most_s = wearer.bounds_s()
    return Run(
        policy=wearer.policy,
        seconds=wearer.seconds(),
        alarms=wearer.alarms(),
        blind_s=wearer.blind_s(),
        positions=wearer.positions(),
        bound_s=most_s,
        least_bound_s=least_s,
        spent=wearer.spent,
        starts=wearer.starts,
        hours=hours,
        searches=wearer.receiver.searches,
        fixes=wearer.receiver.fixes,
        sessions=wearer.sessions,
        bytes_up=wearer.radio.bytes_up,
        bytes_down=wearer.radio.bytes_down,
        steps=wearer.steps,
        said=wearer.receiver.asked,
    )
