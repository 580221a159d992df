"""When a tracker looks: ours, or one fix every so many seconds.

A fixed policy is our tracker with another plan and nothing else changed: the same receiver, the
same rule of what is outside, the same reports, and the same confirmation. After a fix that counts
as outside the receiver stays on, a fix a second, until two of three agree or the doubt is gone;
while outside it looks as often as ours, or oftener if its interval is shorter. Its receiver's
ephemerides are kept fresh like ours. Without reception it tries again after its interval, as such
trackers do, and neither motion nor a home anchor lets it leave a fix out.

`first_fix_decides` is the rule that many trackers have, for comparison: one fix outside is an exit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tracker import fence_rule
from trygg_wire.layouts import OUTSIDE


class Policy(NamedTuple):
    """every_s: the fixed interval; 0: ours."""

    name: str
    every_s: int = 0

    def install(self, app: Any) -> None:
        """Let a new App plan by this policy."""
        if not self.every_s:
            return
        duty = app._core.duty
        duty.next_fix_in_s = self._fixed(app, duty.next_fix_in_s)
        duty.skip_s = lambda _at: 0

    def _fixed(self, app: Any, ours: Callable[[Any], int]) -> Callable[[Any], int]:
        def next_fix_in_s(at: Any) -> int:
            planned_s = ours(at)
            if (at.confirming or at.upkeep) and not app._core.duty.failures:
                return planned_s
            return min(planned_s, self.every_s) if at.state == OUTSIDE else self.every_s

        return next_fix_in_s


@contextmanager
def first_fix_decides() -> Iterator[None]:
    """Let the newest fix alone decide meanwhile, and not two of three."""
    ours = fence_rule._TWO_OF_THREE
    fence_rule._TWO_OF_THREE = (False, True) * 4
    try:
        yield
    finally:
        fence_rule._TWO_OF_THREE = ours


OURS = Policy("ours")


def fixed(every_s: int) -> Policy:
    """One fix every so many seconds."""
    return Policy(f"every {every_s} s", every_s)


COMPARED = (OURS, fixed(15), fixed(60), fixed(300), fixed(900))
