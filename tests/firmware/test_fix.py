"""Fix: the sentences of one moment become one fix or none; what is refused, and why."""

from nmea_sentences import clock, epoch, gga, gll, gns, gsa, gst, gsv, rmc, vtg, zda
from tracker import accuracy, fix, nmea
from tracker.gnss_date import day_number


def fix_of(data, ticks=0):
    """The fix of a stream of one epoch, and the receiver."""
    receiver = nmea.Receiver()
    receiver.feed(data, ticks)
    receiver.feed(b"", ticks + fix.QUIET_MS)
    return receiver.take(), receiver


def refused_for(data):
    """The one reason for which the stream's epoch was refused."""
    found, receiver = fix_of(data)
    assert found is None
    reasons = [name for name, count in receiver.counters.refused_because() if count]
    assert len(reasons) == 1 and receiver.counters.refused == 1, reasons
    return reasons[0]


def outcome(data):
    """(fixes, no_fix, torn, refused) of a stream, with an epoch behind it that ends the last."""
    _, receiver = fix_of(data + rmc("235959.00", status="V"))
    c = receiver.counters
    return c.fixes, c.no_fix, c.torn, c.refused


def test_status_v_is_no_fix_whatever_else_is_said():
    assert outcome(epoch(0, status="V")) == (0, 1, 0, 0)
    assert outcome(epoch(0, mode="N")) == (0, 1, 0, 0)
    assert outcome(epoch(0, status="")) == (0, 1, 0, 0)


def test_gga_quality_zero_or_absent_is_no_fix():
    assert outcome(epoch(0, quality="0")) == (0, 1, 0, 0)
    assert outcome(epoch(0, quality="")) == (0, 1, 0, 0)


def test_a_no_is_not_taken_back_by_a_second_sentence_of_the_same_moment():
    assert outcome(rmc(status="V") + rmc() + gga()) == (0, 1, 0, 0)
    assert outcome(gga(quality="0") + gga() + rmc()) == (0, 1, 0, 0)


def test_estimated_manual_and_simulated_fixes_are_refused():
    for quality in ("6", "7", "8", "9"):
        assert refused_for(epoch(0, quality=quality)) == "mode"
    for mode in ("E", "M", "S"):
        assert refused_for(epoch(0, mode=mode)) == "mode"


def test_other_modes_and_none_are_believed():
    for mode in ("A", "D", "F", "P", "R", ""):
        assert fix_of(epoch(0, mode=mode))[0] is not None


def test_half_an_epoch_is_torn_and_never_a_fix():
    assert outcome(rmc()) == (0, 0, 1, 0)
    assert outcome(gga() + gst() + gsa()) == (0, 0, 1, 0)
    assert outcome(rmc(clock(0)) + gga(clock(1)) + rmc(clock(2)) + gga(clock(3))) == (0, 0, 4, 0)


def test_tenths_of_a_second_part_epochs_too():
    assert outcome(rmc("101530.10") + gga("101530.20")) == (0, 0, 2, 0)
    assert outcome(rmc("101530.10") + gga("101530.1") + rmc("101530.2") + gga("101530.200"))[0] == 2


def test_without_coordinates_there_is_no_fix_even_under_status_a():
    assert refused_for(epoch(0, place=",,,")) == "place"
    assert refused_for(epoch(0, place="5955.62000,,01042.06000,E")) == "place"
    assert refused_for(rmc(place=",,,") + gga()) == "place"


def test_rmc_and_gga_in_two_places_are_refused():
    assert refused_for(rmc() + gga(place="5955.63000,N,01042.06000,E")) == "place"
    assert refused_for(rmc() + gga(place="5955.62000,S,01042.06000,E")) == "place"
    assert refused_for(rmc() + gga(place="5955.62000,N,01042.06000,W")) == "place"


def test_rmc_and_gga_that_round_differently_are_one_place():
    assert fix_of(rmc(place="5955.620,N,01042.060,E") + gga(place="5955.62049,N,01042.06049,E"))[0]
    meridian = rmc(place="5955.620,N,18000.000,E") + gga(place="5955.620,N,17959.9999,W")
    assert fix_of(meridian)[0].lon_e6 == -179999998


def test_a_stream_that_starts_in_the_middle_gives_nothing_of_the_first_epoch():
    found, receiver = fix_of(gga(clock(0)) + gst(clock(0)) + epoch(1) + gst(clock(1)))
    assert found.time_s % 60 == 31
    assert receiver.counters.torn == 1 and receiver.counters.fixes == 1


