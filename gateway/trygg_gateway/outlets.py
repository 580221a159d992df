"""The sinks the settings ask for, as the forwarder wants them."""

from __future__ import annotations

from trygg_gateway.about import Lookup, nothing_known
from trygg_gateway.config import Config
from trygg_gateway.config_sink import SinkSection
from trygg_gateway.forwarder import Outlet
from trygg_gateway.sink_makers import sink_of
from trygg_gateway.values import ALARM, LANE_NAMES


def outlets(config: Config, about: Lookup = nothing_known) -> list[Outlet]:
    """The sinks the settings ask for; `about` tells those that want it of trackers."""
    return [outlet_of(name, section, about) for name, section in config.sinks.items()]


def outlet_of(name: str, section: SinkSection, about: Lookup = nothing_known) -> Outlet:
    """One of them, its sink made and not started."""
    return Outlet(
        name,
        sink_of(section, about),
        lanes_of(section),
        section.standby,
        section.warnings,
        section.begin_ms,
    )


def lanes_of(section: SinkSection) -> list[int]:
    """What goes to it; all that is addressed to one on standby is in the alarm lane."""
    if section.standby:
        return [ALARM]
    numbers = {name: number for number, name in LANE_NAMES.items()}
    return [numbers[lane] for lane in section.lanes]
