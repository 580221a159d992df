"""The tracker, from the receiver's bytes to the gateway's ack: read `_STAGES` from top to bottom.

`step(now)` does everything that is due at the tick `now` and says in how many ms it wants to be
called again if nothing arrives. Nothing in it waits. Each stage is a method; an OSError of a port
ends only that stage of that step: it is caught in one place, counted and logged, and the part is
begun anew.

Who is who: Search has the receiver, FenceSet decides, Duty plans, Recorder makes the records,
Outbox keeps them, Uplink speaks. Times are seconds since the start of this boot (`self._now_s`,
which sleeping does not stop) unless a name says ticks, ms or utc.
"""

from collections import namedtuple

from tracker import VERSION, mqtt, state_files
from tracker.battery import Battery
from tracker.duty import Duty
from tracker.elapsed import Elapsed
from tracker.fence import FenceSet
from tracker.fence_file import restore
from tracker.fence_rule import Event
from tracker.nmea import Receiver
from tracker.orders import Orders
from tracker.outbox import Outbox
from tracker.recorder import Core, Recorder
from tracker.search import Search
from tracker.settings import Settings
from tracker.uplink import Uplink
from trygg_wire import layouts, topics

# the ports, and the log
Parts = namedtuple("Parts", "clock uart link flash power board log")

LINGER_S = 4  # the link stays so long after it was last heard, for orders that the gateway owes
LISTEN_S = 600  # after an alarm the link stays, so that "taken" is told at once
RESTART_S = 10  # from an order to restart to the restart, so that its answer goes out first
PRESS_S = 2  # the button calls for help when it is held this long
AWAKE_S = 5  # awake after a start by the button, to see whether it is held
CHECK_S = 30  # between two looks at the battery and at overdue fixes
COMPLAIN_S = 60  # the same fault is logged once in so long
CLOCK_OFF_S = 2  # a clock that differs more than this from the satellites' is set
CLOCK_ODD_S = 60  # one that differs more than this is set only when two fixes running say so
_WATCHDOG = 3
_BUTTON_WAKES = (2, 3)
_SAID = -1  # self._pressed_s while a press has done its work
_UP = -2  # self._pressed_s while the button is up
_WHAT = ("", "left", "back", "sos", "battery low", "cannot tell", "test")