def test_the_last_sentence_of_an_epoch_is_learned_and_no_more_waiting_needed():
    receiver = nmea.Receiver()
    ready = []
    for second in range(6):
        receiver.feed(epoch(second), 1000 * second)
        before = receiver.counters.fixes
        receiver.feed(gst(clock(second)), 1000 * second)
        ready.append((before, receiver.counters.fixes))
    # two epochs to learn that GST follows; from then on it is the last and completes its own epoch
    assert ready == [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5), (5, 6)]


def test_gst_is_waited_for_and_used_and_one_lost_gst_is_not_the_end_of_that():
    receiver = nmea.Receiver()
    accuracies = []
    for second in range(8):
        lost = second == 4
        receiver.feed(epoch(second) + (b"" if lost else gst(clock(second))), 0)
        taken = receiver.take()
        accuracies.append(taken and taken.accuracy_dm)
    # the fifth comes with the sixth's first byte, which hides it: only the newest is handed out
    assert accuracies == [None, 28, 28, 28, None, 28, 28, 28]
    assert receiver.counters.fixes == 8


def test_the_order_of_a_receivers_sentences_is_its_own():
    # MediaTek: GGA GSA GSV RMC; CASIC: GGA GLL GSA GSV RMC VTG; u-blox: RMC VTG GGA GSA GSV GLL GST
    orders = (
        lambda at: gga(at) + gsa() + gsv() + rmc(at),
        lambda at: gga(at) + gsa("3", "GP") + gsa("3", "BD") + gsv() + rmc(at) + gsv(),
        lambda at: rmc(at) + gga(at) + gsa() + gsv() + gst(at) + gsv(),
        lambda at: gst(at) + rmc(at) + gga(at) + gsv() + gsa(),
    )
    for order in orders:
        receiver = nmea.Receiver()
        taken = []
        for second in range(6):
            receiver.feed(order(clock(second)), 0)
            one = receiver.take()
            taken.append(one and one.time_s % 60)
        assert taken == [None, 30, 32, 33, 34, 35], taken
        assert receiver.counters.fixes == 6


def test_a_fix_has_the_ticks_of_its_first_sentence():
    receiver = nmea.Receiver()
    receiver.feed(rmc(), 700)
    receiver.feed(gga(), 950)
    receiver.feed(b"", 1100)
    assert receiver.take().ticks == 700


def test_an_epoch_left_open_for_seconds_is_never_finished():
    receiver = nmea.Receiver()
    receiver.feed(rmc(), 0)
    receiver.feed(gga(), 4000)
    receiver.feed(b"", 5000)
    assert receiver.take() is None
    assert receiver.counters.torn == 1


def test_a_receiver_that_repeats_one_moment_gives_one_fix():
    receiver = nmea.Receiver()
    for repeat in range(10):
        receiver.feed(epoch(0) + gsv(), 1000 * repeat)
        receiver.feed(b"", 1000 * repeat + 200)
    assert receiver.counters.fixes == 1


def test_time_that_goes_back_is_refused_three_times_and_then_believed():
    receiver = nmea.Receiver()
    outcomes = []
    for second in (100, 101, 50, 51, 52, 53, 54):
        receiver.feed(epoch(second), 0)
        receiver.feed(b"", 100)
        outcomes.append(receiver.take() is not None)
    assert outcomes == [True, True, False, False, False, True, True]
    assert receiver.counters.refused_because()[fix.STALE] == ("stale", 3)


def test_midnight_takes_the_date_of_its_own_rmc():
    receiver = nmea.Receiver()
    stream = rmc("235959.00", date="311226") + gga("235959.00")
    stream += rmc("000000.00", date="010127") + gga("000000.00")
    times = []
    for at in range(0, len(stream), 10):
        receiver.feed(stream[at : at + 10], 0)
        taken = receiver.take()
        if taken:
            times.append(taken.time_s)
    receiver.feed(b"", 100)
    times.append(receiver.take().time_s)
    assert times == [220924799, 220924800]  # 2027-01-01 is 2557 days after 2020-01-01


def test_impossible_dates_and_years_from_2054_to_2079_are_refused_and_counted():
    for date in ("010154", "311279", "300226", "290225", "310426", "001226", "011326", ""):
        assert refused_for(epoch(0, date=date)) == "date", date


def test_a_date_before_2020_is_put_forward_by_1024_weeks_and_at_most_twice():
    right, _ = fix_of(epoch(0, date="221126"))
    for rolled in ("080407", "230887"):  # 1024 and 2048 weeks before 2026-11-22
        found, receiver = fix_of(epoch(0, date=rolled))
        assert found == right, found
        assert receiver.counters.rolled == 1
    assert fix_of(epoch(0, date="221126"))[1].counters.rolled == 0
    assert refused_for(epoch(0, date="060180")) == "date"  # the GPS epoch: its clock never ran


