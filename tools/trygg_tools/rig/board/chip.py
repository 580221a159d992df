"""What the chip is between and during its starts: causes, clocks, RTC memory, pins, radio.

Only values; the processes and files are elsewhere. Times in virtual microseconds.
"""

import struct
from dataclasses import dataclass, field
from typing import Protocol

from trygg_tools.rig.board.uart_line import UartLine

PWRON, HARD, WATCHDOG, DEEPSLEEP, SOFT = 1, 2, 3, 4, 5
WAKE_NONE, WAKE_EXT0, WAKE_EXT1, WAKE_TIMER = 0, 2, 3, 4
IDLE, CONNECTING, GOT_IP, NO_AP_FOUND = 1000, 1001, 1010, 201
JOIN_US = 400_000  # from connect to an address, in coverage
START_US = 300_000  # from the end of a sleep to the first line of main.py


@dataclass
class Pins:
    """GPIO numbers of this board; -1 where it has none."""

    button: int = 0
    led: int = 12
    motor: int = 13
    battery: int = 4
    charging: int = 14
    worn: int = 10
    motion: int = 9
    gps_uart: int = 1
    modem_uart: int = 2
    modem_supply: int = 38
    modem_key: int = 39
    modem_dtr: int = 40
    modem_status: int = 41
    battery_percent: int = 200  # battery voltage as a percentage of the pin's


@dataclass
class WakeSources:
    """What may end a sleep besides its time."""

    ext0_pin: int = -1
    ext0_level: int = 0
    ext1_pins: int = 0
    ext1_level: int = 0

    def cause(self, levels: dict[int, int]) -> int:
        """The wake reason that these pin levels give now; WAKE_NONE for none."""
        if self.ext0_pin >= 0 and levels.get(self.ext0_pin, 1) == self.ext0_level:
            return WAKE_EXT0
        ext1 = [levels.get(pin, 1) for pin in range(64) if self.ext1_pins >> pin & 1]
        if ext1 and (any(ext1) if self.ext1_level else not any(ext1)):
            return WAKE_EXT1
        return WAKE_NONE


@dataclass
class Radio:
    """The station: on or off, joining since, in coverage or not."""

    coverage: bool = True
    rssi: int = -67
    on: bool = False
    joining_since_us: int | None = None

    def status(self, now_us: int) -> int:
        """The chip's own status number."""
        if not self.on or self.joining_since_us is None:
            return IDLE
        joined = now_us - self.joining_since_us >= JOIN_US
        if not joined:
            return CONNECTING
        return GOT_IP if self.coverage else NO_AP_FOUND


class I2cPart(Protocol):
    """Something with registers on the board's I2C."""

    def read(self, register: int, count: int) -> bytes | None:
        """So many registers from one on; None: it does not answer."""

    def write(self, register: int, data: bytes) -> bool:
        """Registers from one on; False: it does not answer."""


@dataclass
class Chip:
    """Everything that outlives a process of the interpreter, and what dies with it."""

    pins: Pins
    tick_start_ms: int = 0
    unit: bytes = b"\x02trygg"  # machine.unique_id()
    cause: int = PWRON
    wake: int = WAKE_NONE
    boot_us: int = 0
    rtc_memory: bytes = b""
    utc_minus_now_us: int = 0
    watchdog_us: int = 0  # its period; 0: not started
    bites_us: int | None = None
    battery_mv: int = 3950
    levels: dict[int, int] = field(default_factory=dict)  # set from outside
    beacons: dict[bytes, int] = field(default_factory=dict)  # address: dBm
    radio: Radio = field(default_factory=Radio)
    i2c: dict[int, I2cPart] = field(default_factory=dict)  # address: what answers there
    lines: dict[int, UartLine] = field(default_factory=lambda: {1: UartLine(), 2: UartLine(115200)})

    def start(self, cause: int, wake: int, now_us: int) -> None:
        """A new start of the processor; a power loss takes RTC memory and time with it."""
        self.cause, self.wake = cause, wake
        if cause != SOFT:
            self.boot_us = now_us
        if cause == PWRON:
            self.rtc_memory = b""
            self.utc_minus_now_us = -now_us
        self.radio = Radio(self.radio.coverage, self.radio.rssi)

    def stop(self, now_us: int) -> None:
        """The processor stands or starts anew: UARTs are off, and the watchdog with them."""
        self.watchdog_us, self.bites_us = 0, None
        for line in self.lines.values():
            line.close(now_us)

    def feed_watchdog(self, now_us: int) -> None:
        """Not before a period from now."""
        if self.watchdog_us:
            self.bites_us = now_us + self.watchdog_us

    def beacons_heard(self) -> bytes:
        """What a scan hears, as ops.BEACONS says it."""
        return b"".join(struct.pack("<6sb", *beacon) for beacon in self.beacons.items())

    def microvolts(self, pin: int) -> int:
        """What the ADC sees on `pin`."""
        if pin != self.pins.battery:
            return 0
        return self.battery_mv * 100_000 // self.pins.battery_percent

    def level(self, pin: int, pulled_up: int) -> int:
        """The level of an input: what is outside, else its pull."""
        return self.levels.get(pin, pulled_up)
