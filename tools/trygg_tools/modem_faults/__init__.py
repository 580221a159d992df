"""Every fault of the simulated modem at every step of the driver's dialogue."""
