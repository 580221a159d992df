"""`trygg flash`: MicroPython and the firmware onto a board, whole or not at all."""
