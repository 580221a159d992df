"""What a wearer feels, drawn: the firmware plays its patterns, the pulses become pictures."""
