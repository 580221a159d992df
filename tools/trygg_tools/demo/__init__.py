"""`trygg demo`: the whole system on one machine, with three trackers on recorded walks."""
