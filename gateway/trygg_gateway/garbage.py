"""How often the interpreter looks for garbage, for a process that holds many records for moments.

Python looks after every 700 objects that came and did not go, and a batch of records on its way to
the disk is thousands: it walked over them again and again and found nothing, at 4 of the 20
microseconds that a broker's record cost. What is dropped is freed at once as ever; only cycles
wait, and few are made here.
"""

import gc

YOUNG = 50_000  # objects that came and did not go, some megabytes: the next look
OLDER = (10, 10)  # Python's own


def collect_rarely() -> None:
    """Call once all is loaded: what there is by now is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *OLDER)
