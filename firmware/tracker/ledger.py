"""The energy ledger: the charge spent on each activity, by the board's own figures.

Each activity has a current (µA, hardware/boards/<board>.toml by way of /config.json), and time in
it becomes charge: SLEEP with the chip off, AWAKE with it on; RECEIVER, RADIO, SIGNALS and ANCHOR on
top of AWAKE. A modem that is reachable by eDRX costs EDRX in place of RADIO while it says nothing,
and one in PSM costs PSM, on top of AWAKE and of SLEEP. It is a model's sum and no measurement: as
good as the figures are. Counted in µAh since the start of the boot, with the part below one carried
in nA s so that nothing is rounded away over a week of short wakes. Sleeps and resets do not stop it
(SAVED_BYTES in RTC memory).

No integer passes 31 bits: a current is at most UA_MAX, an hour of it 1.04e9 µA s.
"""

import struct

from tracker import ticks

SLEEP, AWAKE, RECEIVER, RADIO, SIGNALS, ANCHOR, EDRX, PSM = 0, 1, 2, 3, 4, 5, 6, 7
ACTIVITIES = 8  # on the wire 1 .. 8, in this order
WITHOUT_MODEM = 6  # of a board that has none
UA_MAX = 290000
SAVED_BYTES = 64
_SAVED = "<16I"
_UAH_NAS = 3600000  # nA s in a µAh
_UAH_MAX = (1 << 30) - 1


class Ledger:
    """`energy`: the section of /config.json, `ua` its six or eight currents in the order of the
    activities and `boot_ms` what the chip is awake before the first step; without: no ledger."""

    def __init__(self, energy):
        ua = energy.get("ua", ())
        self._boot_ms = energy.get("boot_ms", 0)
        fits = len(ua) in (WITHOUT_MODEM, ACTIVITIES) and max(ua) <= UA_MAX and min(ua) >= 0
        self._ua = tuple(ua) if fits else ()
        self._uah = [0] * ACTIVITIES
        self._nas = [0] * ACTIVITIES  # below one µAh
        self._now = None

    def begin(self, now, passed_s, asleep, modem=0):
        """The first tick of this start, `passed_s` after what was saved, `asleep` or awake, a modem
        meanwhile in PSM, or 0."""
        self._now = now
        self.spend(SLEEP if asleep else AWAKE, passed_s)
        if modem:
            self.spend(modem, passed_s)
        self.spend(AWAKE, self._boot_ms // 1000, self._boot_ms % 1000)

    def advance(self, now, receiver, radio, signals, anchor, modem=0):
        """Count the time since the last call, in which these were on (True) or off; `modem` EDRX or
        PSM in place of the radio, or 0."""
        passed_ms = ticks.diff(now, self._now)
        self._now = now
        if passed_ms <= 0 or not self._ua:
            return
        s, ms = passed_ms // 1000, passed_ms % 1000
        self.spend(AWAKE, s, ms)
        if receiver:
            self.spend(RECEIVER, s, ms)
        if radio or modem:
            self.spend(modem or RADIO, s, ms)
        if signals:
            self.spend(SIGNALS, s, ms)
        if anchor:
            self.spend(ANCHOR, s, ms)

    def spend(self, activity, s, ms=0):
        """Count `s` seconds and `ms` (0 .. 999) milliseconds of an activity."""
        if activity >= len(self._ua):
            return
        ua = self._ua[activity]
        uah = s // 3600 * ua
        uas = s % 3600 * ua
        nas = self._nas[activity] + uas % 3600 * 1000 + ua * ms
        uah += uas // 3600 + nas // _UAH_NAS
        self._uah[activity] = min(_UAH_MAX, self._uah[activity] + uah)
        self._nas[activity] = nas % _UAH_NAS

    def total_uah(self):
        """All of it; a sum past 31 bits is cut."""
        return min(_UAH_MAX, sum(self._uah))

    def charge(self):
        """What a health record says: [{activity, uah}], those that have cost at least one µAh."""
        return [{"activity": place + 1, "uah": uah} for place, uah in enumerate(self._uah) if uah]

    def save(self):
        """SAVED_BYTES bytes."""
        return struct.pack(_SAVED, *self._uah, *self._nas)

    def load(self, data):
        """Go on with what `save` gave; False, and from 0, for anything else."""
        if len(data) != SAVED_BYTES:
            return False
        numbers = struct.unpack(_SAVED, data)
        if max(numbers) > _UAH_MAX or max(numbers[ACTIVITIES:]) >= _UAH_NAS:
            return False
        self._uah = list(numbers[:ACTIVITIES])
        self._nas = list(numbers[ACTIVITIES:])
        return True
