"""The tracker's core on a micro:bit: 32-bit floats, 31-bit integers, 9 KB of heap, in qemu."""
