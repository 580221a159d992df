"""One exit, struck at one step after the wearer has set off: a reset, the watchdog, a power cut."""

from trygg_tools.exits.scene import scene
from trygg_tools.exits.trial import RESET_TAKES_S, Trial, strike
from trygg_tools.exits.verdict import Outcome

KINDS = ("reset", "bite", "cut")


class OneStrike(Trial):
    """A Trial with one strike of this kind, at the `nth` step (0: none)."""

    def __init__(self, seed: int, nth: int, kind: str) -> None:
        super().__init__(seed)
        self.nth, self.kind = nth, kind
        self.steps = 0

    def _strike(self, _step: int) -> None:
        if self.tracker.seconds() < self.scene.leaves_s:
            return
        self.steps += 1
        if self.steps == self.nth:
            self._reset_s = self.tracker.seconds() + RESET_TAKES_S
            strike(self.tracker, self.kind)


def plain_seed(first: int = 0) -> int:
    """A scene with one fence in which nothing else goes wrong."""
    for seed in range(first, first + 10_000):
        made = scene(seed)
        plain = not made.resets and not made.outages and made.sensor == "good" and made.bolts
        if plain and len(made.areas) == 1 and not made.areas[0].row["schedule"]:
            return seed
    raise ValueError(f"no plain scene from {first} on")


def steps_of(seed: int) -> int:
    """How many steps there are from the setting off to the alarm."""
    unharmed = OneStrike(seed, 0, KINDS[0])
    unharmed.run()
    return unharmed.steps


def outcome_of(nth_of: tuple[int, int, str]) -> Outcome:
    """Run the (seed, step, kind)."""
    return OneStrike(*nth_of).run()
