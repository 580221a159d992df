"""A secret is one line of a file, read at start and never quoted."""

from __future__ import annotations

from pathlib import Path

from trygg_gateway.sinks.port import Later


def read_line(path: Path | None) -> str | None:
    """The one line of a secret's file; Later, never quoting it, if it cannot be read."""
    if path is None:
        return None
    try:
        text = path.read_text("utf-8").strip()
    except OSError as error:
        raise Later(f"the secret file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Later(f"the secret file {path} is not UTF-8 text") from None
    if not text or "\n" in text:
        raise Later(f"the secret file {path} does not hold one line")
    return text
