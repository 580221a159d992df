"""A whole tracker in simulated time: the firmware's App with parts of the rig and a gateway.

Time jumps from one event to the next, so a day takes seconds. Deep sleep, reset and power cut end
the App where they strike, by an exception that it does not catch, and a new one starts from flash
and RTC memory, as on the chip. The same scenario gives the same trace. Faults: `at_step` is called
before each step with its number; it may drop the link, press the button, fail the flash, or raise
PowerCut itself. Runs under both interpreters.
"""

from tracker.app import App, Parts
from tracker.log import Log
from tracker.recovery import Recovery
from tracker.strap import WORN
from trygg_tools.rig import power as pw
from trygg_tools.rig.anchor import Anchor
from trygg_tools.rig.board_io import BoardIo
from trygg_tools.rig.body import Body
from trygg_tools.rig.clock import Clock
from trygg_tools.rig.flash import Flash
from trygg_tools.rig.gateway import Gateway
from trygg_tools.rig.link import Link
from trygg_tools.rig.power import Power
from trygg_tools.rig.sky import Sky
from trygg_tools.rig.uart import Uart

WATCHDOG_MS = 120000  # firmware/esp32/power.py
BOOT_MS = 350  # from the end of a sleep to the first step
LOOK_MS = 200  # main.py's, between two looks at the button
QUIET_MS = 110  # after the receiver spoke: its silence says that the epoch is over
ORDER_KEY = b"a key of 16 bytes, or more"
GROUP = "lier"


def nothing(_step: int) -> None:
    """The default of `at_step`."""


class Hang(BaseException):
    """A stage that never comes back: the watchdog ends it."""


