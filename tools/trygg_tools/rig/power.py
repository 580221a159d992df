"""The board's power in the rig: start reasons, RTC memory, battery, and the ways a run ends.

Deep sleep, reset and a power cut leave the firmware as they do on the chip: by an exception
outside `Exception`, which nothing in the firmware catches, so no `finally` of ours pretends that
code ran on. RTC memory lives through all but the power cut. Runs under both interpreters.
"""

PWRON, HARD, WDT, DEEPSLEEP, SOFT = 1, 2, 3, 4, 5
BUTTON, EXT1, TIMER = 2, 3, 4  # wake reasons; EXT1 the sensor of motion
MARKS = 5  # bytes in front of what is retained, tracker/recovery.py's
RETAINED_MAX = 2048 - MARKS


def nothing_more(_name: str, _on: bool) -> None:
    """The default of `switch`."""


def not_wired(_name: str) -> int:
    """The default of `level`."""
    return -1


class PowerCut(BaseException):
    """The power went away at this very operation; RTC memory is lost."""


class DeepSleep(BaseException):
    """The firmware asked to be started again after `ms` ms, or when something moves."""

    def __init__(self, ms: int, until_motion: bool) -> None:
        super().__init__(ms)
        self.ms = ms
        self.until_motion = until_motion


class Reset(BaseException):
    """The firmware asked for a reset; RTC memory stays."""


class Power:
    """Port Power: `start(cause, wake)` is the rig's, the rest is the firmware's."""

    def __init__(self, battery_mv: int = 3900) -> None:
        self._cause = PWRON
        self._wake = 0
        self._retained = b""
        self._marks = bytearray(MARKS)
        self._battery_mv = battery_mv
        self._charging = False
        self._temperature_c = 127
        self._noise = 12345
        self.rails: dict[str, bool] = {}
        self.switch = nothing_more  # told of every rail: the pins of a modem
        self.level = not_wired  # of an input
        self.switched_on: dict[str, int] = {}  # how often each supply came
        self.feeds = 0
        self.sleeps = 0

    # -- the rig's side --------------------------------------------------------------------

    def start(self, cause: int, wake: int = 0) -> None:
        """Begin a run of the firmware; a start by power loses the RTC memory."""
        self._cause, self._wake = cause, wake
        self.rails = {}
        if cause == PWRON:
            self._retained = b""
            self._marks = bytearray(MARKS)

    def set_battery(self, mv: int, charging: bool = False) -> None:
        """Put the battery where the scenario wants it."""
        self._battery_mv, self._charging = mv, charging

    def set_temperature(self, degrees_c: int) -> None:
        """What the chip's thermometer says; 127 on a chip without one."""
        self._temperature_c = degrees_c

    # -- the port --------------------------------------------------------------------------

    def start_reason(self) -> tuple[int, int]:
        """(reset cause, wake reason) of this start."""
        return self._cause, self._wake

    def battery_mv(self) -> int:
        """The battery's voltage in mV."""
        return self._battery_mv

    def temperature_c(self) -> int:
        """The chip's temperature in degrees C, 127 unknown."""
        return self._temperature_c

    def charging(self) -> bool:
        """True while on the charger."""
        return self._charging

    def rail(self, name: str, on: bool) -> None:
        """Switch a part's supply."""
        self.switch(name, on)
        if on and not self.rails.get(name):
            self.switched_on[name] = self.switched_on.get(name, 0) + 1
        self.rails[name] = on

    def sense(self, name: str) -> int:
        """The level of an input, -1 where none of that name is wired."""
        return self.level(name)

    def retain(self, data: bytes) -> None:
        """Put `data` into RTC memory; ValueError past its size, as on the chip."""
        if len(data) > RETAINED_MAX:
            raise ValueError("buffer too long")
        self._retained = bytes(data)

    def mark(self, at: int, value: int) -> None:
        """Note a byte that outlives every reset but a power loss."""
        self._marks[at] = value

    def marks(self) -> bytes:
        """The bytes that `mark` noted."""
        return bytes(self._marks)

    def retained(self) -> bytes:
        """What RTC memory holds; b"" after a power loss."""
        return self._retained

    def deep_sleep(self, ms: int, until_motion: bool) -> None:
        """Never returns: the rig starts the firmware again after `ms`, or when something moves."""
        self.sleeps += 1
        raise DeepSleep(ms, until_motion)

    def reset(self) -> None:
        """Never returns: the rig starts the firmware again at once."""
        raise Reset

    def feed(self) -> None:
        """Keep the watchdog quiet."""
        self.feeds += 1

    def noise(self) -> int:
        """A number of 30 bits by chance; in the rig the next of one row, the same in every run."""
        self._noise = (self._noise * 1664525 + 1013904223) & 0x3FFFFFFF
        return self._noise

    def heap_free(self) -> int:
        """Free heap in bytes; a fixed figure in the rig."""
        return 100000

    def heap_room(self) -> int:
        """The same."""
        return 100000
