"""`trygg provision` and `trygg inventory`: a flashed board becomes a tracker, and stays known."""
