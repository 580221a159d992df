"""What each kind of order changes: looked through, then into flash, then in force; or not at all.

A change is `change(homes, version, body, keep)`: 0, or the reason of the refusal, and then nothing
has changed. It may raise codec.WireError or MemoryError before anything has. `keep(name, data)` is
False when the flash does not take the file.
"""

from collections import namedtuple

from tracker import anchor_list, fence_file, order_file
from trygg_wire import codec
from trygg_wire.layouts import ANCHORS, FENCES, KEY, NO_FLASH, SETTINGS

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
    if not reason and not keep("settings", settings.save()):
        settings.load(before)
        reason = NO_FLASH
    return reason


def _fences(homes, version, body, keep):
    draft, reason = homes.fences.prepare(fence_file.values_of(body))
    if reason:
        return reason
    if not keep("fences", order_file.pack(version, body)):
        return NO_FLASH
    homes.fences.put_in_force(version, draft)
    return 0


def _key(homes, version, body, keep):
    keys = homes.keys
    next_key = keys.unwrapped(version, codec.decode_body(KEY, body)["wrapped"])
    if not keep("keys", keys.save(version, next_key)):
        return NO_FLASH
    keys.put_in_force(version, next_key)
    return 0


def _anchors(homes, version, body, keep):
    known = anchor_list.radios_of(body)
    if not keep("anchors", order_file.pack(version, body)):
        return NO_FLASH
    homes.anchors.put_in_force(version, known)
    return 0


CHANGES = {SETTINGS: _settings, FENCES: _fences, KEY: _key, ANCHORS: _anchors}
