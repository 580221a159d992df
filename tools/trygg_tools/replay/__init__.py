"""`trygg replay`: what a receiver said, said again: to a serial port, a pty or a TCP connection."""
