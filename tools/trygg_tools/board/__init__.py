"""`trygg board`: what the boards of hardware/boards are, and whether their wiring can work."""
