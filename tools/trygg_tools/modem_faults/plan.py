"""Which runs: every fault of fault_table.ROWS at every step of a dialogue without one.

A clean run of each dialect and way counts the places where a fault can strike: commands heard,
prompts, answers, starts. Each fault, in the forms of FORMS, is then tried at each of them. A
campaign of fewer runs than there are places takes as many of every fault, chosen by the seed.
"""

from collections import Counter
from fnmatch import fnmatchcase
from functools import cache
from random import Random

from trygg_tools.modem_faults.journey import OVER_S, Journey
from trygg_tools.modem_faults.trial import OPEN_S, Case
from trygg_tools.modem_sim.fault_file import from_words
from trygg_tools.modem_sim.faults import Faults
from trygg_tools.modem_sim.modem import Modem
from trygg_tools.modem_sim.part import Part
from trygg_tools.modem_sim.parts import PARTS

DIALECTS = ("sim7080", "sim7000", "sim7600", "a7670", "bg95")
WAYS = ("mqtt", "socket", "gnss")  # gnss: MQTT of the modem, and its receiver
TIMES_S = (0, 1, 4, 8, 12, 16, 40, 90, 97, 100, 110, 150, 205, 255, 699)  # of what has a time
DAYS_S = 2 * 86400
NEVER = "silence nth=1000000"
OUTAGE = f"coverage seconds={DAYS_S} nth=5"
QUIET_S = DAYS_S + 3 * 3600  # an alarm after it all
OPEN_OUTAGE = f"attach_fails {OPEN_S} nth=60"  # from when an alarm stands open
FORMS = (
    "urc_in_answer line=DST:_1", "urc_at_prompt line=DST:_1", "late_ok seconds=5 times=1",
    "late_ok seconds=3 on=+CMQTT*=*", "late_ok seconds=3 on=+QMT*=*",
    "late_ok seconds=3 on=+CNACT=*",
    "error_after_urc seconds=5", "silence seconds=60", "silence seconds=20 later=1",
    "silence seconds=1200", "late_answer seconds=30", "slow_answer seconds=150 result=ERROR",
    "slow_answer seconds=20 result=OK", "stale_answer result=OK", "stale_answer result=ERROR",
    "lost_answer", "hang until=key", "hang until=rail", "garbage bytes=20", "garbage bytes=300",
    "no_rdy starts=3", "baud_lost rate=9600", "baud_lost rate=57600", "reboot",
    "brown_out seconds=3", "off", "psm", "dead_key presses=1", "dead_key presses=4", "puback_lost",
    "publish_error", "publish_fails code=6", "double_publish", "session_lost", "pdp_drop",
    "link_lost", "coverage seconds=60", "coverage seconds=1200", "attach_fails seconds=600",
    "attach_fails seconds=1800", "clock_unset seconds=3600", "clock_jump hours=5",
    "clock_jump hours=-30", "hostile_payload", "hostile_payload topic=trygg/v1/lier/kari/down",
    "gnss_refused", "gnss_crash", "false_fix how=far seconds=600",
    "false_fix how=accuracy seconds=600", "cut_frame bytes=3", "cut_frame bytes=30",
    "nmea_in_answer", "nmea seconds=60",
)  # fmt: skip


class Listening(Faults):
    """Faults that only count where they could have struck."""

    def __init__(self) -> None:
        super().__init__([from_words(NEVER)])
        self.places: list[tuple[str, str]] = []

    def strike(self, modem: Modem, stage: str, text: str) -> None:
        """Note the place."""
        self.places.append((stage, text))


@cache
def places(dialect: str, way: str) -> tuple[tuple[str, str], ...]:
    """(stage, command) of a run without a fault, in their order."""
    faults = Listening()
    Journey(dialect, way, 0, faults).tracker.run(OVER_S)
    return tuple(faults.places)


def steps_of(dialect: str, way: str, form: str) -> list[str]:
    """The fault in every place of that dialogue, in words."""
    rule = from_words(form)
    if rule.stage == "time":
        return [f"{form} at_s={at_s}" for at_s in TIMES_S]
    counted = Counter(
        stage
        for stage, text in places(dialect, way)
        if stage == rule.stage and fnmatchcase(text, rule.on)
    )
    return [f"{form} nth={nth}" for nth in range(1, counted[rule.stage] + 1)]


def forms_of(part: Part) -> list[str]:
    """FORMS, and each quirk that firmware of this part or of a relative has."""
    quirks = sorted({quirk for firmware in part.firmwares for quirk in firmware.quirks})
    return [*FORMS, *(f"quirk quirk={name}" for name in quirks)]


def everything(only: str = "") -> dict[tuple[str, str, str], list[str]]:
    """{(dialect, way, form): the fault in words, at each step}; `only` a word of one of them."""
    made = {}
    for dialect in DIALECTS:
        for way in WAYS:
            for form in forms_of(PARTS[dialect]):
                if only and only not in (dialect, way, form.split()[0], f"{dialect}/{way}"):
                    continue
                steps = steps_of(dialect, way, form)
                if steps:
                    made[dialect, way, form] = steps
    return made


def clean() -> list[Case]:
    """A run without a fault of each dialect and way."""
    return [Case(dialect, way, "", 0) for dialect in DIALECTS for way in WAYS]


def outages() -> list[Case]:
    """Two days without a network in ordinary times, and hours of it while an alarm is open."""
    made = [Case(dialect, "mqtt", OUTAGE, 0, QUIET_S) for dialect in DIALECTS]
    return made + [Case(dialect, "mqtt", OPEN_OUTAGE, 0) for dialect in DIALECTS]


def chosen(runs: int, seed: int, only: str = "") -> list[Case]:
    """So many cases (0: all once), in an order in which every start of it is a fair sample."""
    chance = Random(seed)  # noqa: S311  (a campaign's choice)
    groups = [
        [Case(dialect, way, words, 0) for words in chance.sample(steps, len(steps))]
        for (dialect, way, _form), steps in everything(only).items()
    ]
    chance.shuffle(groups)
    total = sum(len(group) for group in groups)
    cases: list[Case] = []
    turn = 0
    while len(cases) < (runs or total):
        for group in groups:
            if runs or turn < len(group):
                cases.append(group[turn % len(group)]._replace(seed=seed + len(cases)))
        turn += 1
    return cases[: runs or total]
