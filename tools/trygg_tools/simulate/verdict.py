"""What was detected, how late, what was said in error, what was missed: truth against alarms.

An *exit* is a stretch of the true track beyond a fence's boundary (stretches less than MERGE_S
apart are one). It *counts* when the wearer also passes the line beyond which a fix must be read as
outside (boundary + buffer + CLEAR_M) and stays beyond it for the longest time the tracker may take;
short or shallow ones may be said or not, and neither is an error.
- detected: a LEFT is made between crossing and return; latency is counted to its arrival at the
  gateway, from the boundary and from the line.
- unsure: an exit that counts, without a LEFT, during which the tracker said that it cannot tell, by
  an alarm, or by the state of a report after one that was made before.
- missed: one in which it said neither; the silent failure.
- false: a LEFT made while the wearer is inside and has been for BACK_S.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from trygg_tools.simulate.fences import Area
from trygg_tools.simulate.track import Track
from trygg_tools.simulate.wearer import Alarm
from trygg_wire.layouts import CANT_TELL, LEFT

MERGE_S = 120
BACK_S = 120
CLEAR_M = 20.0
BOUND_S = 300  # an exit that is over within this may be missed
WALKING_M_S = 2.0  # v_max's default: what the stated bound is for


class Exit(NamedTuple):
    """One true exit; seconds since 2020. line_s: when it passed the line, 0 never."""

    fence_number: int
    crossed_s: int
    back_s: int
    line_s: int
    beyond_line_s: int  # seconds beyond the line
    farthest_m: float
    speed_m_s: float  # at the boundary

    @property
    def counts(self) -> bool:
        """Whether it must be detected."""
        return self.line_s > 0 and self.beyond_line_s >= BOUND_S

    @property
    def on_foot(self) -> bool:
        """Whether the stated bound is for it."""
        return self.speed_m_s <= WALKING_M_S


class Detected(NamedTuple):
    """An exit and its alarm: seconds from boundary and from line to the alarm's arrival."""

    exit: Exit
    from_boundary_s: int
    from_line_s: int


class Verdict(NamedTuple):
    """All of a run."""

    exits: list[Exit]
    detected: list[Detected]
    unsure: list[Exit]
    missed: list[Exit]
    false: list[Alarm]


def exits_of(track: Track, area: Area, default_buffer_m: float, until_s: int) -> list[Exit]:
    """The true exits from one fence, second by second where the wearer moves."""
    line_m = (area.buffer_m or default_buffer_m) + CLEAR_M
    exits: list[Exit] = []
    current: Exit | None = None
    for s, lasts_s, beyond_m, speed in _moments(track, area, until_s):
        if beyond_m <= 0:
            continue
        if current is not None and s - current.back_s > MERGE_S:
            exits.append(current)
            current = None
        current = current or Exit(area.number, s, s, 0, 0, 0.0, speed)
        beyond_line = beyond_m > line_m
        current = current._replace(
            back_s=s + lasts_s,
            line_s=current.line_s or (s if beyond_line else 0),
            beyond_line_s=current.beyond_line_s + (lasts_s if beyond_line else 0),
            farthest_m=max(current.farthest_m, beyond_m),
        )
    return [*exits, current] if current else exits


def _moments(track: Track, area: Area, until_s: int) -> Iterable[tuple[int, int, float, float]]:
    """(second, how long it is so, metres beyond, speed) from the track's start to `until_s`."""
    points = track.points
    for number, point in enumerate(points):
        begins = max(track.start_s, math.ceil(point.s))
        ends = math.ceil(points[number + 1].s) if number + 1 < len(points) else until_s
        ends = min(ends, until_s)
        if begins >= ends:
            continue
        here = track.at(begins)
        if here.speed_m_s < 0.05:
            yield begins, ends - begins, area.beyond_m(here.latitude, here.longitude), 0.0
            continue
        for s in range(begins, ends):
            here = track.at(s)
            beyond_m = area.beyond_m(here.latitude, here.longitude)
            yield s, 1, beyond_m, here.speed_m_s


def judge(
    track: Track,
    areas: list[Area],
    alarms: list[Alarm],
    until_s: int,
    buffer_m: float = 10.0,
    blind_s: Sequence[int] = (),
) -> Verdict:
    """Compare what was true with what was said; `buffer_m` is the setting's, `blind_s` a Run's."""
    verdict = Verdict([], [], [], [], [])
    unsure_s = [alarm.made_s for alarm in alarms if alarm.what == CANT_TELL] + list(blind_s)
    for area in areas:
        left = [one for one in alarms if one.what == LEFT and one.fence_number == area.number]
        exits = exits_of(track, area, buffer_m, until_s)
        verdict.exits.extend(exits)
        for one in exits:
            _judge_exit(one, left, unsure_s, verdict)
        for alarm in left:
            if not any(one.crossed_s <= alarm.made_s <= one.back_s + BACK_S for one in exits):
                verdict.false.append(alarm)
    return verdict


def _judge_exit(one: Exit, left: list[Alarm], unsure_s: list[int], verdict: Verdict) -> None:
    said = [alarm for alarm in left if one.crossed_s <= alarm.made_s <= one.back_s + BACK_S]
    if said:
        arrived_s = said[0].arrived_s
        from_line_s = max(0, arrived_s - one.line_s) if one.line_s else 0
        verdict.detected.append(Detected(one, arrived_s - one.crossed_s, from_line_s))
    elif one.counts and any(one.crossed_s <= s <= one.back_s for s in unsure_s):
        verdict.unsure.append(one)
    elif one.counts:
        verdict.missed.append(one)
