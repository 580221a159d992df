"""What the console asks of the gateway: the `Views` port, by shape.

Every value is JSON-ready (dict, list, str, int, float, bool, None). Times ending in `_s` are unix
seconds, in `_ms` unix milliseconds; `fix_age_s`, `bound_s` and `late_by_s` are durations. The keys
of each dict stand in `trygg_gateway.views`, which fills this port; `tests/gateway/console_rig.py`
fills it with a fake of the same shape.
"""

from __future__ import annotations

from typing import Any, Protocol

Json = dict[str, Any]


class Notices(Protocol):
    """One listener's stream of change notices: `{"changed": "trackers" | "alarms"}`."""

    def __aiter__(self) -> Notices: ...

    async def __anext__(self) -> Json: ...


class Views(Protocol):
    """The journal as the console sees it. Reads may block (they run in a thread of their own)."""

    def trackers(self) -> list[Json]:
        """Every tracker with its last state, worst first."""

    def track(self, device: str, since_s: int) -> list[Json]:
        """The positions of one tracker since a time, oldest first."""

    def alarms(self, open_only: bool = False, limit: int = 200) -> list[Json]:
        """The newest alarms, open ones first, each with its timeline."""

    def take(self, alarm_id: int, who: str) -> Json:
        """Write that `who` took the alarm; raises values.Refused with a sentence."""

    def on_the_way(self, alarm_id: int, who: str) -> Json:
        """Write that `who` is on the way; raises values.Refused with a sentence."""

    def at_the_person(self, alarm_id: int, who: str) -> Json:
        """Write that `who` is with the wearer; raises values.Refused with a sentence."""

    def pass_on(self, alarm_id: int, who: str) -> Json:
        """Write that `who` gives it to the next person; raises values.Refused with a sentence."""

    def reopen(self, alarm_id: int, who: str, cause: str) -> Json:
        """Write that `who` opened it again and why; raises values.Refused with a sentence."""

    def close(self, alarm_id: int, who: str, cause: str) -> Json:
        """Write that `who` closed the alarm and why; raises values.Refused with a sentence."""

    def set_fences(self, device: str, fences: list[Json], who: str) -> Json:
        """Order these fences and no others; raises values.Refused with a sentence."""

    def quarantine(self, limit: int) -> list[Json]:
        """What the gateway set aside because it could not be read, newest first."""

    def counters(self) -> Json:
        """The gateway's counters, by name."""

    def log_read(self, who: str, what: str) -> None:
        """Write down that `who` was shown the positions named by `what`."""

    def subscribe(self) -> Notices:
        """Change notices from now on, in the event loop's thread."""
