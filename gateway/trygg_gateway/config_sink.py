"""What the settings of every sink have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field

from trygg_gateway.config_section import Section, is_loopback

Lane = Literal["alarm", "live", "backlog"]
LANES: list[Lane] = ["alarm", "live", "backlog"]
Lanes = Annotated[list[Lane], Field(min_length=1, description="what goes to it")]
Standby = Annotated[
    bool,
    Field(description="true: only calls, and alarms that channels before it have not confirmed"),
]
Warnings = Annotated[bool, Field(description="false: alarms, but none of the gateway's warnings")]


class SinkSection(Section):
    """One table [sinks.NAME]. What its kind adds stands before this in the printed default."""

    needs: ClassVar[tuple[str, str] | None] = None  # a module, and the extra that installs it

    lanes: Lanes = LANES
    standby: Standby = False
    warnings: Warnings = True


def demand_tls(url: str, unprotected: bool) -> None:
    """ValueError if `url` would send whereabouts in the clear over a network."""
    place = urlsplit(url)
    clear = place.scheme in ("http", "mqtt", "nats", "smtp")
    if clear and not (is_loopback(place.hostname or "") or unprotected):
        raise ValueError(
            f"url = {url!r} sends people's whereabouts in the clear. Use {_SECURE[place.scheme]}://,"
            " or set unprotected = true if the link is protected in another way"
        )


_SECURE = {"http": "https", "mqtt": "mqtts", "nats": "tls", "smtp": "smtps"}
