"""Numbers the tracker's records, makes them, and carries what must outlive a sleep.

A record's identity is (boot, seq) (promise 1). The image in RTC memory is written with the new
number before the record that has it goes to the outbox, so a number is never used twice: not after
a watchdog, a reset or a sleep, which keep the image, and not after a power cut, which makes a new
boot whose number is in flash before it is used (boot_number.py). An ack of records that we never
made says that the name was another's before: then the boot number goes on beyond theirs.

Every record promises when the next comes: the pause to the next report as it is planned, the
longest search of the receiver, and the time to connect (promise 6); and what a clock may lose in
the pause.
"""

from collections import namedtuple

from tracker import VERSION, boot_number, records, retained, state_files
from tracker.duty import DRIFT
from tracker.ledger import PSM
from tracker.recovery import MEMORY, RECEIVER
from trygg_wire import codec, layouts

# what the records speak of; see app.py
Core = namedtuple(
    "Core", "settings fences duty outbox battery elapsed supply strap ledger recovery"
)

_DEEPSLEEP = 4
KEPT, SAID = 1, 2  # image.unwatched: in flash, or perhaps in RAM alone
_IN_PSM = 1  # modem/modem.py's mode
_FLASH_ERRORS = retained.COUNTERS.index("flash_errors")
_DROPPED = retained.COUNTERS.index("records_dropped")
LATE_S = 30  # and an eighth: a clock that says a sleep was so much longer than planned has jumped
SETTLE_S = 20  # between two tries to bring into flash what only RAM holds
_SEQ_CHANCE = 0x1FFFFF00
TRACK_APART_S = 5  # fixes nearer in time than this are one in the track


