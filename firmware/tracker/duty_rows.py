"""How long the receiver may stay off, as two tables that a technician can read.

PAUSES says when the next fix is due: the first row whose condition holds decides. SLACKS says by
how much that may be later than the wearer could be at a boundary, and so what the stated bound has
to count: the longest of the rows whose conditions hold. A row of kind PAUSE is used for every
pause; a row of kind SKIP only lets a search be left out that is due, and asks again at its end.
Conditions and rules take (Duty, Situation); conditions of SLACKS are names of Situation's fields.
"""

from trygg_wire.layouts import OUTSIDE, UNKNOWN

NEVER_S = 1 << 20
SEND_S = 10  # from a fix until the gateway has it, as a rule
PAUSE, SKIP = 1, 2


class Situation:
    """What is known when the next fix is planned; the defaults are a tracker that knows nothing.

    margin_cm: how far the last good fix is beyond the nearest boundary, None without fence or fix;
    accuracy_dm, age_s: that fix's. anchor_margin_cm: the same of the farthest place where the home
    anchor is heard, None when it tells nothing. state: FenceSet.worst's. change_s: until a fence's
    schedule changes. still: nothing has moved since the last good fix, and a sensor says so.
    walking: a sensor says that the wearer has moved for some seconds and still does. followed:
    outside, and not just left; inside_cm: as margin_cm, of the fences that are not left, None
    without any.
    """

    def __init__(self):
        self.margin_cm = None
        self.accuracy_dm = 0
        self.age_s = 0
        self.anchor_margin_cm = None
        self.state = UNKNOWN
        self.change_s = NEVER_S
        self.always = True
        self.confirming = False  # one more fix may decide
        self.alarm_open = False  # an SOS, or an alarm nobody has closed
        self.still = False
        self.walking = False
        self.at_anchor = False  # the home anchor was heard when it was last listened for
        self.upkeep = False  # the receiver is on and its ephemerides want to be made fresh
        self.battery_low = False
        self.charging = False
        self.night = False
        self.followed = False
        self.inside_cm = None


# -- conditions ----------------------------------------------------------------------------


def _in_alarm(_duty, at):
    return at.state == OUTSIDE or at.alarm_open


def _followed(_duty, at):
    return at.followed


def _failing_in_alarm(duty, at):
    return duty.failures and _in_alarm(duty, at)


def _failing_on_foot(duty, at):
    return duty.failures and at.walking


def _failing(duty, _at):
    return duty.failures


def _deciding(_duty, at):
    return at.confirming or at.upkeep


def _nowhere(_duty, at):
    return at.margin_cm is None


def _always(_duty, _at):
    return True


# -- rules: seconds from now ---------------------------------------------------------------


def _at_once(_duty, _at):
    return 0


def _back_off(duty, at):
    """Longer each time, but never longer than was stated, and not before it can matter."""
    reach_s = duty.reach_s(at.margin_cm, at.accuracy_dm) - at.age_s
    return max(_doubled(duty), reach_s)


def _floor_on_foot(duty, at):
    """Who walks may come to where there is reception, or away: no growth."""
    reach_s = duty.reach_s(at.margin_cm, at.accuracy_dm) - at.age_s
    return max(min(duty.settings.fix_floor_s, _doubled(duty)), reach_s)


def _back_off_in_alarm(duty, at):
    settings = duty.settings
    return min(_doubled(duty), settings.follow_s if at.followed else settings.alarm_fix_s)


def _doubled(duty):
    pause_s = duty.settings.fix_floor_s << duty.failures - 1
    return min(duty.settings.fix_ceiling_s, pause_s, duty.slack_s)


def _alarm_pause(duty, at):
    return min(duty.settings.alarm_fix_s, duty.settings.fix_floor_s) - at.age_s


def _follow_pause(duty, at):
    """So that the gateway's position is never older, and as ever for the fences not left."""
    pause_s = duty.settings.follow_s - duty.time_to_fix_s - SEND_S
    if at.inside_cm is not None:
        way_s = duty.reach_s(at.inside_cm, at.accuracy_dm)
        pause_s = min(pause_s, max(way_s, duty.pause_slack_s(at)))
    return max(pause_s - at.age_s, _alarm_pause(duty, at))


def _ceiling(duty, at):
    return _ceiling_s(duty, at) - at.age_s


def _before_the_boundary(duty, at):
    reach_s = duty.reach_s(at.margin_cm, at.accuracy_dm)
    return min(max(reach_s, duty.pause_slack_s(at)), _ceiling_s(duty, at)) - at.age_s


def _ceiling_s(duty, at):
    settings = duty.settings
    if at.charging:
        return min(settings.fix_ceiling_s, max(settings.fix_floor_s, settings.charging_fix_s))
    return max(settings.fix_ceiling_s, duty.pause_slack_s(at))


# -- the tables ----------------------------------------------------------------------------

PAUSES = (
    # when                                   the next fix is due in
    (_failing_in_alarm, _back_off_in_alarm),  # fix_floor_s, doubling up to alarm_fix_s, follow_s
    (_failing_on_foot, _floor_on_foot),  #      fix_floor_s, or the way if longer
    (_failing, _back_off),  #                   the same up to fix_ceiling_s, or the way if longer
    (_deciding, _at_once),  #                   0: the receiver stays on
    (_followed, _follow_pause),  #              follow_s less the time to find and send it
    (_in_alarm, _alarm_pause),  #               alarm_fix_s or fix_floor_s, whichever is less
    (_nowhere, _ceiling),  #                    fix_ceiling_s, on the charger charging_fix_s
    (_always, _before_the_boundary),  #         the time to the boundary, at least the slack
)

SLACKS = (
    # while            as long as            how
    ("always", "fix_floor_s", PAUSE),
    ("battery_low", "battery_low_fix_s", PAUSE),
    ("still", "motion_max_age_s", SKIP),
    ("at_anchor", "anchor_max_age_s", SKIP),
)
