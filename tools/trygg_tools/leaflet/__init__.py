"""The wearer's leaflet: one page of A4 that a person of eighty can read, filled in and printed."""
