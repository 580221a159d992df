"""Lockstep time: a day of duty cycling in seconds, the same trace every time."""

import time

CYCLE = """
import machine, sys, time
sys.path.append("/rom/esp32")
from uart import Uart
gps = Uart(1, tx=17, rx=18)
rtc = machine.RTC()
count = len(rtc.memory()) + 1
rtc.memory(bytes(count))
total = 0
for _ in range(20):
    time.sleep_ms(100)
    total += len(gps.read())
print("woke", count, machine.wake_reason(), time.time(), time.ticks_ms(), total)
machine.deepsleep(600000)
"""
DAY_S = 24 * 3600


def day(make_board):
    board = make_board(CYCLE, mode="lockstep")
    for minute in range(0, 24 * 60, 7):
        board.at(minute * 60, lambda b: b.feed_gps(b"$GPGGA,120000,,,,,0,,,,,,,,*00\r\n" * 20))
    board.start()
    board.run_for(DAY_S)
    return list(board.log), list(board.events)


def test_a_day_of_duty_cycling_takes_seconds_and_repeats_exactly(make_board):
    began = time.monotonic()
    first = day(make_board)
    took = time.monotonic() - began
    assert took < 60
    assert len(first[0]) >= 142  # 600 s asleep and 2.3 s awake
    assert first[0][-1].split()[2] == "4"
    assert day(make_board) == first


def test_a_program_that_only_computes_is_stopped_as_by_a_watchdog(make_board, monkeypatch):
    monkeypatch.setattr("trygg_tools.rig.board.host.COMPUTING_MAX_S", 0.5)
    board = make_board(
        "import machine\nprint('cause', machine.reset_cause())\n"
        "while machine.reset_cause() == 1:\n    pass",
        mode="lockstep",
    )
    board.start()
    board.run_for(10)
    board.wait_line("cause 3")


def test_a_loop_that_looks_at_the_clock_does_not_stand_still(make_board):
    board = make_board(
        "import time\nt = time.ticks_ms()\n"
        "while time.ticks_diff(time.ticks_ms(), t) < 50:\n    pass\nprint('through')",
        mode="lockstep",
    )
    board.start()
    board.run_for(2)
    board.wait_line("through")


def test_times_k_runs_k_times_as_fast(make_board):
    board = make_board(
        "import time\nt = time.ticks_ms()\ntime.sleep(30)\n"
        "print('slept', time.ticks_diff(time.ticks_ms(), t))",
        mode="times",
        speed=60,
    )
    began = time.monotonic()
    board.start()
    slept = int(board.wait_line("slept").split()[1])
    assert slept >= 30000
    assert time.monotonic() - began < 20  # half a second, on a machine with time for it
