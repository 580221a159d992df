"""NMEA: which sentences are read, what damage does, and that both readers are one.

Every test runs for nmea_plain and, where there is machine code, for nmea_fast.
"""

from nmea_sentences import clock, epoch, gga, gsa, gst, gsv, rmc, sentence
from tracker import nmea, nmea_plain

READERS = (nmea_plain.scan, nmea.scan)  # the same one twice on CPython


def receivers():
    return [nmea.Receiver(scan) for scan in READERS]


def fixes_of(receiver, data, size=None, ticks=0):
    """Feed in pieces of `size` bytes, give every fix."""
    found = []
    step = size or len(data)
    for at in range(0, len(data), step):
        receiver.feed(data[at : at + step], ticks)
        fix = receiver.take()
        if fix:
            found.append(fix)
    return found


def counts(receiver):
    c = receiver.counters
    return c.sentences, c.bad, c.overrun, c.fixes, c.no_fix, c.torn, c.refused


def test_one_epoch_is_a_fix_as_soon_as_the_receiver_falls_silent():
    for receiver in receivers():
        receiver.feed(epoch(0), 5000)
        assert receiver.take() is None
        receiver.feed(b"", 5099)
        assert receiver.take() is None
        receiver.feed(b"", 5100)
        fix = receiver.take()
        # 2026-06-14 10:15:30; 59 + 55.62/60; 10 + 42.06/60; 0.83 * 6 m; 3.11 knots
        assert tuple(fix) == (203595330, 59927000, 10701000, 50, 16, 43, 11, 5000)
        assert receiver.take() is None


def test_every_talker_is_heard_and_makers_own_sentences_are_not():
    for receiver in receivers():
        for second, talker in enumerate(
            ("GP", "GL", "GA", "GB", "GN", "GQ", "BD", "QZ", "PQ", "GI")
        ):
            receiver.feed(epoch(second, talker=talker), 0)
        receiver.feed(epoch(11), 0)
        before = receiver.counters.fixes
        assert before == 11, before
        # Garmin's sensor configuration is called PGRMC
        receiver.feed(
            sentence("PGRMC,A,218.8,100,6378137.000,298.257223563,0.0,0.0,0.0,A,3,1,2,4,30"), 0
        )
        receiver.feed(
            sentence("PUBX,00,101542.00,5955.62,N,01042.06,E,40,G3,2.1,2.0,0.1,90,0,1,1,1,9,0,0"), 0
        )
        receiver.feed(sentence("PMTK001,604,3"), 0)
        assert receiver.counters.fixes == before
        assert receiver.counters.refused == 0


def test_sentences_that_say_nothing_to_us_are_counted_and_only_machine_code_checks_them():
    for receiver in receivers():
        good = (
            gsv() + sentence("GNVTG,45.2,T,,M,3.1,N,5.7,K,A") + sentence("GNTXT,01,01,02,a text!")
        )
        receiver.feed(good + good.replace(b",253,", b",252,"), 0)
        checked = (6, 0) if receiver._scan is nmea_plain.scan else (5, 1)
        assert counts(receiver) == checked + (0, 0, 0, 0, 0)


def test_a_sentence_passed_by_is_told_by_its_name_alone_and_never_takes_the_next_one_along():
    for scan in READERS:
        for body in (b"GPGSV,2,1,08", b"GNGLL,", b"GNVTG,,T", b"GNGSA,A,3", b"GNZDA,1015"):
            for size in (1, 5, 9, 500):
                receiver = nmea.Receiver(scan)
                stream = b"$" + body + epoch(0) + b"$" + body + b"\0*" + epoch(1) + b"$" + body
                fixes_of(receiver, stream + epoch(2), size)
                receiver.feed(b"", 100)
                assert receiver.counters.fixes == 3, (body, size)


def test_a_gsa_like_the_last_but_for_one_byte_is_checked():
    for receiver in receivers():
        for second in range(4):
            receiver.feed(epoch(second) + gsa(), 0)
        assert receiver.take().accuracy_dm == 50
        receiver.feed(epoch(4) + gsa().replace(b"A,3", b"A,2") + gsa("2"), 0)
        assert counts(receiver)[1] == 1
        assert receiver.take().accuracy_dm == 100
        receiver.feed(epoch(5) + gsa("2")[:-4] + gsa(), 0)
        assert counts(receiver)[1] == 2
        assert receiver.take().accuracy_dm == 50


def test_bytes_one_at_a_time_give_what_one_piece_gives():
    stream = b"".join(epoch(second) + gsa() + gsv() + gst(clock(second)) for second in range(5))
    for scan in READERS:
        one_by_one = fixes_of(nmea.Receiver(scan), stream, 1)
        assert len(one_by_one) == 5
        for size in (2, 7, 64, 100):
            receiver = nmea.Receiver(scan)
            assert fixes_of(receiver, stream, size) == one_by_one
            assert counts(receiver) == (25, 0, 0, 5, 0, 0, 0)


