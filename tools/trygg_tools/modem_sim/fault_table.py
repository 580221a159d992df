"""The faults there are: fourteen behaviours that threads and manuals tell of, as rows.

A row names the fault, the behaviour it belongs to, what it does, the stage and pattern at which it
strikes unless the rule says otherwise, its own values with default and range, and its effect
(fault_effects.py). `trygg modem faults` prints this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from trygg_tools.modem_sim import fault_effects as does
from trygg_tools.modem_sim.quirk_table import QUIRKS

if TYPE_CHECKING:
    from trygg_tools.modem_sim.faults import Faults, Value
    from trygg_tools.modem_sim.modem import Modem

BEHAVIOURS = (
    "an unsolicited line in the middle of an answer, or between prompt and payload",
    "OK after the final unsolicited line, ERROR after it",
    "silence, late and stale answers, a hang",
    "garbage and half a line at the start, no RDY, another baud rate",
    "no fix with coordinates, a false fix 150 km away, a bogus accuracy",
    "GNSS refused while data is active, or a crash",
    "a reboot nobody asked for, brown-out, PSM, off, a PWRKEY that does nothing",
    "a publish doubled, or answered ERROR though it arrived; its PUBACK lost, the session lost",
    "the PDP context dropped, no cover for hours, attach refused for hours, the link lost",
    "the clock unset, the clock jumping",
    "a hostile payload coming down",
    "a frame by length cut short",
    "NMEA on the command port",
    "a firmware's quirk",
)


class Range(NamedTuple):
    """What a value may be: numbers of `low` to `high`, or one of `words`; () any text."""

    default: int | str
    low: int = 0
    high: int = 0
    words: tuple[str, ...] = ()


Effect = Callable[["Modem", "Faults", "dict[str, Value]"], None]


@dataclass(frozen=True)
class Kind:
    """One row."""

    name: str
    behaviour: int
    words: str
    effect: Effect
    stage: str = "heard"
    on: str = "*"
    times: int = 1
    ranges: dict[str, Range] = field(default_factory=dict)


PUBLISHES = "+*PUB*=*"
GNSS_STARTS = "+[CQ]G[NP]*[SR]=1*"
SECONDS = Range(60, 1, 31536000)
LINE = Range("DST: 1")

ROWS: tuple[Kind, ...] = (
    Kind("urc_in_answer", 1, "an unsolicited line between an answer and its OK", does.say_line,
         "line", ranges={"line": LINE}),
    Kind("urc_at_prompt", 1, "an unsolicited line between the prompt and the payload",
         does.say_line, "prompt", ranges={"line": LINE}),
    Kind("late_ok", 2, "OK only after the unsolicited line that ends the command", does.late_ok,
         "final", times=0, ranges={"seconds": Range(5, 1, 600)}),
    Kind("error_after_urc", 2, "ERROR in place of OK, after the unsolicited line",
         does.error_after_urc, "final", ranges={"seconds": Range(5, 1, 600)}),
    Kind("silence", 3, "says nothing; hears nothing either, or (later=1) answers all afterwards",
         does.silence, ranges={"seconds": SECONDS, "later": Range(0, 0, 1)}),
    Kind("late_answer", 3, "the last line of this command comes late: it meets the next command",
         does.late_answer, "final", ranges={"seconds": Range(30, 1, 86400)}),
    Kind("slow_answer", 3, "the command is not done; `result` comes after so long",
         does.slow_answer, ranges={"seconds": Range(150, 1, 86400), "result": Range("ERROR")}),
    Kind("stale_answer", 3, "not done, no answer; `result` comes in front of the next answer",
         does.stale_answer, ranges={"result": Range("OK")}),
    Kind("lost_answer", 3, "done, but its last line never comes", does.lost_answer, "final"),
    Kind("hang", 3, "deaf and mute until PWRKEY (until=key), or only the supply (until=rail)",
         does.hang, ranges={"until": Range("key", words=("key", "rail"))}),
    Kind("garbage", 4, "bytes of another baud rate and half a line", does.garbage, "boot",
         ranges={"bytes": Range(20, 1, 500)}),
    Kind("no_rdy", 4, "the first lines of a start are missing", does.no_rdy, "time",
         ranges={"starts": Range(1, 1, 1000)}),
    Kind("baud_lost", 4, "the modem talks at another rate from now on", does.baud_lost,
         ranges={"rate": Range(9600, 1200, 921600)}),
    Kind("false_fix", 5, "+CGNSINF lies: `far`, 150 km off, no flag; `accuracy`, a fix of 9999 km",
         does.false_fix, "time", ranges={
             "how": Range("far", words=("far", "accuracy")), "seconds": Range(600, 1, 86400)}),
    Kind("gnss_refused", 6, "the start of GNSS is refused", does.refuse, on=GNSS_STARTS),
    Kind("gnss_crash", 6, "the start of GNSS takes the module down", does.reboot, on=GNSS_STARTS),
    Kind("reboot", 7, "a start nobody asked for", does.reboot),
    Kind("brown_out", 7, "the supply sags, is out, and comes back after so long", does.brown_out,
         ranges={"seconds": Range(3, 1, 600)}),
    Kind("off", 7, "off without a word", does.off),
    Kind("psm", 7, "into PSM: the UART is dead until PWRKEY", does.psm, "after"),
    Kind("dead_key", 7, "so many presses of PWRKEY do nothing", does.dead_key, "time",
         ranges={"presses": Range(1, 1, 1000)}),
    Kind("puback_lost", 8, "the broker has the publish, its acknowledgement is lost",
         does.puback_lost, on=PUBLISHES),
    Kind("publish_error", 8, "published and acknowledged, but the answer is ERROR",
         does.error_now, "final", on=PUBLISHES),
    Kind("publish_fails", 8, "not published; the result is this code, then the link is lost",
         does.publish_fails, on=PUBLISHES, ranges={"code": Range(6, 1, 35)}),
    Kind("double_publish", 8, "the modem itself sends the publish twice", does.double_publish,
         on=PUBLISHES),
    Kind("session_lost", 8, "the broker has forgotten the session", does.session_lost, "time"),
    Kind("pdp_drop", 9, "the network takes the context away", does.pdp_drop),
    Kind("link_lost", 9, "the broker or the peer ends every connection", does.link_lost),
    Kind("coverage", 9, "no cover for so long", does.coverage, ranges={"seconds": SECONDS}),
    Kind("attach_fails", 9, "the network refuses for so long", does.attach_fails,
         ranges={"seconds": Range(172800, 1, 31536000)}),
    Kind("clock_unset", 10, "the clock shows 1980 and the network tells no time for so long",
         does.clock_unset, ranges={"seconds": Range(3600, 1, 31536000)}),
    Kind("clock_jump", 10, "the clock jumps by so many hours, and a line says so",
         does.clock_jump, ranges={"hours": Range(5, -100000, 100000)}),
    Kind("hostile_payload", 11, "a message with quotes, line ends, OK, > and false lines in it",
         does.hostile, "after", ranges={
             "topic": Range("trygg/hostile"), "which": Range(-1, -1, 20)}),
    Kind("cut_frame", 12, "the next frame by length ends after so many bytes", does.cut_frame,
         ranges={"bytes": Range(3, 0, 10000)}),
    Kind("nmea_in_answer", 13, "an NMEA sentence between an answer and its OK", does.nmea_once,
         "line"),
    Kind("nmea", 13, "NMEA sentences every second for so long, wherever they fall", does.nmea,
         ranges={"seconds": SECONDS}),
    Kind("quirk", 14, "a firmware's peculiarity from now on", does.quirk, "time",
         ranges={"quirk": Range("gnss_crash", words=tuple(QUIRKS))}),
)  # fmt: skip
KINDS: dict[str, Kind] = {row.name: row for row in ROWS}


def page() -> str:
    """The table of docs/modem_sim.md."""
    lines = [
        "| fault | behaviour | what happens | strikes at | its values |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        values = ", ".join(f"`{key}={span.default}`" for key, span in row.ranges.items())
        on = "" if row.on == "*" else f" of `{row.on}`"
        lines.append(
            f"| `{row.name}` | {row.behaviour} | {row.words} | {row.stage}{on} | {values} |"
        )
    return "\n".join(lines)