def test_zda_gives_the_date_that_rmc_does_not_and_must_agree_with_one_that_does():
    right, _ = fix_of(epoch(0, date="221126"))
    assert fix_of(rmc(date="") + zda("22,11,2026") + gga())[0] == right
    assert fix_of(rmc(date="221126") + zda("22,11,2026") + gga())[0] == right
    assert fix_of(rmc(date="080407") + zda("08,04,2007") + gga())[0] == right
    assert fix_of(rmc(date="221126") + zda(",,") + gga())[0] == right
    for date in ("23,11,2026", "08,04,2007", "22,11,2126", "31,02,2026", "22,11,26"):
        assert refused_for(rmc(date="221126") + zda(date) + gga()) == "date", date


def test_gll_can_say_no_and_deny_the_place_and_alone_is_torn():
    assert outcome(rmc() + gll() + gga()) == (1, 0, 0, 0)
    assert outcome(rmc() + gll(status="V") + gga()) == (0, 1, 0, 0)
    assert outcome(rmc() + gll(mode="N") + gga()) == (0, 1, 0, 0)
    assert refused_for(rmc() + gll(place="5955.63000,N,01042.06000,E") + gga()) == "place"
    assert refused_for(rmc() + gll(place=",,,") + gga()) == "place"
    assert outcome(rmc(clock(0)) + gll(clock(1))) == (0, 0, 2, 0)


def test_gns_stands_for_gga_with_its_first_mode_that_is_one():
    assert fix_of(rmc() + gns("AAN"))[0] == fix_of(rmc() + gga())[0]
    assert fix_of(rmc() + gns("NDN"))[0].accuracy_dm == 25  # corrected: half the range error
    assert outcome(rmc() + gns("NNN")) == (0, 1, 0, 0)
    assert outcome(rmc() + gns("")) == (0, 1, 0, 0)
    for modes in ("E", "NM", "S"):
        assert refused_for(rmc() + gns(modes)) == "mode"
    assert outcome(rmc() + gns("AX") + gga()) == (1, 0, 0, 1)


def test_vtg_gives_the_speed_that_rmc_does_not():
    found, _ = fix_of(rmc(knots="", course="") + vtg() + gga())
    assert (found.speed_dm_s, found.course_deg) == (16, 43)
    found, _ = fix_of(rmc(knots="0.00", course="") + vtg() + gga())
    assert (found.speed_dm_s, found.course_deg) == (0, fix.COURSE_UNKNOWN)


def test_days_are_counted_as_the_calendar_has_them():
    cases = (("010120", 0), ("290220", 59), ("010320", 60), ("311220", 365), ("010121", 366),
             ("290224", 1520), ("311253", 12418), ("311219", -1), ("010100", -7305),
             ("060180", -14605))  # fmt: skip
    for date, days in cases:
        assert day_number(int(date)) == days, date


def test_too_few_satellites_are_doubted():
    for satellites in ("0", "2", "02", ""):
        assert refused_for(epoch(0, satellites=satellites, hdop="3.00")) == "doubtful"


def test_a_hdop_that_so_few_satellites_cannot_have_is_doubted():
    # the best geometry of n satellites: 2 / sqrt(n), ten percent left for rounding
    cases = (("3", "1.03", "1.04"), ("4", "0.89", "0.90"), ("9", "0.59", "0.60"),
             ("11", "0.54", "0.55"))  # fmt: skip
    for satellites, impossible, possible in cases:
        assert refused_for(epoch(0, satellites=satellites, hdop=impossible)) == "doubtful"
        assert fix_of(epoch(0, satellites=satellites, hdop=possible))[0]
    assert fix_of(epoch(0, satellites="12", hdop="0.40"))[0]  # GGA often counts no further


def test_an_accuracy_that_satellites_cannot_give_is_doubted():
    assert refused_for(epoch(0, hdop="4.00") + gst(north="0.01", east="0.01")) == "doubtful"
    assert refused_for(epoch(0) + gst(north="0.00", east="0.00")) == "doubtful"
    assert fix_of(epoch(0, quality="4") + gst(north="0.01", east="0.01"))[0].accuracy_dm == 10


def test_without_hdop_only_gst_can_say_how_wrong_a_fix_is():
    for hdop in ("", "0.00", "99.99", "50.01"):
        assert refused_for(epoch(0, hdop=hdop)) == "doubtful"
        assert fix_of(epoch(0, hdop=hdop) + gst())[0].accuracy_dm == 28


