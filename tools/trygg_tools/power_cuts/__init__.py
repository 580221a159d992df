"""A power cut at every byte of every flash write of a recorded life: `make cuts`.

`ring_life.py` fills a small outbox past its end, `tracker_life.py` is the whole App with orders,
alarms, restarts and earlier cuts. Each is run once with the flash's strokes written down; then
`verdict.py` starts the firmware on every state that a cut at any stroke may have left
(rig/cut_states.py) and wants of it: it starts; every record that was kept before and after the
stroke is there as it was made; an order is applied whole or not at all, and applied if it was
answered so; the boot number is new.
"""
