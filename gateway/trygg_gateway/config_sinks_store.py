"""The settings of sinks that keep records in a store of their own."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from trygg_gateway.config_section import FromFolder, Unprotected, is_loopback
from trygg_gateway.config_sink import PeerSection, SinkSection


class PostgresSink(SinkSection):
    """A PostgreSQL database: a row a record, its positions beside it, PostGIS where it is there."""

    needs: ClassVar[tuple[str, str] | None] = ("psycopg", "postgres")

    type: Literal["postgres"]
    url: Annotated[str, Field(pattern=r"^postgresql://[^\s?#]+/[^\s?#/]+$")] = Field(
        description="postgresql://user@host:port/database, without a password",
        examples=["postgresql://trygg@db.example/trygg"],
    )
    password_file: FromFolder | None = Field(
        default=None,
        description="file with the user's password, mode 0600",
        examples=["secrets/postgres"],
    )
    ca: FromFolder | None = Field(
        default=None,
        description="CA of the server (PEM); none: the system's",
        examples=["tls/db-ca.crt"],
    )
    schema_name: str = Field(
        default="trygg",
        pattern=r"^[a-z_][a-z0-9_]{0,30}$",
        description="schema for our tables, made at start when it is missing",
    )
    timeout_seconds: int = Field(
        default=15, ge=1, le=60, description="time the server has for a batch"
    )
    unprotected: Unprotected = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if urlsplit(self.url).password is not None:
            raise ValueError("url holds a password. Put it in a file and name that: password_file")
        return self

    @property
    def in_the_clear(self) -> bool:
        """Whether the link needs no TLS."""
        return self.unprotected or is_loopback(urlsplit(self.url).hostname or "")


class NatsSink(PeerSection):
    """A NATS JetStream stream: every event as CloudEvents JSON, its identity as the message's."""

    needs: ClassVar[tuple[str, str] | None] = ("nats", "nats")

    type: Literal["nats"]
    url: Annotated[str, Field(pattern=r"^(nats|tls)://[^/?#@\s]+/?$")] = Field(
        description="tls://host:port of the server", examples=["tls://nats.example:4222"]
    )
    stream: str = Field(
        default="TRYGG",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="stream that keeps them; made at start when it is missing",
    )
    subject: str = Field(
        default="trygg.events",
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        description="each goes to SUBJECT.device.kind",
    )
    username: str | None = Field(default=None, description="user there", examples=["trygg"])
    password_file: FromFolder | None = Field(
        default=None,
        description="file with the user's password, mode 0600",
        examples=["secrets/nats"],
    )
    credentials_file: FromFolder | None = Field(
        default=None,
        description="a .creds file (JWT and seed), mode 0600, instead of a user",
        examples=["secrets/nats.creds"],
    )
    ca: FromFolder | None = Field(
        default=None,
        description="CA of the server (PEM); none: the system's",
        examples=["tls/nats-ca.crt"],
    )
