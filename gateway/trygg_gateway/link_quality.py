"""How well a tracker gets through: gaps, repeats, signal. Pure.

Weak is said when one of three stays so: records missing for GAP_S with later ones here; as many
repeats as reports over the last LOOK reports; the signal's last LOOK at or under WEAK_DBM and
FALL_DB under what this tracker is used to. It is over when none has been so for CALM reports.

A gap that has stood for a day is not counted any more: the tracker has it no longer (its health
record says records_dropped), and nothing would ever end the warning.
"""

from dataclasses import dataclass, field
from typing import Final

GAP_S: Final = 3600
GAP_LOST_S: Final = 86_400
LOOK: Final = 20
CALM: Final = 6
WEAK_DBM, FALL_DB = -105, 10
USED_TO: Final = 200  # reports over which the usual signal is an average
USED_TO_LEAST: Final = 50


@dataclass
class LinkQuality:
    """One tracker's; every field is JSON. Repeats are per report, signals in dBm."""

    boot: int = 0
    first_seq: int = 0
    last_seq: int = 0
    received: int = 0  # records of this boot since first_seq
    gap_since_s: int = 0
    repeated: int = -1  # the counter as last told
    repeats: list[int] = field(default_factory=list)
    signals: list[int] = field(default_factory=list)
    usual_dbm: float = 0.0
    usual_of: int = 0
    calm: int = 0

    def record(self, boot: int, seq: int, now_s: int) -> None:
        """A record came, of whatever lane."""
        if boot != self.boot:
            if boot < self.boot:
                return
            self.boot, self.first_seq, self.last_seq, self.received = boot, seq, seq, 1
            self.gap_since_s, self.repeated = 0, -1
            return
        if seq < self.first_seq:
            return
        self.received += 1
        self.last_seq = max(self.last_seq, seq)
        if not self.missing:
            self.gap_since_s = 0
        elif not self.gap_since_s:
            self.gap_since_s = now_s
        elif now_s - self.gap_since_s > GAP_LOST_S:
            self.received += self.missing
            self.gap_since_s = 0

    @property
    def missing(self) -> int:
        """Records of this boot that later ones have overtaken."""
        return max(0, self.last_seq - self.first_seq + 1 - self.received)

    def report(self, repeated: int, signal_dbm: int | None) -> None:
        """What a report of now says; `repeated` is the tracker's counter of publishes repeated."""
        if self.repeated >= 0:
            self.repeats.append(max(0, repeated - self.repeated))
            del self.repeats[:-LOOK]
        self.repeated = repeated
        if signal_dbm is not None:
            self.signals.append(signal_dbm)
            del self.signals[:-LOOK]
            self.usual_of = min(USED_TO, self.usual_of + 1)
            self.usual_dbm += (signal_dbm - self.usual_dbm) / self.usual_of

    def troubles(self, now_s: int) -> list[str]:
        """What is weak, in words; [] when nothing is."""
        found = []
        if self.gap_since_s and now_s - self.gap_since_s >= GAP_S:
            hours = (now_s - self.gap_since_s) / 3600
            found.append(f"{self.missing} records are missing for {hours:.0f} h")
        if len(self.repeats) == LOOK and sum(self.repeats) >= LOOK:
            found.append(f"{sum(self.repeats)} repeats for the last {LOOK} reports")
        if self._has_fallen():
            now_dbm = sum(self.signals) / len(self.signals)
            found.append(f"signal {now_dbm:.0f} dBm, usually {self.usual_dbm:.0f}")
        self.calm = 0 if found else self.calm + 1
        return found

    @property
    def is_well(self) -> bool:
        """Whether nothing has been weak for so long that a warning is over."""
        return self.calm >= CALM

    def _has_fallen(self) -> bool:
        if len(self.signals) < LOOK or self.usual_of < USED_TO_LEAST:
            return False
        now_dbm = sum(self.signals) / len(self.signals)
        return now_dbm <= WEAK_DBM and now_dbm <= self.usual_dbm - FALL_DB
