"""`trygg vectors`: receivers' logs with the fixes that independent parsers see in them.

a log → clean (nothing of a person left) → opinions of three parsers → agreement → two files
"""
