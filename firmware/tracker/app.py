"""The tracker, from the receiver's bytes to the gateway's ack: read `_STAGES` from top to bottom.

`step(now)` does everything that is due at the tick `now` and says in how many ms it wants to be
called again if nothing arrives. Nothing in it waits. Each stage is a method; an OSError of a port
ends only that stage of that step: it is caught in one place, counted and logged, and the part is
begun anew.

Who is who: Search has the receiver, FenceSet decides, Planner and Duty plan, Recorder makes the
records, Outbox keeps them, Uplink speaks, Downlink obeys. Times are seconds since the start of this
boot (`self._now_s`, which sleeping does not stop) unless a name says ticks, ms or utc.
"""

from tracker import VERSION, boot_number, recovery, sos, state_files
from tracker.assembly import Assembly
from tracker.downlink import Downlink
from tracker.fence_rule import Event
from tracker.motion import Motion
from tracker.planner import LINGER_S, Planner
from tracker.recorder import KEPT, SAID, Recorder
from tracker.recovery import Recovery
from tracker.strap import PUT_ON, TAKEN_OFF
from tracker.wearer import CALLS, CANCELLED, COUNTING, Wearer
from trygg_wire import layouts


class Parts:
    """The ports, and the log; `anchor` is None where no radio listens for a home anchor."""

    def __init__(self, clock, uart, link, flash, power, board, log, anchor=None):
        self.clock, self.uart, self.link, self.flash = clock, uart, link, flash
        self.power, self.board, self.log, self.anchor = power, board, log, anchor


LISTEN_S = 600  # after a call or an exit the link stays, so that "taken" is told at once
AGAIN_S = 17  # after what the gateway has said it does not say it again (its orders.RESEND_MS)
CHECK_S = 30  # between two looks at overdue fixes
COMPLAIN_S = 60  # the same fault is logged once in so long
FAULT_WAIT_MS = 200  # and no step sooner, once there was one
FAULT_REST_S = 10  # in safe mode a stage is left alone for so long after a fault of ours
CLOCK_OFF_S = 2  # a clock that differs more than this from the satellites' is set
CLOCK_ODD_S = 60  # one that differs more than this is set only when two fixes running say so
_WHAT = ("", "left", "back", "sos", "battery low", "cannot tell", "test",
         "off charger", "taken off")  # fmt: skip
_FELT = {
    layouts.TEST: "test",
    layouts.BATTERY_LOW: "battery_low",
    layouts.OFF_CHARGER: "charge_me",
}