def test_a_wrong_or_absent_checksum_is_refused_and_counted():
    for receiver in receivers():
        good = rmc()
        receiver.feed(good.replace(b"5955", b"5956"), 0)
        receiver.feed(good[: good.index(b"*")] + b"\r\n", 0)
        receiver.feed(good[: good.index(b"*")] + b"*\r\n", 0)
        receiver.feed(good[: good.index(b"*")] + b"*G0\r\n", 0)
        assert counts(receiver) == (0, 4, 0, 0, 0, 0, 0)


def test_a_checksum_in_small_letters_counts():
    for receiver in receivers():
        good = sentence("GNTXT,kl")
        assert good == b"$GNTXT,kl*7A\r\n"
        receiver.feed(b"$GNTXT,kl*7a\r\n", 0)
        assert counts(receiver)[:2] == (1, 0)
        for digits in (b"7G", b"7g", b"7@", b"`A", b"7\xe1", b"\x17A"):
            receiver.feed(b"$GNTXT,kl*" + digits + b"\r\n", 0)
        assert counts(receiver)[:2] == (1, 6)


def test_a_line_end_that_is_lost_or_doubled_costs_nothing():
    for receiver in receivers():
        for end in (b"", b"\n", b"\r", b"\n\r\n\r"):
            receiver.feed(gsv().strip() + end, 0)
        assert counts(receiver)[:3] == (4, 0, 0)


def test_a_sentence_cut_short_costs_itself_and_never_the_next():
    good = gst()
    for receiver in receivers():
        for cut in range(1, len(good) - 2):
            receiver.feed(good[:cut] + good, 0)
        assert counts(receiver)[:3] == (len(good) - 3, len(good) - 3, 0)


def test_control_bytes_and_nuls_cost_the_sentence_they_are_in():
    for receiver in receivers():
        for c in (0, 1, 9, 10, 13, 27, 31):
            receiver.feed(b"$GNGST,1,1" + bytes((c,)) + gst(), 0)
        assert counts(receiver)[:3] == (7, 7, 0)
        receiver.feed(bytes(400) + gst(), 0)
        assert counts(receiver)[:3] == (8, 7, 0)


def test_a_nul_that_the_checksum_cannot_see_is_refused_in_every_field_that_is_used():
    good = rmc()
    used = [at for at in range(7, good.index(b"140626") + 6) if good[at - 1 : at] != b"$"]
    for receiver in receivers():
        for at in used:
            receiver.feed(good[:at] + b"\0" + good[at:], 0)
        assert receiver.counters.refused == len(used), receiver.counters.refused
        assert receiver.counters.sentences == len(used)


def test_binary_answers_of_a_receiver_are_passed_by():
    answers = (
        bytes.fromhex("b5620501020006080e37"),  # UBX-ACK-ACK for UBX-CFG-RATE
        bytes.fromhex("b56205000200062410 5a".replace(" ", "")),
        b"\xb5b\x0a\x04" + bytes(range(36)) + b"*" + bytes(range(200)),
    )
    for receiver in receivers():
        for second in range(6):
            receiver.feed(answers[second % 3] + epoch(second) + answers[second % 2], 0)
        receiver.feed(b"", 100)
        assert receiver.counters.fixes == 6
        assert receiver.counters.refused == receiver.counters.torn == 0


def test_a_body_of_255_bytes_is_read_and_one_of_256_is_overlong():
    for receiver in receivers():
        receiver.feed(sentence("GNTXT," + "k" * 249), 0)
        assert counts(receiver)[:3] == (1, 0, 0)
        receiver.feed(sentence("GNTXT," + "k" * 250) + gsv(), 0)
        assert counts(receiver)[:3] == (2, 0, 1)
        receiver.feed(b"$" + b"k" * 5000 + gsv(), 0)
        assert counts(receiver)[:3] == (3, 0, 2)


def test_an_overlong_line_in_pieces_of_any_size_is_counted_once():
    data = sentence("GNTXT," + "k" * 300) + sentence("GNTXT," + "k" * 249) + gsv()
    for size in (1, 3, 100, 255, 256, 257):
        for receiver in receivers():
            fixes_of(receiver, data, size)
            assert counts(receiver)[:3] == (2, 0, 1)


def test_impossible_fields_under_a_right_checksum_are_refused():
    cases = (
        "9000.00100,N,01042.06000,E", "5960.00000,N,01042.06000,E", "5955.62000,N,18000.00100,E",
        "5955.62000,N,01060.00000,E", "5955.62000,X,01042.06000,E", "5955.62000,N,01042.06000,S",
        "9999.90000,N,01042.06000,E", "595.62000,N,01042.06000,E", "5955.62000,N,1042.06000,E",
        "59-5.62000,N,01042.06000,E", "5955.62.00,N,01042.06000,E", "5955.62,N,01042.06000,E",
        "5955,N,01042.06000,E", "0005955.62000,N,01042.06000,E", " 955.62000,N,01042.06000,E",
    )  # fmt: skip
    for receiver in receivers():
        for second, place in enumerate(cases):
            receiver.feed(epoch(second, place=place), 0)
        receiver.feed(epoch(len(cases), status="V"), 0)
        assert receiver.take() is None
        assert receiver.counters.refused == 2 * len(cases), receiver.counters.refused
        assert receiver.counters.refused_because()[0] == ("malformed", 2 * len(cases))


