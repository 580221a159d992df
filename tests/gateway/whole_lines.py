"""The lines of a file to which somebody may be writing right now."""

import json


def whole_lines(path):
    """Its lines, without one that has no end yet; none if there is no file."""
    text = path.read_bytes() if path.exists() else b""
    return text[: text.rfind(b"\n") + 1].decode().splitlines()


def events_in(path):
    """The events of a file sink, or of a webhook's receiver."""
    return [json.loads(line) for line in whole_lines(path)]