def test_accuracy_is_hdop_times_the_range_error():
    assert fix_of(epoch(0, hdop="1.00"))[0].accuracy_dm == 60
    assert fix_of(epoch(0, hdop="2.51"))[0].accuracy_dm == 151
    for quality in ("2", "3", "4", "5"):
        assert fix_of(epoch(0, quality=quality, hdop="1.00"))[0].accuracy_dm == 30


def test_accuracy_is_the_root_of_gst_squares_rounded_up_but_not_better_than_hdop_metres():
    assert fix_of(epoch(0) + gst(north="3.00", east="4.00"))[0].accuracy_dm == 50
    assert fix_of(epoch(0) + gst(north="3.00", east="4.01"))[0].accuracy_dm == 51
    assert fix_of(epoch(0, hdop="3.00") + gst(north="0.50", east="0.50"))[0].accuracy_dm == 30


def test_a_gst_of_ranges_only_is_the_range_error_and_one_without_figures_is_as_none():
    without = epoch(0, hdop="2.00")
    assert fix_of(without + gst(north="", east="", ranges="4.5"))[0].accuracy_dm == 90
    assert fix_of(without + gst(north="", east="", ranges="0.1"))[0].accuracy_dm == 20
    assert fix_of(without + gst(north="", east="", ranges=""))[0].accuracy_dm == 120


def test_the_receivers_stated_range_error_counts_where_it_says_nothing_itself():
    receiver = nmea.Receiver(range_error_dm=42)
    receiver.feed(epoch(0, hdop="1.00"), 0)
    receiver.feed(b"", 100)
    assert receiver.take().accuracy_dm == 42


def test_in_two_dimensions_the_accuracy_is_twice_as_bad():
    assert fix_of(epoch(0, hdop="1.00") + gsa("2"))[0].accuracy_dm == 120
    assert fix_of(epoch(0, hdop="1.20", satellites="3"))[0].accuracy_dm == 144
    assert fix_of(epoch(0, hdop="1.00") + gsa("3"))[0].accuracy_dm == 60
    # a constellation that is not used says 1
    assert fix_of(epoch(0, hdop="1.00") + gsa("1") + gsa("3") + gsa("2"))[0].accuracy_dm == 60


def test_dimensions_are_those_of_the_same_epoch():
    receiver = nmea.Receiver()
    accuracies = []
    for second, dimensions in enumerate("3332233"):
        receiver.feed(epoch(second, hdop="1.00") + gsa(dimensions, "GP") + gsa(dimensions, "GL"), 0)
        taken = receiver.take()
        accuracies.append(taken and taken.accuracy_dm)
    assert accuracies == [None, 60, 60, 120, 120, 60, 60]


def test_the_root_of_two_squares_is_never_too_small():
    for one, other in ((0, 1), (10, 10), (999999, 999999), (2000, 199990), (123, 45678), (7, 24)):
        root = accuracy.hypot_dm(one, other)
        a, b = min((one + 9) // 10, 20000), min((other + 9) // 10, 20000)
        assert (root - 1) * (root - 1) < a * a + b * b <= root * root


def test_a_course_is_unknown_when_slow_or_not_said():
    assert fix_of(epoch(0, knots="0.87", course="90.00"))[0].course_deg == fix.COURSE_UNKNOWN
    assert fix_of(epoch(0, knots="0.88", course="90.00"))[0].course_deg == 90
    assert fix_of(epoch(0, course=""))[0].course_deg == fix.COURSE_UNKNOWN
    assert fix_of(epoch(0, course="359.50"))[0].course_deg == 0
    assert fix_of(epoch(0, course="359.49"))[0].course_deg == 359
    assert fix_of(epoch(0, course="400.00"))[0].course_deg == fix.COURSE_UNKNOWN


def test_speed_is_in_decimetres_a_second():
    for knots, speed in (("", 0), ("0.00", 0), ("1.00", 5), ("1.944", 10), ("100.0", 514),
                         ("999999.99", 3000)):  # fmt: skip
        assert fix_of(epoch(0, knots=knots))[0].speed_dm_s == speed


def test_only_the_newest_fix_is_handed_out():
    receiver = nmea.Receiver()
    receiver.feed(epoch(0) + epoch(1) + epoch(2), 0)
    receiver.feed(b"", 100)
    assert receiver.take().time_s % 60 == 32
    assert receiver.take() is None
    assert receiver.counters.fixes == 3
