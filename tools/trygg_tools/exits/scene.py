"""What a trial is made of: fences, settings, somebody who leaves, and what goes wrong meanwhile."""

import math
from dataclasses import dataclass, field
from random import Random

from trygg_tools.exits import world

START_S = 217_000_000
_MINUTE = START_S // 60


@dataclass
class Scene:
    """Everything random of a trial."""

    chance: Random
    settings: dict[str, int]
    areas: list[world.Area]
    plane: world.Plane
    speed_m_s: float
    error_dm: int
    leaves_s: int
    bearing: float
    bolts: bool  # right after a fix, from the edge
    sensor: str
    anchor: str
    resets: float
    slow_percent: int  # how much longer the chip sleeps than its clock says
    outages: list[tuple[int, int]] = field(default_factory=list)

    def kind(self) -> str:
        """For a person who wants to know what was tried."""
        trust = "trusted" if self.settings["sensors_trusted"] else "strict"
        return f"{self.sensor} sensor, {self.anchor} anchor, {trust}"

    def goal(self, far_m: float) -> world.Point:
        """Where the wearer wants to be: in the forbidden area, if there is one, or far away."""
        area = self.areas[-1]
        return area.middle if area.keep_out and self.bolts else world.polar(far_m, self.bearing)

    def without_reception(self, second: int) -> bool:
        """Whether no satellite is received in that second."""
        return any(begins_s <= second < ends_s for begins_s, ends_s in self.outages)

    def accuracy_dm(self) -> int:
        """The most that the tracker makes of the receiver's claim."""
        return max(10, math.ceil(self.error_dm * math.sqrt(2)) + 1)


def scene(seed: int) -> Scene:
    """The scene of this seed."""
    chance = Random(seed)  # noqa: S311
    lat_e6 = chance.randint(-69_000_000, 69_000_000)
    plane = world.Plane(
        lat_e6, chance.choice((chance.randint(-179_900_000, 179_000_000), 179_999_000))
    )
    settings = _settings(chance)
    warm_s = chance.randint(600, 3000)
    areas = _areas(chance, plane, warm_s)
    v_max = settings["v_max_dm_s"] / 10 * world.SLOWER
    trusted = settings["sensors_trusted"]
    made = Scene(
        chance=chance,
        settings=settings,
        areas=areas,
        plane=plane,
        speed_m_s=chance.choice((v_max, v_max, chance.uniform(0.4, 1.0) * v_max)),
        error_dm=chance.choice((8, 20, 50, 150)),
        leaves_s=warm_s,
        bearing=chance.uniform(0, math.tau),
        bolts=chance.random() < 0.6,
        sensor=chance.choice(("none", "good", "good") if trusted else ("none", "good", "dead")),
        anchor=chance.choice(("none", "none", "home") if trusted else ("none", "home", "carried")),
        resets=chance.choice((0.0, 0.0, 0.003, 0.02)),
        slow_percent=(0, 0, world.SLOW_MOST, -world.SLOW_MOST)[seed % 4],
    )
    if chance.random() < 0.3:
        begins_s = chance.randint(100, warm_s)
        made.outages = [(begins_s, chance.randint(begins_s, warm_s))]
    return made


def _areas(chance: Random, plane: world.Plane, warm_s: int) -> list[world.Area]:
    """One to three fences; now and then one begins about when the wearer leaves."""
    areas = [world.keep_in(chance, plane, 1)]
    if chance.random() < 0.3:
        areas.append(world.keep_in(chance, plane, 2))
    if chance.random() < 0.3:
        areas.append(world.keep_out(chance, plane, 3))
    if chance.random() < 0.15:
        begins_min = _MINUTE + chance.choice((60, 120)) + warm_s // 60 + 5
        areas[-1] = world.scheduled(chance, areas[-1], begins_min)
    return areas


def _settings(chance: Random) -> dict[str, int]:
    return {
        "v_max_dm_s": chance.choice((20, 20, chance.randint(10, 60))),
        "fix_floor_s": chance.choice((20, chance.randint(5, 60))),
        "fix_ceiling_s": chance.choice((600, chance.randint(60, 900))),
        "fix_margin_dm": chance.choice((0, 100)),
        "fix_timeout_s": chance.choice((45, chance.randint(10, 60))),
        "confirm_apart_s": chance.choice((3, chance.randint(1, 6))),
        "accuracy_clamp_dm": chance.choice((50, 500)),
        "motion_max_age_s": chance.choice((600, chance.randint(60, 1800))),
        "anchor_max_age_s": chance.choice((600, chance.randint(60, 1800))),
        "battery_low_fix_s": chance.choice((60, chance.randint(5, 300))),
        "sensors_trusted": chance.choice((0, 0, 1)),
        "report_inside_s": chance.choice((900, 300)),
        "upkeep_s": chance.choice((0, 7200)),
        "speed_refused_dm_s": 3000,
        "deep_sleep_min_s": chance.choice((30, 5)),
    }
