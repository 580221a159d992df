"""The settings of a file sink."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trygg_gateway.config_section import FromFolder
from trygg_gateway.config_sink import SinkSection


class FileSink(SinkSection):
    """A file of JSON lines, one event a line."""

    type: Literal["file"]
    path: FromFolder = Field(description="the file, appended to", examples=["data/events.jsonl"])
