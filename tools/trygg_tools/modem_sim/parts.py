"""The parts there are, by the name `--part` takes. A new one is its own file and a line here."""

from __future__ import annotations

from trygg_tools.modem_sim.a7670 import A7670, SIM7670
from trygg_tools.modem_sim.bg95 import BG95, BG96
from trygg_tools.modem_sim.part import Part
from trygg_tools.modem_sim.sim7000 import SIM7000
from trygg_tools.modem_sim.sim7080 import SIM7070, SIM7080, SIM7090
from trygg_tools.modem_sim.sim7600 import SIM7600

ALL: tuple[Part, ...] = (SIM7080, SIM7070, SIM7090, SIM7000, SIM7600, A7670, SIM7670, BG95, BG96)
PARTS: dict[str, Part] = {part.name: part for part in ALL}
