"""The settings of the journal: how it commits, how large it may become, how long it keeps."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from trygg_gateway.config_section import Section


class Journal(Section):
    """How many records one commit may gather, and how much disk all may take. docs/journal.md."""

    commit_rows: int = Field(
        default=2000, ge=1, le=100_000, description="at most this many records in one commit"
    )
    commit_ms: int = Field(
        default=50, ge=1, le=1000, description="at most this long gathering for one commit"
    )
    queue_rows: int = Field(
        default=20_000,
        ge=100,
        le=1_000_000,
        description="records that may wait for a commit; at half of it trackers are held up",
    )
    max_mb: int = Field(
        default=0, ge=0, description="most that the journal may take; 0: what the disk has"
    )
    reserve_mb: int = Field(
        default=64,
        ge=32,
        le=100_000,
        description="kept for alarms; with three times as much left, the oldest records go",
    )

    @model_validator(mode="after")
    def _room_for_reports(self) -> Self:
        if 0 < self.max_mb < 4 * self.reserve_mb:
            raise ValueError(
                f"max_mb = {self.max_mb} with reserve_mb = {self.reserve_mb} would shed from the"
                f" first day on. Set max_mb to {4 * self.reserve_mb} or more, or reserve_mb to less"
            )
        return self


class Retention(Section):
    """How long people's whereabouts are kept. `trygg gateway tracker keep` sets one tracker's."""

    days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="records and positions older than this are deleted once every sink has them",
    )