class App:
    """One tracker. `parts` is a Parts; `config` a dict of device, group, host, port, tls (file
    name or None), password and order_key (bytes), as provisioning wrote it."""

    def __init__(self, parts, config):
        self._parts = parts
        self._log = parts.log
        self._battery = Battery()
        self._elapsed = Elapsed()
        self._taken = []  # what orders have made, not yet in flash and answered
        self._pressed_s = _UP
        self._check_s = 0
        self._restart_s = -1
        self._odd_s = 0  # how far the last fix was from our clock
        self._faults = 0
        self._starts_by_watchdog = 0
        self._complaint = ("", 0)
        self._dirty = True
        self._make_core(config)
        self._make_uplink(config)
        core = Core(
            self.settings, self.fences, self._duty, self.outbox, self._battery, self._elapsed
        )
        self._recorder = Recorder(parts, core, self._live_counts)
        self._begin()

    # -- starting --------------------------------------------------------------------------

    def _make_core(self, config):
        parts = self._parts
        self.settings = Settings()
        self.fences = FenceSet(self.settings)
        self.outbox = Outbox(parts.flash)
        self._duty = Duty(self.settings)
        self._orders = Orders(config["device"], config["order_key"], self.settings, self.fences)
        self._receiver = Receiver()
        self._search = Search(self._receiver, parts.uart, parts.power, self._duty, self.settings)
        for name, load in (
            ("settings", self.settings.load),
            ("fences", lambda data: restore(self.fences, data)),
            ("orders", self._orders.load),
        ):
            data = state_files.load(parts.flash, name)
            if data and not load(data):
                self._faults += 1
                self._log.error("the file of the " + name + " is damaged and not used")

    def _make_uplink(self, config):
        group, device = config["group"], config["device"]
        self._client = mqtt.Client(
            self._parts.link,
            device,
            config["password"],
            topics.down(group, device),
            self.settings.keepalive_s,
        )
        address = (config["host"], config["port"], config["tls"])
        self._uplink = Uplink(self._client, self.outbox, group, device, address)

    def _begin(self):
        self._cause, wake = self._parts.power.start_reason()
        self._starts_by_watchdog += 1 if self._cause == _WATCHDOG else 0
        image = self._recorder.image
        self._now_s = self._elapsed.now_s
        self._awake_until_s = self._now_s + AWAKE_S if wake in _BUTTON_WAKES else 0
        self._search.next_s = image.next_fix_s
        self._uplink.load((image.link_failures, image.next_try_s))
        start = (image.boot, self._cause, wake, VERSION, self.outbox.waiting())
        self._log.info("boot %d, cause %d, wake %d, firmware %s, %d records wait" % start)

    # -- the step --------------------------------------------------------------------------

    def step(self, now):
        """Do what is due at tick `now`; the ms until something is due again if nothing arrives."""
        self._now = now
        self._now_s = self._elapsed.advance(now, self._parts.clock.utc())
        for name, stage, begin_anew in self._STAGES:
            try:
                stage(self)
            except OSError as error:
                self._faults += 1
                self._complain("%s: %s" % (name, error))
                begin_anew(self)
        self._parts.power.feed()
        return self._wait_ms()

    def listening(self):
        """True while bytes may arrive: then look again soon, whatever `step` said."""
        return self._search.on or self._uplink.busy()

    def deep_sleep_ms(self):
        """The ms that may be slept now with the chip off; 0 while there is something to do."""
        image, now_s = self._recorder.image, self._now_s
        if self.listening() or self._uplink.stay or self._taken or self._restart_s >= 0:
            return 0
        if self._pressed_s != _UP or now_s < self._awake_until_s or self._new_health():
            return 0
        next_s = min(self._search.next_s, image.next_report_s, image.next_health_s)
        if self._uplink.wanted():
            next_s = min(next_s, image.next_try_s)
        pause_s = next_s - now_s
        return pause_s * 1000 if pause_s >= self.settings.deep_sleep_min_s else 0

    def sleep(self, ms):
        """Put everything away and sleep `ms` with the chip off; the next start goes on."""
        self._search.switch_off()
        self._recorder.remember((ms + 999) // 1000)
        self._parts.power.deep_sleep(ms)

    def _new_health(self):
        return self._now_s >= self._recorder.image.next_health_s

    def _wait_ms(self):
        """Until the first of all that is planned."""
        image, now_s = self._recorder.image, self._now_s
        wait_s = min(self._search.wait_s(now_s), self._check_s - now_s)
        wait_s = min(wait_s, image.next_health_s - now_s)
        if not self._search.searching():
            wait_s = min(wait_s, image.next_report_s - now_s)
        if self._uplink.stay and now_s < image.listen_until_s:
            wait_s = min(wait_s, image.listen_until_s - now_s)
        if self._pressed_s >= 0 or self._restart_s >= 0 or self._taken:
            wait_s = min(wait_s, 1)
        return max(0, min(wait_s * 1000, self._uplink.wait_ms(self._now, now_s)))

    def _complain(self, text):
        """Log a fault, the same one not again at every step."""
        before, at_s = self._complaint
        if text != before or self._now_s - at_s >= COMPLAIN_S:
            self._complaint = (text, self._now_s)
            self._log.error(text)

    # -- the stages ------------------------------------------------------------------------

    def _position(self):
        """Bytes to fix to fences to alarms, and the plan for the next fix."""
        fix, over = self._search.poll(self._now, self._now_s)
        if fix is not None:
            if not self._fits_clock(fix.time_s):
                return
            self._set_clock(fix.time_s)
            refused = self.fences.refused
            for event in self.fences.judge(fix):
                self._alarm(event)
            if self.fences.refused == refused:
                self._recorder.note(fix)
        if over:
            self._plan_fix()

    def _plan_fix(self):
        fix, utc = self.fences.last_fix(), self._parts.clock.utc()
        wait_s = self._duty.next_fix_in_s(
            self.fences.margin_cm(),
            fix.accuracy_dm if fix else 0,
            max(0, utc - fix.time_s) if fix and utc else 0,
            self.fences.worst()[1],
            self.fences.needs_confirmation,
        )
        self._search.plan(self._now_s, wait_s)
        self._recorder.image.next_fix_s = self._search.next_s
        self._dirty = True

    def _position_anew(self):
        self._search.switch_off()
        self._search.next_s = self._now_s + 1

    def _fits_clock(self, utc):
        """False for a fix of quite another time than ours, unless the one before said so too: a
        damaged byte that got past the checksum must not move the clock."""
        ours = self._parts.clock.utc()
        off_s, before_s = utc - ours, self._odd_s
        self._odd_s = off_s
        return not ours or abs(off_s) <= CLOCK_ODD_S or abs(off_s - before_s) <= CLOCK_OFF_S

    def _set_clock(self, utc):
        """Take over the satellites' time where ours is unknown or wrong."""
        if abs(self._parts.clock.utc() - utc) > CLOCK_OFF_S:
            self._parts.clock.set_utc(utc)

    def _check(self):
        """What is looked at now and then: the battery, fixes that are overdue."""
        if self._now_s < self._check_s:
            return
        self._check_s = self._now_s + CHECK_S
        if self._battery.read(self._parts.power, self.settings.battery_low_percent):
            self._alarm(Event(layouts.BATTERY_LOW, 0, layouts.LEVEL))
            self._parts.board.signal_wearer("battery_low")
        for event in self.fences.overdue(self._now, self._parts.clock.utc()):
            self._alarm(event)

    def _wearer(self):
        """The button: held for PRESS_S it calls for help, once for each time it is held."""
        if not self._parts.board.button():
            self._pressed_s = _UP
        elif self._pressed_s == _UP:
            self._pressed_s = self._now_s
        elif self._pressed_s != _SAID and self._now_s - self._pressed_s >= PRESS_S:
            self._pressed_s = _SAID
            self._recorder.image.sos_open = 1
            self._alarm(Event(layouts.SOS, 0, layouts.BUTTON))

    def _alarm(self, event):
        """Keep an alarm, say it at once, and let the wearer feel that it was sent."""
        boot, seq = self._recorder.alarm(event)
        self._recorder.image.listen_until_s = self._now_s + LISTEN_S
        self._uplink.hurry(self._now_s)
        self._parts.board.signal_wearer("test" if event.what == layouts.TEST else "sent")
        what = (boot, seq, _WHAT[event.what], event.fence_number, event.reason)
        self._log.warning("alarm %d/%d: %s, fence %d, reason %d" % what)
        self._dirty = True

    def _obey(self):
        """Put what orders changed into flash, then answer them, then do what they command."""
        while self._taken:
            taken = self._taken[0]
            for name, data in taken.files:
                state_files.save(self._parts.flash, name, data)
                if name != "orders" and not self._search.on:
                    self._search.next_s = self._now_s  # the plan was for what is no longer so
            self._taken = self._taken[1:]
            for answer in taken.answers:
                self._recorder.answer(answer)
                done = (answer["order_id"], answer["result"], answer["reason"])
                self._log.info("order %d answered %d, reason %d" % done)
            if taken.command:
                self._command(taken.command)
            self._dirty = True

    def _command(self, command):
        """Do what a COMMAND order says, once."""
        image = self._recorder.image
        alarm = "alarm %d/%d" % (command["alarm_boot"], command["alarm_seq"])
        what = command["command"]
        if what == layouts.REPORT_NOW:
            image.next_report_s = self._now_s
        elif what == layouts.ALARM_TAKEN:
            self._parts.board.signal_wearer("taken")
            self._log.info("wearer told: " + alarm + " taken")
        elif what == layouts.ALARM_CLOSED:
            image.sos_open = 0
            self._log.info(alarm + " closed")
        elif what == layouts.RESTART:
            self._restart_s = self._now_s + RESTART_S
        elif what == layouts.TEST_ALARM:
            self._alarm(Event(layouts.TEST, 0, layouts.ORDERED))

    def _speak(self):
        """Health and report when they are due; a report waits for a search that is under way."""
        image = self._recorder.image
        if self._new_health():
            self._recorder.health(self._cause)
            self._dirty = True
        if self._now_s >= image.next_report_s and not self._search.searching():
            self._recorder.report()
            self._dirty = True

    def _listen(self):
        """The link: send what waits, hear acks and orders, and let go when all is said."""
        image = self._recorder.image
        state = self.fences.worst()[1]
        self._uplink.stay = bool(
            state == layouts.OUTSIDE or image.sos_open or self._now_s < image.listen_until_s
        )
        self._uplink.poll(self._now, self._now_s)
        if self._uplink.heard():
            image.listen_until_s = max(image.listen_until_s, self._now_s + LINGER_S)
            self._dirty = True
        self._hear()
        if self._uplink.busy() and not self._uplink.wanted():
            self._uplink.close(self._now)
        image.link_failures, image.next_try_s = self._uplink.save()

    def _hear(self):
        """What came down: the time, acks of alarms, orders."""
        utc = self._uplink.time_s()
        if utc and not self._parts.clock.utc():
            self._set_clock(utc)
        if self._uplink.stored_alarms():
            self._parts.board.signal_wearer("stored")
        for frame in self._uplink.orders():
            self._taken.append(self._orders.take(frame, self._parts.clock.utc()))
        armed = self._orders.armed()
        if armed.answers:
            self._taken.append(armed)

    def _listen_anew(self):
        self._uplink.close(self._now)

    def _remember(self):
        """Put what must outlive a reset into RTC memory; restart when that was ordered."""
        if self._dirty:
            self._recorder.remember()
            self._dirty = False
        if 0 <= self._restart_s <= self._now_s:
            self._log.info("restart, as ordered")
            self._parts.power.reset()

    def _go_on(self):
        """Nothing to begin anew: the next step tries again."""

    _STAGES = (
        ("receiver", _position, _position_anew),
        ("battery", _check, _go_on),
        ("button", _wearer, _go_on),
        ("orders", _obey, _go_on),
        ("reports", _speak, _go_on),
        ("link", _listen, _listen_anew),
        ("memory", _remember, _go_on),
    )

    def _live_counts(self):
        """The counters since this start, in the order of retained.COUNTERS."""
        said, client, uplink = self._receiver.counters, self._client, self._uplink
        faults = self._faults + self._recorder.faults + self.outbox.flash_errors
        return (
            said.sentences,
            said.bad,
            said.overrun + self._parts.uart.overruns(),
            said.fixes,
            said.refused + self.fences.refused,
            client.repeated + uplink.repeated,
            client.connects,
            uplink.frames_refused + client.refused + self._orders.damaged,
            self._orders.refused,
            faults,
            self._starts_by_watchdog,
            self.outbox.dropped + self.outbox.unreadable,
        )
