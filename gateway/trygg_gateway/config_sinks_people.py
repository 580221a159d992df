"""The settings of the sink that tells people."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from trygg_gateway.config_section import FromFolder, Unprotected
from trygg_gateway.config_sink import Lane, Lanes, SinkSection

ONLY_ALARMS: list[Lane] = ["alarm"]


class AppriseSink(SinkSection):
    """A message to people by SMS, chat or e-mail, through Apprise: alarms, warnings, calls."""

    needs: ClassVar[tuple[str, str] | None] = ("apprise", "apprise")

    type: Literal["apprise"]
    url_file: FromFolder = Field(
        description="file with one Apprise URL (mailtos://, jsons://, twilio:// ...), mode 0600",
        examples=["secrets/night-phone"],
    )
    console_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="link to the console, at the end of each message",
        examples=["https://trygg.kommune.example/"],
    )
    names: bool = Field(
        default=True, description="false: the tracker's own name and not the wearer's"
    )
    coordinates: bool = Field(
        default=False, description="true: positions too; whoever carries the message reads them"
    )
    timeout_seconds: int = Field(
        default=15, ge=1, le=60, description="time the service has to answer"
    )
    unprotected: Unprotected = False
    lanes: Lanes = ONLY_ALARMS