def test_impossible_times_are_refused():
    times = ("240000.00", "106000.00", "101561.00", "10153.00", "1015300", "-01530.00", "10153O.00")
    for receiver in receivers():
        for time in times:
            receiver.feed(rmc(time), 0)
        assert receiver.counters.refused == len(times)
        receiver.feed(rmc("235960.00") + gga("235960.00"), 0)  # a leap second is a time
        receiver.feed(b"", 100)
        assert receiver.take().time_s % 86400 == 0


def test_the_ends_of_the_earth_are_places():
    places = (
        ("9000.00000,N,18000.00000,E", 90000000, 180000000),
        ("9000.00000,S,18000.00000,W", -90000000, -180000000),
        ("0000.00000,N,00000.00000,W", 0, 0),
        ("3351.99999,S,15112.000001,E", -33866667, 151200000),
        ("5959.9999999,N,01059.9999999,E", 60000000, 11000000),
        ("5955.123,N,01042.456,E", 59918717, 10707600),
    )
    for receiver in receivers():
        for second, (place, lat_e6, lon_e6) in enumerate(places):
            receiver.feed(epoch(second, place=place), second * 1000)
            receiver.feed(b"", second * 1000 + 100)
            fix = receiver.take()
            assert (fix.lat_e6, fix.lon_e6) == (lat_e6, lon_e6), place


def test_quality_says_what_the_search_sees_before_there_is_a_fix():
    for receiver in receivers():
        assert receiver.quality() == (0, 9999)
        receiver.feed(sentence("GNGGA,,,,,,0,03,25.5,,,,,,"), 0)
        assert receiver.quality() == (3, 2550)
        receiver.feed(sentence("GNGGA,101530.00,,,,,0,00,99.99,,,,,,"), 0)
        assert receiver.quality() == (0, 9999)


def test_a_receiver_switched_off_leaves_nothing_half_done():
    for receiver in receivers():
        receiver.feed(epoch(0) + b"$GNRMC,1015", 0)
        receiver.forget()
        receiver.feed(b"31.00,A", 10)
        receiver.feed(b"", 900)
        assert receiver.take() is None
        assert counts(receiver)[:4] == (2, 0, 0, 0)


def test_random_garbage_is_the_same_to_both_readers_and_never_stops_them():
    seed = 12345
    plain, fast = receivers()
    for round_number in range(60):
        noise = bytearray()
        for _ in range(120):
            seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
            pick = seed >> 16 & 7
            text = (b"$", b"*", b"GNRMC,", b",", b"\r\n", bytes((seed >> 8 & 255,)), b"10", gsa())[
                pick
            ]
            noise += text
        second = round_number
        stream = bytes(noise) + b"\n" + epoch(second) + gst(clock(second))
        at = seed & 63
        for receiver in (plain, fast):
            receiver.feed(stream[:at], 0)
            receiver.feed(stream[at:], 0)
        assert counts(plain)[3:] == counts(fast)[3:], round_number
        assert plain.take() == fast.take()
    assert plain.counters.fixes >= 55


def damaged(data, seed):
    """Flip, lose, double or cut at a few places."""
    out = bytearray()
    for c in data:
        seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
        chance = seed >> 12 & 1023
        if chance < 4:
            out.append(c ^ (1 << (seed >> 22 & 7)))
        elif chance < 8:
            pass
        elif chance < 12:
            out += bytes((c, c))
        else:
            out.append(c)
    return bytes(out), seed


def test_damaged_streams_give_the_same_fixes_and_counts_by_both_readers():
    seed = 4711
    plain, fast = receivers()
    for second in range(150):
        stream = epoch(second) + gsa() + gsv() + gst(clock(second))
        stream, seed = damaged(stream, seed)
        for receiver in (plain, fast):
            receiver.feed(stream, 0)
        fix = plain.take()
        assert fix == fast.take()
        if fix:
            assert (fix.lat_e6, fix.lon_e6) == (59927000, 10701000)
    assert counts(plain)[3:] == counts(fast)[3:]
    assert counts(fast)[1] > 50
    assert counts(plain)[3] > 20


def test_an_epoch_of_fifteen_sentences_takes_less_than_a_kilobyte_of_heap():
    import gc

    if not hasattr(gc, "mem_alloc") or nmea.scan is nmea_plain.scan:
        return  # CPython, or no machine code
    receiver = nmea.Receiver()
    streams = [epoch(second) + gsa() * 3 + gsv() * 8 + gst(clock(second)) for second in range(6)]
    for stream in streams[:5]:
        receiver.feed(stream, 0)
    receiver.take()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    receiver.feed(streams[5], 0)
    used = gc.mem_alloc() - before
    gc.enable()
    assert receiver.take() is not None
    assert used <= 1024, used
