"""The wearer's side in the rig: a button that the scenario presses, signals that are written down.

Runs under both interpreters.
"""


class BoardIo:
    """Port BoardIo."""

    def __init__(self) -> None:
        self.pressed = False
        self.signals: list[str] = []

    def button(self) -> bool:
        """True while the button is pressed."""
        return self.pressed

    def signal_wearer(self, pattern_name: str) -> None:
        """Note the pattern that the wearer felt."""
        self.signals.append(pattern_name)
