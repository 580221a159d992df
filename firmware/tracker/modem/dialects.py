"""Which dialect a board's modem speaks: the name in its config, and the module of that name.

A new dialect is one file here, its name below, and the tests that every dialect passes.
"""

NAMES = "sim7080 sim7000 sim7600 bg95"


def find(name):
    """The module of the dialect `name`, the only one that is loaded; None for an unknown name."""
    if name not in NAMES.split():
        return None
    return getattr(__import__("tracker.modem." + name).modem, name)
