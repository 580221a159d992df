"""What comes down is put into flash, then answered, then done, in that order and once.

An order's files come first, so that an answer never says more than a power cut would leave true.
While the flash refuses (OSError) the order waits here with its answers unsaid, and is tried again
at the next step.
"""

from tracker import state_files
from tracker.fence_rule import Event
from trygg_wire import layouts

RESTART_S = 10  # from an order to restart to the restart, so that its answer goes out first


class Downlink:
    """Works off Orders' Taken for an App; `alarm` raises an alarm."""

    def __init__(self, parts, orders, recorder, search, wearer, alarm):
        self._flash = parts.flash
        self._clock = parts.clock
        self._log = parts.log
        self._orders = orders
        self._recorder = recorder
        self._search = search
        self._wearer = wearer
        self._alarm = alarm
        self._waiting = []
        self._restart_s = -1

    def hear(self, frames):
        """Take order frames, and whether new fences have become armed."""
        for frame in frames:
            self._waiting.append(self._orders.take(frame, self._clock.utc()))
        armed = self._orders.armed()
        if armed.answers:
            self._waiting.append(armed)

    def busy(self):
        """True while an order is not finished."""
        return bool(self._waiting) or self._restart_s >= 0

    def restart_due(self, now_s):
        """True when a restart was ordered and its answer has had its time."""
        return 0 <= self._restart_s <= now_s

    def obey(self, now_s):
        """Finish what waits; True if there was anything."""
        if not self._waiting:
            return False
        while self._waiting:
            taken = self._waiting[0]
            for name, data in taken.files:
                state_files.save(self._flash, name, data)
                if name != "orders" and not self._search.on:
                    self._search.next_s = now_s  # the plan was for what is no longer so
            self._waiting = self._waiting[1:]
            for answer in taken.answers:
                self._recorder.answer(answer)
                done = (answer["order_id"], answer["result"], answer["reason"])
                self._log.info("order %d answered %d, reason %d" % done)
            if taken.command:
                self._do(taken.command, now_s)
        return True

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
            image.sos_open = 0
            self._log.info(alarm + " closed")
        elif what == layouts.RESTART:
            self._restart_s = now_s + RESTART_S
        elif what == layouts.TEST_ALARM:
            self._alarm(Event(layouts.TEST, 0, layouts.ORDERED))
