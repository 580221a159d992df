"""The wearer's side: a button that calls for help when it is held, and signals that are felt.

PRESS_S of holding calls once, however long it is held; letting go makes the next call possible.
"""

PRESS_S = 2
AWAKE_S = 5  # awake after a start by the button, so that holding it is seen
_SAID = -1  # the press has done its work
_UP = -2
_BUTTON_WAKES = (2, 3)


class Wearer:
    """Over a BoardIo port; `wake` is why the chip woke (Power.start_reason)."""

    def __init__(self, board, wake, now_s):
        self._board = board
        self._pressed_s = _UP
        self._awake_until_s = now_s + AWAKE_S if wake in _BUTTON_WAKES else 0

    def calls(self, now_s):
        """True once when the button has been held for PRESS_S."""
        if not self._board.button():
            self._pressed_s = _UP
        elif self._pressed_s == _UP:
            self._pressed_s = now_s
        elif self._pressed_s != _SAID and now_s - self._pressed_s >= PRESS_S:
            self._pressed_s = _SAID
            return True
        return False

    def feels(self, pattern):
        """Signal "sent", "stored", "taken", "battery_low" or "test"."""
        self._board.signal_wearer(pattern)

    def wait_s(self):
        """Seconds until the button is to be looked at, when nothing else is due."""
        return 1 if self._pressed_s >= 0 else 60

    def awake(self, now_s):
        """True while the chip must not sleep because of the button."""
        return self._pressed_s != _UP or now_s < self._awake_until_s
