"""`trygg simulate`: the firmware's own core against a person's day, a receiver's errors, a network.

life | track_files → track    where the wearer truly is, and under what sky
surroundings, noise, receiver what a receiver makes of that: NMEA text on the Uart port
radio, energy                 what the network does, and what all of it costs
wearer                        the real App between them, in simulated time (rig/tracker.py)
policies                      ours, or one fix every so many seconds
verdict, result, plots        what was detected, how late, at what price
command, campaign             one run; the long ones behind the pictures in docs/
"""
