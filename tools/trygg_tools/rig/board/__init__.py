"""The virtual board: real MicroPython runs the firmware, the chip around it is made here."""

from trygg_tools.rig.board.chip import Pins
from trygg_tools.rig.board.gps_feeder import GpsFeeder
from trygg_tools.rig.board.host import Event
from trygg_tools.rig.board.interpreter import micropython_folder
from trygg_tools.rig.board.virtual_board import VirtualBoard

__all__ = ["Event", "GpsFeeder", "Pins", "VirtualBoard", "micropython_folder"]
