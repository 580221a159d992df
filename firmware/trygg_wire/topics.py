"""Topics: `trygg/v1/{group}/{device}/up` from a tracker, `.../down` to it.

A group is who may see the tracker (a municipality, a ward); a device is one tracker. Both
names match [a-z0-9][a-z0-9-]{0,31}, so no name can hold a wildcard or a level separator.
"""

PREFIX = "trygg/v1/"
NAME_MAX = 32
_FIRST = "abcdefghijklmnopqrstuvwxyz0123456789"
_REST = _FIRST + "-"


def is_name(name):
    """True if `name` (str) may stand as a group or a device in a topic."""
    if not 0 < len(name) <= NAME_MAX or name[0] not in _FIRST:
        return False
    for letter in name:
        if letter not in _REST:
            return False
    return True


def up(group, device):
    """The topic a tracker publishes on."""
    return PREFIX + group + "/" + device + "/up"


def down(group, device):
    """The topic a tracker listens on."""
    return PREFIX + group + "/" + device + "/down"


def parse(topic):
    """(group, device, "up" or "down") of a topic of ours; None for any other topic."""
    if not topic.startswith(PREFIX):
        return None
    parts = topic[len(PREFIX) :].split("/")
    if len(parts) != 3 or parts[2] not in ("up", "down"):
        return None
    if not (is_name(parts[0]) and is_name(parts[1])):
        return None
    return (parts[0], parts[1], parts[2])