class Recorder:
    """`parts` the ports, `core` a Core, `live_counts` gives the counters since this start;
    `boot_floor` is provisioning's, boot_number.UNKNOWN when it said none.

    image: what is carried (retained.FIELDS); the plan in it is the App's to change. new_boot: this
    start found no image. faults: what went wrong here, for flash_errors.
    """

    def __init__(self, parts, core, live_counts, boot_floor):
        self._parts = parts
        self._core = core
        self._live_counts = live_counts
        self._log = parts.log
        self._signal = 0
        self.faults = 0
        left_out = core.recovery.leaves_out
        self._no_fences = left_out(RECEIVER)
        self._numbers_only = left_out(MEMORY)
        poisoned = core.recovery.poisoned()
        self.image = None if poisoned else retained.unpack(parts.power.retained())
        self.new_boot = self.image is None
        if self.new_boot:
            self.image = retained.Image()
            self.image.time_to_fix_s = core.duty.time_to_fix_s
        core.outbox.open((self.image.floor_boot, self.image.floor_seq))
        if self.new_boot:
            seen, noise = core.outbox.highest_boot(), parts.power.noise()
            self._begin_boot(boot_number.next_boot(parts.flash, boot_floor, seen, noise))
        core.outbox.made(self.image.boot, self.image.seq)
        self._base = list(self.image.counts)
        self._base[_DROPPED] += self.image.held  # they were in RAM alone
        self._settle_s = 0
        self._take_up()

    def _begin_boot(self, boot):
        """Number from here on by `boot`. While flash cannot keep it the next start may have the
        same, so the records then begin at a number that is not likely to come twice."""
        self.image.boot, self.image.seq, self.image.boot_unkept = boot, 0, 1
        self._keep_boot()
        if self.image.boot_unkept:
            self.image.seq = self._parts.power.noise() & _SEQ_CHANCE

    def _keep_boot(self):
        try:
            boot_number.keep(self._parts.flash, self.image.boot)
            self.image.boot_unkept = 0
        except OSError as error:
            self.faults += 1
            self._log.error("the boot number cannot be kept: %s" % error)

    def learn(self):
        """Go on beyond the boots of whoever had our name before, if an ack spoke of them."""
        boot = self._core.outbox.taught()
        if boot >= self.image.boot:
            self._log.warning("boot %d had our name before: ours is %d" % (boot, boot + 1))
            self._begin_boot(boot + 1)
            self._core.outbox.made(self.image.boot, self.image.seq)
            self._retain(0)

    def _take_up(self):
        """Give everybody what they knew before the sleep or reset."""
        image, core, clock = self.image, self._core, self._parts.clock
        slept_s = self._slept_s(clock.utc())
        image.sleep_s = 0
        core.elapsed.take_up(image.now_s, image.time_s, slept_s)
        core.elapsed.advance(clock.ticks_ms(), clock.utc())
        core.duty.time_to_fix_s = image.time_to_fix_s
        core.duty.failures = image.fix_failures
        core.supply.take_up(image, self.new_boot)
        core.strap.owed = bool(image.worn_owed)
        self._count_charge()
        if self._no_fences:
            return
        if image.fences and not core.fences.load(image.fences, slept_s):
            self.faults += 1
            self._log.error("what was known of the fences is damaged and not used")

    def _slept_s(self, utc):
        """How long it has slept where the clock does not say so or has jumped; 0: ask the clock."""
        image = self.image
        if not image.time_s or not utc:
            return image.sleep_s
        longest_s = image.sleep_s + image.sleep_s // 8 + LATE_S
        jumped = not 0 <= utc - image.time_s <= longest_s
        return image.sleep_s if jumped else 0

    def _count_charge(self):
        """The ledger goes on; the time since it was last written was asleep, or awake."""
        image, core = self.image, self._core
        core.ledger.load(image.ledger)
        asleep = self._parts.power.start_reason()[0] == _DEEPSLEEP
        passed_s = max(0, core.elapsed.now_s - image.now_s)
        modem = PSM if asleep and image.modem[0] & 3 == _IN_PSM else 0
        core.ledger.begin(self._parts.clock.ticks_ms(), passed_s, asleep, modem)

    # -- what is carried -------------------------------------------------------------------

    def remember(self, sleep_s=0):
        """Write all that is known to RTC memory; `sleep_s` when a sleep of that length follows.

        Only when every alarm that follows from it is kept: what this says was said is never
        said again.
        """
        image, core = self.image, self._core
        if image.boot_unkept:
            self._keep_boot()
        if core.fences.version:
            image.unwatched = 0
        elif image.unwatched:
            image.unwatched = KEPT
        if self._numbers_only:
            self._retain(sleep_s)
            return
        core.supply.remember(image)
        image.worn_owed = 1 if core.strap.owed else 0
        image.floor_boot, image.floor_seq = core.outbox.floor()
        looks = not (self._no_fences or image.unwatched)
        if looks:
            image.fences = core.fences.save()
        self._retain(sleep_s)
        if looks:
            self._keep_exits(core.fences.save_lasting())

    def _keep_exits(self, data):
        """Let flash know which exits are open (open_exits.py); tried again until it does."""
        if data is None:
            return
        try:
            state_files.save(self._parts.flash, "exits", data)
            self._core.fences.kept_lasting(data)
        except OSError as error:
            self.faults += 1
            self._log.error("the open exits cannot be kept: %s" % error)

    def _retain(self, sleep_s):
        """Write the numbers and the time, but what is known as it was last remembered.

        A reset between this and a record in flash then decides anew, and says an alarm twice
        rather than never.
        """
        image, core = self.image, self._core
        self._watch_heap()
        image.sleep_s = sleep_s
        image.held = core.outbox.held()
        image.now_s = core.elapsed.now_s
        image.time_s = self._parts.clock.utc()
        image.time_to_fix_s = core.duty.time_to_fix_s
        image.fix_failures = core.duty.failures
        image.counts = self._totals()
        image.ledger = core.ledger.save()
        self._parts.power.retain(retained.pack(image))

    def settle(self):
        """Now and then, while RAM alone holds records: try to bring them into flash."""
        outbox, now_s = self._core.outbox, self._core.elapsed.now_s
        if outbox.settled() or now_s < self._settle_s:
            return
        self._settle_s = now_s + SETTLE_S
        before = outbox.held()
        outbox.settle()
        if outbox.held() != before:
            self._retain(0)

    def note(self, fix):
        """Put a fix on the track of the next report; none while the fences keep it private.

        Of a track that is full every other fix goes, so it becomes coarser and not shorter.
        """
        if self._core.fences.private_now():
            self.image.track = []
            return
        track = self.image.track
        if len(track) > 1 and track[0].time_s - track[1].time_s < TRACK_APART_S:
            track = track[1:]
        elif len(track) >= retained.TRACK_MAX:
            track = track[1::2]
        self.image.track = [fix] + track

    def _totals(self):
        totals = [base + live for base, live in zip(self._base, self._live_counts())]
        totals[_FLASH_ERRORS] += self.faults
        return totals

    def _watch_heap(self):
        """Look how much heap is free now; the next HEALTH states the least that was seen."""
        free = self._parts.power.heap_free()
        self.image.heap_least = min(self.image.heap_least or free, free)

    # -- records ---------------------------------------------------------------------------

    def alarm(self, event):
        """Keep an ALARM for the event; gives (boot, seq)."""
        if event.what == layouts.BACK:
            # first: neither memory knows an exit as open that was said to be over
            self.image.fences = self._core.fences.save_returned(self.image.fences)
            self._keep_exits(self._core.fences.save_ended())
        self._soon()
        moment = self._moment()
        evidence = self._core.fences.evidence(event.fence_number, moment.time_s)
        test = event.what == layouts.TEST
        if event.what == layouts.LEFT:
            self.image.exit_boot, self.image.exit_seq = moment.boot, moment.seq
        self._append(layouts.ALARM, records.alarm(moment, event, evidence, test))
        return moment.boot, moment.seq

    def report(self, bounds):
        """Keep a REPORT with the track since the last one, and plan the next. `bounds` gives the
        rows of the fences whose bound differs, from the seconds within which the next comes."""
        self.image.next_report_s = self._core.elapsed.now_s + self._pause_s()
        counts = self._counts()
        refused, repeated = counts["fixes_refused"], counts["publishes_repeated"]
        moment = self._moment()
        track = self.image.track or ([moment.last_fix] if moment.last_fix else [])
        values = records.report(moment, track, refused, repeated)
        values["bounds"] = bounds(moment.next_report_by_s) if moment.bound_s else []
        self._append(layouts.REPORT, values)
        self.image.stated_at_s = self._core.elapsed.now_s
        self.image.track = []

    def health(self, reset_cause):
        """Keep a HEALTH record, and plan the next."""
        core = self._core
        last_s = max(0, self.image.next_health_s - core.settings.health_s)
        self.image.next_health_s = core.elapsed.now_s + core.settings.health_s
        counts = self._counts()
        counts["reconnects"] = max(0, counts.pop("connects") - 1)
        values = records.health(
            self._moment(),
            counts,
            core.elapsed.now_s,
            reset_cause,
            core.settings.version,
            core.outbox.waiting(),
            self.image.heap_least,  # which _moment has brought up to now
            "trygg " + VERSION,
        )
        values["safe_mode"] = 1 if core.recovery.safe else 0
        values["crashes"] = core.recovery.crashes
        values["last_stage"] = core.recovery.last_stage
        still = self._parts.board.has_motion() and self.image.moved_s < last_s
        values["moved"] = 0 if still else 1
        values["worn"] = core.strap.state()
        values["temperature_c"] = max(-60, min(core.battery.temperature_c, 127))
        values["hours_left"] = core.supply.hours_left()
        values["charge"] = core.ledger.charge()
        values["recoveries"] = records.recoveries(self.image.modem)
        self._append(layouts.HEALTH, values)
        self.image.heap_least = 0

    def answer(self, what):
        """Keep an ANSWER, `what` is its part from Orders; but first what it says was done."""
        if not self._core.outbox.alarms_held():
            self.remember()
        self._append(layouts.ANSWER, records.answer(self._moment(), what))

    def restate(self):
        """What was promised is no longer so: report at once. Not while new fences have judged no
        fix, for the report would say where somebody is whom they may keep private."""
        if self._core.fences.armed or not self._core.fences.version:
            self.image.next_report_s = self._core.elapsed.now_s

    def _soon(self):
        """In another state the next report may be due earlier than was planned."""
        soon_s = self._core.elapsed.now_s + self._pause_s()
        self.image.next_report_s = min(self.image.next_report_s, soon_s)

    def _pause_s(self):
        _, state = self._core.fences.worst()
        self._core.duty.short = self._core.battery.said or self._core.supply.off_early
        return self._core.duty.next_report_in_s(state, bool(self.image.sos_open))

    def _counts(self):
        return dict(zip(retained.COUNTERS, self._totals()))

    def _moment(self):
        """Spend the next number, and read everything that a record states."""
        image, core, parts = self.image, self._core, self._parts
        image.seq += 1
        self._retain(0)
        utc = parts.clock.utc()
        number, state = core.fences.worst()
        promise_s = max(0, image.next_report_s - core.elapsed.now_s)
        promise_s += promise_s // DRIFT + core.settings.connect_s + core.duty.search_s()
        return records.Moment(
            boot=image.boot,
            seq=image.seq,
            time_s=utc or core.elapsed.now_s,
            time_is_uptime=0 if utc else 1,
            charging=core.battery.charging,
            battery_mv=core.battery.mv,
            battery_percent=core.battery.percent,
            signal=self._signal_now(),
            fence_number=number,
            fence_state=state,
            fence_version=core.fences.version,
            bound_s=core.duty.bound_s() if core.fences.version and not core.settings.lost else 0,
            next_report_by_s=promise_s,
            last_fix=core.fences.last_fix() or (image.track[0] if image.track else None),
            private=core.fences.private_now(),
        )

    def _signal_now(self):
        """Received power as it is, or as it was when there was any."""
        self._signal = self._parts.link.signal() or self._signal
        return self._signal

    def _append(self, kind, values):
        lane = layouts.LANE_ALARM if kind == layouts.ALARM else layouts.LANE_LIVE
        frame = codec.encode(kind, values)
        now_s = self._core.elapsed.now_s
        if not self._core.outbox.append(lane, values["boot"], values["seq"], frame, now_s):
            self._log.error("flash did not take record %d" % values["seq"])
            self._retain(0)  # with how many are in RAM alone: a reset must not lose them uncounted
