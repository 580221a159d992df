"""The parts of a board, one function each: measure, judge, say what to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import pynmea2

from trygg_tools.flash.errors import FlashError
from trygg_tools.selftest.bench import Bench
from trygg_tools.selftest.gravity import gravity
from trygg_tools.selftest.verdict import Verdict, failed, not_asked, not_there, ok

# a cell at rest: below the first it is flat or absent, above the second the divider is wrong
CELLS_MV = {"li_ion": (3300, 4250), "li_ion_4v35": (3300, 4400), "lifepo4": (2900, 3700)}
LISTEN_MS = 1500
DEEPSLEEP_RESET, TIMER_WAKE = 4, 4  # MicroPython's machine on an ESP32
ASKED_S = 15  # for a person to press, close or shake


class Person(NamedTuple):
    """Whoever stands beside the board: `ask` a question, True for yes; `tell` what to do."""

    tell: Callable[[str], None]
    ask: Callable[[str], bool]


class Act(NamedTuple):
    """Something that a person does to a part, and how the board feels it."""

    part: str
    told: str
    felt: str  # an expression on the board
    did: str
    alone: str  # what is known without a person
    suspect: str


_PRESSED = Act(
    "button", "Press the button", "io.button()", "pressed",
    "not stuck; nobody was there to press it", "button",
)  # fmt: skip
_CLOSED = Act(
    "strap", "Close the strap", "io.worn() == 1", "closed", "nobody was there to close it",
    "contact",
)  # fmt: skip
_MOVED = Act(
    "accelerometer", "Move the board", "io.motion()", "moved",
    "at rest; nobody was there to move the board", "part",
)  # fmt: skip


def battery(bench: Bench) -> Verdict:
    """Its voltage through the board's divider."""
    mv: int = bench.ask("power.battery_mv()")
    low, high = CELLS_MV[bench.config["energy"]["chemistry"]]
    charging: bool = bench.ask("power.charging()")
    if mv > high:
        text = f"{mv} mV, wanted at most {high}: battery_percent in the board's file is wrong"
        return failed("battery", text, mv=mv, charging=charging)
    if mv < low:
        text = f"{mv} mV, wanted at least {low}: charge it, or it is not connected"
        return failed("battery", text, mv=mv, charging=charging)
    return ok("battery", f"{mv} mV{', charging' if charging else ''}", mv=mv, charging=charging)


def receiver(bench: Bench, wait_s: float) -> Verdict:
    """Sentences, satellites and the time to a fix; a fix is wanted within `wait_s`, 0: not."""
    gnss = bench.config["gnss"]
    bench.rail("gnss", True)
    bench.open_line("gnss", {key: gnss[key] for key in ("number", "tx", "rx", "baud")})
    began, rest = time.monotonic(), b""
    seen = {"sentences": 0, "damaged": 0, "satellites": 0}
    while True:
        *lines, rest = (rest + bench.heard("gnss", LISTEN_MS)).split(b"\n")
        fixed = [_look(line, seen) for line in lines].count(True) > 0
        passed = time.monotonic() - began
        if fixed:
            text = f"a fix after {passed:.0f} s, {seen['satellites']} satellites"
            return ok("receiver", text, **seen, fix_s=round(passed))
        if passed > max(wait_s, 3):
            break
    bench.rail("gnss", False)
    if not seen["sentences"]:
        why = (
            "bytes, but no whole sentence: the baud rate" if seen["damaged"] else "nothing: TX, RX"
        )
        return failed("receiver", f"{why} or its supply is wrong", **seen)
    if wait_s:
        text = f"no fix in {wait_s:.0f} s: put it under the sky, look at the antenna"
        return failed("receiver", text, **seen)
    return ok("receiver", f"{seen['sentences']} sentences; a fix was not waited for", **seen)


def _look(line: bytes, seen: dict[str, int]) -> bool:
    """Count a sentence; True if it is of a fix."""
    try:
        said = pynmea2.parse(line.decode("ascii").strip(), check=True)
    except (pynmea2.ParseError, UnicodeDecodeError, ValueError):
        seen["damaged"] += bool(line.strip())
        return False
    seen["sentences"] += 1
    if said.sentence_type == "GGA":
        seen["satellites"] = max(seen["satellites"], int(said.num_sats or 0))
        return bool(int(said.gps_qual or 0))
    return False


