"""Power cuts, simulated: what a program wrote is recorded, and every state a disk may be left in made."""