class SimulatedTracker:
    """One tracker and its gateway; `place` as in sky.py. `run` lets time pass.

    `side` makes what stands for the Link from (clock, power, gateway): a modem (modem_side.py),
    whose section of the configuration is `modem`.
    """

    def __init__(  # type: ignore[no-untyped-def]
        self, place, device: str = "kari", world_s: int = 200000000, side=None, modem=None
    ) -> None:
        self.device = device
        self.clock = Clock(world_s)
        self.power = Power()
        self.flash = Flash()
        self.sky = Sky(place)
        self.uart = Uart(self.clock, self.power, self.sky)
        self.gateway = Gateway(self.clock, GROUP, device)
        self.link = Link(self.clock, self.gateway.accept)
        self._modem = modem
        self.side = side and side((self.clock, self.power, self.gateway))
        self.board = BoardIo(lambda: self.clock.now_ms)
        self.body = Body(self.board)
        self.anchor = Anchor(lambda: self.clock.now_ms, lambda: self.clock.world_s())
        self.lines: list[str] = []
        self.at_step = nothing
        self.steps = self.starts = 0
        self.survives_faults = False  # True: a fault of the firmware is a reset, as in main.py
        self.recovery: Recovery | None = None
        self.off_ms = 2000  # how long a power cut lasts
        self.slow_percent = 0  # how much longer each sleep lasts than the chip's clock says
        self.app: App | None = None
        self._events: list = []  # type: ignore[type-arg]  # (ms, number, action), next first
        self.power.start(pw.PWRON)

    def config(self) -> dict[str, object]:
        """What provisioning would have written."""
        config = {
            "device": self.device,
            "group": GROUP,
            "host": "gateway",
            "port": 8883,
            "tls": None,
            "password": b"a password",
            "order_key": ORDER_KEY,
            "boot_floor": 0,
        }
        if self._modem:
            config["modem"], config["port"] = self._modem, 1883
        return config

    def run(self, seconds: int) -> None:
        """Let so many seconds pass."""
        end_ms = self.clock.now_ms + seconds * 1000
        while self.clock.now_ms < end_ms:
            try:
                self._step(end_ms)
            except pw.DeepSleep as sleep:
                wake = self._sleep_by_its_clock(sleep.ms, sleep.until_motion)
                self._start(pw.DEEPSLEEP, wake, BOOT_MS)
            except pw.Reset:
                self._start(pw.SOFT, 0, BOOT_MS)
            except Hang:
                self._start(pw.WDT, 0, WATCHDOG_MS + BOOT_MS)
            except Exception as error:
                if not self.survives_faults:
                    raise
                self._fall(error)
            except pw.PowerCut:
                self.flash.power_on()
                self._start(pw.PWRON, 0, self.off_ms)

    def at(self, seconds: int, action) -> None:  # type: ignore[no-untyped-def]
        """Call `action()` when the rig is `seconds` old, the chip awake or asleep."""
        self._events.append((seconds * 1000, len(self._events), action))
        self._events.sort(key=lambda event: event[:2])

    def bite(self) -> None:
        """The watchdog bites: RTC memory stays, the App is gone."""
        self._start(pw.WDT, 0, BOOT_MS)

    def seconds(self) -> int:
        """Seconds since the rig began."""
        return self.clock.now_ms // 1000

    def _step(self, end_ms: int) -> None:
        if self.app is None:
            self.starts += 1
            self.flash.start()
            log = Log(self.clock, self.lines.append)
            link = self.link if self.side is None else self.side.uart
            ports = (self.clock, self.uart, link, self.flash, self.power, self.board, log)
            self.recovery = Recovery(self.power)
            pause_ms = self.recovery.pause_ms()
            if pause_ms:
                self.recovery.rests()
                self.power.deep_sleep(pause_ms, False)
            self.app = App(Parts(*ports, self.anchor), self.config(), self.recovery)
        self.steps += 1
        self.at_step(self.steps)
        if self.app is None:
            return
        self.body.feel(self.clock.world_s())
        wait_ms = self.app.step(self.clock.ticks_ms())
        self.gateway.poll()
        sleep_ms = self.app.deep_sleep_ms()
        if sleep_ms:
            self.app.sleep(sleep_ms)
        wait_ms = self._until_action(min(self._until_event(wait_ms), end_ms - self.clock.now_ms))
        self.clock.advance(max(1, wait_ms))
        self._act()

    def _fall(self, error: Exception) -> None:
        """What main.py does with a fault."""
        self.lines.append("fault: %r" % error)  # noqa: UP031  (MicroPython)
        if self.recovery is not None:
            self.recovery.fell()
        self._start(pw.HARD, 0, BOOT_MS)

    def _until_event(self, wait_ms: int) -> int:
        """The ms to the next event: something planned, something arriving, an epoch's silence."""
        spoke_ms = self.uart.next_ms()
        if spoke_ms >= 0:
            since_ms = 1000 - spoke_ms
            wait_ms = min(wait_ms, QUIET_MS if since_ms < QUIET_MS else spoke_ms)
        for arriving_ms in (self.side or self.link).coming_ms():
            if arriving_ms >= 0:
                wait_ms = min(wait_ms, arriving_ms)
        return self.body.still_ms(self.clock.world_s(), wait_ms)

    def _until_action(self, wait_ms: int) -> int:
        """The ms to the next of `at`; a button that is held is looked at often, as in main.py."""
        if self._events:
            wait_ms = min(wait_ms, self._events[0][0] - self.clock.now_ms)
        return min(wait_ms, LOOK_MS) if self.board.pressed else wait_ms

    def _act(self) -> None:
        """Do what is due of `at`."""
        while self._events and self._events[0][0] <= self.clock.now_ms:
            self._events.pop(0)[2]()

    def _sleep_by_its_clock(self, ms: int, until_motion: bool) -> int:
        """The chip sleeps, by a clock that may be slow or fast; the wake reason."""
        slow, began_ms = self.slow_percent, self.clock.now_ms
        wake = self._asleep(ms + ms * slow // 100, until_motion)
        slept_ms = self.clock.now_ms - began_ms
        self.clock.lose(slept_ms - slept_ms * 100 // (100 + slow))
        return wake

    def _asleep(self, ms: int, until_motion: bool) -> int:
        """The chip is off for `ms`, or until sensor, strap or button wakes it; the wake reason."""
        self.link.close()
        self.app = None
        still_ms = ms
        if until_motion:
            still_ms = 0 if self.board.moved else self.body.still_ms(self.clock.world_s(), ms)
        ends_ms = self.clock.now_ms + still_ms
        closed = self.board.strap == WORN
        while self.clock.now_ms < ends_ms:
            due_ms = self._events[0][0] if self._events else ends_ms
            self.clock.advance(max(0, min(due_ms, ends_ms) - self.clock.now_ms))
            self._act()
            if self.board.pressed:
                return pw.BUTTON
            if closed and self.board.strap != WORN:
                return pw.EXT1
        return pw.TIMER if still_ms == ms else pw.EXT1

    def _start(self, cause: int, wake: int, after_ms: int) -> None:
        self.link.close()
        self.app = None
        self.clock.advance(after_ms)
        self.clock.restart(cause == pw.PWRON)
        self.power.start(cause, wake)