def button(bench: Bench, person: Person | None) -> Verdict:
    """Pressed by a person; stuck is seen without one."""
    if bench.config["io"].get("button_pin", -1) < 0:
        return not_there("button")
    if bench.ask("io.button()"):
        return failed("button", "pressed though nobody presses it: stuck, or the pin is wrong")
    return _done_by(person, bench, _PRESSED)


def strap(bench: Bench, person: Person | None) -> Verdict:
    """Closed by a person."""
    if bench.config["io"].get("worn_pin", -1) < 0:
        return not_there("strap")
    return _done_by(person, bench, _CLOSED)


def accelerometer(bench: Bench, person: Person | None) -> Verdict:
    """Shaken by a person; one that never rests or answers is seen without."""
    if bench.config["io"].get("motion_pin", -1) < 0:
        return not_there("accelerometer")
    said = gravity(bench) if bench.config["io"].get("accelerometer") else ok("accelerometer", "")
    if said.word == "failed":
        return said
    bench.ask("io.motion()")
    time.sleep(0.5)
    if person is None and bench.ask("io.motion()"):
        return failed("accelerometer", "says motion though the board lies still")
    felt = _done_by(person, bench, _MOVED)
    return felt._replace(text="; ".join(filter(None, (said.text, felt.text))), value=said.value)


def light_and_motor(bench: Bench, person: Person | None) -> list[Verdict]:
    """Each on for half a second; only a person sees and feels it."""
    found = []
    for part, pin, levels in (("led", "led_pin", "1, 0"), ("motor", "motor_pin", "0, 1")):
        if bench.config["io"].get(pin, -1) < 0:
            found.append(not_there(part))
            continue
        bench.link.run(f"io.signal({levels})\ntime.sleep_ms(500)\nio.signal(0, 0)")
        word = "light up" if part == "led" else "vibrate"
        if person is None:
            found.append(not_asked(part, "driven; nobody was there to see it"))
        elif person.ask(f"Did it {word}?"):
            found.append(ok(part, f"seen to {word}"))
        else:
            found.append(failed(part, f"did not {word}: the part, its transistor or its pin"))
    return found


def rtc_memory(bench: Bench) -> Verdict:
    """A pattern that a reset leaves alone."""
    bench.link.run("power.retain(bytes(range(200)))")
    try:
        found = bench.leave_and_come_back("import machine\nmachine.reset()")
    except FlashError as error:
        return failed("rtc memory", f"the board did not come back from a reset: {error}")
    bench.link.run("power.retain(b'')")
    if bytes(range(200)).hex() in found["rtc"]:
        return ok("rtc memory", "200 bytes outlived a reset", reset_cause=found["cause"])
    text = "a reset emptied it: the supply breaks down, or the chip is no ESP32"
    return failed("rtc memory", text, reset_cause=found["cause"])


def deep_sleep(bench: Bench) -> Verdict:
    """Two seconds of it, woken by the timer."""
    try:
        found = bench.leave_and_come_back("power.deep_sleep(2000, False)")
    except FlashError as error:
        return failed("deep sleep", f"the board did not come back: {error}")
    value = {"reset_cause": found["cause"], "wake_reason": found["wake"]}
    if (found["cause"], found["wake"]) == (DEEPSLEEP_RESET, TIMER_WAKE):
        return ok("deep sleep", "woke by its timer", **value)
    text = f"started for another reason ({found['cause']}, {found['wake']}), not by the timer"
    return failed("deep sleep", text, **value)


def sleep_current(ua: int, stated_ua: int) -> Verdict:
    """What a meter showed in deep sleep beside what the board's file counts with."""
    value = {"ua": ua, "stated_ua": stated_ua}
    if ua > 2 * stated_ua:
        text = f"{ua} µA, wanted about {stated_ua}: a rail stays on, or a part leaks"
        return failed("sleep current", text, **value)
    return ok("sleep current", f"{ua} µA, the board's file says {stated_ua}", **value)


def _done_by(person: Person | None, bench: Bench, act: Act) -> Verdict:
    """Whether the board felt what the person was told to do, within ASKED_S."""
    if person is None:
        return not_asked(act.part, act.alone)
    person.tell(act.told)
    until = time.monotonic() + ASKED_S
    while time.monotonic() < until:
        if bench.ask(act.felt):
            return ok(act.part, act.did)
        time.sleep(0.1)
    return failed(act.part, f"not felt: the {act.suspect} or its pin is wrong")
