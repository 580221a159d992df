"""The wearer's call in one number of 30 bits."""

from tracker import sos


def test_only_the_alarm_that_was_called_ends_the_call():
    number = sos.safe(sos.named(11))
    assert number & sos.OPEN
    assert sos.closed(number, 8) == number
    assert sos.closed(number, 11) == 0
    assert sos.closed(number, 0) == 0


def test_a_number_past_28_bits_is_told_by_its_low_ones_and_fits_rtc_memory():
    seq = (1 << 30) - 1
    number = sos.named(seq)
    assert number <= 0x3FFFFFFF
    assert sos.closed(sos.safe(number), seq) == 0


def test_a_countdown_goes_on_when_an_earlier_call_is_closed():
    number = sos.begun(sos.safe(sos.named(5)))
    assert sos.closed(number, 5) == sos.COUNTING


def test_a_call_is_one_for_a_reset_until_it_is_kept():
    assert sos.called(0) & sos.COUNTING
    assert sos.named(5) & sos.COUNTING
    assert not sos.safe(sos.named(5)) & sos.COUNTING
