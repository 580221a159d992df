"""Battery and charger: what is left, for how long, and when that is too little to go out with.

A tracker that is taken off its charger must last until it is usually charged next, and day_spare_h
more; without a usual time for day_needs_h. When its hours are unknown, its charge must be at least
off_charger_percent. It is judged as soon as it is surely off, and once more after the cell has come
to rest, for a cell straight from the charger stands higher than it is. Too little is an alarm.
A charger that says that it has finished counts as taken off: the cell is full then.

The case that this is made for: Norway 2022 (tests/gateway/test_nursing_home.py): battery low at
14:19, on the charger, off it at 15:04, dead soon after, and nobody was told.

What was learned of the use goes to flash when the tracker is put on its charger, once in KEEP_S at
most, so that it outlives a power loss; the rest is in RTC memory (`remember`, `take_up`).
"""

import struct
from binascii import crc32

from tracker import charger, hours_left, state_files
from tracker.battery import Battery
from tracker.charger import Charger
from tracker.fence_rule import Event
from tracker.hours_left import HoursLeft
from trygg_wire import layouts

CHECK_S = 30  # between two looks at the battery
RESTED_S = 600  # after the charger, for the second judgement
KEEP_S = 14400
_FILE = "use"


class Supply:
    """Over the ports `parts` and the Settings; `energy` the section of /config.json.

    `spent` gives (µAh, minutes) that the ledger has counted since the start of this boot.
    off_early: it was taken off the charger with too little, and is not back there.
    """

    def __init__(self, parts, settings, energy, spent):
        self._power = parts.power
        self._flash = parts.flash
        self._settings = settings
        self._spent = spent
        self.battery = Battery(energy.get("chemistry", ""))
        self.hours = HoursLeft(energy.get("battery_mah", 0))
        self.charger = Charger()
        self._check_s = 0
        self._judge_s = 0  # when it is judged again; 0: not
        self.off_early = False  # taken off the charger too early, and not put back
        self._kept_s = -KEEP_S

    def poll(self, now_s, utc, resting):
        """(Event or None, pattern to be felt or ""); `resting`: no radio pulls the voltage down.

        OSError when the flash does not take what was learned, with nothing else to say.
        """
        what = self.charger.poll(now_s, self._power.charging(), utc)
        judge = what == charger.TAKEN_OFF or 0 < self._judge_s <= now_s
        if not judge and what == charger.NOTHING and now_s < self._check_s:
            return None, ""
        self._check_s = now_s + CHECK_S
        if judge:
            self._judge_s = self._check_s  # again, if the battery cannot be read now
        low = self.battery.read(self._power, self._settings.battery_low_percent, self.on())
        if resting:
            self.hours.note(now_s, self.battery.charge, self.battery.charging)
        if what == charger.PUT_ON:
            self._judge_s = 0
            self.off_early = False
            self._keep(now_s)
            return None, "charger"
        if judge:
            self._judge_s = now_s + RESTED_S if what == charger.TAKEN_OFF else 0
            if self.too_little(utc):
                self._judge_s = 0
                self.off_early = True
                return Event(layouts.OFF_CHARGER, 0, layouts.LEVEL), ""
        if low:
            return Event(layouts.BATTERY_LOW, 0, layouts.LEVEL), ""
        return None, ""

    def on(self):
        """True while it is on the charger, or not surely off it."""
        return bool(self.charger.on_s) or bool(self._power.charging())

    def awake(self):
        """True while nobody is to sleep: the charger pays, and coming off it must be seen."""
        return self.charger.unsure() or self.on()

    def wait_s(self, now_s):
        """Seconds until the next look."""
        return 1 if self.charger.unsure() else max(0, self._check_s - now_s)

    def hours_left(self):
        """Whole hours that the battery lasts, hours_left.UNKNOWN when that is not known."""
        spent_uah, spent_min = self._spent()
        charging = self.battery.charging
        return self.hours.hours(self.battery.permille, charging, spent_uah, spent_min)

    def too_little(self, utc):
        """True when what is left does not last until it can be expected to be charged."""
        settings, left_h = self._settings, self.hours_left()
        if left_h == hours_left.UNKNOWN:
            return self.battery.percent < settings.off_charger_percent
        usual_h = self.charger.hours_to_usual(utc)
        if usual_h < 0:
            return left_h < settings.day_needs_h
        return left_h < usual_h + settings.day_spare_h

    # -- what outlives a reset, and a power loss -------------------------------------------

    def remember(self, image):
        """Write what a reset must not lose into the image of retained.py."""
        image.battery_said = (1 if self.battery.said else 0) | (2 if self.off_early else 0)
        image.charger_on_s = self.charger.on_s
        image.usual_min = self.charger.usual_min + 1
        image.judge_s = self._judge_s
        use = self.hours.save()
        image.use_minutes, image.use_drop, image.use_stretch = use[:3]
        image.use_last, image.use_at_s = use[3:]

    def take_up(self, image, new_boot):
        """Go on with the image; of a new boot only what was learned is known, from flash."""
        if new_boot:
            self._recall()
            return
        self.battery.said = bool(image.battery_said & 1)
        self.off_early = bool(image.battery_said & 2)
        self.charger.on_s = image.charger_on_s
        self.charger.usual_min = image.usual_min - 1
        self._judge_s = image.judge_s
        use = (image.use_minutes, image.use_drop, image.use_stretch, image.use_last)
        self.hours.load(use + (image.use_at_s,))

    def _keep(self, now_s):
        """What was learned into flash, not more often than once in KEEP_S."""
        if now_s - self._kept_s < KEEP_S:
            return
        self._kept_s = now_s
        minutes, drop = self.hours.learned()
        data = struct.pack("<IIi", minutes, drop, self.charger.usual_min)
        state_files.save(self._flash, _FILE, data + struct.pack("<I", crc32(data) & 0xFFFFFFFF))

    def _recall(self):
        """What an earlier boot learned; a file that is damaged or cannot be read is as none."""
        data = state_files.load(self._flash, _FILE) or b""
        if (
            len(data) != 16
            or struct.unpack_from("<I", data, 12)[0] != crc32(data[:12]) & 0xFFFFFFFF
        ):
            return
        minutes, drop, usual_min = struct.unpack_from("<IIi", data)
        if minutes <= hours_left.KEPT_MIN and drop < 1 << 20 and -1 <= usual_min < 1440:
            self.hours.load((minutes, drop, 0, 0, 0))
            self.charger.usual_min = usual_min
