"""Recovery: starts that end badly are counted, told apart from those that do not, and braked."""

from tracker import recovery
from tracker.recovery import (
    GOOD_S,
    HUNG_AFTER,
    LINK,
    PAUSE_MAX_MS,
    RECEIVER,
    SAFE_AFTER,
    START,
    WAITING,
)
from trygg_tools.rig.power import DEEPSLEEP, HARD, PWRON, SOFT, WDT, Power


def started(power, cause):
    power.start(cause)
    return recovery.Recovery(power)


def crashed(times, stage=LINK, cause=WDT, power=None):
    power = power or Power()
    known = started(power, PWRON)
    for _ in range(times):
        known.mark(stage)
        known = started(power, cause)
    return power, known


def test_a_first_start_knows_of_nothing():
    known = started(Power(), PWRON)
    assert (known.crashes, known.last_stage, known.safe, known.crashed) == (0, 0, False, False)
    assert not [stage for stage in range(1, 10) if known.leaves_out(stage)]


def test_the_watchdog_tells_in_which_stage_the_last_start_ended():
    for stage in range(START, WAITING + 1):
        _, known = crashed(1, stage)
        assert (known.crashes, known.last_stage, known.crashed) == (1, stage, True)


def test_a_fault_is_a_crash_whatever_the_chip_calls_the_reset():
    for cause in (HARD, SOFT, WDT):
        power, known = crashed(0)
        known.mark(WAITING)
        known.fell()
        known = started(power, cause)
        assert (known.crashes, known.last_stage) == (1, WAITING)


def test_a_sleep_an_ordered_restart_and_a_persons_reset_are_none():
    power, known = crashed(0)
    known.mark(LINK)
    known.asleep()
    assert not started(power, DEEPSLEEP).crashed
    known.forgive()
    assert not started(power, HARD).crashed
    for cause in (HARD, SOFT):
        known.mark(WAITING)
        assert not started(power, cause).crashed


def test_a_reset_in_the_middle_of_a_stage_is_one():
    assert crashed(1, RECEIVER, HARD)[1].crashed  # a panic of the interpreter
    assert not crashed(1, RECEIVER, PWRON)[1].crashed  # a power loss knows nothing


def test_three_in_a_row_are_safe_mode_and_six_leave_out_what_they_ended_in():
    for times in range(1, 10):
        _, known = crashed(times, RECEIVER)
        assert known.safe == (times >= SAFE_AFTER)
        assert known.leaves_out(RECEIVER) == (times >= HUNG_AFTER)
        assert not known.leaves_out(LINK)
        assert not known.leaves_out(0)


def test_a_fault_of_ours_is_left_out_at_once():
    power, known = crashed(0)
    for _ in range(SAFE_AFTER):
        known.mark(RECEIVER)
        known.fell()
        known = started(power, SOFT)
    assert known.safe and known.leaves_out(RECEIVER)


def test_what_else_fails_in_safe_mode_is_left_out_too():
    power, known = crashed(HUNG_AFTER, RECEIVER)
    known.mark(START)
    known = started(power, WDT)
    assert known.leaves_out(RECEIVER) and not known.leaves_out(START)  # once may be chance
    known.mark(START)
    known = started(power, WDT)
    assert known.leaves_out(RECEIVER) and known.leaves_out(START)


def test_a_good_hour_ends_it_and_each_return_takes_twice_as_long():
    power, known = crashed(2)
    assert known.good_s() == GOOD_S
    known.good()
    known.asleep()
    assert started(power, HARD).crashes == 0
    waited = []
    for _ in range(7):
        for _ in range(3):
            known = started(power, DEEPSLEEP)
            known.mark(LINK)
            known = started(power, WDT)
        assert known.safe
        waited.append(known.good_s())
        known.good()
        known.asleep()
    assert waited == [GOOD_S << n for n in (0, 1, 2, 3, 4, 4, 4)]
    known = started(power, DEEPSLEEP)
    assert not known.safe and not known.leaves_out(LINK)
    known.good()  # a good hour outside of safe mode: as if nothing had been
    power, known = crashed(3, LINK, WDT, power)
    assert known.good_s() == GOOD_S


def test_the_first_crash_after_safe_mode_brings_it_back_with_what_it_left_out():
    power, known = crashed(HUNG_AFTER, RECEIVER)
    known.good()
    known.asleep()
    known = started(power, SOFT)
    assert not known.safe and not known.leaves_out(RECEIVER)
    known.mark(LINK)
    known = started(power, WDT)
    assert known.safe and known.leaves_out(RECEIVER) and not known.leaves_out(LINK)
    known.good()
    known.asleep()
    known = started(power, SOFT)
    known.good()  # a good hour outside of it
    assert (known.crashes, known.leaves_out(RECEIVER)) == (0, False)
    known.mark(LINK)
    assert not started(power, WDT).safe


def test_what_rtc_memory_holds_is_dropped_before_settings_are():
    power, known = crashed(SAFE_AFTER - 1, START)
    assert not known.poisoned()
    known.mark(START)
    known = started(power, WDT)
    assert known.poisoned() and not known.leaves_out(START)
    known.asleep()
    assert not started(power, DEEPSLEEP).poisoned()  # what it wrote itself
    for crashes in range(SAFE_AFTER + 1, HUNG_AFTER + 1):
        known.mark(START)
        known = started(power, WDT)
        assert known.leaves_out(START) == (crashes >= HUNG_AFTER)
    power, known = crashed(0)
    for crashes in range(1, SAFE_AFTER + 2):
        known.mark(START)
        known.fell()
        known = started(power, HARD)
        assert known.leaves_out(START) == (crashes > SAFE_AFTER)


def test_what_rests_by_itself_needs_no_rest_of_the_whole_tracker():
    for stage in (recovery.REPORTS, LINK):
        _, known = crashed(HUNG_AFTER, stage)
        assert known.leaves_out(stage) and not known.pause_ms()
    assert crashed(HUNG_AFTER, RECEIVER)[1].pause_ms()


def test_an_ordered_restart_and_a_power_loss_forgive_all():
    power, known = crashed(9)
    known.forgive()
    known = started(power, HARD)
    assert (known.crashes, known.safe, known.crashed) == (0, False, False)
    power, known = crashed(9)
    assert started(power, PWRON).crashes == 0


def test_a_loop_of_crashes_rests_longer_and_longer_but_never_for_ever():
    power, known = crashed(0)
    pauses = []
    for _ in range(300):
        known.mark(START)
        known.fell()
        known = started(power, HARD)
        pauses.append(known.pause_ms())
        if known.pause_ms():
            known.rests()
            crashes = known.crashes
            known = started(power, DEEPSLEEP)
            assert (known.crashes, known.pause_ms(), known.crashed) == (crashes, 0, True)
    assert pauses[:6] == [0, 0, 0, 15000, 30000, 60000]
    assert max(pauses) == PAUSE_MAX_MS == pauses[-1]
    assert known.crashes == 255


def test_marks_that_are_no_marks_count_as_none():
    for at in range(1, recovery.MARKS):
        power, _ = crashed(5)
        power.mark(at, power.marks()[at] ^ 64)
        known = started(power, WDT)
        assert known.crashes <= 1 and not known.safe
