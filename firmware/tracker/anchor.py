"""A radio that is known to stay at home, and what hearing it says: near the place where it stands.

Where it stands is learned: while it is heard beside good fixes, and the fixes agree with one
another, AGREED times at least APART_MIN minutes from each other, the first of them is its place;
after that it is listened for beside a fix every KNOWN_MIN. Heard beside a fix that is elsewhere it
is not at home, or not there any more, and is learned anew: so an anchor that is carried along is
found out by the first fix away from home. It only ever plans: no fence is decided by it, and what
it lets pass has the maximum age of anchor_max_age_s.

Heard means within RANGE_DM of that place: the farthest at which such a radio is heard outdoors,
not as far as it usually is. All anchors of one order stand at one place.
"""

from tracker.fix import Fix
from tracker.geo import Place
from trygg_wire.layouts import BLE, WIFI

RANGE_DM = {WIFI: 1500, BLE: 1000}  # 2.4 GHz in the open; in a house a third of it
GOOD_DM = 300  # a fix this accurate may teach
AGREED = 3
APART_MIN = 10
KNOWN_MIN = 60
UNHEARD = -127
_AGREED_MAX = 7
_HEARD = 8
_PLACE_MASK = 0x1FF  # dm, up to GOOD_DM
_MINUTES = 0xFFFF  # of 45 days, then from 0 again


class Anchor:
    """Over an Anchor port or None, and the AnchorList of the radios that are known.

    heard: how the last look ended. faults: looks that the port ended by an error.
    """

    def __init__(self, port, radios):
        self.heard = False
        self.faults = 0
        self._port = port
        self._radios = radios
        self._version = radios.version  # of the list whose place was learned
        self._agreed = 0
        self._place = None
        self._place_dm = 0
        self._taught_min = -APART_MIN
        self._ends_s = -1  # of the look under way
        self._fix = None  # beside which it is

    def listens(self):
        """True where there is a radio to listen with and an anchor to listen for."""
        if self._version != self._radios.version:
            self._version = self._radios.version
            self.heard, self._agreed, self._place = False, 0, None
        return self._port is not None and bool(self._radios.known)

    def learned(self):
        """True when its place is known."""
        return self.listens() and self._agreed >= AGREED

    def looking(self):
        """True while it is listened for: the chip must not sleep."""
        return self._ends_s >= 0

    def begin(self, now_s, look_s):
        """Listen for `look_s` seconds at most."""
        self._ends_s = now_s + look_s
        self.heard = False
        try:
            self._port.look(self._radios.known)
        except OSError:
            self._stop()
            self._fix = None  # a later look is not beside it
            self.faults += 1

    def poll(self, now_s):
        """True once when a look has ended; `heard` is its result."""
        if self._ends_s < 0:
            return False
        try:
            dbm = self._port.seen()
        except OSError:
            self.faults += 1
            dbm = UNHEARD
        if dbm is None and now_s < self._ends_s:
            return False
        self._stop()
        self.heard = dbm is not None and dbm > UNHEARD
        if self._fix is not None:
            self._learn(self._fix)
            self._fix = None
        return True

    def beside(self, fix, now_s, look_s):
        """A good fix came: listen beside it when that may teach something."""
        if not self.listens() or self.looking() or fix.accuracy_dm > GOOD_DM:
            return
        elsewhere = self._place is not None and not self._near(fix)
        passed_min = now_s // 60 - self._taught_min & _MINUTES
        apart_min = APART_MIN if self._agreed < AGREED else KNOWN_MIN
        if passed_min >= apart_min or (elsewhere and self.heard):
            self._fix = fix
            self._taught_min = now_s // 60
            self.begin(now_s, look_s)

    def margin_cm(self, fences):
        """How far beyond the nearest boundary the wearer may be while it is heard, or None."""
        if not self.learned():
            return None
        lat_e6, lon_e6 = self._place
        margin_cm = fences.margin_cm(Fix(0, lat_e6, lon_e6, 0, 0, 0, 0, 0))
        return None if margin_cm is None else margin_cm + 10 * (self._range_dm() + self._place_dm)

    def save(self):
        """What was learned, as three numbers of 30 bits."""
        lat_e6, lon_e6 = self._place or (0, 0)
        state = self._agreed | (_HEARD if self.heard else 0) | self._place_dm << 4
        state |= (self._taught_min & _MINUTES) << 13
        return state, lat_e6 + 90000000, lon_e6 + 180000000

    def load(self, saved):
        """Take up what `save` gave."""
        state, north, east = saved
        self._agreed, self.heard = state & 7, bool(state & _HEARD)
        self._place_dm, self._taught_min = state >> 4 & _PLACE_MASK, state >> 13
        self._place = (north - 90000000, east - 180000000) if self._agreed else None

    def _learn(self, fix):
        if not self.heard:
            return
        if self._place is not None and self._near(fix):
            self._agreed = min(self._agreed + 1, _AGREED_MAX)
            return
        self._agreed = 1
        self._place = (fix.lat_e6, fix.lon_e6)
        self._place_dm = fix.accuracy_dm

    def _near(self, fix):
        """Whether `fix` can have been made where the anchor is heard."""
        lat_e6, lon_e6 = self._place
        off_cm = Place(lat_e6, lon_e6).distance_cm(Place(fix.lat_e6, fix.lon_e6))
        return off_cm <= 10 * (self._range_dm() + self._place_dm + fix.accuracy_dm)

    def _range_dm(self):
        return max([RANGE_DM.get(radio, RANGE_DM[WIFI]) for radio, _ in self._radios.known])

    def _stop(self):
        self._ends_s = -1
        try:
            self._port.stop()
        except OSError:
            self.faults += 1
