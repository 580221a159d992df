"""Starts that end badly: counted, told in every health record, and braked by safe mode.

Each stage of a step is marked in RTC memory before it begins (Power.mark, a few bytes that outlive
every reset but a power loss), so the next start knows where the last one ended, a hang that the
watchdog ended included. A start that ended by a fault or the watchdog is a crash. An hour without
one sets the count to 0.

After SAFE_AFTER crashes in a row the tracker starts in safe mode. There a fault ends only its stage
of that step, whatever its kind, but for RECEIVER: while fences are looked at it is a crash there as
ever, since an exit that is decided must not pass for said; and what two crashes running ended in is
left out: at once if it was a fault of ours, else (the watchdog, a reset) only from the
HUNG_AFTER-th crash in a row on, because those may have come from outside. What it goes without,
and what it then can still say:

  START      what RTC memory holds is dropped at once when a start ends before its first step: a
             new boot, and an exit is said again, as BOOT. If that is not enough (left out: one
             crash later), settings and anchors are not read either: fences are looked at by the
             defaults, so no bound is stated, and changes of settings stay owed
  RECEIVER   no fences (reading them from flash is part of it): that nobody looks is said, as
             CANNOT_TELL with the reason NOT_WATCHED; positions are reported as they are, fences
             are not taken, no bound, no privacy; SOS and the rest go on
  BATTERY    no battery, charger and strap alarms; fences and their bound go on
  BUTTON     no SOS, no signals; fences and their bound go on
  ORDERS     commands only: restart, report now, taken, closed, test
  REPORTS    the track of RTC memory is dropped, and for REST_S after such a crash no report and no
             health record is made: the bound that was stated runs out, alarms go on
  LINK       there is no other way out: it is not tried for REST_S after such a crash, but for a
             new alarm; fences are looked at meanwhile, what they find waits in flash, and that
             nothing comes is what the gateway says (silent)
  MEMORY     fences and sums are not kept over a reset: an exit may be said twice; numbers and
             time are, and the bound holds

So wherever it looks at fences it states their bound, as ever, but without its settings; and it
reports position and takes orders unless the receiver's parser, the link or the outbox itself fails
each time. From the second crash in safe mode on it rests before each start, PAUSE_MS to
PAUSE_MAX_MS asleep (the button wakes it), so that a loop does not empty the battery; not if REPORTS
or LINK, left out, are what failed again: they have their own rest. Nobody looks in that time, and
the bound is longer by it; `crashes` in the health record says that it is so.

Safe mode ends by the order to restart, by a power loss, or by a good hour; a fault that safe mode
caught begins the time anew. The first crash within a good hour after it brings it back, with all
that it left out, and each time the good time is twice as long, up to sixteen hours.
"""

START, RECEIVER, BATTERY, BUTTON, ORDERS, REPORTS, LINK, MEMORY, WAITING = 1, 2, 3, 4, 5, 6, 7, 8, 9
STAGES = ("", "start", "receiver", "battery", "button", "orders", "reports", "link", "memory",
          "waiting")  # fmt: skip
_RESTED = 10  # asleep before a start, after a crash
SAFE_AFTER = 3
HUNG_AFTER = 6
GOOD_S = 3600
ROUNDS_MAX = 4
PAUSE_MS = 15000
PAUSE_MAX_MS = 900000
REST_S = 900

MARKS = (
    5  # bytes: the stage; crashes; what is left out, a bit each; rounds << 4 | last stage; check
)
_STAGE, _CRASHES, _LEFT_OUT, _LAST, _CHECK = 0, 1, 2, 3, 4
_FELL = 128  # beside the stage: by a fault
_WATCHDOG, _DEEPSLEEP = 3, 4
_SEED = 165


class Recovery:
    """What is known of the last starts, over a Power port; make it first thing in a start.

    crashes: starts in a row that ended badly. last_stage: where the last of them ended, 0 none.
    safe: this start is in safe mode. crashed: the start before this one ended badly.
    """

    def __init__(self, power):
        self._power = power
        stage, self.crashes, self._left_out, last, check = power.marks()
        if check != _check(self.crashes, self._left_out, last):
            stage = self.crashes = self._left_out = last = 0
        self.last_stage = last & 15
        self._rounds = min(last >> 4, ROUNDS_MAX)
        self._fell = stage != _RESTED and _ended_badly(stage, power.start_reason()[0])
        self.crashed = self._fell or stage == _RESTED
        if self._fell:
            before, self.last_stage = self.last_stage, min(stage & 15, WAITING)
            self.crashes = min(self.crashes + 1, 255)
            first = SAFE_AFTER + (self.last_stage == START)
            enough = self.crashes >= (first if stage & _FELL else HUNG_AFTER)
            if enough and self.last_stage == before:
                self._left_out |= (1 << self.last_stage >> 1) & 255
        self.safe = self.crashes >= SAFE_AFTER
        self._write()
        self.mark(START)

    def mark(self, stage):
        """The tracker is in `stage` from now on."""
        self._power.mark(_STAGE, stage)

    def fell(self):
        """A fault ends this start."""
        self._power.mark(_STAGE, self._power.marks()[_STAGE] | _FELL)

    def asleep(self):
        """This start ends as it should."""
        self.mark(0)

    def leaves_out(self, stage):
        """True when safe mode goes without what belongs to `stage`."""
        return self.safe and bool(self._left_out << 1 & 1 << stage)

    def poisoned(self):
        """True when what RTC memory holds may be what ended the last start: it is dropped."""
        return self.safe and self.crashed and self.last_stage == START

    def pause_ms(self):
        """How long to rest (`rests`, then a deep sleep) before this start goes on; 0: not."""
        beyond = self.crashes - SAFE_AFTER - 1
        if not self._fell or beyond < 0:
            return 0
        if self.last_stage in (REPORTS, LINK) and self.leaves_out(self.last_stage):
            return 0
        return min(PAUSE_MS << min(beyond, 8), PAUSE_MAX_MS)

    def rests(self):
        """The start ends in a sleep of `pause_ms`; the next goes on after the crash."""
        self.mark(_RESTED)

    def good_s(self):
        """The seconds without a fault after which it is good."""
        return GOOD_S << self._rounds if self.safe else GOOD_S

    def good(self):
        """It was good for long enough: nothing is left out from the next start on. After safe mode
        what was is not forgotten yet: `crashes` stays one short of it."""
        if self.safe:
            self._rounds = min(self._rounds + 1, ROUNDS_MAX)
            self.crashes = SAFE_AFTER - 1
        else:
            self._rounds = self.crashes = self._left_out = 0
        self._write()

    def forgive(self):
        """A person has ordered a restart: as if nothing had been."""
        self._rounds = self.crashes = self._left_out = 0
        self._write()
        self.asleep()

    def _write(self):
        last = self._rounds << 4 | self.last_stage
        self._power.mark(_CRASHES, self.crashes)
        self._power.mark(_LEFT_OUT, self._left_out)
        self._power.mark(_LAST, last)
        self._power.mark(_CHECK, _check(self.crashes, self._left_out, last))


def _check(crashes, left_out, last):
    return _SEED ^ crashes ^ left_out ^ last


def _ended_badly(stage, cause):
    """Whether a start that was in `stage` when it ended, and the next by `cause`, was a crash.

    Between two steps only the watchdog is one: a reset there is a person's, or the supply's.
    """
    if stage & _FELL or cause == _WATCHDOG:
        return True
    return stage not in (0, WAITING) and cause != _DEEPSLEEP
