"""Ledger: hand-computed days come out to the µAh, however they are cut into steps and sleeps."""

from tracker.ledger import ACTIVITIES, ANCHOR, SAVED_BYTES, SLEEP, UA_MAX, Ledger

# the reference wearable: asleep, awake, receiver, radio, signals, anchor
UA = {"ua": (150, 25000, 11300, 38200, 70000, 75000), "boot_ms": 0}
DAY_S = 86400
WRAP = 1 << 30


def spent(ledger):
    return {one["activity"]: one["uah"] for one in ledger.charge()}


def test_a_day_of_sleep_is_24_hours_of_the_floor():
    ledger = Ledger(UA)
    ledger.spend(SLEEP, DAY_S)
    assert spent(ledger) == {1: 3600}  # 150 uA x 24 h


def test_a_day_at_home_comes_out_as_by_hand():
    """96 wakes of 10 s, the receiver on for 6 of them, the radio for 4; the rest asleep.

    asleep   (86400 - 960) s x 150 uA   = 12,816,000 uA s = 3560 uAh
    awake    960 s x 25,000 uA          = 24,000,000 uA s = 6666.67
    receiver 576 s x 11,300 uA          =  6,508,800 uA s = 1808
    radio    384 s x 38,200 uA          = 14,668,800 uA s = 4074.67
    """
    ledger = Ledger(UA)
    now = 0
    ledger.begin(now, 0, False)
    for _ in range(96):
        for second in range(10):
            now += 1000
            ledger.advance(now, second < 6, second >= 6, False, False)
        ledger.spend(SLEEP, 890)
    assert spent(ledger) == {1: 3560, 2: 6666, 3: 1808, 4: 4074}
    assert ledger.total_uah() == 3560 + 6666 + 1808 + 4074


def test_an_alarm_evening_with_signals_and_a_look_for_anchors():
    """Two hours awake 50 mAh, the receiver on all the time 22.6, signals 45 s 0.875, anchor 20 s"""
    ledger = Ledger(UA)
    ledger.begin(0, 0, False)
    for step in range(7200 * 2):
        signals, anchor = step < 90, step < 40
        ledger.advance((step + 1) * 500, True, False, signals, anchor)
    assert spent(ledger) == {2: 50000, 3: 22600, 5: 875, 6: 416}


def test_steps_of_any_length_give_the_same():
    whole = Ledger(UA)
    whole.begin(0, 0, False)
    whole.advance(3600000, True, True, False, False)
    for step_ms in (1, 7, 333, 20000):
        ledger = Ledger(UA)
        now = 0
        ledger.begin(now, 0, False)
        for _ in range(60000 // step_ms):
            now += step_ms
            ledger.advance(now, True, True, False, False)
        ledger.advance(3600000, True, True, False, False)
        assert spent(ledger) == spent(whole) == {2: 25000, 3: 11300, 4: 38200}


def test_what_is_below_a_microamperehour_is_carried_over_sleeps():
    """1,000 wakes of 100 ms: each costs 0.69 uAh, all of them 694.4."""
    saved = Ledger(UA).save()
    for _ in range(1000):
        ledger = Ledger(UA)
        assert ledger.load(saved)
        ledger.begin(350, 0, True)
        ledger.advance(450, False, False, False, False)
        saved = ledger.save()
    assert len(saved) == SAVED_BYTES
    assert spent(ledger) == {2: 694}


def test_the_time_from_the_end_of_a_sleep_to_the_first_step_counts():
    ledger = Ledger({"ua": UA["ua"], "boot_ms": 1440})
    for _ in range(100):
        ledger.begin(5, 864, True)
    assert spent(ledger) == {1: 3600, 2: 1000}  # a day of 150 uA, and 144 s of 25 mA
    ledger.begin(5, 144, False)  # a reset: it was awake
    assert spent(ledger) == {1: 3600, 2: 2010}


def test_ticks_wrap_and_a_clock_that_stands_still_costs_nothing():
    ledger = Ledger(UA)
    ledger.begin(WRAP - 1800000, 0, False)
    ledger.advance(1800000, False, False, False, False)
    assert spent(ledger) == {2: 25000}
    for _ in range(10):
        ledger.advance(1800000, True, True, True, True)
    assert spent(ledger) == {2: 25000}


def test_the_largest_current__needs_no_large_integer_in_between():
    ledger = Ledger({"ua": (UA_MAX,) * ACTIVITIES})
    for _ in range(150):
        ledger.spend(ANCHOR, DAY_S - 1, 999)
    assert 150 * 24 * UA_MAX - 150 <= spent(ledger)[6] <= 150 * 24 * UA_MAX
    # the largest products in `spend`, and a sum that is cut instead of growing
    assert 3599 * UA_MAX < WRAP > UA_MAX * 999 + 2 * 3600000
    for _ in range(150):
        ledger.spend(ANCHOR, DAY_S)
    assert spent(ledger)[6] == ledger.total_uah() == WRAP - 1


def test_without_figures_there_is_no_ledger_and_no_fault():
    assert Ledger({}).charge() == []
    for ua in ((), (1, 2, 3), (UA_MAX + 1,) * 6, (-1,) * 6):
        ledger = Ledger({"ua": ua})
        ledger.begin(0, 1000, False)
        ledger.advance(5000, True, True, True, True)
        assert ledger.charge() == []


def test_what_was_saved_comes_back_and_damage_does_not():
    ledger = Ledger(UA)
    ledger.spend(SLEEP, 12345)
    again = Ledger(UA)
    assert again.load(ledger.save())
    assert again.save() == ledger.save()
    assert not again.load(b"")
    assert not again.load(b"\xff" * 48)
    assert not again.load(bytes(47))
