"""Commands for technicians, operators and testers."""
