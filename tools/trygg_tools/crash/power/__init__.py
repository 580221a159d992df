"""Power cuts, simulated: what a program wrote, and every state a disk may be left in."""
