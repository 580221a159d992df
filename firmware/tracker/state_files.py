"""Small files in /state that are either the old one or the new one, never half of either.

A file is written beside the old one and renamed over it; what is inside carries its own CRC,
checked by whom it belongs to.
"""


def _name(name):
    return "/state/" + name + ".bin"


def save(flash, name, data):
    """Replace the file `name` by `data`; OSError when the flash fails, the old file then stays."""
    save_parts(flash, name, (data,))


def save_parts(flash, name, parts):
    """The same of a file that comes in `parts`, any iterable; what that raises passes through."""
    with flash.open(_name(name) + ".new", "wb") as file:
        for part in parts:
            file.write(part)
    flash.rename(_name(name) + ".new", _name(name))


def load(flash, name):
    """The file's bytes; b"" when there is no file, None when it is empty or cannot be read now."""
    try:
        if flash.size(_name(name)) < 0:
            return b""
        with flash.open(_name(name), "rb") as file:
            return file.read() or None
    except OSError:
        return None


def open_to_read(flash, name):
    """The file, open, to be closed by who asks; None when there is none or it cannot be read."""
    try:
        return flash.open(_name(name), "rb")
    except OSError:
        return None
