"""The one thread of a board: owns its ports, its process and its virtual time.

A select loop and nothing else: it sleeps until a byte, a message or a due time comes. Every
way in which a start ends (deep sleep, reset, watchdog, power cut) is a SIGKILL, so that no
`finally` of the firmware runs, as on the chip.
"""

import os
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from trygg_tools.rig.board import chip as chips
from trygg_tools.rig.board.board_modem import BoardModem
from trygg_tools.rig.board.console import Console
from trygg_tools.rig.board.flash_image import FlashImage, PowerCut
from trygg_tools.rig.board.interpreter import Interpreter
from trygg_tools.rig.board.keyboard import Keyboard
from trygg_tools.rig.board.ptys import Port
from trygg_tools.rig.board.requests import Requests
from trygg_tools.rig.board.schedule import Schedule
from trygg_tools.rig.board.timebase import Timebase
from trygg_tools.rig.felt import PAUSE_MS, Felt

COMPUTING_MAX_S = 30.0  # in lockstep: a start that neither waits nor prints is stuck
FOREVER_US = 1 << 62


class Event(NamedTuple):
    """Something that happened to the board, at virtual milliseconds since it was made."""

    at_ms: int
    kind: str  # start sleep reset soft_reset watchdog power_cut felt pin exit dead
    detail: tuple[int | str, ...]


