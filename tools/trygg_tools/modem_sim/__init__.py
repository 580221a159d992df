"""A modem as the field knows it: bytes in, bytes out, and everything that goes wrong (docs/modem_sim.md)."""
