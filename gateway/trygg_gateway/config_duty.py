"""The settings of the watch and of the alarm engine: when, who, and in which order."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from trygg_gateway.config_section import NAME, Section
from trygg_gateway.schedules import windows_of

Name = Annotated[str, Field(pattern=NAME)]
CallFor = Literal[
    "left", "sos", "battery_low", "cannot_tell", "off_charger", "taken_off", "silent"
]  # fmt: skip
CALL_FOR: list[CallFor] = ["left", "sos", "cannot_tell", "off_charger", "taken_off", "silent"]


class Watch(Section):
    """When a tracker counts as silent, and what else is noticed of it. docs/alarms.md."""

    enabled: bool = Field(default=True, description="false: nothing is noticed, nobody is silent")
    grace_seconds: int = Field(
        default=120,
        ge=30,
        le=3600,
        description="patience past the report promised: always, and no more with a low battery",
    )
    grace_most_seconds: int = Field(
        default=900,
        ge=60,
        le=7200,
        description="most patience that a tracker can earn by being late and well",
    )
    day_needs_hours: int = Field(
        default=16,
        ge=1,
        le=240,
        description="hours a battery must last while no usual charging time is known",
    )
    off_charger_percent: int = Field(
        default=50,
        ge=0,
        le=100,
        description="charge wanted off the charger while nothing is known of its use",
    )
    not_armed_minutes: int = Field(
        default=15, ge=1, le=1440, description="time a heard tracker has to apply ordered fences"
    )
    disk_free_mb: int = Field(
        default=1024, ge=0, description="less free disk than this under gateway.data is said"
    )
    commit_seconds: float = Field(
        default=2.0, gt=0, le=60, description="a commit that takes longer than this is said"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.grace_most_seconds < self.grace_seconds:
            raise ValueError("grace_most_seconds is less than grace_seconds. Set it to as much")
        return self


class Alarms(Section):
    """What follows when nobody confirms an alarm, or nobody takes it. docs/alarms.md."""

    channels: list[Name] = Field(
        default=[],
        description="sinks in a row: each begins when those before it have not confirmed",
    )
    second_channel_seconds: int = Field(
        default=20, ge=1, le=3600, description="time a channel has to confirm"
    )
    next_person_seconds: list[Annotated[int, Field(ge=1, le=86_400)]] = Field(
        default=[60, 180],
        min_length=1,
        description="seconds after the alarm at which the second, third ... person is called",
    )
    call_for: list[CallFor] = Field(
        default=CALL_FOR, description="alarms for which people are called"
    )
    time_zone: str = Field(default="Europe/Oslo", description="by whose clock on_call goes")

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            raise ValueError(f"{name!r} is no time zone. Say one as in Europe/Oslo") from None
        return name

    @field_validator("next_person_seconds")
    @classmethod
    def _rises(cls, seconds: list[int]) -> list[int]:
        if sorted(set(seconds)) != seconds:
            raise ValueError(f"{seconds} does not rise. Each counts from the alarm: [60, 180]")
        return seconds


class Person(Section):
    """Somebody who can be called. Give each a table of their own, [people.KEY]."""

    name: str = Field(
        min_length=1, max_length=100, description="as it stands in timelines", examples=["Ingrid"]
    )
    sinks: list[Name] = Field(
        min_length=1, description="sinks that reach them", examples=[["archive"]]
    )


class OnCall(Section):
    """One row of the calendar, [on_call.KEY]; of those that fit, the first one counts."""

    people: list[Name] = Field(
        min_length=1, description="keys of [people], in the order called", examples=[["ingrid"]]
    )
    groups: list[Name] = Field(default=[], description="trackers' groups; none: every group")
    when: str = Field(
        default="",
        description='hours, as in "mon-fri 07:00-15:00; sat,sun 00:00-24:00"; "": always',
    )

    @field_validator("when")
    @classmethod
    def _is_a_schedule(cls, text: str) -> str:
        windows_of(text)
        return text