class Host:
    """Runs in its own thread; `post` is the only way in from others."""

    def __init__(
        self,
        folder: Path,
        timebase: Timebase,
        chip: chips.Chip,
        image: FlashImage,
        felt: Felt,
        heap_bytes: int,
        on_line: Callable[[str], None],
        on_event: Callable[[Event], None],
        modem: BoardModem | None = None,
    ) -> None:
        self.chip = chip
        self.image = image
        self.heap_left = 0
        self.timebase = timebase
        self.schedule = Schedule()
        self.limit_us = 0  # lockstep goes no further
        self.sleepless_us = 0  # until then a sleep takes no time of ours
        self._modem = modem
        self._heap_bytes = heap_bytes
        self._felt = felt
        self._on_event = on_event
        self._requests = Requests(chip, image, timebase, self)
        self._console_port = Port(folder / "console")
        self._ports = {chip.pins.gps_uart: Port(folder / "gps")}
        self._ports[chip.pins.modem_uart] = Port(folder / "modem")
        self._console = Console(self._console_port.write, on_line)
        self._keyboard = Keyboard(self._console)
        self._process: Interpreter | None = None
        self._waiting: tuple[int, int] | None = None  # (sequence, until)
        self._wake: chips.WakeSources | None = None  # while asleep
        self._wake_action = 0
        self._ready = False
        self._heard = time.monotonic()
        self._starts_that_failed = 0
        self._posted: deque[Callable[[], None]] = deque()
        self._bell_read, self._bell = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._closing = False
        self._register_all()

    # from other threads

    def post(self, action: Callable[[], None]) -> None:
        """Do `action` in the board's thread soon."""
        self._posted.append(action)
        os.write(self._bell, b"!")

    def run(self) -> None:
        """The thread's body: until `close` was posted."""
        while not self._closing:
            timeout = self._until_next()
            for key, _ in self._selector.select(timeout):
                key.data()
            self._do_due()
        self._end()

    # in the board's thread

    def close(self) -> None:
        """End the loop; processes and ports go."""
        self._closing = True

    def power_on(self) -> None:
        """Start from nothing, unless it is on."""
        if self._process is None and self._wake is None:
            self._start_later(chips.PWRON, chips.WAKE_NONE, self.timebase.now_us())

    def power_cut(self) -> None:
        """Everything stops at once; only the flash keeps what it has."""
        self._halt()
        self._event("power_cut")

    def press_reset(self) -> None:
        """The chip's EN pin: as a power loss, at once back."""
        self._halt()
        self._event("reset", "button")
        self._start_later(chips.PWRON, chips.WAKE_NONE, self.timebase.now_us())

    def set_level(self, pin: int, level: int | None) -> None:
        """Something outside holds `pin` at `level`; None lets it go."""
        if level is None:
            self.chip.levels.pop(pin, None)
        else:
            self.chip.levels[pin] = level
        if self._wake is not None and self._process is None:
            self._wake_by_pin(self._wake)

    # Lifecycle, called by Requests

    def wait_until(self, sequence: int, until_us: int) -> None:
        """The firmware sleeps, awake, until then."""
        self._waiting = (sequence, until_us)

    def deep_sleep(self, duration_us: int, wake: tuple[int, int, int, int]) -> None:
        """The processor stops; time or a pin starts it again."""
        self._halt()
        self._event("sleep", duration_us // 1000)
        self._wake = chips.WakeSources(*wake)
        if duration_us:
            due = self.timebase.now_us() + duration_us
            self._wake_action = self.schedule.add(due, self._wake_by_timer)
        self._wake_by_pin(self._wake)

    def reset(self) -> None:
        """machine.reset()."""
        self._halt()
        self._event("reset", "machine")
        self._start_later(chips.HARD, chips.WAKE_NONE, self.timebase.now_us())

    def soft_reset(self) -> None:
        """Ctrl-D at the prompt, or machine.soft_reset()."""
        self._halt()
        self._event("soft_reset")
        self._console.printed(b"MPY: soft reboot\r\n")
        self._start(chips.SOFT, chips.WAKE_NONE)

    def ready(self, heap_bytes: int) -> None:
        """The shim is in place; main.py begins (or the raw REPL, after its soft reset)."""
        self.heap_left = heap_bytes
        self._ready = True
        self._starts_that_failed = 0
        if self._process is not None:
            self._keyboard.connect(self._process)

    def pin_changed(self, pin: int, level: int) -> None:
        """The firmware drives an output."""
        self._event("pin", pin, level)
        if self._modem is not None:
            self._modem.pin(self.chip.pins, pin, level, self.timebase.now_us())
        if pin == self.chip.pins.motor:
            now = self.timebase.now_us()
            self._felt.motor(level, now // 1000)
            self.schedule.add(now + 1000 * (PAUSE_MS + 1), self._motor_paused)

    def uart_sent(self, number: int, data: bytes) -> None:
        """The firmware writes to a UART's far end."""
        self._ports[number].write(data)
        if self._modem is not None and number == self.chip.pins.modem_uart:
            self._modem.sent(data, self.timebase.now_us())

    def uart_opened(self, number: int, baud: int) -> None:
        """The firmware starts a UART, or changes its rate."""
        if self._modem is not None and number == self.chip.pins.modem_uart:
            self._modem.rate(baud, self.timebase.now_us())

    def raw_wanted(self) -> bool:
        """After a soft reset from the raw REPL main.py does not run."""
        return self._console.raw

    # inside

    def _register_all(self) -> None:
        self._selector.register(self._bell_read, selectors.EVENT_READ, self._rung)
        console = self._console_port
        self._selector.register(console.descriptor, selectors.EVENT_READ, self._typed_in)
        for number, port in self._ports.items():
            self._selector.register(
                port.descriptor, selectors.EVENT_READ, lambda n=number, p=port: self._fed(n, p)
            )

    def _rung(self) -> None:
        os.read(self._bell_read, 4096)
        while self._posted:
            self._posted.popleft()()

    def _fed(self, number: int, port: Port) -> None:
        self.chip.lines[number].feed(port.read(), self.timebase.now_us())

    def _typed_in(self) -> None:
        self._keyboard.type(self._console_port.read())

    def _printed(self) -> None:
        if self._process is None:
            return
        data = self._process.output()
        if data:
            self._heard = time.monotonic()
            self._keyboard.answered()
            self._console.printed(data)

    def _asked(self) -> None:
        if self._process is None:
            return
        message = self._process.asked()
        self._heard = time.monotonic()
        if not message:
            self._exited()
            return
        self._waiting = None
        try:
            reply = self._requests.take(message)
        except PowerCut:
            self.power_cut()
            return
        if reply is not None:
            self._answer(reply)

    def _answer(self, reply: bytes) -> None:
        if self._process is not None:
            try:
                self._process.control.send(reply)
            except OSError:
                return  # it has just died; the empty read that follows tells

    def _exited(self) -> None:
        """Ctrl-D or sys.exit: a soft reset; three times before main.py: a broken shim."""
        if self._ready:
            self.soft_reset()
            return
        self._starts_that_failed += 1
        self._halt()
        self._event("exit")
        if self._starts_that_failed < 3:
            self._start(chips.HARD, chips.WAKE_NONE)
        else:
            self._event("dead")

    def _start_later(self, cause: int, wake: int, now_us: int) -> None:
        self._wake = chips.WakeSources()
        due = now_us + chips.START_US
        self._wake_action = self.schedule.add(due, lambda: self._start(cause, wake))

    def _start(self, cause: int, wake: int) -> None:
        self._wake = None
        if cause != chips.SOFT:
            self._console.raw = False
        self.chip.start(cause, wake, self.timebase.now_us())
        self._event("start", cause, wake)
        self._heard = time.monotonic()
        process = Interpreter(self.image.descriptor, self.image.rom, self._heap_bytes)
        self._selector.register(process.control, selectors.EVENT_READ, self._asked)
        self._selector.register(process.terminal, selectors.EVENT_READ, self._printed)
        self._process = process

    def _halt(self) -> None:
        """The processor stops where it is; nothing wakes it that was set before."""
        process, self._process = self._process, None
        self._waiting, self._wake, self._ready = None, None, False
        self._keyboard.disconnect()
        self.schedule.drop(self._wake_action)
        if process is not None:
            self._selector.unregister(process.control)
            self._selector.unregister(process.terminal)
            self._console.printed(process.kill())
            self._console.flush()
        self.chip.stop(self.timebase.now_us())

    def _wake_by_timer(self) -> None:
        self._start_later(chips.DEEPSLEEP, chips.WAKE_TIMER, self.timebase.now_us())

    def _wake_by_pin(self, wake: chips.WakeSources) -> None:
        cause = wake.cause(self.chip.levels)
        if cause:
            self.schedule.drop(self._wake_action)
            self._start_later(chips.DEEPSLEEP, cause, self.timebase.now_us())

    def _motor_paused(self) -> None:
        name = self._felt.paused(self.timebase.now_us() // 1000)
        if name is not None:
            self._event("felt", name)

    def _event(self, kind: str, *detail: int | str) -> None:
        self._on_event(Event(self.timebase.now_us() // 1000, kind, detail))

    def _modem_says(self, data: bytes, status: int) -> None:
        self._ports[self.chip.pins.modem_uart].write(data)
        self.chip.lines[self.chip.pins.modem_uart].feed(data, self.timebase.now_us())
        self.set_level(self.chip.pins.modem_status, status)

    def _do_due(self) -> None:
        """Everything whose time has come: keys, actions, the modem, the watchdog, a wait's end."""
        self._keyboard.pass_on()
        now = self.timebase.now_us()
        if self._modem is not None:
            self._modem.turn(now, self._modem_says)
        while action := self.schedule.take(now):
            action()
        if self.chip.bites_us is not None and now >= self.chip.bites_us:
            self._bite()
        if self._waiting is not None and now >= self._waiting[1]:
            sequence = self._waiting[0]
            self._waiting = None
            self._answer(self._requests.reply(sequence))

    def _bite(self) -> None:
        self._halt()
        self._event("watchdog")
        self._start_later(chips.WATCHDOG, chips.WAKE_NONE, self.timebase.now_us())

    def _next_us(self) -> int:
        due = [self.schedule.next_us(), self.chip.bites_us]
        due.append(self._waiting[1] if self._waiting else None)
        if self._modem is not None:
            due.append(self._modem.next_us(self.timebase.now_us()))
        return min((us for us in due if us is not None), default=FOREVER_US)

    def _skip_sleep(self) -> None:
        """Jump to what ends the sleep, or comes before: the world goes on without us."""
        due = self.schedule.next_us()
        if self._process is None and self._wake is not None and due is not None:
            self.timebase.jump(min(due, self.sleepless_us))

    def _until_next(self) -> float | None:
        """Seconds to sleep in select; None: until something comes."""
        if self.sleepless_us > self.timebase.now_us():
            self._skip_sleep()
        due = self._next_us()
        if self.timebase.lockstep:
            wait = self._lockstep_until(due)
        else:
            wait = self.timebase.real_seconds_until(due) if due < FOREVER_US else None
        look = self._keyboard.look_in()
        return look if wait is None else wait if look is None else min(wait, look)

    def _lockstep_until(self, due_us: int) -> float | None:
        """Jump when nobody computes; stand at the limit."""
        if self._process is not None and self._waiting is None and not self._console.at_prompt():
            return self._computing_left()
        target = min(due_us, self.limit_us)
        self.timebase.advance(target)
        return 0.0 if due_us <= self.limit_us else None

    def _computing_left(self) -> float | None:
        if self._console.raw:
            return None  # somebody works at the raw REPL
        left = self._heard + COMPUTING_MAX_S - time.monotonic()
        if left <= 0:
            self._bite()
        return max(0.0, left)

    def _end(self) -> None:
        self._halt()
        if self._modem is not None:
            self._modem.close()
        self._console_port.close()
        for port in self._ports.values():
            port.close()
        self._selector.close()
        os.close(self._bell_read)
        os.close(self._bell)


def start_thread(host: Host) -> threading.Thread:
    """Run `host` in a thread of its own."""
    thread = threading.Thread(target=host.run, name="virtual board", daemon=True)
    thread.start()
    return thread
