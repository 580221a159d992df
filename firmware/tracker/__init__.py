"""The tracker's core: pure, the same on the chip, MicroPython's unix port and CPython."""

VERSION = "0.1.0"
