"""How a tracker's battery goes down, when it is usually charged, and whether it lasts. Pure.

While it is off the charger its charge and the time are added up; both sums are halved after
KEPT_MIN, so that a new habit is learned within days. The tracker's own estimate
(health.hours_left), less the time since, counts too: of the two the lower.

The usual time of charging is by the clock on the wall: where at least three of the last ten days'
beginnings, and half of all, lie within 90 minutes of one of them. A tracker that lives on its
charger every few hours has none.
"""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

DAY_MIN: Final = 1440
KEPT_MIN: Final = 6 * DAY_MIN
LEARNED_MIN, LEARNED_DROP = 180, 4  # from here on the use is known: minutes, per cent
GAP_S: Final = 6 * 3600  # between two looks: a longer pause says nothing of the use
BEGINNINGS, BEGINNINGS_DAYS = 14, 10
APART_MIN: Final = 90
CHARGED_S: Final = 600  # a shorter stay on the charger is no habit
SPARE_H: Final = 2  # beyond the usual time, when it comes off the charger
SURE: Final = 0.85  # later on only what is clearly too little is said
SOON_H: Final = 3  # where no usual time is known


class Needs(NamedTuple):
    """What is wanted off the charger of a tracker whose habits nobody knows."""

    day_h: int
    percent: int


@dataclass
class BatteryCourse:
    """One tracker's; every field is JSON."""

    at_s: int = 0  # of the last look
    percent: int | None = None
    charging: bool = False
    on_charger_s: int = 0  # since when, 0: it is off
    minutes: float = 0.0
    drop: float = 0.0
    told_h: int | None = None  # by the tracker
    told_at_s: int = 0
    beginnings: list[int] = field(default_factory=list)  # unix, of charging

    def note(self, at_s: int, percent: int | None, charging: bool) -> bool:
        """A look at the battery; True if it has just come off the charger."""
        came_off = self.charging and not charging
        if charging and not self.charging:
            self.on_charger_s = at_s
        if came_off and at_s - self.on_charger_s >= CHARGED_S:
            self.beginnings = [*self.beginnings, self.on_charger_s][-BEGINNINGS:]
        if charging or came_off:
            self.told_h = None
        elif self.percent is not None and percent is not None:
            self._use(at_s, percent)
        self.at_s, self.percent, self.charging = at_s, percent, charging
        return came_off

    def told(self, at_s: int, hours: int | None) -> None:
        """The tracker's own estimate."""
        self.told_h, self.told_at_s = hours, at_s

    def _use(self, at_s: int, percent: int) -> None:
        passed_s = at_s - self.at_s
        if not 0 < passed_s <= GAP_S:
            return
        assert self.percent is not None
        self.minutes += passed_s / 60
        self.drop = max(0.0, self.drop + self.percent - percent)
        if self.minutes > KEPT_MIN:
            self.minutes, self.drop = self.minutes / 2, self.drop / 2

    def hours_left(self, now_s: int) -> float | None:
        """Hours until it is flat; None on the charger, or while nobody knows."""
        if self.charging or self.percent is None:
            return None
        passed_h = (now_s - self.at_s) / 3600
        found = []
        if self.minutes >= LEARNED_MIN and self.drop >= LEARNED_DROP:
            found.append(self.percent * self.minutes / self.drop / 60 - passed_h)
        if self.told_h is not None:
            found.append(self.told_h - (now_s - self.told_at_s) / 3600)
        return max(0.0, min(found)) if found else None

    def hours_to_charging(self, now_s: int, zone: tzinfo) -> float | None:
        """Hours until it is usually put on its charger; None if it has no usual time."""
        fresh = [at for at in self.beginnings if now_s - at <= BEGINNINGS_DAYS * 86_400]
        minutes = [_minute(at, zone) for at in fresh]
        best: list[int] = []
        for middle in minutes:
            near = [_from(middle, one) for one in minutes if abs(_from(middle, one)) <= APART_MIN]
            if len(near) > len(best):
                best, usual = near, middle
        if len(best) < 3 or 2 * len(best) < len(minutes):
            return None
        usual += sorted(best)[len(best) // 2]
        return (usual - _minute(now_s, zone)) % DAY_MIN / 60

    def too_little(self, now_s: int, came_off: bool, needs: Needs, zone: tzinfo) -> bool:
        """Whether it will be flat before it is usually charged."""
        if self.charging or self.percent is None:
            return False
        left_h, usual_h = self.hours_left(now_s), self.hours_to_charging(now_s, zone)
        if left_h is None:
            return came_off and self.percent < needs.percent
        if came_off:
            return left_h < (needs.day_h if usual_h is None else usual_h + SPARE_H)
        return left_h < (SOON_H if usual_h is None else SURE * usual_h)


def _minute(at_s: int, zone: tzinfo) -> int:
    local = datetime.fromtimestamp(at_s, zone)
    return 60 * local.hour + local.minute


def _from(middle: int, minute: int) -> int:
    """How far `minute` is after `middle` on the clock's face, -720 to 719."""
    return (minute - middle + DAY_MIN // 2) % DAY_MIN - DAY_MIN // 2
