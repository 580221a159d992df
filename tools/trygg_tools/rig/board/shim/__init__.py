"""What stands in for the chip inside the interpreter: files of MicroPython, not of CPython."""
