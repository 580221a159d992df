"""Quectel L76 (receiver_rows.py says what is told and why)."""

from tracker import receiver_pmtk as language  # noqa: F401
from tracker.accuracy import RANGE_ERROR_DM

range_error_dm = RANGE_ERROR_DM
rest = b"PMTK161,0"
rows = (
    ("rate", b"PMTK220,1000"),
    # GLL RMC VTG GGA GSA GSV and thirteen that are not used
    ("sentences", b"PMTK314,0,1,0,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0"),
    ("wearer walks", b"PMTK386,0"),  # no speed below which the place is held
    ("power mode", b"PMTK225,0"),
    ("constellations", b"PMTK353,1,1,0,0,0"),  # GPS and GLONASS
    ("backup", b"PMTK869,1,1"),  # EASY: orbits are predicted and kept
)
