"""The same tracker without hardware."""
