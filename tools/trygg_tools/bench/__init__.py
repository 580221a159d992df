"""What is measured, one file a figure; each prints JSON lines."""
