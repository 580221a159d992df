"""What comes down is taken (orders.py: kept in flash, put in force), then answered, then done.

Who closes the newest alarm of an exit ends what stayed open beyond its fence's window; closing
another alarm does not, unless a new battery has forgotten which that was.

An answer never says more than a power cut would leave true. An order that expires waits here while
the clock is unknown, up to HELD_MAX bytes of them, and is taken when the time is known; it is
still owed by the gateway, so nothing is lost with it when the power goes.
"""

from tracker import sos
from tracker.fence_rule import Event
from tracker.recovery import ORDERS, RECEIVER, START
from trygg_wire import codec, layouts

HELD_MAX = layouts.FRAME_MAX
RESTART_S = 10  # from an order to restart to the restart, so that its answer goes out first


class Downlink:
    """Works off orders for an App; `alarm` raises an alarm."""

    def __init__(self, parts, orders, fences, recorder, search, wearer, alarm, recovery):
        self._clock = parts.clock
        self._log = parts.log
        self._orders = orders
        self._fences = fences
        self._recorder = recorder
        self._search = search
        self._wearer = wearer
        self._alarm = alarm
        self._recovery = recovery
        self._waiting = []  # frames
        self._held = []  # frames that wait for the time
        self._restart_s = -1

    def hear(self, frames):
        """Order frames have come."""
        self._waiting.extend(frames)
        if self._held and self._clock.utc():
            self._waiting = self._held + self._waiting
            self._held = []

    def busy(self):
        """True while an order is not finished; one that waits for the time keeps nobody awake."""
        return bool(self._waiting) or self._restart_s >= 0

    def restart_due(self, now_s):
        """True when a restart was ordered and its answer has had its time."""
        return 0 <= self._restart_s <= now_s

    def obey(self, now_s):
        """Take what waits, and say whether new fences have become armed; True if there was any."""
        said = False
        while self._waiting:
            frame = self._waiting.pop(0)
            if frame in self._held or self._left_out(frame):
                continue  # the gateway has repeated it and it was answered; or will again
            taken = self._orders.take(frame, self._clock.utc())
            if taken.answers and taken.answers[0]["result"] == layouts.RECEIVED:
                self._hold(frame)
            said = self._answer(taken, now_s) or said
        return self._answer(self._orders.armed(), now_s) or said

    def _left_out(self, frame):
        """True in safe mode for an order that it goes without; it stays owed by the gateway. With
        the settings of flash not read, a change would be kept beside defaults instead of them."""
        left_out = self._recovery.leaves_out
        if not (left_out(ORDERS) or left_out(RECEIVER) or left_out(START)):
            return False
        try:
            kind = codec.decode(frame)[1]["order_kind"]
        except codec.WireError:
            return False  # it is refused and counted as ever
        if left_out(ORDERS):
            return kind != layouts.COMMAND
        if kind == layouts.SETTINGS:
            return left_out(START)
        return kind == layouts.FENCES and left_out(RECEIVER)

    def _hold(self, frame):
        """Keep a frame until the time is known; one too many comes again from the gateway."""
        if len(frame) + sum([len(held) for held in self._held]) <= HELD_MAX:
            self._held.append(frame)

    def _answer(self, taken, now_s):
        if taken.command:
            self._do(taken.command, now_s)
        for answer in taken.answers:
            self._recorder.answer(answer)
            done = (answer["order_id"], answer["result"], answer["reason"])
            self._log.info("order %d answered %d, reason %d" % done)
        if taken.restart:
            self._log.error("no memory for the new fences beside the rest: they are in flash")
            self._restart_s = now_s
        if taken.changed and not self._search.on:
            self._search.next_s = now_s  # the plan was for what is no longer so
        if taken.changed or [one for one in taken.answers if one["result"] == layouts.ARMED]:
            self._recorder.restate()
        return bool(taken.answers)

    def _do(self, command, now_s):
        """A COMMAND order."""
        image = self._recorder.image
        alarm = "alarm %d/%d" % (command["alarm_boot"], command["alarm_seq"])
        what = command["command"]
        if what == layouts.REPORT_NOW:
            image.next_report_s = image.next_health_s = now_s
        elif what == layouts.ALARM_TAKEN:
            self._wearer.feels("taken")
            self._log.info("wearer told: " + alarm + " taken")
        elif what == layouts.ALARM_CLOSED:
            image.sos_open = sos.closed(image.sos_open, command["alarm_seq"])
            newest = (image.exit_boot, image.exit_seq)
            if newest in ((command["alarm_boot"], command["alarm_seq"]), (0, 0)):
                self._fences.close_exits(self._clock.utc())
            self._log.info(alarm + " closed")
        elif what == layouts.RESTART:
            self._restart_s = now_s + RESTART_S
        elif what == layouts.TEST_ALARM:
            self._alarm(Event(layouts.TEST, 0, layouts.ORDERED))
