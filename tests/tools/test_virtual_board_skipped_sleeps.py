"""Hours of a board in seconds while real peers go on in real time: its sleeps are jumped over."""

import time
from itertools import pairwise

ASLEEP_AN_HOUR = """
import machine, time
rtc = machine.RTC()
print("woke", len(rtc.memory()), machine.reset_cause(), machine.wake_reason())
rtc.memory(rtc.memory() + b"x")
time.sleep_ms(100)
machine.deepsleep(3600000)
"""


def test_the_world_jumps_over_the_sleeps_and_over_nothing_else(make_board):
    board = make_board(ASLEEP_AN_HOUR)
    board.start()
    board.wait_event("sleep")
    began, born_s = time.monotonic(), board.world_s
    seen = []
    board.at(born_s + 1800, lambda b: seen.append(b.world_s))
    board.skip_sleeps(4.5 * 3600)
    board.wait_line("woke 4 4 4", 60)
    board.wait_event("sleep", since=len(board.events) - 1)
    assert time.monotonic() - began < 90
    assert born_s + 1800 <= seen[0] < born_s + 1900  # what happens outside comes at its time
    awake = [event.at_ms for event in board.events if event.kind == "start"]
    apart = [later - before for before, later in pairwise(awake)]
    assert all(3_600_300 < one < 3_630_000 for one in apart)  # a start takes what it takes here
    assert born_s + 4.5 * 3600 <= board.world_s < born_s + 4.5 * 3600 + 120


def test_the_button_still_ends_a_sleep_when_the_skipping_is_over(make_board):
    board = make_board(
        "import machine, sys\nsys.path.append('/rom/esp32')\nfrom power import Power\n"
        "power = Power(battery_pin=4, button_pin=0)\n"
        "print('woke', *power.start_reason())\npower.deep_sleep(3600000, False)"
    )
    board.start()
    board.wait_event("sleep")
    board.skip_sleeps(1800)
    since = len(board.log)
    board.press_button(300)
    board.wait_line("woke 4 2", since=since)
    assert 1800 < board.world_s < 1900
