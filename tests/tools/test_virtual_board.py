"""The virtual board as a chip: starts, sleeps, resets, clocks, console."""

import os

import pytest

BEGIN = """
import machine, sys, time
sys.path.append("/rom/esp32")
rtc = machine.RTC()
print("start", machine.reset_cause(), machine.wake_reason(), rtc.memory())
"""


def lines(board, text):
    return [line for line in board.log if line.startswith(text)]


def test_a_board_boots_main_py_and_its_lines_reach_log_and_port(make_board):
    board = make_board("print('God morgen')\nprint('Solveig')")
    heard = []
    board.on_line(heard.append)
    board.start()
    board.wait_line("Solveig")
    assert heard[:2] == ["God morgen", "Solveig"]
    port = os.open(board.console_link, os.O_RDONLY | os.O_NOCTTY)
    read = b""
    while read.count(b"\n") < 2:
        read += os.read(port, 4096)
    os.close(port)
    assert read.startswith(b"God morgen\r\nSolveig\r\n")
    assert board.starts == 1


def test_deep_sleep_wakes_by_timer_with_rtc_memory_kept(make_board):
    board = make_board(
        BEGIN + "if not rtc.memory():\n    rtc.memory(b'Astrid')\n    machine.deepsleep(200)\n"
    )
    board.start()
    board.wait_line("start 4 4 b'Astrid'")
    assert lines(board, "start")[0] == "start 1 0 b''"
    assert board.wait_event("sleep").detail == (200,)


def test_the_button_ends_a_deep_sleep(make_board):
    board = make_board(
        BEGIN
        + """
from power import Power
power = Power(battery_pin=4, button_pin=0)
if power.start_reason()[0] == 1:
    power.deep_sleep(3600000, False)
"""
    )
    board.start()
    board.wait_event("sleep")
    board.press_button(300)
    board.wait_line("start 4 2")


def test_a_pressed_button_does_not_let_the_board_sleep(make_board):
    board = make_board(
        BEGIN
        + """
import esp32
esp32.wake_on_ext1((machine.Pin(7),), esp32.WAKEUP_ANY_HIGH)
if machine.reset_cause() == 1:
    machine.deepsleep(3600000)
"""
    )
    board.start()  # pin 7 is not held low by anybody, so it reads high at once
    board.wait_line("start 4 3")


def test_a_power_cut_takes_rtc_memory_and_clock_but_not_the_flash(make_board):
    board = make_board(
        BEGIN
        + """
from clock import Clock
print("utc", Clock().utc() > 0)
try:
    print("kept", open("/kept").read())
except OSError:
    with open("/kept", "w") as file:
        file.write("Ragnhild")
rtc.memory(b"x")
Clock().set_utc(200000000)
print("written")
"""
    )
    board.start()
    board.wait_line("written")
    board.power_cut()
    seen = len(board.log)
    board.power_on()
    board.wait_line("kept Ragnhild")
    assert board.log[seen : seen + 2] == ["start 1 0 b''", "utc False"]


def test_no_finally_runs_when_the_power_goes(make_board):
    board = make_board(
        "import time\ntry:\n    print('in')\n    time.sleep(60)\nfinally:\n    print('out')"
    )
    board.start()
    board.wait_line("in")
    board.power_cut()
    assert board.log == ["in"]


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        ("machine.reset()", 2),
        ("machine.WDT(timeout=100)\n    time.sleep(60)", 3),
        ("machine.soft_reset()", 5),
        ("sys.exit()", 5),
    ],
)
def test_resets_keep_rtc_memory_and_say_their_cause(make_board, end, cause):
    board = make_board(BEGIN + f"if not rtc.memory():\n    rtc.memory(b'Liv')\n    {end}\n")
    board.start()
    board.wait_line(f"start {cause} 0 b'Liv'")


def test_a_fed_watchdog_does_not_bite(make_board):
    board = make_board(
        "import machine, time\nw = machine.WDT(timeout=300)\n"
        "for _ in range(20):\n    time.sleep_ms(100)\n    w.feed()\nprint('alive')",
        mode="lockstep",
    )
    board.start()
    board.run_for(2.5)
    board.wait_line("alive")
    assert "watchdog" not in [event.kind for event in board.events]


def test_the_reset_button_is_a_new_power_on(make_board):
    board = make_board(BEGIN + "rtc.memory(b'x')\nprint('up')")
    board.start()
    board.wait_line("up")
    board.reset_button()
    board.wait_line("start 1 0 b''", since=2)


def test_rtc_memory_holds_2048_bytes_and_no_more(make_board):
    board = make_board(
        "import machine\nr = machine.RTC()\nr.memory(bytes(range(256)) * 8)\n"
        "print(r.memory() == bytes(range(256)) * 8)\n"
        "try:\n    r.memory(bytes(2049))\nexcept ValueError:\n    print('refused')"
    )
    board.start()
    board.wait_line("refused")
    assert board.log[0] == "True"