class App:
    """One tracker. `parts` is a Parts; `config` a dict of device, group, host, port, tls (file
    name or None), password and order_key (bytes), boot_floor (the highest boot number that ever
    had this name, 0 none), as provisioning wrote it."""

    def __init__(self, parts, config, known=None):
        self._parts = parts
        self._recovery = known = known or Recovery(parts.power)
        self._caught = Exception if known.safe else OSError
        self._log = parts.log
        self._made = made = Assembly(parts, config, known)
        self._core, self._search, self._uplink = made.core, made.search, made.uplink
        self.fences, self.outbox = made.core.fences, made.core.outbox
        floor = config.get("boot_floor", boot_number.UNKNOWN)
        self._recorder = Recorder(parts, made.core, made.counts, floor)
        self._image = image = self._recorder.image
        if known.leaves_out(recovery.REPORTS):
            image.track = []
        self._now_s = made.core.elapsed.now_s
        self._cause, wake = parts.power.start_reason()
        self._wearer = Wearer(parts.board, wake, self._now_s, made.core.settings)
        self._wearer.mute = known.leaves_out(recovery.BUTTON)
        self._cut_short = bool(image.sos_open & sos.COUNTING)  # a countdown, or a call, by a reset
        self._called = False  # and its record is perhaps not in flash
        self._downlink = Downlink(
            parts, made.orders, self.fences, self._recorder, self._search, self._wearer,
            self._alarm, known,
        )  # fmt: skip
        motion = Motion(parts.board)
        self._planner = Planner(parts, made.core, image, self._search, motion, made.anchor)
        self._uplink.load((image.link_failures, image.next_try_s))
        self._modem = made.modem
        self._alone = False  # the wearer knows that nobody can be reached
        if self._modem is not None:
            self._modem.load(image.modem)
            self._alone = self._modem.ladder.local()
        self._check_s = 0
        self._odd_s = 0  # how far the last fix was from our clock
        self._undated = False  # an alarm was raised without the time
        self._complaint = ("", 0)
        self._rests = {}  # stage: second until which it rests after a fault of ours
        self._dirty = True
        start = (image.boot, self._cause, wake, VERSION, self.outbox.waiting())
        self._log.info("boot %d, cause %d, wake %d, firmware %s, %d records wait" % start)
        if known.leaves_out(recovery.LINK):
            self._rests[recovery.LINK] = image.next_try_s  # over a sleep, too
        if known.crashed:
            self._after_crash()
        if made.unread:
            self._nobody_looks()

    def _after_crash(self):
        """The last start ended badly: say so at once, in the log and to the gateway."""
        known, image, now_s = self._recovery, self._image, self._now_s
        image.crashed_s, image.next_health_s = now_s, now_s
        where = (known.crashes, recovery.STAGES[known.last_stage], known.safe)
        self._log.error("crash %d in a row, in the stage %s; safe mode %s" % where)
        for stage in (recovery.REPORTS, recovery.LINK):
            if known.leaves_out(stage):
                self._rests[stage] = now_s + recovery.REST_S
        if known.leaves_out(recovery.REPORTS):
            image.next_report_s = image.next_health_s = now_s + recovery.REST_S
        if known.leaves_out(recovery.LINK):
            image.next_try_s = now_s + recovery.REST_S
            self._uplink.load((0, image.next_try_s))

    def _nobody_looks(self):
        """The fences of flash are left out, or could not be read: say so once until they are
        looked at again, and by a health record, upon which the gateway gives them back."""
        known, image = self._recovery, self._image
        left_out = known.leaves_out(recovery.RECEIVER)
        if left_out or image.unwatched:
            image.fences = b""  # too old when fences are looked at again
        if image.unwatched == KEPT:
            return
        if left_out and state_files.load(self._parts.flash, "fences") == b"":
            return
        if recovery.REPORTS not in self._rests:
            image.next_health_s = self._now_s
        self._alarm(Event(layouts.CANT_TELL, 0, layouts.NOT_WATCHED))
        image.unwatched = SAID

    # -- the step --------------------------------------------------------------------------

    def step(self, now):
        """Do what is due at tick `now`; the ms until something is due again if nothing arrives."""
        self._now = now
        self._now_s = self._core.elapsed.advance(now, self._parts.clock.utc())
        searching, linked = self._search.on, self._uplink.busy()
        played, listened = self._wearer.signals.on, self._planner.listens()
        saves = 0 if self._modem is None else self._modem.activity()
        self._core.ledger.advance(now, searching, linked, played, listened, saves)
        for number, stage, begin_anew in self._STAGES:
            if self._rests and self._now_s < self._rests.get(number, 0):
                continue
            self._recovery.mark(number)
            try:
                stage(self)
            except self._caught as error:
                looks = number == recovery.RECEIVER and not self._made.unread
                if looks and not isinstance(error, OSError):
                    raise  # an exit that is decided and not kept is decided anew
                self._fault(number, error)
                begin_anew(self)
        self._recovery.mark(recovery.WAITING)
        self._parts.power.feed()
        return self._wait_ms()

    def listening(self):
        """True while bytes may arrive: then look again soon, whatever `step` said."""
        return self._search.on or self._uplink.busy()

    def deep_sleep_ms(self):
        """The ms that may be slept now with the chip off; 0 while there is something to do."""
        image, now_s = self._image, self._now_s
        if self.listening() or self._uplink.stay or self._downlink.busy():
            return 0
        if self.outbox.alarms_held():
            return 0  # it would be lost
        if self._wearer.awake(now_s) or self._planner.busy():
            return 0
        if self._core.supply.awake() or self._core.strap.unsure():
            return 0
        next_s = min(self._search.next_s, image.next_report_s, image.next_health_s)
        if self._uplink.wanted():
            next_s = min(next_s, image.next_try_s)
        pause_s = next_s - now_s
        return pause_s * 1000 if pause_s >= self._core.settings.deep_sleep_min_s else 0

    def sleep(self, ms):
        """Put everything away and sleep `ms` with the chip off; the next start goes on."""
        self._recovery.mark(recovery.MEMORY)
        self._search.switch_off()
        self.outbox.settle()
        self._recorder.remember((ms + 999) // 1000)
        self._recovery.asleep()
        self._parts.power.deep_sleep(ms, self._planner.resting())

    def _wait_ms(self):
        """Until the first of all that is planned."""
        image, now_s = self._image, self._now_s
        wait_s = min(self._search.wait_s(now_s), self._check_s - now_s)
        if not self._recovery.leaves_out(recovery.BATTERY):
            wait_s = min(wait_s, self._core.supply.wait_s(now_s))
        wait_s = min(wait_s, image.next_health_s - now_s)
        if not self._search.searching():
            wait_s = min(wait_s, image.next_report_s - now_s)
        if self._uplink.stay and now_s < image.listen_until_s:
            wait_s = min(wait_s, image.listen_until_s - now_s)
        if self._downlink.busy() or self._planner.busy() or self._core.strap.unsure():
            wait_s = min(wait_s, 1)
        wait_ms = min(wait_s * 1000, self._uplink.wait_ms(self._now, now_s))
        wait_ms = max(0, min(wait_ms, self._wearer.wait_ms()))
        return max(wait_ms, FAULT_WAIT_MS) if self._rests else wait_ms

    def _fault(self, stage, error):
        """A stage has failed: counted and said; a fault of ours, in safe mode, lets the stage rest
        and begins the good time anew."""
        self._made.faults += 1
        if not isinstance(error, OSError):
            self._image.crashed_s = self._now_s
            self._rests[stage] = self._now_s + FAULT_REST_S
        self._complain("%s: %r" % (recovery.STAGES[stage], error))

    def _complain(self, text):
        """Log a fault, the same one not again at every step."""
        before, at_s = self._complaint
        if text != before or self._now_s - at_s >= COMPLAIN_S:
            self._complaint = (text, self._now_s)
            self._log.error(text)

    # -- the stages ------------------------------------------------------------------------

    def _position(self):
        """Bytes to fix to fences to alarms, and the plan for the next fix; now and then fixes
        that are overdue."""
        if self._planner.feel(self._now_s):
            self._dirty = True
        fix, over = self._search.poll(self._now, self._now_s)
        if fix is not None:
            if not self._fits_clock(fix.time_s):
                return
            events = self.fences.judge(fix)
            believed = self.fences.last_fix() is fix
            if believed:
                self._set_clock(fix.time_s)
            for event in events:
                self._alarm(event)
            if believed:
                self._recorder.note(fix)
                self._planner.fixed(fix, self._now_s)
        if over:
            self._plan_fix()
        self._overdue()

    def _overdue(self):
        if self._now_s >= self._check_s:
            self._check_s = self._now_s + CHECK_S
            for event in self.fences.overdue(self._now, self._parts.clock.utc()):
                self._alarm(event)

    def _plan_fix(self):
        """Plan the next fix; when less can be promised than was stated, that is said soon."""
        image, now_s = self._image, self._now_s
        self._planner.plan(now_s)
        if self._planner.report_due(now_s):
            soon_s = max(now_s, image.stated_at_s + self._core.settings.report_live_s)
            image.next_report_s = min(image.next_report_s, soon_s)
        if self._core.duty.follows and not self._search.on:
            image.next_report_s = now_s  # with each position
        self._dirty = True

    def _position_anew(self):
        """A port failed in the middle of a search: it has found nothing, and what is overdue is
        so all the same."""
        if not self._core.duty.failures:
            self._core.duty.got_none()
        self._search.switch_off()
        self._overdue()
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
        if not self._parts.clock.utc() and (self._undated or self.outbox.waiting()):
            self._image.next_health_s = self._now_s  # dates what this boot said without a time
            self._undated = False
        if abs(self._parts.clock.utc() - utc) > CLOCK_OFF_S:
            self._parts.clock.set_utc(utc)

    def _check(self):
        """Battery, charger and strap."""
        if self._recovery.leaves_out(recovery.BATTERY):
            return
        core, utc = self._core, self._parts.clock.utc()
        event, pattern = core.supply.poll(self._now_s, utc, not self._uplink.busy())
        if event is not None:
            self._alarm(event)
        elif pattern:
            self._wearer.feels(pattern)
            self._dirty = True
        worn = core.strap.poll(self._now_s, core.supply.on())
        if worn == TAKEN_OFF:
            self._alarm(Event(layouts.TAKEN_OFF, 0, layouts.SENSOR))
        elif worn == PUT_ON:
            self._wearer.feels("worn")
            self._dirty = True

    def _help(self):
        """The button calls for help, or takes it back; what is to be felt is played."""
        if self._recovery.leaves_out(recovery.BUTTON):
            return
        what, image = self._wearer.poll(self._now, self._now_s), self._image
        if what == CALLS or self._cut_short:
            self._cut_short = True  # until its record is made, see _alarm
            image.sos_open = sos.called(image.sos_open)
            self._called = True
            image.sos_open = sos.named(self._alarm(Event(layouts.SOS, 0, layouts.BUTTON)))
            if not self._search.on:
                self._search.next_s = self._now_s  # who comes needs to know where
        elif what == COUNTING:
            image.sos_open = sos.begun(image.sos_open)
            self._dirty = True
        elif what == CANCELLED:
            if not self._called:
                image.sos_open = sos.safe(image.sos_open)
            self._log.info("a call for help was cancelled by the wearer")
            self._dirty = True

    def _alarm(self, event):
        """Keep an alarm, say it at once, let the wearer feel that it was sent; gives its seq."""
        boot, seq = self._recorder.alarm(event)
        self._cut_short = self._cut_short and event.what != layouts.SOS
        self._undated = self._undated or not self._parts.clock.utc()
        if event.what in (layouts.LEFT, layouts.SOS, layouts.TEST):
            self._image.listen_until_s = self._now_s + LISTEN_S
        elif event.what == layouts.CANT_TELL:
            self._planner.told(event)
        self._uplink.hurry(self._now_s)
        if self._recovery.leaves_out(recovery.LINK):
            self._rests[recovery.LINK] = self._now_s + 1  # after this is remembered, see _STAGES
        self._wearer.feels(_FELT.get(event.what, "sent"))
        what = (boot, seq, _WHAT[event.what], event.fence_number, event.reason)
        self._log.warning("alarm %d/%d: %s, fence %d, reason %d" % what)
        self._dirty = True
        return seq

    def _obey(self):
        """Finish the orders that have come."""
        if self._downlink.obey(self._now_s):
            self._dirty = True

    def _speak(self):
        """Health and report when they are due; a report waits for a search that is under way."""
        if self._now_s >= self._image.next_health_s:
            self._recorder.health(self._cause)
            self._dirty = True
        if self._now_s >= self._image.next_report_s and not self._search.searching():
            self._planner.state(self._now_s)
            self._recorder.report(self._planner.bounds)
            self._dirty = True

    def _listen(self):
        """The link: send what waits, hear acks and orders, and let go when all is said."""
        image, uplink = self._image, self._uplink
        state = self.fences.worst()[1]
        uplink.stay = bool(
            (state == layouts.OUTSIDE and not self._core.duty.follows)
            or image.sos_open
            or self._now_s < image.listen_until_s
        )
        uplink.poll(self._now, self._now_s)
        if uplink.heard():
            self._recorder.learn()
            image.listen_until_s = max(image.listen_until_s, self._now_s + LINGER_S)
            uplink.stay = True  # else the ack that empties the outbox would end it here
            self._dirty = True
        utc = uplink.time_s()
        if utc and not self._parts.clock.utc():
            self._set_clock(utc)
        if uplink.stored_alarms():
            self._wearer.feels("stored")
            if state == layouts.OUTSIDE:
                image.listen_until_s = self._now_s + LISTEN_S
        self._downlink.hear(uplink.orders())
        if self._modem is not None:
            self._watch_modem(self._modem)
        if uplink.busy() and not uplink.wanted():
            uplink.close(self._now)
        image.link_failures, image.next_try_s = uplink.save()

    def _watch_modem(self, modem):
        """What was climbed of its ladder outlives a reset, for its last step is one; the wearer
        feels when nobody can be reached for long. What came damaged is said again to who speaks."""
        image, client = self._image, self._made.client
        if client.missed:
            client.missed = False
            image.next_health_s = self._now_s + AGAIN_S
            image.listen_until_s = max(image.listen_until_s, image.next_health_s + AGAIN_S)
            self._uplink.stay = True
        if modem.changed:
            self._image.modem = modem.save()
            self._dirty = True
        if modem.ladder.local() != self._alone:
            self._alone = not self._alone
            if self._alone:
                self._wearer.feels("alone")
                self._log.warning("nobody can be reached: " + modem.why)

    def _listen_anew(self):
        self._uplink.close(self._now)

    def _remember(self):
        """Put what must outlive a reset into RTC memory; restart when that was ordered, but not
        while RAM alone holds an alarm."""
        self._recorder.settle()
        if self.outbox.alarms_held():
            return
        if (
            self._recovery.crashes
            and self._now_s - self._image.crashed_s >= self._recovery.good_s()
        ):
            self._recover()
        if self._dirty:
            if self._called and not self._wearer.counting():
                self._called = False
                self._image.sos_open = sos.safe(self._image.sos_open)
            self._recorder.remember()
            self._dirty = False
        wanted = self._modem is not None and self._modem.reset_wanted
        if wanted or self._downlink.restart_due(self._now_s):
            self._log.info("restart, for the modem" if wanted else "restart, as ordered")
            if wanted:
                self._recovery.asleep()
            else:
                self._recovery.forgive()
            self._parts.power.reset()

    def _recover(self):
        """Long enough without a crash: forget them; out of safe mode by a start as it should be."""
        self._recovery.good()
        if self._recovery.safe:
            self._log.info("a good time without a fault: out of safe mode")
            self._image.crashed_s = self._now_s
            self._recorder.remember()
            self._recovery.asleep()
            self._parts.power.reset()

    def _go_on(self):
        """Nothing to begin anew: the next step tries again."""

    _STAGES = (
        (recovery.RECEIVER, _position, _position_anew),
        (recovery.BATTERY, _check, _go_on),
        (recovery.BUTTON, _help, _go_on),
        (recovery.ORDERS, _obey, _go_on),
        (recovery.REPORTS, _speak, _go_on),
        (recovery.LINK, _listen, _listen_anew),
        (recovery.MEMORY, _remember, _go_on),
    )
