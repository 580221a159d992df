"""The fences in force from flash, fence by fence: as a whole they would not fit the heap.

A file that is damaged, or larger than today's heap, gives no fences and is said: the tracker then
has none and reports version 0, which the gateway sees; a start never fails for it.
"""

from tracker.order_file import unpack
from trygg_wire import codec


def values_of(body):
    """The values of a FENCES body, its `fences` an iterator that gives them one at a time.

    Raises codec.WireError, the iterator too: nothing may be in force before it has ended.
    """
    parts = codec.fences_of(body)
    values = next(parts)
    values["fences"] = parts
    return values


def restore(fences, data):
    """Put the fences of a file's bytes in force in the FenceSet `fences`; False if damaged."""
    found = unpack(data)
    if found is None:
        return False
    version, body = found
    try:
        return not fences.put_in_force(version, values_of(body))
    except (codec.WireError, MemoryError):
        return False
