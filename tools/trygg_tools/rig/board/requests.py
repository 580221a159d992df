"""What the interpreter asks of the host, op by op, answered from the chip's state.

Only the ops that end or suspend the processor (sleep, reset, waits) go to the host itself.
"""

import struct
from collections.abc import Callable
from typing import Protocol

from trygg_tools.rig.board.chip import Chip
from trygg_tools.rig.board.flash_image import BLOCKS, FlashImage
from trygg_tools.rig.board.shim import ops
from trygg_tools.rig.board.timebase import Timebase

Answer = bytes | None  # None: no reply, or not yet


class Lifecycle(Protocol):
    """What only the owner of the process can do."""

    def wait_until(self, sequence: int, until_us: int) -> None: ...
    def deep_sleep(self, duration_us: int, wake: tuple[int, int, int, int]) -> None: ...
    def reset(self) -> None: ...
    def soft_reset(self) -> None: ...
    def ready(self, heap_bytes: int) -> None: ...
    def pin_changed(self, pin: int, level: int) -> None: ...
    def uart_sent(self, number: int, data: bytes) -> None: ...
    def uart_opened(self, number: int, baud: int) -> None: ...
    def raw_wanted(self) -> bool: ...


class Requests:
    """Decodes one message and gives the reply, if the op has one."""

    def __init__(self, chip: Chip, image: FlashImage, timebase: Timebase, owner: Lifecycle) -> None:
        self._chip = chip
        self._image = image
        self._timebase = timebase
        self._owner = owner
        self._table: dict[int, Callable[[int, bytes], Answer]] = {
            ops.HELLO: self._hello,
            ops.WAIT: self._wait,
            ops.DEEP_SLEEP: self._deep_sleep,
            ops.RESET: lambda _, __: owner.reset(),
            ops.SOFT_RESET: lambda _, __: owner.soft_reset(),
            ops.WATCHDOG: self._watchdog,
            ops.FEED: lambda _, __: chip.feed_watchdog(timebase.now_us()),
            ops.RTC_WRITE: self._rtc_write,
            ops.RTC_READ: self._rtc_read,
            ops.RTC_SET: self._rtc_set,
            ops.UART_OPEN: self._uart_open,
            ops.UART_CLOSE: self._uart_close,
            ops.UART_READ: self._uart_read,
            ops.UART_ANY: self._uart_any,
            ops.UART_WRITE: self._uart_write,
            ops.PIN_OUT: lambda _, body: owner.pin_changed(body[0], body[1]),
            ops.PIN_IN: lambda _, body: bytes([chip.level(body[0], body[1])]),
            ops.ADC_READ: lambda _, body: struct.pack("<I", chip.microvolts(body[0])),
            ops.RADIO: self._radio,
            ops.RADIO_STATUS: self._radio_status,
            ops.BEACONS: lambda _, __: chip.beacons_heard(),
            ops.FLASH_PROGRAM: self._flash_program,
            ops.FLASH_ERASE: self._flash_erase,
            ops.ROM_WRITE: self._rom_write,
            ops.I2C_READ: self._i2c_read,
            ops.I2C_WRITE: self._i2c_write,
            ops.READY: lambda _, body: owner.ready(struct.unpack("<I", body)[0]),
        }

    def take(self, message: bytes) -> bytes | None:
        """The reply to `message`; None when there is none now. PowerCut from the flash."""
        op, sequence, its_now = struct.unpack_from("<BBq", message)
        self._timebase.advance(its_now)
        data = self._table[op](sequence, message[10:])
        return None if data is None else self.reply(sequence, data)

    def reply(self, sequence: int, data: bytes = b"") -> bytes:
        """A reply of the one size all replies have."""
        now, utc = self._timebase.now_us(), self._chip.utc_minus_now_us
        head = struct.pack("<BBHqq", sequence, 0, len(data), now, utc)
        return (head + data).ljust(ops.REPLY_SIZE, b"\0")

    def _hello(self, _: int, __: bytes) -> Answer:
        chip, base = self._chip, self._timebase
        mode = ops.MODE_LOCKSTEP if base.lockstep else ops.MODE_REAL
        numbers = (mode, base.speed, base.zero_us, chip.boot_us, chip.tick_start_ms)
        raw = self._owner.raw_wanted()
        start = chip.cause, chip.wake, raw, BLOCKS
        return struct.pack("<BIqqIBBBH", *numbers, *start) + chip.unit

    def _wait(self, sequence: int, body: bytes) -> Answer:
        self._owner.wait_until(sequence, struct.unpack("<q", body)[0])
        return None

    def _deep_sleep(self, _: int, body: bytes) -> Answer:
        duration, *wake = struct.unpack("<qbBQB", body)
        self._owner.deep_sleep(duration, (wake[0], wake[1], wake[2], wake[3]))
        return None

    def _watchdog(self, _: int, body: bytes) -> Answer:
        self._chip.watchdog_us = struct.unpack("<I", body)[0] * 1000
        self._chip.feed_watchdog(self._timebase.now_us())
        return b""

    def _rtc_write(self, _: int, body: bytes) -> Answer:
        self._chip.rtc_memory = body
        return None

    def _rtc_read(self, _: int, body: bytes) -> Answer:
        (offset,) = struct.unpack("<H", body)
        memory = self._chip.rtc_memory
        return struct.pack("<H", len(memory)) + memory[offset : offset + 512]

    def _rtc_set(self, _: int, body: bytes) -> Answer:
        (self._chip.utc_minus_now_us,) = struct.unpack("<q", body)
        return b""

    def _uart_open(self, _: int, body: bytes) -> Answer:
        number, baud, rxbuf = struct.unpack("<BIH", body)
        self._chip.lines[number].open(baud, rxbuf, self._timebase.now_us())
        self._owner.uart_opened(number, baud)
        return b""

    def _uart_close(self, _: int, body: bytes) -> Answer:
        self._chip.lines[body[0]].close(self._timebase.now_us())
        return b""

    def _uart_read(self, _: int, body: bytes) -> Answer:
        number, at_most = struct.unpack("<BH", body)
        return self._chip.lines[number].read(at_most, self._timebase.now_us())

    def _uart_any(self, _: int, body: bytes) -> Answer:
        return struct.pack("<H", self._chip.lines[body[0]].waiting(self._timebase.now_us()))

    def _uart_write(self, _: int, body: bytes) -> Answer:
        self._owner.uart_sent(body[0], body[1:])
        return b""

    def _radio(self, _: int, body: bytes) -> Answer:
        radio = self._chip.radio
        action = body[0]
        radio.on = action != 0
        radio.joining_since_us = self._timebase.now_us() if action == 2 else None
        return b""

    def _radio_status(self, _: int, __: bytes) -> Answer:
        radio = self._chip.radio
        return struct.pack("<Hb", radio.status(self._timebase.now_us()), radio.rssi)

    def _flash_program(self, _: int, body: bytes) -> Answer:
        block, offset = struct.unpack_from("<HH", body)
        self._image.program(block, offset, body[4:])
        return b""

    def _flash_erase(self, _: int, body: bytes) -> Answer:
        self._image.erase(struct.unpack("<H", body)[0])
        return b""

    def _rom_write(self, _: int, body: bytes) -> Answer:
        self._image.write_rom(struct.unpack_from("<H", body)[0], body[2:])
        return b""

    def _i2c_read(self, _: int, body: bytes) -> Answer:
        address, register, count = body
        part = self._chip.i2c.get(address)
        return (part.read(register, count) or b"") if part is not None else b""

    def _i2c_write(self, _: int, body: bytes) -> Answer:
        part = self._chip.i2c.get(body[0])
        return b"\1" if part is not None and part.write(body[1], body[2:]) else b""
