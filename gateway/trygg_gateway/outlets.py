"""The sinks the settings ask for, as the forwarder wants them."""

from __future__ import annotations

from trygg_gateway.config import Config, FileSink, HttpSink
from trygg_gateway.forwarder import Outlet
from trygg_gateway.sinks import file as file_sink
from trygg_gateway.sinks import http as http_sink
from trygg_gateway.sinks.port import Sink
from trygg_gateway.values import ALARM, LANE_NAMES


def outlets(config: Config) -> list[Outlet]:
    """The sinks the settings ask for."""
    return [
        Outlet(name, _sink(section), _lanes(section), section.standby, section.warnings)
        for name, section in config.sinks.items()
    ]


def _lanes(section: HttpSink | FileSink) -> list[int]:
    """What goes to it; all that is addressed to one on standby is in the alarm lane."""
    if section.standby:
        return [ALARM]
    numbers = {name: number for number, name in LANE_NAMES.items()}
    return [numbers[lane] for lane in section.lanes]


def _sink(section: HttpSink | FileSink) -> Sink:
    if isinstance(section, FileSink):
        return file_sink.FileSink(section.path)
    return http_sink.HttpSink(
        section.url, section.secret_file, timeout_s=section.timeout_seconds, ca=section.ca
    )
