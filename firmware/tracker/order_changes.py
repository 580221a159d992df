"""What each kind of order changes: looked through, then into flash, then in force; or not at all.

A change is `change(homes, version, body, keep)`: 0, or the reason of the refusal, and then nothing
has changed. It may raise codec.WireError or MemoryError before anything has. `keep(name, parts)` is
False when the flash does not take the file that is made of these parts.

Two sets of fences do not fit the heap, nor does one beside itself: a new set is looked through
fence by fence, and nothing of it is kept; once flash has it the old one is let go, and the new one
built fence by fence. If memory fails only then, the order has the outcome AT_THE_NEXT_START.
"""

from collections import namedtuple

from tracker import anchor_list, fence_file, fence_ready, order_file
from trygg_wire import codec
from trygg_wire.layouts import ANCHORS, FENCES, KEY, NO_FLASH, SETTINGS

AT_THE_NEXT_START = -1  # in flash, not in force: restart now, and it is
# Settings, FenceSet, OrderKeys, AnchorList: each with the `version` in force
Homes = namedtuple("Homes", ("settings", "fences", "keys", "anchors"))


def home(homes, kind):
    """The one of Homes that orders of this kind change; None for a command or unknown kind."""
    if kind == SETTINGS:
        return homes.settings
    if kind == FENCES:
        return homes.fences
    if kind == KEY:
        return homes.keys
    return homes.anchors if kind == ANCHORS else None


def _settings(homes, version, body, keep):
    settings = homes.settings
    before = settings.save()
    reason = settings.apply(version, codec.decode_body(SETTINGS, body)["settings"])
    if not reason and not keep("settings", (settings.save(),)):
        settings.load(before)
        reason = NO_FLASH
    return reason


def _fences(homes, version, body, keep):
    fences = homes.fences
    reason = fences.check(fence_file.values_of(body))
    if reason:
        return reason
    file = order_file.parts(version, body)
    if not keep("fences", file):
        return NO_FLASH
    try:
        fences.put_in_force(version, fence_file.values_of(body))
    except MemoryError:
        return AT_THE_NEXT_START
    keep(
        "shapes", fence_ready.parts(fences, fence_ready.mark_of(file))
    )  # if not: at the next start
    return 0


def _key(homes, version, body, keep):
    keys = homes.keys
    next_key = keys.unwrapped(version, codec.decode_body(KEY, body)["wrapped"])
    data = (keys.save(version, next_key),)
    if not keep("keys", data):
        return NO_FLASH
    keep("keys2", data)
    keys.put_in_force(version, next_key)
    return 0


def _anchors(homes, version, body, keep):
    known = anchor_list.radios_of(body)
    if not keep("anchors", order_file.parts(version, body)):
        return NO_FLASH
    homes.anchors.put_in_force(version, known)
    return 0


CHANGES = {SETTINGS: _settings, FENCES: _fences, KEY: _key, ANCHORS: _anchors}
