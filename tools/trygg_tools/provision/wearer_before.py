"""What a board still knows of the wearer before, forgotten before it becomes another's.

What waits in its outbox would else be sent under the new name: a call for help of somebody who is
not there, with a place. Its fences, its boots and the chip's RTC memory, which outlives a reset,
are no less the other's. /config.json goes first: a cable pulled in between leaves a board that is
nobody, never the old one's records under the new one's name.
"""

from __future__ import annotations

from trygg_tools.flash.board_link import BoardLink

_FORGET = """
import machine, os
def remove(folder):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            remove(path)
        else:
            os.remove(path)
try:
    os.remove("/config.json")
except OSError:
    pass
for folder in ("/state", "/outbox"):
    remove(folder)
machine.RTC().memory(b"")
"""


def forget(link: BoardLink) -> None:
    """The board has its firmware and nothing of anybody. Raises FlashError."""
    link.run(_FORGET)
