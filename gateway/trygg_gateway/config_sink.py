"""What the settings of every sink have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from trygg_gateway.config_section import Section, Unprotected, is_loopback

Lane = Literal["alarm", "live", "backlog"]
LANES: list[Lane] = ["alarm", "live", "backlog"]
Lanes = Annotated[list[Lane], Field(min_length=1, description="what goes to it")]
Standby = Annotated[
    bool,
    Field(description="true: only calls, and alarms that channels before it have not confirmed"),
]


def _moment(text: str) -> str:
    """`text` if it is a time with its zone, or one of the two words. ValueError."""
    if text in ("start", "now"):
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(
            f'begin = {text!r}: wanted "start", "now" or a time with its zone, as in'
            ' "2026-11-20T00:00:00+01:00". Write one of them'
        )
    return text


Begin = Annotated[
    str,
    AfterValidator(_moment),
    Field(description='what a new sink gets of what is there: "start" all, "now" none, or a time'),
]
Warnings = Annotated[bool, Field(description="false: alarms, but none of the gateway's warnings")]


class SinkSection(Section):
    """One table [sinks.NAME]. What its kind adds stands before this in the printed default."""

    needs: ClassVar[tuple[str, str] | None] = None  # a module, and the extra that installs it

    lanes: Lanes = LANES
    standby: Standby = False
    warnings: Warnings = True
    begin: Begin = "start"

    @property
    def begin_ms(self) -> int | None:
        """Where a new one begins: 0 at the journal's beginning, None at its end, else when."""
        if self.begin in ("start", "now"):
            return 0 if self.begin == "start" else None
        return int(datetime.fromisoformat(self.begin).timestamp() * 1000)


class PeerSection(SinkSection):
    """A sink whose other end has an address: a time to answer in, and TLS off loopback."""

    url: str
    timeout_seconds: int = Field(
        default=15, ge=1, le=60, description="time the other end has to answer"
    )
    unprotected: Unprotected = False

    @model_validator(mode="after")
    def _over_tls(self) -> Self:
        demand_tls(self.url, self.unprotected)
        return self


def demand_tls(url: str, unprotected: bool) -> None:
    """ValueError if `url` would send whereabouts in the clear over a network."""
    place = urlsplit(url)
    clear = place.scheme in _SECURE
    if clear and not (is_loopback(place.hostname or "") or unprotected):
        raise ValueError(
            f"url = {url!r} sends people's whereabouts in the clear. Use {_SECURE[place.scheme]}://,"
            " or set unprotected = true if the link is protected in another way"
        )


_SECURE = {"http": "https", "mqtt": "mqtts", "nats": "tls"}
