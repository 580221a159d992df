"""What the accelerometer feels of the wearer, second by second. Runs under both interpreters.

`moves(world_s)` is the scenario's: whether the wearer moves in that second. None: the board has no
sensor. An interrupt is held until it is asked for, also through a sleep.
"""


class Body:
    """Over the rig's BoardIo."""

    def __init__(self, board) -> None:  # type: ignore[no-untyped-def]
        self.moves = None
        self._board = board
        self._felt_s = -1

    def wear(self, moves) -> None:  # type: ignore[no-untyped-def]
        """Give the board a sensor that feels `moves`."""
        self.moves = moves
        self._board.sensor = moves is not None

    def feel(self, world_s: int) -> None:
        """Hold an interrupt if there was motion since the last call."""
        if self.moves is None:
            return
        if self._felt_s < 0 or world_s < self._felt_s:
            self._felt_s = world_s
        while self._felt_s < world_s and not self._board.moved:
            self._felt_s += 1
            if self.moves(self._felt_s):
                self._board.moved = True
        self._felt_s = world_s

    def still_ms(self, world_s: int, ms: int) -> int:
        """The ms, `ms` at most, until something moves after the second `world_s`."""
        if self.moves is None:
            return ms
        for second in range(1, ms // 1000 + 1):
            if self.moves(world_s + second):
                return 1000 * second
        return ms
