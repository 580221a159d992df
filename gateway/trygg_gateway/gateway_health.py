"""Whether the gateway itself is well: what its own figures say. Pure.

    alarm_unconfirmed   an alarm that no sink has taken for UNCONFIRMED_S, where sinks there are
    sink_behind         a record waits at a sink: an alarm for ALARM_S, anything else for OTHER_S
    slow_disk           a commit takes longer than the settings allow, twice in a row
    disk_filling        less free disk than the settings want
    clock_jumped        the wall's clock and the machine's counter disagree by JUMP_S at one look
    reader_behind       a record has not been read for BEHIND_S
    deaf                a door is lost, or the disk takes nothing, for DEAF_S

Each is said once and is over when it has not been so for CALM_S. The figures are also gauges:
trygg_alarm_unconfirmed_seconds, trygg_commit_probe_seconds, trygg_disk_free_bytes,
trygg_clock_jump_seconds, trygg_reader_behind_seconds, trygg_hearing (1 or 0).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from trygg_gateway import own_records
from trygg_gateway.own_records import GATEWAY
from trygg_gateway.watched import Notice, long_words

UNCONFIRMED_S: Final = 60
ALARM_S, OTHER_S = 60, 900
JUMP_S: Final = 5
BEHIND_S: Final = 60
DEAF_S: Final = 60
CALM_S: Final = 300


class Wait(NamedTuple):
    """One lane of one sink: since when its oldest record waits, and what the sink says."""

    sink: str
    lane: str
    waiting_s: float
    trouble: str


class Figures(NamedTuple):
    """One look at the gateway."""

    waits: Sequence[Wait] = ()
    unconfirmed_s: float = 0.0
    commits_s: Sequence[float] = ()  # the last commits, newest last
    disk_free: int = 1 << 62  # bytes
    jump_s: float = 0.0
    behind_s: float = 0.0
    deaf_s: float = 0.0
    deaf_why: str = ""


class Limits(NamedTuple):
    """What the settings say."""

    commit_s: float = 2.0
    disk_free: int = 1 << 30


class GatewayHealth:
    """Remembers what has been said, and for how long it has not been so."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._said: dict[int, int] = {}  # what → when it was last so

    def judge(self, figures: Figures, now_s: int) -> list[Notice]:
        """What begins or is over at this look."""
        notices = []
        for what, text in self._troubles(figures).items():
            if text:
                if what not in self._said:
                    notices.append(Notice(GATEWAY, what, False, now_s, text))
                self._said[what] = now_s
            elif what in self._said and now_s - self._said[what] >= CALM_S:
                del self._said[what]
                notices.append(Notice(GATEWAY, what, True, now_s, "over"))
        return notices

    def go_by(self, limits: Limits) -> None:
        """Judge by other limits from now on."""
        self._limits = limits

    def take_up(self, whats: Sequence[int], now_s: int) -> None:
        """These were said before the gateway was started."""
        self._said |= dict.fromkeys(whats, now_s)

    def _troubles(self, now: Figures) -> dict[int, str]:
        slow = len(now.commits_s) > 1 and min(now.commits_s[-2:]) > self._limits.commit_s
        deaf = f"{now.deaf_why}, {long_words(int(now.deaf_s))} long"
        free_mb = now.disk_free >> 20
        return {
            own_records.ALARM_UNCONFIRMED: _if(
                now.unconfirmed_s >= UNCONFIRMED_S,
                f"no sink has confirmed an alarm for {long_words(int(now.unconfirmed_s))}",
            ),
            own_records.SINK_BEHIND: ", ".join(_wait(one) for one in now.waits if _is_long(one)),
            own_records.SLOW_DISK: _if(slow, f"a commit takes {_last(now.commits_s):.1f} s"),
            own_records.DISK_FILLING: _if(
                now.disk_free < self._limits.disk_free, f"{free_mb} MB of disk are left"
            ),
            own_records.CLOCK_JUMPED: _if(
                abs(now.jump_s) >= JUMP_S, f"the clock jumped by {now.jump_s:.0f} s"
            ),
            own_records.READER_BEHIND: _if(
                now.behind_s >= BEHIND_S, f"a record is unread for {long_words(int(now.behind_s))}"
            ),
            own_records.DEAF: _if(now.deaf_s >= DEAF_S, deaf),
        }


def _if(bad: bool, text: str) -> str:
    return text if bad else ""


def _last(values: Sequence[float]) -> float:
    return values[-1] if values else 0.0


def _is_long(wait: Wait) -> bool:
    return wait.waiting_s >= (ALARM_S if wait.lane == "alarm" else OTHER_S)


def _wait(wait: Wait) -> str:
    """In words, without what the sink says: that may name an address."""
    return f"{wait.sink} has not confirmed {wait.lane} for {long_words(int(wait.waiting_s))}"
