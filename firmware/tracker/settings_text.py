"""What each setting does, in words for people; the tracker does without and never imports this.

A test keeps this file and settings.ROWS in step.
"""

from tracker.settings import ROWS

# (number, unit, what it does)
TEXTS = (
    (1, "dm/s",
     "Speed the wearer is trusted not to exceed; the stated bound holds up to it."),
    (2, "s",
     "Shortest pause between two fixes, near a boundary."),
    (3, "s",
     "Longest pause between two fixes, far inside or without reception."),
    (4, "dm",
     "Distance to a boundary that is kept in hand when the next fix is planned."),
    (5, "s",
     "How long the receiver searches before the tracker gives up for now."),
    (6, "s",
     "Pause between two fixes while the wearer is outside."),
    (7, "s",
     "Least time between two fixes that both count towards leaving or coming back."),
    (8, "s",
     "Time allowed for reaching the gateway, part of the stated bound."),
    (9, "s",
     "Pause between two reports while inside every fence."),
    (10, "s",
     "Pause between two reports near a boundary, without a fence or unsure."),
    (11, "s",
     "Pause between two reports while outside or after an SOS."),
    (12, "s",
     "Pause between two health records."),
    (13, "dm",
     "Distance beyond boundary and accuracy that counts as outside, for keep-in fences with none."),
    (14, "dm",
     "So deep inside counts as inside however inaccurate the fix (less in a narrow fence)."),
    (15, "dm",
     "Worst accuracy a fix is credited with, so that a bad one cannot hide an exit."),
    (16, "dm/s",
     "A fix that would take more than this speed is refused."),
    (17, "s",
     "Time near a boundary, neither inside nor outside, after which reports say *cannot tell*. "
     "An alarm comes so long after the wearer may have walked out, or, with nobody to vouch for "
     "them, after the last fix; 12 hours after it at most, once in 12 hours if nobody vouches."),
    (18, "s",
     "Time without a good fix after which reports say *cannot tell*. A motion sensor that has felt "
     "nothing for so long vouches for nobody, unless sensors_trusted; the alarm is near_max_s'."),
    (19, "%",
     "Charge at which the battery is reported low."),
    (20, "s",
     "MQTT keepalive: after one and a half of it unheard the link counts as gone."),
    (21, "s",
     "Shortest pause that is worth a deep sleep."),
    (22, "s",
     "Shortest pause between two fixes with a low battery; the stated bound counts it."),
    (23, "s",
     "How old the last fix may become while a motion sensor says that the wearer is still."),
    (24, "s",
     "How old the last fix may become while a home anchor is heard."),
    (25, "0 or 1",
     "1: the bound trusts motion sensor and anchor. 0: it holds even while they are wrong."),
    (26, "s",
     "Longest pause between two fixes on the charger."),
    (27, "s",
     "Pause between two reports at night while inside every fence, if longer than by day."),
    (28, "min",
     "When the night begins, in minutes after midnight of the fences' time zone."),
    (29, "min",
     "When the night ends; the same as its beginning: no night."),
    (30, "s",
     "How often the receiver stays on for half a minute so that it starts fast; 0: never."),
    (31, "s",
     "Search without progress after which it is given up, once no bound can be stated."),
    (35, "s",
     "How long the button is held to call for help."),
    (36, "s",
     "Countdown before the call goes out, in which a short press cancels it; 0: none."),
    (37, "h",
     "Hours the battery must last off the charger while no usual time of charging is known."),
    (38, "h",
     "Hours it must last beyond the next usual time of charging."),
    (39, "%",
     "Charge it must have off the charger while its hours are unknown."),
    (40, "s",
     "How long the strap is open, off the charger, before that is said."),
    (46, "s",
     "How long fixes that may be echoes must say outside before that is believed."),
    (47, "s",
     "How old a position may become at the gateway from ten minutes after an exit on, found and "
     "sent as usual; alarm_report_s or less: as at first."),
    (48, "s",
     "Longest pause between two reports while inside, by night too, from when the battery is low "
     "or does not last (off the charger too early) until it is charged: with the search there is "
     "one in ten minutes, so that who falls silent is missed within a quarter of an hour."),
)  # fmt: skip

COLUMNS = ("number", "name", "default", "low", "high", "unit", "what")


def full_rows():
    """A list of (number, name, default, low, high, unit, what it does), in the order of ROWS."""
    texts = {number: (unit, what) for number, unit, what in TEXTS}
    return [row + texts[row[0]] for row in ROWS]


def table():
    """The settings as a Markdown table, for the documentation."""
    lines = ["| number | name | default | from | to | unit | what it does |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in full_rows():
        lines.append("| %d | `%s` | %d | %d | %d | %s | %s |" % row)
    return "\n".join(lines) + "\n"
