"""A receiver that is told nothing."""

from tracker.accuracy import RANGE_ERROR_DM

range_error_dm = RANGE_ERROR_DM
language = None
rest = b""
rows = ()
