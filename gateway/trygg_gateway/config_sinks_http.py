"""The settings of sinks that speak HTTP."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from trygg_gateway.config_section import FromFolder, Unprotected
from trygg_gateway.config_sink import SinkSection, demand_tls


class HttpSink(SinkSection):
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
    timeout_seconds: int = Field(
        default=15, ge=1, le=60, description="time the receiver has to answer"
    )
    unprotected: Unprotected = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        demand_tls(self.url, self.unprotected)
        return self