def test_ticks_wrap_at_two_to_the_thirtieth(make_board):
    board = make_board(
        "import time\na = time.ticks_ms()\ntime.sleep_ms(200)\nb = time.ticks_ms()\n"
        "print('ticks', a, b, time.ticks_diff(b, a))\n"
        "print(time.ticks_add(2**30 - 1, 2), time.ticks_diff(5, 2**30 - 5))",
        mode="lockstep",
        tick_start_ms=2**30 - 100,
    )
    board.start()
    board.run_for(1)
    before, after, between = (int(x) for x in board.wait_line("ticks").split()[1:])
    assert before > 2**30 - 101
    assert after < 200
    assert between in (200, 201)
    board.wait_line("1 10")


def test_the_epoch_is_2000_and_trygg_counts_from_2020(make_board):
    board = make_board(
        BEGIN
        + """
from clock import Clock
clock = Clock()
print("fresh", time.gmtime()[:3], clock.utc())
clock.set_utc(5)
print("set", time.gmtime()[:6], clock.utc(), time.time(), rtc.datetime()[:7])
if machine.reset_cause() == 1:
    machine.deepsleep(10000)
"""
    )
    board.start()
    board.wait_line("fresh (2000, 1, 1) 0")
    board.wait_line("set (2020, 1, 1, 0, 0, 5) 5 631152005 (2020, 1, 1, 2, 0, 0, 5)")


def test_the_clock_runs_on_through_deep_sleep(make_board):
    board = make_board(
        BEGIN
        + """
from clock import Clock
clock = Clock()
if machine.reset_cause() == 1:
    clock.set_utc(1000)
    machine.deepsleep(600000)
print("utc", clock.utc())
""",
        mode="lockstep",
    )
    board.start()
    board.run_for(700)
    assert board.wait_line("utc") in ("utc 1600", "utc 1601")


def test_an_error_in_main_is_printed_and_the_prompt_comes(make_board):
    board = make_board("1 // 0")
    board.start()
    board.wait_line("ZeroDivisionError")
    board.wait_line("MicroPython ")
    assert board.starts == 1


def test_a_flash_without_main_py_gives_a_prompt(make_board):
    board = make_board("")
    board.start()
    board.wait_line("MicroPython ")


def test_signals_that_come_together_are_felt_one_after_the_other(make_board):
    board = make_board(
        BEGIN
        + """
from board_io import BoardIo
from tracker.signals import Signals
signals = Signals(BoardIo(motor_pin=13))

def play(seconds):
    end = time.ticks_add(time.ticks_ms(), 1000 * seconds)
    while time.ticks_diff(end, time.ticks_ms()) > 0:
        signals.poll(time.ticks_ms())
        time.sleep_ms(min(20, signals.wait_ms()))

for name in ("sent", "stored", "taken"):
    signals.play(name)
play(12)
signals.play("test")
play(4)
print("end")
""",
        mode="lockstep",
    )
    board.start()
    board.run_for(18)
    board.wait_line("end")
    felt = [event.detail[0] for event in board.events if event.kind == "felt"]
    assert felt == ["sent", "stored", "taken", "test"]


def test_battery_charger_and_what_the_wearer_feels(make_board):
    board = make_board(
        BEGIN
        + """
from power import Power
from board_io import BoardIo
power = Power(battery_pin=4, charging_pin=14, button_pin=0, rails=(("gps", 21),))
board = BoardIo(button_pin=0, led_pin=12, motor_pin=13, worn_pin=10)
power.rail("gps", True)
print("battery", power.battery_mv(), power.charging(), board.button(), board.worn())
for ms in (800, 800):
    board.signal(1, 1)
    time.sleep_ms(ms)
    board.signal(0, 0)
    time.sleep_ms(300)
time.sleep(13)
print("end", power.battery_mv(), power.charging(), board.button(), board.worn())
""",
        mode="lockstep",
    )
    board.set_battery_mv(3700)
    board.at(10, lambda b: (b.set_battery_mv(3500), b.set_charging(True), b.set_strap(True)))
    board.at(14, lambda b: b.press_button(5000))
    board.start()
    board.run_for(17)
    board.wait_line("battery 3700 False False 2")
    board.wait_line("end 3500 True True 1")
    felt = [event.detail[0] for event in board.events if event.kind == "felt"]
    assert felt == ["taken"]
    assert ("pin", (21, 1)) in [(event.kind, event.detail) for event in board.events]


def test_the_firmware_sees_the_chip_and_not_the_host(make_board):
    board = make_board(
        "import sys, os\nprint(sys.path, sys.argv, os.listdir('/'))\n"
        "print([n for n in ('wire', 'ops', 'timers', 'chip_machine') if n in sys.modules])\n"
        "try:\n    import esp32.clock\nexcept ImportError as e:\n    print('esp32 is built in')\n"
    )
    board.start()
    board.wait_line("esp32 is built in")
    assert (
        board.log[0]
        == "['', '.frozen', '/lib', '/rom', '/rom/lib'] [] ['rom', 'config.json', 'main.py']"
    )
    assert board.log[1] == "[]"


def test_ports_come_and_go_with_the_board(make_board):
    board = make_board("print('up')")
    assert board.console_link.is_symlink()
    assert board.gps_link.is_symlink()
    board.start()
    board.wait_line("up")
    board.stop()
    assert not board.console_link.is_symlink()
    assert (board.folder / "console.log").read_text().splitlines()[0] == "up"
