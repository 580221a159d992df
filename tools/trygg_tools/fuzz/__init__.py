"""Millions of random and mutated bytes into every parser of the tracker: `make fuzz`."""
