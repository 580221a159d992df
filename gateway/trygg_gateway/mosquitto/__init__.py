"""A Mosquitto set up so that a tracker reaches its own topics and nothing else."""
