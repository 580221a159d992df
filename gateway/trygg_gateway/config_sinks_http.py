"""The settings of sinks that speak HTTP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trygg_gateway.config_section import FromFolder
from trygg_gateway.config_sink import PeerSection


class HttpSink(PeerSection):
    """A webhook: CloudEvents 1.0 as JSON, signed after Standard Webhooks."""

    type: Literal["http"]
    url: str = Field(
        pattern=r"^https?://\S+$",
        description="where events are posted",
        examples=["https://centre.example/hooks/trygg"],
    )
    secret_file: FromFolder = Field(
        description="file with the shared secret (whsec_...), mode 0600",
        examples=["secrets/webhook"],
    )
    ca: FromFolder | None = Field(
        default=None,
        description="CA of the receiver; none: the system's",
        examples=["tls/centre-ca.crt"],
    )


class OwnTracksHttpSink(PeerSection):
    """OwnTracks over HTTP: what its apps post, to the Recorder or another endpoint."""

    type: Literal["owntracks-http"]
    url: str = Field(
        pattern=r"^https?://[^\s?#]+$",
        description="the endpoint",
        examples=["https://recorder.example/pub"],
    )
    username: str | None = Field(default=None, description="user there", examples=["trygg"])
    password_file: FromFolder | None = Field(
        default=None,
        description="file with the user's password, mode 0600",
        examples=["secrets/recorder"],
    )
    ca: FromFolder | None = Field(
        default=None, description="its CA (PEM); none: the system's", examples=["tls/their-ca.crt"]
    )
    user: str = Field(
        default="trygg",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="the OwnTracks user that the trackers are devices of",
    )
    waypoints: bool = Field(
        default=False, description="true: circular fences too; they say where somebody lives"
    )


class TraccarSink(PeerSection):
    """Traccar: its OsmAnd port, by query or by JSON."""

    type: Literal["traccar"]
    url: str = Field(
        pattern=r"^https?://[^\s?#]+$",
        description="the OsmAnd port of the server, or the proxy with TLS before it",
        examples=["https://traccar.example/osmand/"],
    )
    form: Literal["query", "json"] = Field(
        default="query", description='"query": every version; "json": newer ones, finer speed'
    )
    identifier: str = Field(
        default="{device}",
        pattern=r"^[A-Za-z0-9_.:-]*\{device\}[A-Za-z0-9_.:-]*$",
        description="a tracker's identifier in Traccar, where each is to be registered",
    )
    ca: FromFolder | None = Field(
        default=None, description="its CA (PEM); none: the system's", examples=["tls/their-ca.crt"]
    )
