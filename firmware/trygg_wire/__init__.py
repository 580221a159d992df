"""The wire format, once, as data: rows in layouts.py, one codec, in firmware and gateway alike."""
